import { wipe } from '../crypto/index.js'
import { SecBuffer, SecBufferDesc } from './buffer.js'

/** Structures nest no deeper than this: a list of certificates in an answer. */
const DEPTH = 3

/**
 * Overwrites what a result holds in bytes, however it holds them: a buffer, a structure with bytes in it, a list of either. Text
 * and numbers stay, as they cannot be overwritten.
 */
export function wipeResult(result: unknown, depth = DEPTH): void {
  if (result instanceof Uint8Array) wipe(result)
  else if (result instanceof SecBuffer) wipe(result.pvBuffer)
  else if (result instanceof SecBufferDesc) for (const buffer of result.buffers) wipe(buffer.pvBuffer)
  else if (typeof result === 'object' && result !== null && depth > 0) {
    for (const part of Object.values(result)) wipeResult(part, depth - 1)
  }
}
