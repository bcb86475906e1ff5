import { SspiError } from '../status/index.js'
import { Reader } from './reader.js'
import { readSid } from './sid.js'
import { utf16leDecode } from './utf16.js'

/** What RPC_UNICODE_STRING says of a string whose characters come behind the structure. */
export interface NdrString {
  /** In bytes. */
  readonly length: number
  /** Whether there is one at all. */
  readonly present: boolean
}

const HEADER_WHAT = 'NDR: header'
/** MS-RPCE 2.2.6.1: least significant byte first, characters in ASCII. */
const LITTLE_ENDIAN = 0x10
const COMMON_HEADER_BYTES = 8

/**
 * A cursor over one structure in type serialisation version 1 of NDR, MS-RPCE 2.2.6: fields in their order, aligned; what a
 * structure points at comes behind it, in the order of the pointers, which is the caller's to follow.
 *
 * Counts are compared with what is left before anything is made of them. Every method throws {@link SspiError}
 * `SEC_E_INVALID_TOKEN` when the input is not what it should be.
 */
export class NdrReader {
  readonly #bytes: Uint8Array
  readonly #reader: Reader

  /** Reads the headers, and the pointer to the structure. @param bytes - Views of it are handed out. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#reader = new Reader(bytes)
    const version = this.#reader.u8(HEADER_WHAT)
    const order = this.#reader.u8(HEADER_WHAT)
    const length = this.#reader.u16le(HEADER_WHAT)
    if (version !== 1 || order !== LITTLE_ENDIAN || length !== COMMON_HEADER_BYTES) {
      throw new SspiError(
        'SEC_E_INVALID_TOKEN',
        `${HEADER_WHAT}: version ${version}, byte order ${order}, ${length} bytes: that is not known`,
      )
    }
    // A filler; then the private header: the length of the structure, which ours has anyway, and another filler.
    this.#reader.skip(12, HEADER_WHAT)
    if (!this.pointer(HEADER_WHAT)) throw new SspiError('SEC_E_INVALID_TOKEN', 'NDR: there is no structure')
  }

  /** Bytes from the start of the input to the cursor. */
  get offset(): number {
    return this.#reader.offset
  }

  /** A view of what was read since a place. */
  since(offset: number): Uint8Array {
    return this.#bytes.subarray(offset, this.offset)
  }

  /** Moves the cursor to where a field of so many bytes may stand. Headers have 16 bytes, so that all of it counts. */
  align(bytes: 2 | 4): void {
    const over = this.#reader.offset % bytes
    if (over !== 0) this.#reader.skip(bytes - over, 'NDR: padding')
  }

  u16(what: string): number {
    this.align(2)
    return this.#reader.u16le(what)
  }

  u32(what: string): number {
    this.align(4)
    return this.#reader.u32le(what)
  }

  /** FILETIME, MS-DTYP 2.3.3: two numbers of 32 bits, and aligned as such. */
  fileTime(what: string): bigint {
    this.align(4)
    return this.#reader.u64le(what)
  }

  /** Bytes that have no alignment. */
  take(length: number, what: string): Uint8Array {
    return this.#reader.take(length, what)
  }

  /** Whether a pointer points at something. */
  pointer(what: string): boolean {
    return this.u32(what) !== 0
  }

  /** RPC_UNICODE_STRING, MS-DTYP 2.3.10: two lengths and a pointer. */
  stringHeader(what: string): NdrString {
    this.align(4)
    const length = this.#reader.u16le(what)
    this.#reader.skip(2, what) // MaximumLength: how much room there was
    return { length, present: this.pointer(what) }
  }

  /** The characters of a string: a conformant and varying array, which has its room, its offset and its length before it. */
  string({ length }: NdrString, what: string): string {
    this.align(4)
    const [most, first, count] = [this.#reader.u32le(what), this.#reader.u32le(what), this.#reader.u32le(what)]
    if (first !== 0 || count > most || length % 2 !== 0 || length > 2 * count) {
      throw new SspiError(
        'SEC_E_INVALID_TOKEN',
        `${what}: ${length} bytes of ${count} characters from ${first}, in an array of ${most}`,
      )
    }
    return utf16leDecode(this.#reader.take(2 * count, what).subarray(0, length), what)
  }

  /**
   * The number of elements of a conformant array, which stands before them.
   * @param expected - What the structure said; another number is refused.
   * @param elementBytes - What each takes at the least.
   */
  count(expected: number, elementBytes: number, what: string): number {
    const count = this.u32(what)
    if (count !== expected || count > this.#reader.remaining / elementBytes) {
      throw new SspiError(
        'SEC_E_INVALID_TOKEN',
        `${what}: ${count} elements where ${expected} were announced, in ${this.#reader.remaining} bytes`,
      )
    }
    return count
  }

  /** A security identifier with the number of its parts before it, as RPC_SID has it. */
  sid(what: string): string {
    const count = this.u32(what)
    const start = this.offset
    const sid = readSid(this.#reader)
    if (this.offset - start !== 8 + 4 * count) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: ${sid}, where ${count} parts were announced`)
    }
    return sid
  }
}
