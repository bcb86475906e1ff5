import { Tag } from './der-tag.js'
import { encodeGeneralizedTime } from './der-time.js'
import { encodeOid } from './oid.js'
import { encodeAscii, encodeUtf8 } from './text.js'

/**
 * Writes DER from its end to its beginning, so that every length is known when it is written.
 *
 * The last field goes first. To put a header round what several calls write, take the `mark` before them (that is,
 * behind them in the message) and `wrap` after them:
 *
 * ```ts
 * const writer = new DerWriter()
 * const sequence = writer.mark()
 * writer.octetString(cipher)
 * writer.wrap(contextTag(2), sequence) // nothing else is behind it
 * const type = writer.mark()
 * writer.integer(etype)
 * writer.wrap(contextTag(0), type)
 * writer.wrap(Tag.SEQUENCE, sequence)
 * const der = writer.finish()
 * ```
 *
 * One writer can serve many messages: `finish` and `reset` empty it and overwrite what was in it with zeros, as do
 * buffers that it leaves when it grows. Values that do not fit their type are the caller's mistake and throw
 * `TypeError`. Most methods take `tag`, for types under an implicit tag.
 */
export class DerWriter {
  #bytes: Uint8Array
  /** The first byte in use; the free ones are before it. */
  #at: number

  /** @param capacity - Bytes to reserve. */
  constructor(capacity = 512) {
    this.#bytes = new Uint8Array(capacity)
    this.#at = capacity
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#bytes.length - this.#at
  }

  /** Bytes reserved, used or not. */
  get capacity(): number {
    return this.#bytes.length
  }

  /** What was written so far: a view, until something more is written. */
  get written(): Uint8Array {
    return this.#bytes.subarray(this.#at)
  }

  /** Notes the place where an element ends, for `wrap`. Growing does not move it. */
  mark(): number {
    return this.length
  }

