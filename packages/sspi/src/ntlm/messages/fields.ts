import {
  bytesEqual,
  oemDecode,
  oemEncode,
  utf16leDecode,
  utf16leEncode,
  Writer,
  type Reader,
} from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'
import { NegotiateFlag, SIGNATURE, type MessageType } from '../constants.js'
import { hasFlag } from '../flags.js'

/** A field's entry in a message's header: where its bytes lie in the payload. */
export interface Field {
  readonly length: number
  readonly offset: number
}

export const NO_FIELD: Field = { length: 0, offset: 0 }

/** Reads the signature and the type, and insists on both. */
export function readMessageType(reader: Reader, type: MessageType, what: string): void {
  if (!bytesEqual(reader.take(SIGNATURE.length, `${what}: Signature`), SIGNATURE)) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: Signature: it does not begin with 'NTLMSSP'`)
  }
  const got = reader.u32le(`${what}: MessageType`)
  if (got !== type) throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: MessageType: ${got}, ${type} expected`)
}

/** Reads a field's entry: Len, MaxLen (which receivers ignore), BufferOffset. */
export function readField(reader: Reader, what: string): Field {
  const length = reader.u16le(`${what}Len`)
  reader.skip(2, `${what}MaxLen`)
  return { length, offset: reader.u32le(`${what}BufferOffset`) }
}

/** The bytes of a field, a view. An empty one may have any offset: peers write all sorts there. */
export function fieldBytes(reader: Reader, field: Field, what: string): Uint8Array {
  return field.length === 0 ? NOTHING : reader.at(field.offset, field.length, what)
}

/** Where the payload begins as far as the fields tell: the lowest offset of those that are not empty. */
export function payloadStart(messageLength: number, ...fields: readonly Field[]): number {
  let start = messageLength
  for (const { length, offset } of fields) {
    if (length > 0 && offset < start) start = offset
  }
  return start
}

/** Decodes a string of the payload in the character set that was negotiated. */
export function decodeString(bytes: Uint8Array, flags: number, what: string): string {
  return hasFlag(flags, NegotiateFlag.NEGOTIATE_UNICODE) ? utf16leDecode(bytes, what) : oemDecode(bytes)
}

/** Encodes a string for the payload in the character set that was negotiated. */
export function encodeString(text: string, flags: number): Uint8Array {
  return hasFlag(flags, NegotiateFlag.NEGOTIATE_UNICODE) ? utf16leEncode(text) : oemEncode(text)
}

/** Writes a message: a header with entries, and the fields' bytes behind it in the order in which Windows writes them. */
export class MessageWriter {
  readonly #header: Writer
  readonly #payload = new Writer()
  readonly #headerLength: number

  constructor(type: MessageType, headerLength: number) {
    this.#headerLength = headerLength
    this.#header = new Writer(headerLength).bytes(SIGNATURE).u32le(type)
  }

  /** The header, for what is not a field. */
  get header(): Writer {
    return this.#header
  }

  /** Puts bytes into the payload, and returns the entry to write for them. */
  put(bytes: Uint8Array, what: string): Field {
    if (bytes.length > 0xffff) {
      throw new SspiError('SEC_E_CANNOT_PACK', `NTLM: ${what} has ${bytes.length} bytes, the field takes 65535`)
    }
    const offset = this.#headerLength + this.#payload.length
    this.#payload.bytes(bytes)
    return { length: bytes.length, offset }
  }

  /** Writes a field's entry into the header. */
  entry(field: Field): this {
    this.#header.u16le(field.length).u16le(field.length).u32le(field.offset)
    return this
  }

  finish(): Uint8Array {
    return this.#header.bytes(this.#payload.finish()).finish()
  }
}

const NOTHING = new Uint8Array(0)
