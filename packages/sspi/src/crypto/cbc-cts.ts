import { Cbc, type BlockCipherName } from './block-cipher.js'

const BLOCK = 16

/** Messages up to this long are padded in one place that stays; longer ones in an array of their own. */
const SCRATCH_BYTES = 65_536 + BLOCK

/** Where a message with a broken last block is padded. Calls do not nest, so one will do; it is zero between them. */
const scratch = new Uint8Array(SCRATCH_BYTES)

/**
 * CBC with ciphertext stealing under one key: the output is as long as the input, from one block on. The last two
 * blocks are always swapped, whole ones too (RFC 3962 section 5; CBC-CS3 of NIST SP 800-38A addendum); one block
 * alone is plain CBC. Its owner calls `dispose`.
 *
 * The initial vector of what would follow by RFC 3962 is the last whole block but one of the ciphertext; Kerberos
 * starts every message at zero.
 */
export class CbcCts {
  readonly #cbc: Cbc

  /**
   * @param name - A cipher of 16-byte blocks.
   * @param key - Of just the cipher's length; treated as by {@link Cbc}.
   * @throws `TypeError` for other ciphers and lengths.
   */
  constructor(name: Exclude<BlockCipherName, 'des3'>, key: Uint8Array) {
    this.#cbc = new Cbc(name, key)
  }

  /**
   * Encrypts 16 bytes or more.
   *
   * @param out - Where the result goes, `data` itself by default; as long as `data`, the same memory or apart from it.
   * @param iv - 16 bytes; zeros by default.
   * @returns `out`.
   * @throws `TypeError` for other lengths and after `dispose`; `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` where Node has no
   *   such cipher.
   */
  encrypt(data: Uint8Array, out: Uint8Array = data, iv?: Uint8Array): Uint8Array {
    check(data, out)
    const length = data.length
    const tail = tailOf(length)
    if (tail === BLOCK) {
      this.#cbc.encrypt(data, out, iv)
      if (length > BLOCK) swapLast(out)
      return out
    }
    const padded = length - tail + BLOCK
    const work = borrow(padded)
    try {
      work.set(data)
      this.#cbc.encrypt(work, work, iv)
      // The last block goes before the one whose end is left out.
      const last = padded - BLOCK
      out.set(work.subarray(0, last - BLOCK))
      out.set(work.subarray(last), last - BLOCK)
      out.set(work.subarray(last - BLOCK, last - BLOCK + tail), last)
      return out
    } finally {
      work.fill(0)
    }
  }

  /** Decrypts 16 bytes or more; the inverse of `encrypt`, with the same parameters and errors. */
  decrypt(data: Uint8Array, out: Uint8Array = data, iv?: Uint8Array): Uint8Array {
    check(data, out)
    const length = data.length
    const tail = tailOf(length)
    if (tail === BLOCK) {
      if (out !== data) out.set(data)
      if (length > BLOCK) swapLast(out)
      return this.#cbc.decrypt(out, out, iv)
    }
    const padded = length - tail + BLOCK
    const last = padded - BLOCK
    const work = borrow(padded)
    try {
      // What the last block of CBC decrypts to ends in the end of the block before, as it was padded with zeros.
      work.set(data.subarray(0, last - BLOCK))
      const stolen = work.subarray(last - BLOCK, last)
      stolen.set(data.subarray(last - BLOCK, last))
      this.#cbc.decrypt(stolen)
      stolen.set(data.subarray(last))
      work.set(data.subarray(last - BLOCK, last), last)
      this.#cbc.decrypt(work, work, iv)
      out.set(work.subarray(0, length))
      return out
    } finally {
      work.fill(0)
    }
  }

  /** Lets go of the key. Calling it again is harmless. */
  dispose(): void {
    this.#cbc.dispose()
  }
}

/** Bytes in the last block, 1 to 16. */
function tailOf(length: number): number {
  return ((length - 1) % BLOCK) + 1
}

function borrow(length: number): Uint8Array {
  return length <= SCRATCH_BYTES ? scratch.subarray(0, length) : new Uint8Array(length)
}

function swapLast(bytes: Uint8Array): void {
  const a = bytes.length - 2 * BLOCK
  const b = bytes.length - BLOCK
  for (let i = 0; i < BLOCK; i++) {
    const byte = bytes[a + i]!
    bytes[a + i] = bytes[b + i]!
    bytes[b + i] = byte
  }
}

function check(data: Uint8Array, out: Uint8Array): void {
  if (data.length < BLOCK) throw new TypeError(`CbcCts: ${data.length} bytes, less than a block`)
  if (out.length !== data.length) throw new TypeError(`CbcCts: ${data.length} bytes for an output of ${out.length}`)
}
