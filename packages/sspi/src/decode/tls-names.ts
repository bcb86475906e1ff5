import { Reader } from '../bytes/index.js'
import { CIPHER_SUITES, ExtensionType, HandshakeType } from '../schannel/index.js'
import { hexNumber } from './names.js'
import type { About } from './node.js'

/** Versions of the protocol, as it writes them. */
const VERSIONS: ReadonlyMap<number, string> = new Map([
  [0x0300, 'SSL 3.0'],
  [0x0301, 'TLS 1.0'],
  [0x0302, 'TLS 1.1'],
  [0x0303, 'TLS 1.2'],
  [0x0304, 'TLS 1.3'],
])

/** Suites that are met beside those of `CIPHER_SUITES`, and the signals among them: IANA's registry. */
const OTHER_SUITES: readonly (readonly [number, string])[] = [
  [0x000a, 'TLS_RSA_WITH_3DES_EDE_CBC_SHA'],
  [0x002f, 'TLS_RSA_WITH_AES_128_CBC_SHA'],
  [0x0033, 'TLS_DHE_RSA_WITH_AES_128_CBC_SHA'],
  [0x0035, 'TLS_RSA_WITH_AES_256_CBC_SHA'],
  [0x0039, 'TLS_DHE_RSA_WITH_AES_256_CBC_SHA'],
  [0x003c, 'TLS_RSA_WITH_AES_128_CBC_SHA256'],
  [0x003d, 'TLS_RSA_WITH_AES_256_CBC_SHA256'],
  [0x0067, 'TLS_DHE_RSA_WITH_AES_128_CBC_SHA256'],
  [0x006b, 'TLS_DHE_RSA_WITH_AES_256_CBC_SHA256'],
  [0x009c, 'TLS_RSA_WITH_AES_128_GCM_SHA256'],
  [0x009d, 'TLS_RSA_WITH_AES_256_GCM_SHA384'],
  [0x009e, 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256'],
  [0x009f, 'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384'],
  [0x00ff, 'TLS_EMPTY_RENEGOTIATION_INFO_SCSV'],
  [0x1304, 'TLS_AES_128_CCM_SHA256'],
  [0x1305, 'TLS_AES_128_CCM_8_SHA256'],
  [0x5600, 'TLS_FALLBACK_SCSV'],
  [0xc009, 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA'],
  [0xc00a, 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA'],
  [0xc013, 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA'],
  [0xc014, 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA'],
  [0xc023, 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256'],
  [0xc024, 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384'],
  [0xc027, 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256'],
  [0xc028, 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384'],
  [0xc09c, 'TLS_RSA_WITH_AES_128_CCM'],
  [0xc09d, 'TLS_RSA_WITH_AES_256_CCM'],
  [0xc09e, 'TLS_DHE_RSA_WITH_AES_128_CCM'],
  [0xc09f, 'TLS_DHE_RSA_WITH_AES_256_CCM'],
  [0xc0ac, 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM'],
  [0xc0ad, 'TLS_ECDHE_ECDSA_WITH_AES_256_CCM'],
  [0xccaa, 'TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256'],
]
const SUITES: ReadonlyMap<number, string> = new Map([
  ...CIPHER_SUITES.map(({ number, name }) => [number, name] as const),
  ...OTHER_SUITES,
])

/** Named groups, RFC 8446 §4.2.7 and IANA's registry. */
const GROUPS: ReadonlyMap<number, string> = new Map([
  [21, 'secp224r1'],
  [22, 'secp256k1'],
  [23, 'secp256r1'],
  [24, 'secp384r1'],
  [25, 'secp521r1'],
  [29, 'x25519'],
  [30, 'x448'],
  [256, 'ffdhe2048'],
  [257, 'ffdhe3072'],
  [258, 'ffdhe4096'],
  [259, 'ffdhe6144'],
  [260, 'ffdhe8192'],
  [0x11eb, 'SecP256r1MLKEM768'],
  [0x11ec, 'X25519MLKEM768'],
  [0x11ed, 'SecP384r1MLKEM1024'],
])

/** Signature schemes, RFC 8446 §4.2.3; what TLS 1.2 has beyond them is a hash and a key. */
const SCHEMES: ReadonlyMap<number, string> = new Map([
  [0x0201, 'rsa_pkcs1_sha1'],
  [0x0202, 'dsa_sha1'],
  [0x0203, 'ecdsa_sha1'],
  [0x0301, 'rsa_pkcs1_sha224'],
  [0x0302, 'dsa_sha224'],
  [0x0303, 'ecdsa_sha224'],
  [0x0401, 'rsa_pkcs1_sha256'],
  [0x0402, 'dsa_sha256'],
  [0x0403, 'ecdsa_secp256r1_sha256'],
  [0x0501, 'rsa_pkcs1_sha384'],
  [0x0502, 'dsa_sha384'],
  [0x0503, 'ecdsa_secp384r1_sha384'],
  [0x0601, 'rsa_pkcs1_sha512'],
  [0x0602, 'dsa_sha512'],
  [0x0603, 'ecdsa_secp521r1_sha512'],
  [0x0804, 'rsa_pss_rsae_sha256'],
  [0x0805, 'rsa_pss_rsae_sha384'],
  [0x0806, 'rsa_pss_rsae_sha512'],
  [0x0807, 'ed25519'],
  [0x0808, 'ed448'],
  [0x0809, 'rsa_pss_pss_sha256'],
  [0x080a, 'rsa_pss_pss_sha384'],
  [0x080b, 'rsa_pss_pss_sha512'],
  [0x0904, 'mldsa44'],
  [0x0905, 'mldsa65'],
  [0x0906, 'mldsa87'],
])

/** Extensions that have a name here and are not looked into. */
const OTHER_EXTENSIONS: readonly (readonly [number, string])[] = [
  [17, 'status_request_v2'],
  [18, 'signed_certificate_timestamp'],
  [19, 'client_certificate_type'],
  [20, 'server_certificate_type'],
  [24, 'token_binding'],
  [48, 'oid_filters'],
  [57, 'quic_transport_parameters'],
  [0x4469, 'application_settings'],
  [0xfe0d, 'encrypted_client_hello'],
]
const EXTENSIONS: ReadonlyMap<number, string> = new Map([
  ...Object.entries(ExtensionType).map(([name, number]) => [number, protocolName(name)] as const),
  ...OTHER_EXTENSIONS,
])

/** Handshake messages as the specifications spell them: `ClientHello`. */
const MESSAGES: ReadonlyMap<number, string> = new Map(
  Object.entries(HandshakeType).map(([name, number]) => [number, messageName(name)]),
)

/** Kinds of client certificate, RFC 5246 §7.4.4 and RFC 8422 §5.5. */
const CERTIFICATE_TYPES: ReadonlyMap<number, string> = new Map([
  [1, 'rsa_sign'],
  [2, 'dss_sign'],
  [64, 'ecdsa_sign'],
])

/** What an extension is called; `GREASE` where its number is made up to keep servers tolerant. */
export function extensionName(type: number): string {
  return EXTENSIONS.get(type) ?? (isGrease(type) ? 'GREASE' : `extension ${type}`)
}

/** What a handshake message is called; `undefined` where no message has that number. */
export function handshakeName(type: number): string | undefined {
  return MESSAGES.get(type)
}

/** The name of a version. */
export const versionName = named(VERSIONS)
/** The name of a cipher suite. */
export const suiteName = named(SUITES)
/** The name of a group. */
export const groupName = named(GROUPS)
/** The name of a signature scheme. */
export const schemeName = named(SCHEMES)

/** The kinds of certificate that a server takes, one byte each. */
export function certificateTypes(bytes: Uint8Array): About {
  return { meaning: Array.from(bytes, (type) => CERTIFICATE_TYPES.get(type) ?? String(type)).join(', ') }
}

/** A list of numbers of two bytes, by their names: what a side offers, in its order. */
export function namesOf(name: (value: number) => string): (bytes: Uint8Array) => About {
  return (bytes) => {
    const reader = new Reader(bytes)
    const names: string[] = []
    while (reader.remaining > 0) names.push(name(reader.u16be('list')))
    return { value: undefined, meaning: names.join(', ') }
  }
}

/** A number of two bytes with its name. */
export function nameOf(name: (value: number) => string): (bytes: Uint8Array) => About {
  return (bytes) => {
    const value = new Reader(bytes).u16be('number')
    return { value: hexNumber(value, 4), meaning: name(value) }
  }
}

function named(table: ReadonlyMap<number, string>): (value: number) => string {
  return (value) => table.get(value) ?? (isGrease(value) ? 'GREASE' : hexNumber(value, 4))
}

/** RFC 8701: 0x0a0a, 0x1a1a and so on. */
function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >>> 8 === (value & 0xff)
}

/** `SERVER_NAME` as RFC 6066 writes it. */
function protocolName(name: string): string {
  return name === 'ALPN' ? 'application_layer_protocol_negotiation' : name.toLowerCase()
}

/** `CLIENT_HELLO` as RFC 8446 writes it in its text. */
function messageName(name: string): string {
  return name.toLowerCase().replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
