import { Cbc, secretFrom, sha1, wipe, type BlockCipherName, type SecretBytes } from '../../crypto/index.js'
import { PRF } from './derivation.js'

/**
 * The pseudo-random function of RFC 3961 section 5.3 with SHA-1: the digest, cut to whole blocks, encrypted under a key
 * that is derived for it. 16 bytes for all ciphers here.
 */
export function prfByEncryption(
  name: BlockCipherName,
  derive: (constant: Uint8Array) => SecretBytes,
  input: Uint8Array,
): SecretBytes {
  const key = derive(PRF)
  const cbc = new Cbc(name, key)
  wipe(key)
  const hashed = sha1(input)
  const output = secretFrom(hashed.subarray(0, hashed.length - (hashed.length % cbc.blockBytes)))
  cbc.encrypt(output)
  cbc.dispose()
  return output
}
