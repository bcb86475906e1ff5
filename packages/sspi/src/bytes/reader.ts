import { SspiError } from '../status/index.js'

/**
 * A cursor over bytes that came from elsewhere: every length is checked before the cursor moves.
 *
 * Each call takes `what`, the name of the field, so that the error points at it. Views are handed out, never copies;
 * what must outlive the input is copied by whoever keeps it. A failed call leaves the cursor where it was.
 *
 * Every method that takes `what` throws {@link SspiError} `SEC_E_INVALID_TOKEN` when the input is too short.
 */
export class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  /** @param bytes - The input; read in place, kept until the reader is dropped. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Bytes from the start of the input to the cursor. */
  get offset(): number {
    return this.#at
  }

  /** Bytes from the cursor to the end of the input. */
  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  /** Reads one byte. */
  u8(what: string): number {
    const at = this.#advance(1, what)
    return this.#bytes[at]!
  }

  /** Reads an unsigned 16-bit number, least significant byte first. */
  u16le(what: string): number {
    const at = this.#advance(2, what)
    const bytes = this.#bytes
    return bytes[at]! | (bytes[at + 1]! << 8)
  }

  /** Reads an unsigned 32-bit number, least significant byte first. */
  u32le(what: string): number {
    const at = this.#advance(4, what)
    const bytes = this.#bytes
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  }

  /** Reads an unsigned 64-bit number, least significant byte first. */
  u64le(what: string): bigint {
    this.#check(8, what)
    const low = this.u32le(what)
    return (BigInt(this.u32le(what)) << 32n) | BigInt(low)
  }

  /** Reads an unsigned 16-bit number, most significant byte first. */
  u16be(what: string): number {
    const at = this.#advance(2, what)
    const bytes = this.#bytes
    return (bytes[at]! << 8) | bytes[at + 1]!
  }

  /** Reads an unsigned 32-bit number, most significant byte first. */
  u32be(what: string): number {
    const at = this.#advance(4, what)
    const bytes = this.#bytes
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  }

  /** Reads an unsigned 64-bit number, most significant byte first. */
  u64be(what: string): bigint {
    this.#check(8, what)
    const high = this.u32be(what)
    return (BigInt(high) << 32n) | BigInt(this.u32be(what))
  }

  /** Reads `length` bytes and returns a view of them. */
  take(length: number, what: string): Uint8Array {
    const at = this.#advance(length, what)
    return this.#bytes.subarray(at, at + length)
  }

  /** Moves the cursor over `length` bytes. */
  skip(length: number, what: string): void {
    this.#advance(length, what)
  }

  /** Moves the cursor to `offset` bytes from the start of the input; its end is a valid place. */
  seek(offset: number, what: string): void {
    if (!Number.isInteger(offset) || offset < 0 || offset > this.#bytes.length) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: offset ${offset} in ${this.#bytes.length} bytes`)
    }
    this.#at = offset
  }

  /**
   * Returns a view of `length` bytes at `offset` from the start of the input, wherever the cursor is; the cursor stays.
   *
   * For messages whose header holds offset and length of a field (NTLM, PAC).
   */
  at(offset: number, length: number, what: string): Uint8Array {
    const size = this.#bytes.length
    if (!Number.isInteger(offset) || !Number.isInteger(length) || offset < 0 || length < 0 || length > size - offset) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: ${length} bytes wanted at ${offset}, ${size} in all`)
    }
    return this.#bytes.subarray(offset, offset + length)
  }

  /** Says that the input ends here: left-over bytes are an error. */
  end(what: string): void {
    if (this.#at !== this.#bytes.length) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: ${this.remaining} bytes left over`)
    }
  }

  #check(length: number, what: string): void {
    const left = this.#bytes.length - this.#at
    // Number.isInteger keeps NaN and fractions out, which would poison the cursor.
    if (!Number.isInteger(length) || length < 0 || length > left) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: ${length} bytes wanted, ${left} left`)
    }
  }

  #advance(length: number, what: string): number {
    this.#check(length, what)
    const at = this.#at
    this.#at = at + length
    return at
  }
}
