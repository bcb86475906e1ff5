import { Reader, Writer } from '../../bytes/index.js'

/** In which order a number's bytes stand: old files have the order of the machine that wrote them. */
export type ByteOrder = 'little' | 'big'

/** A cursor over a file whose numbers are in one order. Errors are those of `Reader`. */
export class OrderedReader {
  readonly order: ByteOrder
  readonly #reader: Reader

  constructor(bytes: Uint8Array, order: ByteOrder) {
    this.order = order
    this.#reader = new Reader(bytes)
  }

  get remaining(): number {
    return this.#reader.remaining
  }

  u8(what: string): number {
    return this.#reader.u8(what)
  }

  u16(what: string): number {
    return this.order === 'little' ? this.#reader.u16le(what) : this.#reader.u16be(what)
  }

  u32(what: string): number {
    return this.order === 'little' ? this.#reader.u32le(what) : this.#reader.u32be(what)
  }

  /** Reads 16 bits with sign: encryption types may be negative. */
  i16(what: string): number {
    return (this.u16(what) << 16) >> 16
  }

  i32(what: string): number {
    return this.u32(what) | 0
  }

  /** Reads bytes, as a view. */
  take(length: number, what: string): Uint8Array {
    return this.#reader.take(length, what)
  }

  /** Reads bytes after their length in 16 bits, as a view. */
  data16(what: string): Uint8Array {
    return this.take(this.u16(what), what)
  }

  /** Reads bytes after their length in 32 bits, as a view. */
  data32(what: string): Uint8Array {
    return this.take(this.u32(what), what)
  }
}

/** Writes a file whose numbers are in one order. Errors are those of `Writer`. */
export class OrderedWriter {
  readonly order: ByteOrder
  readonly #writer = new Writer(1024)

  constructor(order: ByteOrder) {
    this.order = order
  }

  u8(value: number): void {
    this.#writer.u8(value)
  }

  u16(value: number): void {
    if (this.order === 'little') this.#writer.u16le(value)
    else this.#writer.u16be(value)
  }

  /** Writes 16 bits with sign. */
  i16(value: number): void {
    this.u16(value < 0 && value >= -0x8000 ? value + 0x1_0000 : value)
  }

  u32(value: number): void {
    if (this.order === 'little') this.#writer.u32le(value)
    else this.#writer.u32be(value)
  }

  i32(value: number): void {
    this.u32(value < 0 && value >= -0x8000_0000 ? value + 0x1_0000_0000 : value)
  }

  bytes(value: Uint8Array): void {
    this.#writer.bytes(value)
  }

  /** Writes bytes after their length in 16 bits. */
  data16(value: Uint8Array): void {
    this.u16(value.length)
    this.bytes(value)
  }

  /** Writes bytes after their length in 32 bits. */
  data32(value: Uint8Array): void {
    this.u32(value.length)
    this.bytes(value)
  }

  finish(): Uint8Array {
    return this.#writer.finish()
  }
}

/**
 * Guesses the order of a file from a number that is small in any file: of its two readings the smaller magnitude.
 *
 * @param bytes - Four bytes or more; with fewer there is nothing to guess.
 */
export function orderOfSmallNumber(bytes: Uint8Array): ByteOrder {
  if (bytes.length < 4) return 'big'
  const little = Math.abs(new Reader(bytes).u32le('number') | 0)
  const big = Math.abs(new Reader(bytes).u32be('number') | 0)
  return little < big ? 'little' : 'big'
}
