import {
  Cbc,
  kernelDeriveKey,
  secretFrom,
  sha1,
  wipe,
  type BlockCipherName,
  type SecretBytes,
} from '../../crypto/index.js'
import { isAes, PRF } from './derivation.js'

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
  try {
    return encryptBlocks(name, key, sha1(input).subarray(0, OUTPUT_BYTES))
  } finally {
    wipe(key)
  }
}

/** Whole blocks of SHA-1's 20 bytes, whether a block has 16 or 8. */
const OUTPUT_BYTES = 16

function encryptBlocks(name: BlockCipherName, key: SecretBytes, blocks: Uint8Array): SecretBytes {
  // One block of AES: DR begins with it.
  const encrypted = isAes(name) ? kernelDeriveKey(key, blocks, OUTPUT_BYTES) : undefined
  if (encrypted !== undefined) return encrypted
  const cbc = new Cbc(name, key)
  const output = secretFrom(blocks)
  cbc.encrypt(output)
  cbc.dispose()
  return output
}
