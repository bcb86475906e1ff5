import { decodeUtf8, Reader, utf16leDecode, utf16leEncode, Writer } from '../../bytes/index.js'
import { secretFrom, wipe, type SecretBytes } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import {
  SEC_WINNT_AUTH_IDENTITY_ANSI,
  SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_DOMAIN,
  SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER,
  SEC_WINNT_AUTH_IDENTITY_FLAGS_RESERVED,
  SEC_WINNT_AUTH_IDENTITY_MARSHALLED,
  SEC_WINNT_AUTH_IDENTITY_UNICODE,
  SEC_WINNT_AUTH_IDENTITY_VERSION_2,
} from '../constants/index.js'
import { readPackedCredentials, writePackedCredentials, type PackedCredential } from './packed-credentials.js'

/** What stands in a SEC_WINNT_AUTH_IDENTITY_EX2. What is absent is `undefined`, as opposed to empty. */
export interface IdentityFields {
  readonly user: string | undefined
  readonly domain: string | undefined
  /** Its data is a view of the structure, or whatever is to be copied into one. */
  readonly credential: PackedCredential | undefined
  /** `!ntlm,kerberos`. */
  readonly packageList: string | undefined
  /** `SEC_WINNT_AUTH_IDENTITY_…`. */
  readonly flags: number
}

/** The header as C lays it out: 16-bit lengths stand behind the 32-bit offsets, and two bytes of nothing behind each. */
export const IDENTITY_HEADER_LENGTH = 48
const NOTHING = new Uint8Array(0)
/** The flags of sspi.h, those of its dialogs included, which mean nothing here. */
const KNOWN_FLAGS = 0xf00f_00ff
/** A length has 16 bits. */
const MAX_PART = 0xffff
/** Four parts of the largest size, and the header. */
export const MAX_IDENTITY_BYTES = IDENTITY_HEADER_LENGTH + 4 * MAX_PART
/** What may follow a structure: room for the ciphers of Windows. */
const RESERVED_BYTES = 8

/** Offset and length of a part in the header. */
interface Part {
  readonly offset: number
  readonly length: number
}

/** The header of a SEC_WINNT_AUTH_IDENTITY_EX2. */
export interface IdentityHeader {
  readonly flags: number
  /** Of the whole structure, header included. */
  readonly length: number
  readonly user: Part
  readonly domain: Part
  readonly credential: Part
  readonly packageList: Part
}

/**
 * Reads the header of a SEC_WINNT_AUTH_IDENTITY_EX2, whose bytes may go on behind it.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` for another version, flags that there are not, and what does not lie within
 *   the structure.
 */
export function readIdentityHeader(bytes: Uint8Array): IdentityHeader {
  const reader = new Reader(bytes)
  const version = reader.u32le('identity version')
  if (version !== SEC_WINNT_AUTH_IDENTITY_VERSION_2) {
    throw invalid(`version 0x${version.toString(16)}, SEC_WINNT_AUTH_IDENTITY_VERSION_2 is 0x201`)
  }
  const headerLength = reader.u16le('identity cbHeaderLength')
  reader.skip(2, 'identity padding')
  const length = reader.u32le('identity cbStructureLength')
  const part = (what: string): Part => {
    const offset = reader.u32le(`identity ${what} offset`)
    const size = reader.u16le(`identity ${what} length`)
    reader.skip(2, 'identity padding')
    return { offset, length: size }
  }
  const [user, domain, credential] = [part('user'), part('domain'), part('credentials')]
  const flags = reader.u32le('identity flags')
  const packageList = part('package list')
  if (headerLength < IDENTITY_HEADER_LENGTH || headerLength > length || length > bytes.length) {
    throw invalid(`a header of ${headerLength} bytes, a structure of ${length}, and ${bytes.length} bytes in all`)
  }
  checkFlags(flags)
  for (const { offset, length: size } of [user, domain, credential, packageList]) {
    const inside = offset >= headerLength && offset + size <= length
    if (!inside && (size > 0 || offset > length)) {
      throw invalid(`${size} bytes at ${offset} in a structure of ${length}`)
    }
  }
  return { flags, length, user, domain, credential, packageList }
}

function checkFlags(flags: number): void {
  if ((flags & ~KNOWN_FLAGS) !== 0) throw invalid(`flags 0x${flags.toString(16)}, of which some are unknown`)
  const encodings = flags & (SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_UNICODE)
  if (encodings !== SEC_WINNT_AUTH_IDENTITY_ANSI && encodings !== SEC_WINNT_AUTH_IDENTITY_UNICODE) {
    throw invalid(`flags 0x${flags.toString(16)}: is it ANSI or UNICODE?`)
  }
}

