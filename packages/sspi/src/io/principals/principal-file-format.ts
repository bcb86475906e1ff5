import { decodeUtf8, encodeUtf8, fromBase64, fromHex, toBase64, toHex } from '../../bytes/index.js'
import type { PrincipalAttributes } from '../../kdc/index.js'
import { encryptionProfile, encryptionProfileByName } from '../../kerberos/index.js'
import { SspiError } from '../../status/index.js'
import { readPrincipalAttribute, time, writePrincipalAttributes } from './attribute-lines.js'

/** The first line of every principal file: what it is, in which version, and of which realm. */
const HEADER = /^#sspi-principals 1 (\S+)\s*$/

/** What a principal file holds. */
export interface PrincipalFile {
  readonly realm: string
  /** What stands before the first principal, the first line apart. */
  readonly preamble: readonly string[]
  readonly principals: readonly FilePrincipal[]
}

/** A principal as it stands in the file. */
export interface FilePrincipal {
  /** As people write it, with the realm: `alice@EXAMPLE.COM`. */
  readonly name: string
  readonly aliases: readonly string[]
  readonly enterpriseNames: readonly string[]
  readonly keys: readonly FileKey[]
  readonly attributes: PrincipalAttributes
  readonly passwordChanged: Date | undefined
  /** Its lines as they are in the file: as long as they are the same, so is the principal. */
  readonly text: string
}

/** A key, sealed under the master key. */
export interface FileKey {
  readonly kvno: number
  readonly enctype: number
  readonly sealed: Uint8Array
  readonly salt: Uint8Array | undefined
  readonly s2kparams: Uint8Array | undefined
}

/**
 * Reads a principal file: docs/kdc-server.md has the format.
 *
 * @param file - The file's name, for errors.
 * @throws {@link SspiError} `SEC_E_NO_AUTHENTICATING_AUTHORITY`, with the number of the line.
 */
export function readPrincipalFile(bytes: Uint8Array, file: string): PrincipalFile {
  const lines = textOf(bytes, file).split(/\r?\n/)
  // A file that was half written may lack the line that disables somebody, or the end of one that is good without it.
  if (lines.pop() !== '') throw principalFileError(file, lines.length + 1, 'the line has no end: the file was cut off')
  const realm = HEADER.exec(lines[0] ?? '')?.[1]
  if (realm === undefined) {
    throw principalFileError(file, 1, "a principal file begins with the line '#sspi-principals 1 REALM'")
  }
  const starts = lines.flatMap((line, at) => (/^principal\s*:/.test(line) ? [at] : []))
  const first = starts[0] ?? lines.length
  const stray = lines.findIndex((line, at) => at > 0 && at < first && !isComment(line))
  if (stray > 0) throw principalFileError(file, stray + 1, "a line before the first 'principal:'")
  return {
    realm,
    preamble: lines.slice(1, first),
    principals: starts.map((start, index) => {
      const block = lines.slice(start, starts[index + 1] ?? lines.length)
      return readBlock(block, (at, why) => principalFileError(file, start + at + 1, why))
    }),
  }
}

/** Writes a principal file. */
export function writePrincipalFile({ realm, preamble, principals }: PrincipalFile): Uint8Array {
  const blocks = principals.map(({ text }) => text)
  return encodeUtf8([`#sspi-principals 1 ${realm}`, ...preamble, ...blocks].map((text) => `${text}\n`).join(''))
}

/** Writes a principal's lines. @throws {@link SspiError} `SEC_E_INVALID_PARAMETER` when a name has a line end in it. */
export function writePrincipal(principal: Omit<FilePrincipal, 'text'>): FilePrincipal {
  const { name, aliases, enterpriseNames, keys, attributes, passwordChanged } = principal
  for (const text of [name, ...aliases, ...enterpriseNames]) {
    // eslint-disable-next-line no-control-regex -- a line end in a name would begin a line of its own
    if (/[\u0000-\u001f\u007f]|^\s|\s$/.test(text)) {
      throw new SspiError('SEC_E_INVALID_PARAMETER', 'principals: a name with a control character or blanks around it')
    }
  }
  const lines = [
    ...aliases.map((alias) => `alias: ${alias}`),
    ...enterpriseNames.map((each) => `enterprise-name: ${each}`),
    ...keys.map(writeKey),
    ...(passwordChanged === undefined ? [] : [`password-changed: ${time.write(passwordChanged)}`]),
    ...writePrincipalAttributes(attributes),
  ]
  return { ...principal, text: [`principal: ${name}`, ...lines.map((line) => `  ${line}`), ''].join('\n') }
}

