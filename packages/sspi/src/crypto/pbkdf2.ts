import { pbkdf2 as nodePbkdf2 } from 'node:crypto'
import { SspiError } from '../status/index.js'
import { secretFrom, wipe, type SecretBytes } from './secret-bytes.js'

/** The digests that PBKDF2 is offered with. */
export type Pbkdf2Hash = 'sha1' | 'sha256' | 'sha384'

/**
 * PBKDF2 (RFC 8018 section 5.2) with HMAC, in Node's thread pool: the turn goes on meanwhile.
 *
 * @param password - Read before the call returns, so the caller may wipe it then.
 * @param iterations - 1 to 2^31 - 1. How many a peer may ask for is decided above.
 * @param length - Bytes wanted.
 * @returns The key, which the caller wipes. Rejects with `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` where Node refuses the
 *   digest.
 * @throws `TypeError` for numbers out of range.
 */
export function pbkdf2(
  hash: Pbkdf2Hash,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  length: number,
): Promise<SecretBytes> {
  checkRange('iterations', iterations)
  checkRange('bytes', length)
  return new Promise((resolve, reject) => {
    nodePbkdf2(password, salt, iterations, length, hash, (cause, given) => {
      if (cause !== null) {
        reject(new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `PBKDF2 with ${hash}: refused by Node`, { cause }))
        return
      }
      const key = secretFrom(given)
      wipe(given)
      resolve(key)
    })
  })
}

function checkRange(what: string, value: number): void {
  if (!Number.isInteger(value) || value < 1 || value > 0x7fff_ffff) throw new TypeError(`pbkdf2: ${value} ${what}`)
}
