import { Cbc, type BlockCipherName } from './block-cipher.js'
import { constantTimeEqual, secretBytes, wipe, type SecretBytes } from './secret-bytes.js'

const BLOCK = 16

/**
 * CMAC under one key for many messages (NIST SP 800-38B; RFC 4493 for AES), over any cipher of 16-byte blocks. Its owner
 * calls `dispose`.
 */
export class Cmac {
  readonly #cbc: Cbc
  /** For a message that ends on a block. */
  readonly #whole: SecretBytes
  /** For a message that had to be padded. */
  readonly #padded: SecretBytes

  /**
   * @param key - Of just the cipher's length; treated as by {@link Cbc}.
   * @throws `TypeError` for other lengths; `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` where Node has no such cipher.
   */
  constructor(name: Exclude<BlockCipherName, 'des3'>, key: Uint8Array) {
    this.#cbc = new Cbc(name, key)
    const zeros = secretBytes(BLOCK)
    this.#whole = doubled(this.#cbc.encrypt(zeros))
    this.#padded = doubled(this.#whole)
    wipe(zeros)
  }

  /**
   * The MAC of the parts, one after the other.
   *
   * @returns 16 bytes in a new array over memory of its own (it may be a key).
   * @throws `TypeError` once disposed of.
   */
  mac(...parts: readonly Uint8Array[]): Uint8Array {
    let length = 0
    for (const part of parts) length += part.length
    const blocks = Math.max(1, Math.ceil(length / BLOCK))
    const work = secretBytes(blocks * BLOCK)
    let at = 0
    for (const part of parts) {
      work.set(part, at)
      at += part.length
    }
    if (length < work.length) work[length] = 0x80
    const subkey = length === work.length ? this.#whole : this.#padded
    const last = work.length - BLOCK
    for (let i = 0; i < BLOCK; i++) work[last + i]! ^= subkey[i]!
    try {
      return this.#cbc.encrypt(work).slice(last)
    } finally {
      wipe(work) // blocks on the way to a MAC would help to forge one
    }
  }

  /** Whether a MAC is that of the parts, in constant time. */
  matches(mac: Uint8Array, ...parts: readonly Uint8Array[]): boolean {
    return constantTimeEqual(this.mac(...parts), mac)
  }

  /** Overwrites what was made of the key. Calling it again is harmless. */
  dispose(): void {
    this.#cbc.dispose()
    wipe(this.#whole)
    wipe(this.#padded)
  }
}

/** Multiplies by x in GF(2^128), without a branch on the secret. */
function doubled(block: Uint8Array): SecretBytes {
  const result = secretBytes(BLOCK)
  for (let i = 0; i < BLOCK; i++) result[i] = (block[i]! << 1) | ((block[i + 1] ?? 0) >>> 7)
  result[BLOCK - 1]! ^= 0x87 & -(block[0]! >>> 7)
  return result
}