/**
 * Reads a SEC_WINNT_AUTH_IDENTITY_EX2 that is not encrypted. The credential is a view of it.
 *
 * Strings in ANSI are taken to be UTF-8, the code page 65001 of Windows: which one a machine uses, the structure does not say.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse.
 */
export function readIdentity(bytes: Uint8Array): IdentityFields {
  const { flags, user, domain, credential, packageList } = readIdentityHeader(bytes)
  const reader = new Reader(bytes)
  const decode = (flags & SEC_WINNT_AUTH_IDENTITY_ANSI) !== 0 ? decodeUtf8 : utf16leDecode
  const text = (part: Part, what: string, absent: boolean): string | undefined => {
    if (part.length > 0 && absent) throw invalid(`${what}: said to be absent, and ${part.length} bytes are there`)
    // An offset of 0 is a NULL pointer's.
    if (absent || part.offset === 0) return undefined
    return decode(reader.at(part.offset, part.length, what), what)
  }
  return {
    user: text(user, 'identity user', (flags & SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER) !== 0),
    domain: text(domain, 'identity domain', (flags & SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_DOMAIN) !== 0),
    credential:
      credential.length === 0
        ? undefined
        : readPackedCredentials(reader.at(credential.offset, credential.length, 'identity credentials'), decode),
    packageList: packageList.length === 0 ? undefined : text(packageList, 'identity package list', false),
    flags,
  }
}

/**
 * Writes a SEC_WINNT_AUTH_IDENTITY_EX2 in Unicode, in one piece.
 *
 * @returns Bytes of the caller's own, to be wiped.
 * @throws {@link SspiError} `SEC_E_INVALID_PARAMETER` when a part is longer than 65,535 bytes.
 */
export function writeIdentity({ user, domain, credential, packageList, flags }: IdentityFields): SecretBytes {
  const packed = credential === undefined ? undefined : writePackedCredentials(credential)
  const texts = [user, domain, packageList].map((text) => (text === undefined ? undefined : utf16leEncode(text)))
  const [userText, domainText, listText] = texts
  const length = IDENTITY_HEADER_LENGTH + lengthOf([userText, domainText, packed, listText])
  const writer = new Writer(length)
  let end = IDENTITY_HEADER_LENGTH
  const part = (bytes: Uint8Array | undefined): void => {
    writer
      .u32le(bytes === undefined ? 0 : end)
      .u16le(bytes?.length ?? 0)
      .zeros(2)
    end += bytes?.length ?? 0
  }
  writer.u32le(SEC_WINNT_AUTH_IDENTITY_VERSION_2).u16le(IDENTITY_HEADER_LENGTH).zeros(2).u32le(length)
  part(userText)
  part(domainText)
  part(packed)
  writer.u32le(writtenFlags(flags, user, domain))
  part(listText)
  for (const bytes of [userText, domainText, packed, listText]) writer.bytes(bytes ?? NOTHING)
  const written = writer.finish()
  const structure = secretFrom(written)
  wipe(written)
  wipe(packed)
  return structure
}

/** What the writer itself decides, and what the identity brought. */
function writtenFlags(flags: number, user: string | undefined, domain: string | undefined): number {
  const decided =
    SEC_WINNT_AUTH_IDENTITY_ANSI |
    SEC_WINNT_AUTH_IDENTITY_FLAGS_RESERVED |
    SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER |
    SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_DOMAIN
  return (
    ((flags & ~decided) |
      SEC_WINNT_AUTH_IDENTITY_UNICODE |
      SEC_WINNT_AUTH_IDENTITY_MARSHALLED |
      (user === undefined ? SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER : 0) |
      (domain === undefined ? SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_DOMAIN : 0)) >>>
    0
  )
}

function lengthOf(parts: readonly (Uint8Array | undefined)[]): number {
  const lengths = parts.map((part) => part?.length ?? 0)
  const longest = Math.max(...lengths)
  if (longest > MAX_PART) {
    throw new SspiError('SEC_E_INVALID_PARAMETER', `identity: a part of ${longest} bytes, ${MAX_PART} at most`)
  }
  return lengths.reduce((sum, length) => sum + length, 0)
}

/** The structure in a buffer that may be longer, a copy. @throws {@link SspiError} `SEC_E_INVALID_TOKEN` as {@link readIdentityHeader}. */
export function copyIdentity(bytes: Uint8Array): SecretBytes {
  if (bytes.length > MAX_IDENTITY_BYTES + RESERVED_BYTES) {
    throw invalid(`${bytes.length} bytes, ${MAX_IDENTITY_BYTES} at most`)
  }
  const { length } = readIdentityHeader(bytes)
  return secretFrom(bytes.subarray(0, length))
}

function invalid(what: string): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', `identity: ${what}`)
}
