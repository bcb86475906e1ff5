import type { RecordCipherName } from '../crypto/index.js'
import { TLS_1_2, TLS_1_3 } from './constants.js'

/** A cipher suite whose records are protected here. */
export interface CipherSuite {
  /** IANA's. */
  readonly name: string
  /** IANA's. */
  readonly number: number
  /** The version of TLS that it belongs to: 0x0303 (1.2) or 0x0304 (1.3). */
  readonly version: typeof TLS_1_2 | typeof TLS_1_3
  /** What protects records. */
  readonly cipher: RecordCipherName
  /** In bytes. */
  readonly keyLength: number
  /** Of the key schedule. */
  readonly hash: 'sha256' | 'sha384'
  /** What the certificate's key must be; empty where the suite does not say. */
  readonly certificate: 'RSA' | 'ECDSA' | ''
}

/** Every suite, the best first: AES-256 before ChaCha20 before AES-128, as OpenSSL orders them. */
export const CIPHER_SUITES: readonly CipherSuite[] = [
  suite('TLS_AES_256_GCM_SHA384', 0x1302),
  suite('TLS_CHACHA20_POLY1305_SHA256', 0x1303),
  suite('TLS_AES_128_GCM_SHA256', 0x1301),
  suite('TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 0xc02c),
  suite('TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 0xc030),
  suite('TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 0xcca9),
  suite('TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 0xcca8),
  suite('TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 0xc02b),
  suite('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 0xc02f),
]

const BY_NAME: ReadonlyMap<string, CipherSuite> = new Map(CIPHER_SUITES.map((each) => [each.name, each]))

/** The suite of a name; `undefined` when its records cannot be protected here. */
export function cipherSuite(name: string): CipherSuite | undefined {
  return BY_NAME.get(name)
}

/** A suite's name says all of it. */
function suite(name: string, number: number): CipherSuite {
  const cipher: RecordCipherName = name.includes('CHACHA20')
    ? 'chacha20-poly1305'
    : name.includes('AES_128')
      ? 'aes-128-gcm'
      : 'aes-256-gcm'
  return {
    name,
    number,
    version: name.includes('_WITH_') ? TLS_1_2 : TLS_1_3,
    cipher,
    keyLength: cipher === 'aes-128-gcm' ? 16 : 32,
    hash: name.endsWith('SHA384') ? 'sha384' : 'sha256',
    certificate: name.includes('_ECDSA_') ? 'ECDSA' : name.includes('_RSA_') ? 'RSA' : '',
  }
}
