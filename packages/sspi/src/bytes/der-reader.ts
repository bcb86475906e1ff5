import { SspiError } from '../status/index.js'
import { Tag } from './der-tag.js'
import { decodeGeneralizedTime } from './der-time.js'
import { decodeOid } from './oid.js'
import { decodeAscii, decodeUtf8 } from './text.js'

/** One element as it stands in the input. Both arrays are views. */
export interface Tlv {
  /** The tag octet: class, constructed bit and number. */
  readonly tag: number
  /** The content octets. */
  readonly content: Uint8Array
  /** The element with its tag and length, exactly as it came: what was signed is kept like this. */
  readonly whole: Uint8Array
}

/** A BIT STRING. */
export interface BitString {
  /** How many bits of the last byte do not count, 0 to 7; they are zero. */
  readonly unusedBits: number
  /** The bits, the first one in the top bit of the first byte. A view. */
  readonly bytes: Uint8Array
}

/**
 * A cursor over DER.
 *
 * Strict: lengths are definite and minimal, integers minimal, booleans 00 or ff; nothing reaches over the end of what
 * contains it. One tag octet only: tag numbers of 31 and more are refused. Nothing here recurses: `enter` gives a
 * reader of one element's content, and how deep that goes is for the caller's code to say, never for the input.
 * Views are handed out, never copies.
 *
 * Every method that takes `what`, the name of the field for the error, throws {@link SspiError} `SEC_E_INVALID_TOKEN`
 * when the input is not what the method is named after. After a failure the reader is good for nothing.
 *
 * Most readers of one type take `tag`, for types under an implicit tag.
 */
export class DerReader {
  readonly #bytes: Uint8Array
  readonly #end: number
  readonly #anyLengths: boolean
  #at: number

  /**
   * A reader that takes lengths in more bytes than they need, too, as BER allows them and some peers write them where DER is asked for.
   * Everything else is as strict; what it enters is read likewise. For messages that nothing is signed over as they came.
   */
  static ofAnyLengths(bytes: Uint8Array): DerReader {
    return new DerReader(bytes, 0, bytes.length, true)
  }

