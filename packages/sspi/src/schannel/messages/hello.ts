import { decodeUtf8, Reader, toHex } from '../../bytes/index.js'
import { SspiError } from '../../sspi/index.js'
import { TLS_1_3 } from '../constants.js'

/** Extensions by their numbers, of RFC 8446 §4.2 and of TLS 1.2. */
export const ExtensionType = {
  SERVER_NAME: 0,
  MAX_FRAGMENT_LENGTH: 1,
  STATUS_REQUEST: 5,
  SUPPORTED_GROUPS: 10,
  EC_POINT_FORMATS: 11,
  SIGNATURE_ALGORITHMS: 13,
  ALPN: 16,
  PADDING: 21,
  ENCRYPT_THEN_MAC: 22,
  EXTENDED_MASTER_SECRET: 23,
  COMPRESS_CERTIFICATE: 27,
  RECORD_SIZE_LIMIT: 28,
  SESSION_TICKET: 35,
  PRE_SHARED_KEY: 41,
  EARLY_DATA: 42,
  SUPPORTED_VERSIONS: 43,
  COOKIE: 44,
  PSK_KEY_EXCHANGE_MODES: 45,
  CERTIFICATE_AUTHORITIES: 47,
  POST_HANDSHAKE_AUTH: 49,
  SIGNATURE_ALGORITHMS_CERT: 50,
  KEY_SHARE: 51,
  RENEGOTIATION_INFO: 0xff01,
} as const

/** An extension, RFC 8446 §4.2. */
export interface Extension {
  readonly type: number
  /** A view. */
  readonly data: Uint8Array
}

/** ClientHello, RFC 8446 §4.1.2. Byte strings are views. */
export interface ClientHello {
  /** What stands in the field: TLS 1.2 at most; versions beyond are in an extension. */
  readonly legacyVersion: number
  /** The versions that it offers. */
  readonly versions: readonly number[]
  readonly random: Uint8Array
  readonly sessionId: Uint8Array
  readonly cipherSuites: readonly number[]
  readonly extensions: readonly Extension[]
}

/** ServerHello, RFC 8446 §4.1.3. Byte strings are views. */
export interface ServerHello {
  /** The version that was chosen. */
  readonly version: number
  readonly random: Uint8Array
  readonly sessionId: Uint8Array
  readonly cipherSuite: number
  /** Whether it asks for another ClientHello: a HelloRetryRequest in disguise. */
  readonly retry: boolean
  readonly extensions: readonly Extension[]
}

/** The random of a HelloRetryRequest, RFC 8446 §4.1.3: SHA-256 of that name. */
const RETRY_RANDOM = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c'

/** Reads the body of a ClientHello. @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse. */
export function readClientHello(body: Uint8Array): ClientHello {
  const reader = new Reader(body)
  const legacyVersion = reader.u16be('ClientHello: legacy_version')
  const random = reader.take(32, 'ClientHello: random')
  const sessionId = reader.take(reader.u8('ClientHello: session_id length'), 'ClientHello: session_id')
  const suites = new Reader(reader.take(reader.u16be('ClientHello: suites length'), 'ClientHello: cipher_suites'))
  const cipherSuites: number[] = []
  while (suites.remaining > 0) cipherSuites.push(suites.u16be('ClientHello: cipher suite'))
  reader.skip(reader.u8('ClientHello: compression length'), 'ClientHello: compression_methods')
  const extensions = readExtensions(reader, 'ClientHello')
  const offered = extensionData(extensions, ExtensionType.SUPPORTED_VERSIONS)
  const versions = offered === undefined ? [legacyVersion] : readVersions(offered)
  return { legacyVersion, versions, random, sessionId, cipherSuites, extensions }
}

/** Reads the body of a ServerHello. @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse. */
export function readServerHello(body: Uint8Array): ServerHello {
  const reader = new Reader(body)
  const legacyVersion = reader.u16be('ServerHello: legacy_version')
  const random = reader.take(32, 'ServerHello: random')
  const sessionId = reader.take(reader.u8('ServerHello: session_id length'), 'ServerHello: session_id')
  const cipherSuite = reader.u16be('ServerHello: cipher_suite')
  reader.skip(1, 'ServerHello: compression_method')
  const extensions = readExtensions(reader, 'ServerHello')
  const chosen = extensionData(extensions, ExtensionType.SUPPORTED_VERSIONS)
  const version = chosen === undefined ? legacyVersion : new Reader(chosen).u16be('ServerHello: selected_version')
  const retry = version === TLS_1_3 && isRetryRandom(random)
  return { version, random, sessionId, cipherSuite, retry, extensions }
}

/** Reads the body of EncryptedExtensions, RFC 8446 §4.3.1. @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse. */
export function readEncryptedExtensions(body: Uint8Array): readonly Extension[] {
  return readExtensions(new Reader(body), 'EncryptedExtensions')
}

/** Whether a ServerHello with this random is a HelloRetryRequest. */
export function isRetryRandom(random: Uint8Array): boolean {
  return toHex(random) === RETRY_RANDOM
}

/** What an extension holds; `undefined` when it is not there. A view. */
export function extensionData(extensions: readonly Extension[], type: number): Uint8Array | undefined {
  return extensions.find((extension) => extension.type === type)?.data
}

/** The name in a server_name extension, RFC 6066 §3. */
export function readServerName(data: Uint8Array): string | undefined {
  const list = new Reader(data)
  const names = new Reader(list.take(list.u16be('server_name: list length'), 'server_name: list'))
  while (names.remaining > 0) {
    const type = names.u8('server_name: type')
    const name = names.take(names.u16be('server_name: length'), 'server_name')
    if (type === 0) return decodeUtf8(name, 'server_name')
  }
  return undefined
}

/** The names in an ALPN extension, RFC 7301 §3.1. */
export function readProtocolNames(data: Uint8Array): readonly string[] {
  const outer = new Reader(data)
  const names = new Reader(outer.take(outer.u16be('ALPN: list length'), 'ALPN: list'))
  const protocols: string[] = []
  while (names.remaining > 0) protocols.push(decodeUtf8(names.take(names.u8('ALPN: length'), 'ALPN: name'), 'ALPN'))
  return protocols
}

/** A list of signature schemes, with its length before it: RFC 8446 §4.2.3, RFC 5246 §7.4.1.4.1. */
export function readSignatures(reader: Reader): readonly number[] {
  const what = 'signature_algorithms'
  return numbersIn(reader.take(reader.u16be(`${what}: length`), what), what)
}

/** Reads a list of extensions with its length before it; none at all where nothing is left. */
export function readExtensions(reader: Reader, what: string): readonly Extension[] {
  const extensions: Extension[] = []
  if (reader.remaining === 0) return extensions
  const list = new Reader(reader.take(reader.u16be(`${what}: extensions length`), `${what}: extensions`))
  reader.end(what)
  while (list.remaining > 0) {
    const type = list.u16be(`${what}: extension type`)
    const data = list.take(list.u16be(`${what}: extension length`), `${what}: extension`)
    extensions.push({ type, data })
  }
  return extensions
}

function readVersions(data: Uint8Array): readonly number[] {
  const what = 'supported_versions'
  const outer = new Reader(data)
  return numbersIn(outer.take(outer.u8(`${what}: length`), what), what)
}

/** The numbers of 16 bits that a list is made of. */
function numbersIn(bytes: Uint8Array, what: string): readonly number[] {
  if (bytes.length % 2 !== 0) throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: an odd length`)
  const list = new Reader(bytes)
  const numbers: number[] = []
  while (list.remaining > 0) numbers.push(list.u16be(what))
  return numbers
}