  /** Writes the header of an element whose content is everything written since `mark`. */
  wrap(tag: number, mark: number): void {
    const length = this.length - mark
    if (!(length >= 0)) throw new TypeError(`DerWriter.wrap: mark ${mark}, ${this.length} bytes written`)
    let at = this.#reserve(6)
    const bytes = this.#bytes
    if (length < 0x80) {
      bytes[--at] = length
    } else {
      let count = 0
      for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) {
        bytes[--at] = rest
        count++
      }
      bytes[--at] = 0x80 | count
    }
    bytes[--at] = tag
    this.#at = at
  }

  /** Writes what `write` writes as one element: `mark`, then `write`, then `wrap`. */
  within(tag: number, write: () => void): void {
    const mark = this.mark()
    write()
    this.wrap(tag, mark)
  }

  /** Writes bytes as they are, such as an element that was kept as it came. Copied. */
  raw(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length) - bytes.length
    this.#bytes.set(bytes, at)
    this.#at = at
  }

  /** Writes a BOOLEAN. */
  boolean(value: boolean, tag: number = Tag.BOOLEAN): void {
    this.#primitive(tag, Uint8Array.of(value ? 0xff : 0x00))
  }

  /** Writes an INTEGER; a `number` must be a safe integer. */
  integer(value: number | bigint, tag: number = Tag.INTEGER): void {
    const mark = this.length
    if (typeof value === 'bigint') this.#wideInteger(value)
    else this.#safeInteger(value)
    this.wrap(tag, mark)
  }

  /** Writes an ENUMERATED; the value must be a safe integer. */
  enumerated(value: number, tag: number = Tag.ENUMERATED): void {
    this.integer(value, tag)
  }

  /** Writes a BIT STRING; the unused bits of the last byte, 0 to 7 of them, must be zero. */
  bitString(bytes: Uint8Array, unusedBits = 0, tag: number = Tag.BIT_STRING): void {
    const last = bytes[bytes.length - 1]
    const wrong = last === undefined ? unusedBits !== 0 : (last & ((1 << unusedBits) - 1)) !== 0
    if (wrong || !Number.isInteger(unusedBits) || unusedBits < 0 || unusedBits > 7) {
      throw new TypeError(`DerWriter.bitString: ${unusedBits} unused bits that are zero wanted`)
    }
    const mark = this.length
    this.raw(bytes)
    this.raw(Uint8Array.of(unusedBits))
    this.wrap(tag, mark)
  }

  /** Writes 32 flags, the top bit of the number being bit 0: KerberosFlags of RFC 4120 section 5.2.8. */
  flags(value: number, tag: number = Tag.BIT_STRING): void {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
      throw new TypeError(`DerWriter.flags: ${value} is not a number of 32 bits without sign`)
    }
    this.#primitive(tag, Uint8Array.of(0, value >>> 24, value >>> 16, value >>> 8, value))
  }

  /** Writes an OCTET STRING. Copied. */
  octetString(bytes: Uint8Array, tag: number = Tag.OCTET_STRING): void {
    this.#primitive(tag, bytes)
  }

  /** Writes a NULL. */
  null(tag: number = Tag.NULL): void {
    this.wrap(tag, this.length)
  }

  /** Writes an OBJECT IDENTIFIER from its dotted form. */
  oid(text: string, tag: number = Tag.OBJECT_IDENTIFIER): void {
    this.#primitive(tag, encodeOid(text))
  }

  /** Writes a GeneralString as UTF-8: KerberosString as its peers write it. */
  generalString(text: string, tag: number = Tag.GENERAL_STRING): void {
    this.#primitive(tag, encodeUtf8(text))
  }

  /** Writes a UTF8String. */
  utf8String(text: string, tag: number = Tag.UTF8_STRING): void {
    this.#primitive(tag, encodeUtf8(text))
  }

  /** Writes an IA5String; ASCII only. */
  ia5String(text: string, tag: number = Tag.IA5_STRING): void {
    this.#primitive(tag, encodeAscii(text))
  }

  /** Writes a GeneralizedTime of whole seconds in UTC; fractions are dropped. */
  generalizedTime(time: Date, tag: number = Tag.GENERALIZED_TIME): void {
    this.#primitive(tag, encodeGeneralizedTime(time))
  }

  /**
   * Hands out what was written and empties the writer for the next message.
   *
   * @returns A new array of exactly that length over memory of its own.
   */
  finish(): Uint8Array {
    const der = this.#bytes.slice(this.#at)
    this.reset()
    return der
  }

  /** Empties the writer, overwriting what was written. */
  reset(): void {
    this.#bytes.fill(0, this.#at)
    this.#at = this.#bytes.length
  }

  #primitive(tag: number, content: Uint8Array): void {
    const mark = this.length
    this.raw(content)
    this.wrap(tag, mark)
  }

  #safeInteger(value: number): void {
    if (!Number.isSafeInteger(value)) throw new TypeError(`DerWriter.integer: ${value} is not a safe integer`)
    let at = this.#reserve(8)
    const bytes = this.#bytes
    const sign = value < 0 ? -1 : 0
    let rest = value
    do {
      bytes[--at] = rest % 256
      rest = Math.floor(rest / 256)
      // Until nothing but the sign is left, and the top bit of what stands first says the same.
    } while (rest !== sign || bytes[at]! >= 0x80 !== value < 0)
    this.#at = at
  }

  #wideInteger(value: bigint): void {
    const magnitude = value < 0n ? ~value : value
    // One bit for the sign on top of the magnitude's.
    const count = Math.floor(bitLength(magnitude) / 8) + 1
    const hex = BigInt.asUintN(count * 8, value)
      .toString(16)
      .padStart(count * 2, '0')
    const end = this.#reserve(count)
    const at = end - count
    for (let i = 0; i < count; i++) this.#bytes[at + i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)
    this.#at = at
  }

  /** Makes room for `count` bytes before the first one in use, and returns where that is. */
  #reserve(count: number): number {
    if (count > this.#at) {
      const old = this.#bytes
      const used = this.length
      const grown = new Uint8Array(Math.max(used + count, old.length * 2))
      this.#at = grown.length - used
      grown.set(old.subarray(old.length - used), this.#at)
      old.fill(0)
      this.#bytes = grown
    }
    return this.#at
  }
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}

/** An empty writer between messages, so that not each makes its own. */
let spare: DerWriter | undefined
/** Kerberos tickets with a PAC fit. */
const SPARE_BYTES = 4096
const MOST_SPARE_BYTES = 65_536

/**
 * Writes a message with a writer that serves one after the other, and overwrites it there.
 *
 * @param write - Writes the message.
 * @param use - Is given a view of it, which ends with the call.
 * @returns What `use` returns.
 */
export function withDer<T>(write: (writer: DerWriter) => void, use: (der: Uint8Array) => T): T {
  const writer = spare ?? new DerWriter(SPARE_BYTES)
  spare = undefined // while this one is under way another may be written
  try {
    write(writer)
    return use(writer.written)
  } finally {
    writer.reset()
    if (writer.capacity <= MOST_SPARE_BYTES) spare = writer
  }
}

/** As {@link withDer}: the message in a new array of exactly its length over memory of its own. */
export function writeDer(write: (writer: DerWriter) => void): Uint8Array {
  return withDer(write, copyOf)
}

function copyOf(der: Uint8Array): Uint8Array {
  return der.slice()
}
