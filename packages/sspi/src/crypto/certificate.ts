import { createHash, createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { SspiError } from '../status/index.js'
import { readCertificateFields, type CertificateFields } from './certificate-fields.js'

/** What one wants to know of a certificate. */
export interface Certificate extends CertificateFields {
  /** As it came. */
  readonly der: Uint8Array
  /** The subject, for people. */
  readonly subjectName: string
  /** Who issued it, for people. */
  readonly issuerName: string
  /** From when it is good. */
  readonly validFrom: Date
  /** Until when it is good. */
  readonly validTo: Date
  /** Whether it may sign others. */
  readonly ca: boolean
  /** Object identifiers of what it is for; `undefined` where it is for anything. */
  readonly extendedKeyUsage: readonly string[] | undefined
  /** The kind of its key, by Node's name: `rsa`, `ec`, `ed25519`. */
  readonly keyType: string
  /** The length of its key in bits, where that is known. */
  readonly keyBits: number
  /** Whether it is for a host of this name, by its alternative names (RFC 6125); wildcards stand for one whole label. */
  isForHost(name: string): boolean
  /** Whether it is for this IP address. */
  isForAddress(address: string): boolean
}

/** Reads a certificate. @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse. */
export function readCertificate(der: Uint8Array): Certificate {
  const certificate = parse(der)
  const publicKey = readPublicKey(certificate)
  return {
    ...readCertificateFields(der),
    der,
    subjectName: certificate.subject.replaceAll('\n', ', '),
    issuerName: certificate.issuer.replaceAll('\n', ', '),
    validFrom: new Date(certificate.validFrom),
    validTo: new Date(certificate.validTo),
    ca: certificate.ca,
    // Node calls it keyUsage, and gives nothing at all where there is none, whatever its types say.
    extendedKeyUsage: certificate.keyUsage,
    keyType: publicKey.asymmetricKeyType ?? '',
    keyBits: bitsOf(publicKey),
    // OpenSSL takes a name with a dot in front as all names under it.
    isForHost: (name) => !name.startsWith('.') && fits(name, () => certificate.checkHost(name, HOST_RULES)),
    isForAddress: (address) => fits(address, () => certificate.checkIP(address)),
  }
}

/** The subject's common name does not count; a wildcard is a whole label and stands for one. */
const HOST_RULES = { subject: 'never', wildcards: true, partialWildcards: false, multiLabelWildcards: false } as const

/** What is no name or no address, at which Node throws, fits nothing; nor does one that goes on behind a zero. */
function fits(name: string, check: () => string | undefined): boolean {
  if (name.includes('\0')) return false
  try {
    return check() !== undefined
  } catch {
    return false
  }
}

/** A private key, as it can be given to OpenSSL. */
export interface PrivateKey {
  /** PKCS#8 in PEM, not encrypted. */
  readonly pem: string
  /** Whether it is the key to a certificate. */
  fits(certificate: Uint8Array): boolean
}

/**
 * Reads a private key: PEM, or DER (PKCS#8, PKCS#1, SEC1), encrypted or not.
 * @throws {@link SspiError} `SEC_E_UNKNOWN_CREDENTIALS` when it does not parse, or the passphrase is wrong.
 */
export function readPrivateKey(key: string | Uint8Array, passphrase: string | undefined): PrivateKey {
  const object = parseKey(key, passphrase)
  return {
    pem: object.export({ type: 'pkcs8', format: 'pem' }).toString(),
    fits: (der) => parse(der).checkPrivateKey(object),
  }
}

/**
 * `tls-server-end-point`, RFC 5929 section 4.1: the hash of a certificate by the hash that it is signed with, and by SHA-256 where
 * that is MD5 or SHA-1. `undefined` for signatures without a hash of their own (Ed25519), for which it is not defined.
 */
export function endPointHash(certificate: Pick<Certificate, 'der' | 'signatureHash'>): Uint8Array | undefined {
  const { der, signatureHash } = certificate
  if (signatureHash === undefined) return undefined
  const name = signatureHash === 'md5' || signatureHash === 'sha1' ? 'sha256' : signatureHash
  return new Uint8Array(createHash(name).update(der).digest())
}

function parse(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der)
  } catch (cause) {
    throw new SspiError('SEC_E_INVALID_TOKEN', 'certificate: it does not parse', { cause })
  }
}

/** OpenSSL looks at a certificate's key only when it is asked for it. */
function readPublicKey(certificate: X509Certificate): KeyObject {
  try {
    return certificate.publicKey
  } catch (cause) {
    throw new SspiError('SEC_E_INVALID_TOKEN', 'certificate: its public key does not parse', { cause })
  }
}

function parseKey(key: string | Uint8Array, passphrase: string | undefined): KeyObject {
  const secret = passphrase === undefined ? {} : { passphrase }
  const text = typeof key === 'string' ? key : startsLikePem(key) ? Buffer.from(key).toString('latin1') : undefined
  const forms: (() => KeyObject)[] =
    text !== undefined
      ? [() => createPrivateKey({ key: text, format: 'pem', ...secret })]
      : (['pkcs8', 'pkcs1', 'sec1'] as const).map(
          (type) => () => createPrivateKey({ key: Buffer.from(key as Uint8Array), format: 'der', type, ...secret }),
        )
  for (const form of forms) {
    try {
      return form()
    } catch {
      // Perhaps it is another form. OpenSSL's words about a key are not repeated.
    }
  }
  throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', 'private key: it does not parse, or the passphrase is wrong')
}

function startsLikePem(bytes: Uint8Array): boolean {
  return bytes[0] === 0x2d && bytes[1] === 0x2d
}

function bitsOf(key: KeyObject): number {
  const details = key.asymmetricKeyDetails
  if (details?.modulusLength !== undefined) return details.modulusLength
  return CURVE_BITS.get(details?.namedCurve ?? key.asymmetricKeyType ?? '') ?? 0
}

const CURVE_BITS: ReadonlyMap<string, number> = new Map([
  ['prime256v1', 256],
  ['secp384r1', 384],
  ['secp521r1', 521],
  ['ed25519', 256],
  ['ed448', 456],
])
