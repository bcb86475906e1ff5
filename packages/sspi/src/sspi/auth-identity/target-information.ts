import { Reader, utf16leDecode, utf16leEncode, Writer } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'

/** CREDENTIAL_TARGET_INFORMATION of wincred.h: what is known of a server. What is absent is empty. */
export interface TargetInfo {
  /** As the caller wrote it. */
  readonly targetName?: string | undefined
  /** `SERVER`. */
  readonly netbiosServerName?: string | undefined
  /** `server.example.com`. */
  readonly dnsServerName?: string | undefined
  /** `EXAMPLE`. */
  readonly netbiosDomainName?: string | undefined
  /** `example.com`. */
  readonly dnsDomainName?: string | undefined
  /** The forest. */
  readonly dnsTreeName?: string | undefined
  /** The package that learned this. */
  readonly packageName?: string | undefined
  /** `CRED_TI_…` of wincred.h. Default 0. */
  readonly flags?: number | undefined
  /** `CRED_TYPE_…` of wincred.h, of credentials that the server takes. Default: none. */
  readonly credTypes?: readonly number[] | undefined
}

/** Result of `credUnmarshalTargetInfo`. */
export interface UnmarshalledTargetInfo {
  /** What was marshalled; what was empty is left out. */
  readonly targetInfo: TargetInfo
  /** How much of the text it took at its end, in bytes of UTF-16. What stands in front is not part of it. */
  readonly actualSize: number
}

// The form is not published. Its head can be seen in the names that are put into DNS to make clients of Windows take one host for another
// (`server1UWhRCAAAA…YBAAAA`): six bits to a character, the lowest first; a mark, flags, seven lengths, two bytes of nothing; and at the
// end the length of it all. Where the strings stand cannot be seen there: behind the types, in the order of their lengths, is a guess.

const MARK = 0x9185_6535
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789#-'
const HEAD_BYTES = 28
/** The length of the whole, 32 bits in six characters. */
const SIZE_CHARACTERS = 6
const BYTES_OF_CHARACTER = 2
const NAMES = [
  'targetName',
  'netbiosServerName',
  'dnsServerName',
  'netbiosDomainName',
  'dnsDomainName',
  'dnsTreeName',
  'packageName',
] as const
/** The longest that is written or read, in characters: seven names of 255 characters take 5,000. */
const MAX_CHARACTERS = 16_384

/** See `credMarshalTargetInfo`. */
export function marshalTargetInfo(info: TargetInfo): string {
  const { flags = 0, credTypes = [] } = info
  const names = NAMES.map((name) => utf16leEncode(info[name] ?? ''))
  const writer = new Writer(256)
    .u32le(MARK)
    .u32le(flags >>> 0)
    .u32le(credTypes.length)
  for (const name of names) writer.u16le(Math.min(name.length, 0xffff))
  writer.zeros(2)
  for (const type of credTypes) writer.u32le(type >>> 0)
  for (const name of names) writer.bytes(name)
  const text = encode(writer.finish())
  const length = text.length + SIZE_CHARACTERS
  if (length > MAX_CHARACTERS) {
    throw new SspiError(
      'SEC_E_INVALID_PARAMETER',
      `target information: ${length} characters, ${MAX_CHARACTERS} at most`,
    )
  }
  return text + encode(new Writer(4).u32le(length * BYTES_OF_CHARACTER).finish())
}

/** See `credUnmarshalTargetInfo`. */
export function unmarshalTargetInfo(text: string): UnmarshalledTargetInfo {
  const actualSize = new Reader(decode(text.slice(-SIZE_CHARACTERS))).u32le('target information length')
  const length = actualSize / BYTES_OF_CHARACTER
  if (!Number.isInteger(length) || length > text.length || length > MAX_CHARACTERS || length < SIZE_CHARACTERS) {
    throw invalid(`${actualSize} bytes at the end of ${text.length} characters`)
  }
  const reader = new Reader(decode(text.slice(text.length - length, -SIZE_CHARACTERS)))
  const mark = reader.u32le('target information mark')
  if (mark !== MARK) throw invalid(`mark 0x${mark.toString(16)}`)
  const flags = reader.u32le('target information flags')
  const typeCount = reader.u32le('target information types')
  const lengths = NAMES.map((name) => reader.u16le(`${name} length`))
  // Windows leaves there what it finds.
  reader.skip(HEAD_BYTES - reader.offset, 'target information padding')
  if (typeCount > reader.remaining / 4) throw invalid(`${typeCount} types in ${reader.remaining} bytes`)
  const credTypes = Array.from({ length: typeCount }, () => reader.u32le('credential type'))
  const named = NAMES.map((name, at) => [name, utf16leDecode(reader.take(lengths[at]!, name), name)] as const)
  reader.end('target information')
  const names = Object.fromEntries(named.filter(([, value]) => value !== ''))
  return { targetInfo: { ...names, flags, credTypes }, actualSize }
}

/** Six bits to a character, from the lowest; the last character is filled up with zeros. */
function encode(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let count = 0
  for (const byte of bytes) {
    bits |= byte << count
    count += 8
    for (; count >= 6; count -= 6, bits >>>= 6) text += ALPHABET.charAt(bits & 63)
  }
  return count === 0 ? text : text + ALPHABET.charAt(bits & 63)
}

function decode(text: string): Uint8Array {
  const writer = new Writer(text.length)
  let bits = 0
  let count = 0
  for (const character of text) {
    const value = ALPHABET.indexOf(character)
    if (value < 0) throw invalid('a character that does not belong there')
    bits |= value << count
    count += 6
    if (count < 8) continue
    writer.u8(bits & 0xff)
    bits >>>= 8
    count -= 8
  }
  if (bits !== 0) throw invalid('bits that belong to no byte')
  return writer.finish()
}

function invalid(what: string): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', `target information: ${what}`)
}
