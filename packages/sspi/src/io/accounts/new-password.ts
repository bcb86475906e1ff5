import { encodeUtf8 } from '../../bytes/index.js'
import { constantTimeEqual, randomBytes, sha256, wipe } from '../../crypto/index.js'
import type { AccountPasswordChange } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { ntHashOf, type AccountEntry, type AccountProof, type StoredAccount } from './account-entry.js'
import { digestHashesOf } from './digest-hashes.js'

/**
 * The account with a new password, kept in the form of the old one.
 *
 * @returns `undefined` when the old password is not its own, it is disabled, or there is no account, in about the same time.
 * @throws {@link SspiError} `SEC_E_LOGON_DENIED` for an empty new password, with which everybody could log on.
 */
export function withNewPassword(
  account: StoredAccount | undefined,
  { oldPassword, newPassword }: AccountPasswordChange,
): AccountEntry | undefined {
  if (newPassword === '') throw new SspiError('SEC_E_LOGON_DENIED', 'account: a new password is not empty')
  if (!isOwn(oldPassword, account) || account?.enabled !== true) return undefined
  const { identity, upn, enabled } = account
  const { name: user, domain, sid, groups } = identity
  return { user, domain, upn, sid, groups, enabled, ...inFormOf(account, newPassword) }
}

function inFormOf({ identity, secret }: StoredAccount, password: string): AccountProof {
  switch (secret.kind) {
    case 'password':
      return { password }
    case 'nt-hash':
      return { ntHash: ntHashOf(password) }
    case 'digest':
      return { digest: digestHashesOf(identity.name, secret.realm, password) }
  }
}

function isOwn(password: string, account: StoredAccount | undefined): boolean {
  const secret = account?.secret
  switch (secret?.kind) {
    case 'password':
      return equalAndWiped(sha256(encodeUtf8(password)), sha256(encodeUtf8(secret.password)))
    case 'digest': {
      const { hashes } = digestHashesOf(account!.identity.name, secret.realm, password)
      // Each that is kept must be right: whoever found a collision of MD5 has not the others.
      const kept = Object.entries(secret.hashes) as [keyof typeof hashes, Uint8Array][]
      return kept.map(([name, hash]) => equalAndWiped(hashes[name], hash)).every(Boolean)
    }
    default:
      return equalAndWiped(ntHashOf(password), secret?.ntHash ?? randomBytes(16))
  }
}

function equalAndWiped(a: Uint8Array | undefined, b: Uint8Array): boolean {
  const equal = a !== undefined && constantTimeEqual(a, b)
  wipe(a)
  wipe(b)
  return equal
}
