import { fromHex, guidText, Reader, utf16leDecode, utf16leEncode, Writer } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'

/** The kind of the credential in a SEC_WINNT_AUTH_PACKED_CREDENTIALS is a GUID, here as text in lower case. */
export const SEC_WINNT_AUTH_DATA_TYPE_PASSWORD = '28bfc32f-10f6-4738-98d1-1ac061df716a'
/** A keytab, as a credential cache's file has it. Kerberos accepts with it, and initiates. */
export const SEC_WINNT_AUTH_DATA_TYPE_KEYTAB = 'd587aae8-f78f-4455-a112-c934beee7ce1'

/** A credential within an identity. */
export interface PackedCredential {
  /** `SEC_WINNT_AUTH_DATA_TYPE_…`; others are carried, and cannot be used. */
  readonly type: string
  /** A password in UTF-16, least significant byte first; a keytab's bytes. Secret. */
  readonly data: Uint8Array
}

/** cbHeaderLength, cbStructureLength, and SEC_WINNT_AUTH_DATA: the GUID, the offset, the length and two bytes of nothing. */
const HEADER_LENGTH = 28
/** A length has 16 bits. */
const MAX_LENGTH = 0xffff

/**
 * Reads SEC_WINNT_AUTH_PACKED_CREDENTIALS; the data is a view. A password in another encoding becomes one in UTF-16, a copy.
 *
 * @param decode - How the identity's strings are to be read.
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse.
 */
export function readPackedCredentials(
  bytes: Uint8Array,
  decode: (bytes: Uint8Array, what: string) => string,
): PackedCredential {
  const reader = new Reader(bytes)
  const headerLength = reader.u16le('packed credentials cbHeaderLength')
  const length = reader.u16le('packed credentials cbStructureLength')
  const type = guidText(reader.take(16, 'GUID'))
  const offset = reader.u32le('packed credentials offset')
  const size = reader.u16le('packed credentials length')
  if (headerLength < HEADER_LENGTH || headerLength > length || length > bytes.length || offset + size > length) {
    throw new SspiError(
      'SEC_E_INVALID_TOKEN',
      `packed credentials: ${size} bytes at ${offset} in a structure of ${length}, and ${bytes.length} bytes in all`,
    )
  }
  const data = reader.at(offset, size, 'packed credentials data')
  if (type !== SEC_WINNT_AUTH_DATA_TYPE_PASSWORD || decode === utf16leDecode) return { type, data }
  return { type, data: utf16leEncode(decode(data, 'packed password')) }
}

/** Writes SEC_WINNT_AUTH_PACKED_CREDENTIALS. @throws {@link SspiError} `SEC_E_INVALID_PARAMETER` when the data is too long. */
export function writePackedCredentials({ type, data }: PackedCredential): Uint8Array {
  const length = HEADER_LENGTH + data.length
  if (length > MAX_LENGTH) {
    throw new SspiError(
      'SEC_E_INVALID_PARAMETER',
      `packed credentials: ${data.length} bytes, ${MAX_LENGTH - HEADER_LENGTH} at most`,
    )
  }
  const writer = new Writer(length).u16le(HEADER_LENGTH).u16le(length)
  writeGuid(writer, type)
  return writer.u32le(HEADER_LENGTH).u16le(data.length).zeros(2).bytes(data).finish()
}

/** The other way round of `guidText`. */
function writeGuid(writer: Writer, guid: string): void {
  const [first = '', second = '', third = '', ...rest] = guid.split('-')
  writer.u32le(parseInt(first, 16)).u16le(parseInt(second, 16)).u16le(parseInt(third, 16))
  writer.bytes(fromHex(rest.join('')))
}