/** A failure to read a principal file, at a line of it. */
export function principalFileError(file: string, line: number, why: string, cause?: unknown): SspiError {
  return new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `${file}:${line}: ${why}`, { cause })
}

type Failure = (at: number, why: string) => SspiError

function isComment(line: string): boolean {
  return line.trim() === '' || line.trimStart().startsWith('#')
}

function textOf(bytes: Uint8Array, file: string): string {
  try {
    return decodeUtf8(bytes, file)
  } catch (cause) {
    throw principalFileError(file, 1, 'the file is not UTF-8', cause)
  }
}

function readBlock(block: readonly string[], failure: Failure): FilePrincipal {
  let name = ''
  const aliases: string[] = []
  const enterpriseNames: string[] = []
  const keys: FileKey[] = []
  let attributes: PrincipalAttributes = {}
  let passwordChanged: Date | undefined
  for (const [at, line] of block.entries()) {
    if (isComment(line)) continue
    const [, field = '', value = ''] = /^\s*([a-z0-9-]+)\s*:\s*(.*?)\s*$/.exec(line) ?? []
    if (value === '') throw failure(at, "not of the form 'name: value'")
    if (at === 0) name = value
    else if (field === 'alias') aliases.push(value)
    else if (field === 'enterprise-name') enterpriseNames.push(value)
    else if (field === 'key') keys.push(readKey(value, (why) => failure(at, why)))
    else if (field === 'password-changed') {
      passwordChanged = time.read(value)
      if (passwordChanged === undefined) throw failure(at, 'password-changed: not a time like 2026-11-26T09:00:00Z')
    } else {
      const attribute = readPrincipalAttribute(field, value)
      // What is not known is not passed over: it may be a misspelt `disabled`.
      if (attribute === undefined) throw failure(at, `${field}: no such line, or not a value of its form`)
      attributes = { ...attributes, ...attribute }
    }
  }
  return { name, aliases, enterpriseNames, keys, attributes, passwordChanged, text: block.join('\n') }
}

function writeKey({ kvno, enctype, sealed, salt, s2kparams }: FileKey): string {
  const parts = [`key: ${kvno} ${encryptionProfile(enctype).names[0]} ${toBase64(sealed)}`]
  if (salt !== undefined) parts.push(`salt=${percentEncoded(salt)}`)
  if (s2kparams !== undefined) parts.push(`s2kparams=${toHex(s2kparams)}`)
  return parts.join(' ')
}

function readKey(value: string, failure: (why: string) => SspiError): FileKey {
  const [, version = '', enctypeName = '', base64 = '', , salt, , s2kparams] =
    /^(\d{1,9})\s+(\S+)\s+([A-Za-z0-9+/]+=*)(\s+salt=(\S*))?(\s+s2kparams=((?:[0-9a-f]{2})*))?$/.exec(value) ?? []
  const profile = encryptionProfileByName(enctypeName)
  if (version === '') throw failure('key: not of the form KVNO ENCTYPE SEALED [salt=…] [s2kparams=…]')
  if (profile === undefined) throw failure('key: an encryption type that is not known')
  try {
    return {
      kvno: Number(version),
      enctype: profile.enctype,
      sealed: fromBase64(base64),
      salt: salt === undefined ? undefined : percentDecoded(salt),
      s2kparams: s2kparams === undefined ? undefined : fromHex(s2kparams),
    }
  } catch (error) {
    if (error instanceof SspiError) {
      throw failure('key: not base64, or a salt with a % that two hex digits do not follow')
    }
    throw error
  }
}

/** Printable ASCII as it is, everything else, and the `%`, as `%` and two hex digits. */
function percentEncoded(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte > 0x20 && byte < 0x7f && byte !== 0x25 ? String.fromCharCode(byte) : `%${toHex(Uint8Array.of(byte))}`,
  ).join('')
}

function percentDecoded(text: string): Uint8Array {
  const hex = text.replace(/%(..)|([^%])/gs, (_, pair: string | undefined, plain: string | undefined) => {
    return pair ?? toHex(encodeUtf8(plain ?? ''))
  })
  return fromHex(hex)
}