  /**
   * @param bytes - The input; read in place.
   * @param start - Where to begin, 0 by default.
   * @param end - Where to stop, the end of `bytes` by default; no further than that.
   * @param anyLengths - See {@link DerReader.ofAnyLengths}.
   */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length, anyLengths = false) {
    this.#bytes = bytes
    this.#at = start
    this.#end = Math.min(end, bytes.length)
    this.#anyLengths = anyLengths
  }

  /** Whether anything is left. */
  get hasMore(): boolean {
    return this.#at < this.#end
  }

  /** Bytes left. */
  get remaining(): number {
    return this.#end - this.#at
  }

  /** The tag octet of the next element; `undefined` at the end. */
  peekTag(): number | undefined {
    return this.#at < this.#end ? this.#bytes[this.#at] : undefined
  }

  /** Whether the next element has this tag. */
  isNext(tag: number): boolean {
    return this.#at < this.#end && this.#bytes[this.#at] === tag
  }

  /** Reads one element with this tag and returns a reader of its content, which cannot look past it. */
  enter(tag: number, what: string): DerReader {
    const end = this.#open(tag, what)
    const inner = new DerReader(this.#bytes, this.#at, end, this.#anyLengths)
    this.#at = end
    return inner
  }

  /** Enters the next element if it has this tag; `undefined` if it has another, or at the end. */
  enterIf(tag: number, what: string): DerReader | undefined {
    return this.isNext(tag) ? this.enter(tag, what) : undefined
  }

  /** Reads one element with this tag by `read`, which must use up its content: for explicit tags and sequences. */
  within<T>(tag: number, what: string, read: (inner: DerReader) => T): T {
    const inner = this.enter(tag, what)
    const value = read(inner)
    inner.end(what)
    return value
  }

  /** Like `within` for an element that may be left out; `undefined` if the next tag is another, or at the end. */
  optional<T>(tag: number, what: string, read: (inner: DerReader) => T): T | undefined {
    return this.isNext(tag) ? this.within(tag, what, read) : undefined
  }

  /**
   * Reads a SEQUENCE OF (or a SET OF, by `tag`).
   *
   * @param maximum - How many elements are allowed: a bound on memory that the input cannot talk its way past.
   * @param read - Reads one element, header included, from the reader that it is given.
   */
  sequenceOf<T>(what: string, maximum: number, read: (inner: DerReader) => T, tag: number = Tag.SEQUENCE): T[] {
    const inner = this.enter(tag, what)
    const items: T[] = []
    while (inner.hasMore) {
      if (items.length === maximum) throw invalid(what, `more than ${maximum} elements`)
      const before = inner.#at
      items.push(read(inner))
      if (inner.#at === before) throw new TypeError(`${what}: the function for one element read nothing`)
    }
    return items
  }

  /** Reads one element, whatever it is. */
  readTlv(what: string): Tlv {
    const start = this.#at
    const end = this.#header(what)
    const bytes = this.#bytes
    const content = bytes.subarray(this.#at, end)
    this.#at = end
    // #header has read the tag at `start`.
    return { tag: bytes[start]!, content, whole: bytes.subarray(start, end) }
  }

  /** Reads one element with this tag and returns it as it came, header included. A view. */
  whole(tag: number, what: string): Uint8Array {
    const start = this.#at
    this.#at = this.#open(tag, what)
    return this.#bytes.subarray(start, this.#at)
  }

  /** Reads one element with this tag and returns its content. A view. */
  content(tag: number, what: string): Uint8Array {
    const end = this.#open(tag, what)
    const content = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return content
  }

  /** Moves over one element, whatever it is. */
  skip(what: string): void {
    this.#at = this.#header(what)
  }

  /** Takes all bytes that are left, be they DER or not. A view. */
  rest(): Uint8Array {
    const rest = this.#bytes.subarray(this.#at, this.#end)
    this.#at = this.#end
    return rest
  }

  /** Reads a BOOLEAN. */
  boolean(what: string, tag: number = Tag.BOOLEAN): boolean {
    const content = this.content(tag, what)
    const value = content[0]
    if (content.length !== 1 || (value !== 0x00 && value !== 0xff)) throw invalid(what, 'BOOLEAN is neither 00 nor ff')
    return value === 0xff
  }

  /** Reads an INTEGER that a number holds exactly: -(2^53-1) to 2^53-1. */
  integer(what: string, tag: number = Tag.INTEGER): number {
    const content = this.integerBytes(what, tag)
    // Seven bytes are 56 bits: still exact enough for the check below to be right, as doubles round to even.
    if (content.length > 7) throw invalid(what, `INTEGER of ${content.length} bytes is too large`)
    let value = content[0]! >= 0x80 ? -1 : 0
    for (const byte of content) value = value * 256 + byte
    if (!Number.isSafeInteger(value)) throw invalid(what, 'INTEGER is too large')
    return value
  }

  /** Reads an INTEGER from -2^31 to 2^31-1: Int32 of RFC 4120. */
  int32(what: string, tag: number = Tag.INTEGER): number {
    const value = this.integer(what, tag)
    if (value < -0x8000_0000 || value > 0x7fff_ffff) throw invalid(what, `${value} does not fit into 32 bits`)
    return value
  }

  /** Reads an INTEGER from 0 to 2^32-1: UInt32 of RFC 4120. */
  uint32(what: string, tag: number = Tag.INTEGER): number {
    const value = this.integer(what, tag)
    if (value < 0 || value > 0xffff_ffff) throw invalid(what, `${value} does not fit into 32 bits without sign`)
    return value
  }

  /** Reads an INTEGER of any size. */
  bigInteger(what: string, tag: number = Tag.INTEGER): bigint {
    const content = this.integerBytes(what, tag)
    let hex = '0x'
    for (const byte of content) hex += byte.toString(16).padStart(2, '0')
    return BigInt.asIntN(content.length * 8, BigInt(hex))
  }

  /** Reads an INTEGER of any size as its content: two's complement, most significant byte first, minimal. A view. */
  integerBytes(what: string, tag: number = Tag.INTEGER): Uint8Array {
    const content = this.content(tag, what)
    const first = content[0]
    if (first === undefined) throw invalid(what, 'INTEGER without content')
    const second = content[1]
    if (second !== undefined && ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80))) {
      throw invalid(what, 'INTEGER is not minimal')
    }
    return content
  }

  /** Reads an ENUMERATED. */
  enumerated(what: string, tag: number = Tag.ENUMERATED): number {
    return this.integer(what, tag)
  }

  /** Reads a BIT STRING. */
  bitString(what: string, tag: number = Tag.BIT_STRING): BitString {
    const content = this.content(tag, what)
    const unusedBits = content[0]
    if (unusedBits === undefined || unusedBits > 7) throw invalid(what, 'BIT STRING without a count of unused bits')
    const bytes = content.subarray(1)
    const last = bytes[bytes.length - 1]
    if (last === undefined ? unusedBits !== 0 : (last & ((1 << unusedBits) - 1)) !== 0) {
      throw invalid(what, 'BIT STRING: unused bits are not zero')
    }
    return { unusedBits, bytes }
  }

  /**
   * Reads a BIT STRING of flags as a number without sign whose top bit is bit 0 (KerberosFlags, RFC 4120 section
   * 5.2.8; SPNEGO's ContextFlags). Bits left out are zero; bits from the 33rd on are not looked at.
   */
  flags(what: string, tag: number = Tag.BIT_STRING): number {
    const { bytes } = this.bitString(what, tag)
    let value = 0
    for (let i = 0; i < 4; i++) value = (value << 8) | (bytes[i] ?? 0)
    return value >>> 0
  }

  /** Reads an OCTET STRING. A view. */
  octetString(what: string, tag: number = Tag.OCTET_STRING): Uint8Array {
    return this.content(tag, what)
  }

  /** Reads a NULL. */
  null(what: string, tag: number = Tag.NULL): void {
    if (this.content(tag, what).length !== 0) throw invalid(what, 'NULL with content')
  }

  /** Reads an OBJECT IDENTIFIER in its dotted form. */
  oid(what: string, tag: number = Tag.OBJECT_IDENTIFIER): string {
    return decodeOid(this.content(tag, what), what)
  }

  /**
   * Reads a GeneralString as UTF-8: KerberosString of RFC 4120 section 5.2.1. That allows ASCII alone, but Windows,
   * MIT and Heimdal put UTF-8 there.
   */
  generalString(what: string, tag: number = Tag.GENERAL_STRING): string {
    return decodeUtf8(this.content(tag, what), what)
  }

  /** Reads a UTF8String. */
  utf8String(what: string, tag: number = Tag.UTF8_STRING): string {
    return decodeUtf8(this.content(tag, what), what)
  }

  /** Reads an IA5String. */
  ia5String(what: string, tag: number = Tag.IA5_STRING): string {
    return decodeAscii(this.content(tag, what), what)
  }

  /** Reads a GeneralizedTime of whole seconds in UTC: KerberosTime of RFC 4120 section 5.2.3. */
  generalizedTime(what: string, tag: number = Tag.GENERALIZED_TIME): Date {
    return decodeGeneralizedTime(this.content(tag, what), what)
  }

  /** Says that the input, or the element that was entered, ends here. */
  end(what: string): void {
    if (this.#at !== this.#end) throw invalid(what, `${this.remaining} bytes left over`)
  }

  /** Reads a header with this tag; the cursor stands at the content, whose end is returned. */
  #open(tag: number, what: string): number {
    const found = this.peekTag()
    if (found !== tag) {
      const instead = found === undefined ? 'nothing more' : `tag 0x${found.toString(16)}`
      throw invalid(what, `tag 0x${tag.toString(16)} expected, ${instead} found`)
    }
    return this.#header(what)
  }

  /** Reads a header with any tag; the cursor stands at the content, whose end is returned. */
  #header(what: string): number {
    const bytes = this.#bytes
    const limit = this.#end
    let at = this.#at
    if (limit - at < 2) throw invalid(what, 'the header is cut off')
    if ((bytes[at]! & 0x1f) === 0x1f) throw invalid(what, 'a tag number over 30')
    let length = bytes[at + 1]!
    at += 2
    if (length >= 0x80) {
      const count = length & 0x7f
      if (count === 0) throw invalid(what, 'the length is indefinite')
      if (count > 4 || count > limit - at) throw invalid(what, `the length takes ${count} bytes`)
      length = 0
      for (let i = 0; i < count; i++) length = length * 256 + bytes[at++]!
      const minimal = length >= 0x80 && length >= 256 ** (count - 1)
      if (!minimal && !this.#anyLengths) throw invalid(what, 'the length is not minimal')
    }
    if (length > limit - at) throw invalid(what, `${length} bytes of content, ${limit - at} left`)
    this.#at = at
    return at + length
  }
}

function invalid(what: string, why: string): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', `${what}: ${why}`)
}
