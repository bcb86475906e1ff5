/**
 * A growing buffer that is written forwards.
 *
 * Numbers that do not fit their field are the caller's mistake and throw `TypeError`; nothing is cut off silently (so
 * flags that were combined by `|` need `>>> 0`). Memory that the writer leaves behind, when it grows and when it is
 * finished, is overwritten with zeros, as messages may hold secrets. Every method but `finish` returns the writer.
 */
export class Writer {
  #bytes: Uint8Array
  #length = 0

  /** @param capacity - Bytes to reserve. A message of just this length is handed out without a copy. */
  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity)
  }

  /** Bytes written so far, which is also the offset of the next one. */
  get length(): number {
    return this.#length
  }

  /** Writes one byte. */
  u8(value: number): this {
    checkUnsigned(value, 0xff, 'u8')
    const at = this.#extend(1)
    this.#bytes[at] = value
    return this
  }

  /** Writes an unsigned 16-bit number, least significant byte first. */
  u16le(value: number): this {
    checkUnsigned(value, 0xffff, 'u16le')
    const at = this.#extend(2)
    putU16le(this.#bytes, at, value)
    return this
  }

  /** Writes an unsigned 32-bit number, least significant byte first. */
  u32le(value: number): this {
    checkUnsigned(value, 0xffff_ffff, 'u32le')
    const at = this.#extend(4)
    putU32le(this.#bytes, at, value)
    return this
  }

  /** Writes an unsigned 64-bit number, least significant byte first. */
  u64le(value: bigint): this {
    checkUnsigned64(value, 'u64le')
    const at = this.#extend(8)
    putU32le(this.#bytes, at, Number(value & 0xffff_ffffn))
    putU32le(this.#bytes, at + 4, Number(value >> 32n))
    return this
  }

  /** Writes an unsigned 16-bit number, most significant byte first. */
  u16be(value: number): this {
    checkUnsigned(value, 0xffff, 'u16be')
    const at = this.#extend(2)
    const bytes = this.#bytes
    bytes[at] = value >>> 8
    bytes[at + 1] = value
    return this
  }

  /** Writes an unsigned 32-bit number, most significant byte first. */
  u32be(value: number): this {
    checkUnsigned(value, 0xffff_ffff, 'u32be')
    const at = this.#extend(4)
    putU32be(this.#bytes, at, value)
    return this
  }

  /** Writes an unsigned 64-bit number, most significant byte first. */
  u64be(value: bigint): this {
    checkUnsigned64(value, 'u64be')
    const at = this.#extend(8)
    putU32be(this.#bytes, at, Number(value >> 32n))
    putU32be(this.#bytes, at + 4, Number(value & 0xffff_ffffn))
    return this
  }

  /** Writes a count of up to 53 bits as an unsigned 64-bit number, most significant byte first. */
  u53be(value: number): this {
    checkUnsigned(value, Number.MAX_SAFE_INTEGER, 'u53be')
    const at = this.#extend(8)
    putU32be(this.#bytes, at, Math.floor(value / 0x1_0000_0000))
    putU32be(this.#bytes, at + 4, value >>> 0)
    return this
  }

  /** Writes a copy of `value`. */
  bytes(value: Uint8Array): this {
    const at = this.#extend(value.length)
    this.#bytes.set(value, at)
    return this
  }

  /** Writes `count` zero bytes, as padding or to be filled in later. */
  zeros(count: number): this {
    this.#extend(count)
    return this
  }

  /** Overwrites two bytes at `offset`, least significant first. @throws `TypeError` outside of what is written. */
  setU16le(offset: number, value: number): this {
    checkUnsigned(value, 0xffff, 'setU16le')
    this.#checkWritten(offset, 2)
    putU16le(this.#bytes, offset, value)
    return this
  }

  /** Overwrites four bytes at `offset`, least significant first. @throws `TypeError` outside of what is written. */
  setU32le(offset: number, value: number): this {
    checkUnsigned(value, 0xffff_ffff, 'setU32le')
    this.#checkWritten(offset, 4)
    putU32le(this.#bytes, offset, value)
    return this
  }

  /** Overwrites bytes at `offset` with a copy of `value`. @throws `TypeError` outside of what is written. */
  setBytes(offset: number, value: Uint8Array): this {
    this.#checkWritten(offset, value.length)
    this.#bytes.set(value, offset)
    return this
  }

  /**
   * Hands out what was written; the writer is empty afterwards and can be used again.
   *
   * @returns An array of exactly that length over memory of its own, which the writer keeps no hold on.
   */
  finish(): Uint8Array {
    const bytes = this.#bytes
    const length = this.#length
    this.#length = 0
    if (length === bytes.length) {
      this.#bytes = NOTHING
      return bytes
    }
    const exact = bytes.slice(0, length)
    bytes.fill(0, 0, length)
    return exact
  }

  /** Makes room for `count` more bytes, which are zero, and returns where they begin. */
  #extend(count: number): number {
    const at = this.#length
    const length = at + count
    if (!Number.isSafeInteger(length) || count < 0) throw new TypeError(`Writer: ${count} is not a number of bytes`)
    if (length > this.#bytes.length) {
      const old = this.#bytes
      this.#bytes = new Uint8Array(Math.max(length, old.length * 2))
      this.#bytes.set(old)
      old.fill(0)
    }
    this.#length = length
    return at
  }

  #checkWritten(offset: number, count: number): void {
    if (!Number.isInteger(offset) || offset < 0 || offset > this.#length - count) {
      throw new TypeError(`Writer: offset ${offset} for ${count} bytes, ${this.#length} written`)
    }
  }
}

const NOTHING = new Uint8Array(0)

function checkUnsigned(value: number, maximum: number, what: string): void {
  if (!Number.isInteger(value) || value < 0 || value > maximum) {
    throw new TypeError(`Writer.${what}: ${value} is not in 0..${maximum}`)
  }
}

function checkUnsigned64(value: bigint, what: string): void {
  if (value < 0n || value > 0xffff_ffff_ffff_ffffn) {
    throw new TypeError(`Writer.${what}: ${value.toString()} is not in 0..2^64-1`)
  }
}

function putU16le(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
}

function putU32le(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

function putU32be(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}
