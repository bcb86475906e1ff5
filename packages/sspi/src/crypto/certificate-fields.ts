import { decodeUtf8, DerReader, primitiveContextTag, contextTag, Tag } from '../bytes/index.js'

/** A hash under a signature, by Node's name. */
export type SignatureHash = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512'

/** What Node's `X509Certificate` does not tell of a certificate (RFC 5280). */
export interface CertificateFields {
  /** The hash that it is signed with; `undefined` where the algorithm has none of its own (Ed25519) or is not known. */
  readonly signatureHash: SignatureHash | undefined
  /** The common name of the subject, the last of several; `undefined` where it has none. */
  readonly commonName: string | undefined
  /** KeyUsage (§4.2.1.3): bit 0 is the highest one of the first byte; `undefined` where any usage is allowed. */
  readonly keyUsage: Uint8Array | undefined
  /** The user principal names among the alternative names: `alice@contoso.com`. */
  readonly userPrincipalNames: readonly string[]
  /** The mail addresses among the alternative names. */
  readonly mailAddresses: readonly string[]
  /** The subject's name in DER, as it lies in the certificate: a view. */
  readonly subject: Uint8Array
}

const COMMON_NAME = '2.5.4.3'
const KEY_USAGE = '2.5.29.15'
const SUBJECT_ALT_NAME = '2.5.29.17'
/** szOID_NT_PRINCIPAL_NAME, MS-WCCE 2.2.2.7.5 */
const PRINCIPAL_NAME = '1.3.6.1.4.1.311.20.2.3'
/** More than any certificate has: bounds what a peer's one makes us do. */
const MAX_EXTENSIONS = 128
const MAX_NAMES = 1024
const CONTEXT_0 = contextTag(0)
const EXTENSIONS = contextTag(3)
const MAIL_ADDRESS = primitiveContextTag(1)
const STRING_TAGS: ReadonlySet<number> = new Set([0x0c, 0x13, 0x14, 0x16])

/** Reads the fields. @throws `SspiError` `SEC_E_INVALID_TOKEN` when the certificate does not parse. */
export function readCertificateFields(der: Uint8Array): CertificateFields {
  const certificate = new DerReader(der).enter(Tag.SEQUENCE, 'Certificate')
  const body = certificate.enter(Tag.SEQUENCE, 'tbsCertificate')
  const signatureHash = hashOf(certificate.enter(Tag.SEQUENCE, 'signatureAlgorithm'))
  if (body.isNext(CONTEXT_0)) body.skip('version')
  body.skip('serialNumber')
  body.skip('signature')
  body.skip('issuer')
  body.skip('validity')
  const subject = body.whole(Tag.SEQUENCE, 'subject')
  body.skip('subjectPublicKeyInfo')
  const found = { keyUsage: undefined as Uint8Array | undefined, upns: [] as string[], mails: [] as string[] }
  while (body.hasMore) {
    if (!body.isNext(EXTENSIONS)) {
      body.skip('unique identifier')
      continue
    }
    body.enter(EXTENSIONS, 'extensions').sequenceOf('extensions', MAX_EXTENSIONS, (outer) => {
      const extension = outer.enter(Tag.SEQUENCE, 'extension')
      const id = extension.oid('extnID')
      if (extension.isNext(Tag.BOOLEAN)) extension.skip('critical')
      const value = new DerReader(extension.octetString('extnValue'))
      if (id === KEY_USAGE) found.keyUsage = value.bitString('KeyUsage').bytes
      if (id === SUBJECT_ALT_NAME) readAlternativeNames(value, found)
    })
  }
  return {
    signatureHash,
    commonName: commonNameOf(subject),
    keyUsage: found.keyUsage,
    userPrincipalNames: found.upns,
    mailAddresses: found.mails,
    subject,
  }
}

/** Signature algorithms with a hash of their own, and the hashes as RSASSA-PSS names them (RFC 4055 section 2.1). */
const HASHES: ReadonlyMap<string, SignatureHash> = new Map<string, SignatureHash>([
  ['1.2.840.113549.1.1.4', 'md5'],
  ['1.2.840.113549.1.1.5', 'sha1'],
  ['1.2.840.113549.1.1.14', 'sha224'],
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.2.840.10045.4.1', 'sha1'],
  ['1.2.840.10045.4.3.1', 'sha224'],
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  ['1.3.14.3.2.26', 'sha1'],
  ['2.16.840.1.101.3.4.2.4', 'sha224'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
])
const RSASSA_PSS = '1.2.840.113549.1.1.10'

function hashOf(algorithm: DerReader): SignatureHash | undefined {
  const id = algorithm.oid('signatureAlgorithm')
  if (id !== RSASSA_PSS) return HASHES.get(id)
  // RFC 4055 section 3.1: the hash is named, and SHA-1 where it is not.
  const parameters = algorithm.enterIf(Tag.SEQUENCE, 'RSASSA-PSS-params')
  const hash = parameters?.enterIf(CONTEXT_0, 'hashAlgorithm')?.enter(Tag.SEQUENCE, 'hashAlgorithm')
  return hash === undefined ? 'sha1' : HASHES.get(hash.oid('hashAlgorithm'))
}

function readAlternativeNames(value: DerReader, found: { upns: string[]; mails: string[] }): void {
  const names = value.enter(Tag.SEQUENCE, 'SubjectAltName')
  for (let count = 0; names.hasMore && count < MAX_NAMES; count++) {
    if (names.isNext(MAIL_ADDRESS)) {
      found.mails.push(decodeUtf8(names.content(MAIL_ADDRESS, 'rfc822Name'), 'rfc822Name'))
    } else if (names.isNext(CONTEXT_0)) {
      const other = names.enter(CONTEXT_0, 'otherName')
      if (other.oid('type-id') !== PRINCIPAL_NAME) continue
      found.upns.push(other.enter(CONTEXT_0, 'value').utf8String('UPN'))
    } else names.skip('GeneralName')
  }
}

function commonNameOf(subject: Uint8Array): string | undefined {
  let name: string | undefined
  const sets = new DerReader(subject).enter(Tag.SEQUENCE, 'subject')
  while (sets.hasMore) {
    const set = sets.enter(0x31, 'RelativeDistinguishedName')
    while (set.hasMore) {
      const attribute = set.enter(Tag.SEQUENCE, 'AttributeTypeAndValue')
      if (attribute.oid('type') !== COMMON_NAME) continue
      const { tag, content } = attribute.readTlv('value')
      if (STRING_TAGS.has(tag)) name = decodeUtf8(content, 'commonName')
    }
  }
  return name
}
