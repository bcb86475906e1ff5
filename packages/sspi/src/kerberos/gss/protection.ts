import { CfxProtection } from './cfx-tokens.js'
import type { MessageProtection, ProtectionParts } from './message-protection.js'
import { openOldAlgorithm } from './old-algorithms.js'
import { OldProtection } from './old-tokens.js'

/** The per-message tokens that go with a context's key: RFC 4121 for all types but the oldest. */
export function openProtection(parts: ProtectionParts): MessageProtection {
  const old = openOldAlgorithm(parts.key)
  return old === undefined ? new CfxProtection(parts) : new OldProtection(parts, old)
}
