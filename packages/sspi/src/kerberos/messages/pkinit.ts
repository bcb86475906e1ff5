import type { BitString, DerReader, DerWriter } from '../../bytes/index.js'
import { contextTag, Tag } from '../../bytes/index.js'
import {
  readAlgorithmIdentifier,
  readAlgorithmIdentifiers,
  writeAlgorithmIdentifier,
  writeAlgorithmIdentifiers,
  type AlgorithmIdentifier,
} from './algorithm-identifier.js'
import {
  readChecksum,
  readEncryptionKey,
  writeChecksum,
  writeEncryptionKey,
  type Checksum,
  type EncryptionKey,
} from './encrypted.js'
import {
  listReader,
  listWriter,
  readField,
  readKerberosTime,
  readMicroseconds,
  readOctetString,
  readOpenSequence,
  readOptional,
  readSequence,
  readUInt32,
  writeField,
  writeKerberosTime,
  writeMicroseconds,
  writeOctetString,
  writeOptional,
  writeUInt32,
  type ReadDer,
  type WriteDer,
} from './fields.js'
import { readImplicitOctets, readOptionalOctets, writeImplicitOctets } from './implicit-fields.js'
import { Limit } from './limits.js'

/** ExternalPrincipalIdentifier, RFC 4556 section 3.2.1: whom a client trusts, or which certificate of a KDC it has. */
export interface ExternalPrincipalIdentifier {
  /** A Name of X.509. */
  readonly subjectName?: Uint8Array | undefined
  /** An IssuerAndSerialNumber of CMS. */
  readonly issuerAndSerialNumber?: Uint8Array | undefined
  readonly subjectKeyIdentifier?: Uint8Array | undefined
}

/** Reads an ExternalPrincipalIdentifier, RFC 4556 section 3.2.1. Later fields (`...`) are passed over. */
export function readExternalPrincipalIdentifier(
  reader: DerReader,
  what = 'ExternalPrincipalIdentifier',
): ExternalPrincipalIdentifier {
  return readOpenSequence(reader, 2, what, (fields) => ({
    subjectName: readOptionalOctets(fields, 0, 'ExternalPrincipalIdentifier: subjectName'),
    issuerAndSerialNumber: readOptionalOctets(fields, 1, 'ExternalPrincipalIdentifier: issuerAndSerialNumber'),
    subjectKeyIdentifier: readOptionalOctets(fields, 2, 'ExternalPrincipalIdentifier: subjectKeyIdentifier'),
  }))
}

/** Writes an ExternalPrincipalIdentifier, RFC 4556 section 3.2.1. */
export function writeExternalPrincipalIdentifier(writer: DerWriter, value: ExternalPrincipalIdentifier): void {
  const mark = writer.mark()
  writeImplicitOctets(writer, 2, value.subjectKeyIdentifier)
  writeImplicitOctets(writer, 1, value.issuerAndSerialNumber)
  writeImplicitOctets(writer, 0, value.subjectName)
  writer.wrap(Tag.SEQUENCE, mark)
}

const readCertifiers = listReader('trustedCertifiers', Limit.ALGORITHMS, readExternalPrincipalIdentifier)
const writeCertifiers = listWriter(writeExternalPrincipalIdentifier)

/** PA-PK-AS-REQ, RFC 4556 section 3.2.1. */
export interface PaPkAsReq {
  /** A ContentInfo of CMS around a SignedData, whose content is an AuthPack. */
  readonly signedAuthPack: Uint8Array
  /** At most 64. */
  readonly trustedCertifiers?: readonly ExternalPrincipalIdentifier[] | undefined
  /** An IssuerAndSerialNumber of CMS: the KDC's certificate that the client has. */
  readonly kdcPkId?: Uint8Array | undefined
}

/** Reads a PA-PK-AS-REQ, RFC 4556 section 3.2.1. Later fields (`...`) are passed over. */
export function readPaPkAsReq(reader: DerReader, what = 'PA-PK-AS-REQ'): PaPkAsReq {
  return readOpenSequence(reader, 2, what, (fields) => ({
    signedAuthPack: readImplicitOctets(fields, 0, 'PA-PK-AS-REQ: signedAuthPack'),
    trustedCertifiers: readOptional(fields, 1, 'PA-PK-AS-REQ: trustedCertifiers', readCertifiers),
    kdcPkId: readOptionalOctets(fields, 2, 'PA-PK-AS-REQ: kdcPkId'),
  }))
}

/** Writes a PA-PK-AS-REQ, RFC 4556 section 3.2.1. */
export function writePaPkAsReq(writer: DerWriter, value: PaPkAsReq): void {
  const mark = writer.mark()
  writeImplicitOctets(writer, 2, value.kdcPkId)
  writeOptional(writer, 1, value.trustedCertifiers, writeCertifiers)
  writeImplicitOctets(writer, 0, value.signedAuthPack)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** PAChecksum2: a checksum with its algorithm, as MIT and Windows add it to PKAuthenticator. */
export interface PaChecksum2 {
  readonly checksum: Uint8Array
  readonly algorithm: AlgorithmIdentifier
}

/** PKAuthenticator, RFC 4556 section 3.2.1. */
export interface PkAuthenticator {
  readonly cusec: number
  readonly ctime: Date
  readonly nonce: number
  /** SHA-1 over the KDC-REQ-BODY. */
  readonly paChecksum?: Uint8Array | undefined
  /** RFC 8070 section 4. */
  readonly freshnessToken?: Uint8Array | undefined
  readonly paChecksum2?: PaChecksum2 | undefined
}

/** AuthPack, RFC 4556 section 3.2.1, with what RFC 8636 section 5 adds. */
export interface AuthPack {
  readonly pkAuthenticator: PkAuthenticator
  /** A SubjectPublicKeyInfo of X.509, as it stands: for Diffie-Hellman. */
  readonly clientPublicValue?: Uint8Array | undefined
  /** At most 64. */
  readonly supportedCmsTypes?: readonly AlgorithmIdentifier[] | undefined
  readonly clientDhNonce?: Uint8Array | undefined
  /** Object identifiers of key derivation functions, RFC 8636 section 5: at most 64. */
  readonly supportedKdfs?: readonly string[] | undefined
}

/** Reads an AuthPack, RFC 4556 section 3.2.1. Later fields (`...`) are passed over. */
export function readAuthPack(reader: DerReader, what = 'AuthPack'): AuthPack {
  return readOpenSequence(reader, 4, what, (fields) => ({
    pkAuthenticator: readField(fields, 0, 'AuthPack: pkAuthenticator', readPkAuthenticator),
    clientPublicValue: readOptional(fields, 1, 'AuthPack: clientPublicValue', readElement),
    supportedCmsTypes: readOptional(fields, 2, 'AuthPack: supportedCMSTypes', readAlgorithmIdentifiers),
    clientDhNonce: readOptional(fields, 3, 'AuthPack: clientDHNonce', readOctetString),
    supportedKdfs: readOptional(fields, 4, 'AuthPack: supportedKDFs', readKdfs),
  }))
}

/** Writes an AuthPack, RFC 4556 section 3.2.1. */
export function writeAuthPack(writer: DerWriter, value: AuthPack): void {
  const mark = writer.mark()
  writeOptional(writer, 4, value.supportedKdfs, writeKdfs)
  writeOptional(writer, 3, value.clientDhNonce, writeOctetString)
  writeOptional(writer, 2, value.supportedCmsTypes, writeAlgorithmIdentifiers)
  writeOptional(writer, 1, value.clientPublicValue, writeElement)
  writeField(writer, 0, value.pkAuthenticator, writePkAuthenticator)
  writer.wrap(Tag.SEQUENCE, mark)
}

function readPkAuthenticator(reader: DerReader, what = 'PKAuthenticator'): PkAuthenticator {
  return readOpenSequence(reader, 5, what, (fields) => ({
    cusec: readField(fields, 0, 'PKAuthenticator: cusec', readMicroseconds),
    ctime: readField(fields, 1, 'PKAuthenticator: ctime', readKerberosTime),
    nonce: readField(fields, 2, 'PKAuthenticator: nonce', readUInt32),
    paChecksum: readOptional(fields, 3, 'PKAuthenticator: paChecksum', readOctetString),
    freshnessToken: readOptional(fields, 4, 'PKAuthenticator: freshnessToken', readOctetString),
    paChecksum2: readOptional(fields, 5, 'PKAuthenticator: paChecksum2', readPaChecksum2),
  }))
}

function writePkAuthenticator(writer: DerWriter, value: PkAuthenticator): void {
  const mark = writer.mark()
  writeOptional(writer, 5, value.paChecksum2, writePaChecksum2)
  writeOptional(writer, 4, value.freshnessToken, writeOctetString)
  writeOptional(writer, 3, value.paChecksum, writeOctetString)
  writeField(writer, 2, value.nonce, writeUInt32)
  writeField(writer, 1, value.ctime, writeKerberosTime)
  writeField(writer, 0, value.cusec, writeMicroseconds)
  writer.wrap(Tag.SEQUENCE, mark)
}

function readPaChecksum2(reader: DerReader, what = 'PAChecksum2'): PaChecksum2 {
  return readSequence(reader, what, (fields) => ({
    checksum: readField(fields, 0, 'PAChecksum2: checksum', readOctetString),
    algorithm: readField(fields, 1, 'PAChecksum2: algorithmIdentifier', readAlgorithmIdentifier),
  }))
}

function writePaChecksum2(writer: DerWriter, value: PaChecksum2): void {
  const mark = writer.mark()
  writeField(writer, 1, value.algorithm, writeAlgorithmIdentifier)
  writeField(writer, 0, value.checksum, writeOctetString)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** PA-PK-AS-REP, RFC 4556 section 3.2.3, with what RFC 8636 section 5 adds. */
export type PaPkAsRep =
  | {
      readonly kind: 'dhInfo'
      /** A ContentInfo of CMS around a SignedData, whose content is a KDCDHKeyInfo. */
      readonly dhSignedData: Uint8Array
      readonly serverDhNonce?: Uint8Array | undefined
      /** The key derivation function that the KDC chose; `undefined` for octetstring2key. */
      readonly kdf?: string | undefined
    }
  /** A ContentInfo of CMS around an EnvelopedData, whose content is a SignedData with a ReplyKeyPack. */
  | { readonly kind: 'encKeyPack'; readonly encKeyPack: Uint8Array }

/** Reads a PA-PK-AS-REP, RFC 4556 section 3.2.3. The CHOICE is open: an alternative that we do not know is refused. */
export function readPaPkAsRep(reader: DerReader, what = 'PA-PK-AS-REP'): PaPkAsRep {
  if (!reader.isNext(contextTag(0))) return { kind: 'encKeyPack', encKeyPack: readImplicitOctets(reader, 1, what) }
  return readField(reader, 0, what, (inner) =>
    readOpenSequence(inner, 2, what, (fields) => ({
      kind: 'dhInfo',
      dhSignedData: readImplicitOctets(fields, 0, 'DHRepInfo: dhSignedData'),
      serverDhNonce: readOptional(fields, 1, 'DHRepInfo: serverDHNonce', readOctetString),
      kdf: readOptional(fields, 2, 'DHRepInfo: kdf', readKdfAlgorithmId),
    })),
  )
}

/** Writes a PA-PK-AS-REP, RFC 4556 section 3.2.3. */
export function writePaPkAsRep(writer: DerWriter, value: PaPkAsRep): void {
  if (value.kind === 'encKeyPack') return writeImplicitOctets(writer, 1, value.encKeyPack)
  const mark = writer.mark()
  writeOptional(writer, 2, value.kdf, writeKdfAlgorithmId)
  writeOptional(writer, 1, value.serverDhNonce, writeOctetString)
  writeImplicitOctets(writer, 0, value.dhSignedData)
  writer.wrap(Tag.SEQUENCE, mark)
  writer.wrap(contextTag(0), mark)
}

/** KDCDHKeyInfo, RFC 4556 section 3.2.3.1. */
export interface KdcDhKeyInfo {
  /** The KDC's public value as its SubjectPublicKeyInfo has it. */
  readonly subjectPublicKey: BitString
  /** Of the request; 0 where the key was used before. */
  readonly nonce: number
  readonly dhKeyExpiration?: Date | undefined
}

/** Reads a KDCDHKeyInfo, RFC 4556 section 3.2.3.1. Later fields (`...`) are passed over. */
export function readKdcDhKeyInfo(reader: DerReader, what = 'KDCDHKeyInfo'): KdcDhKeyInfo {
  return readOpenSequence(reader, 2, what, (fields) => ({
    subjectPublicKey: readField(fields, 0, 'KDCDHKeyInfo: subjectPublicKey', readBitString),
    nonce: readField(fields, 1, 'KDCDHKeyInfo: nonce', readUInt32),
    dhKeyExpiration: readOptional(fields, 2, 'KDCDHKeyInfo: dhKeyExpiration', readKerberosTime),
  }))
}

/** Writes a KDCDHKeyInfo, RFC 4556 section 3.2.3.1. */
export function writeKdcDhKeyInfo(writer: DerWriter, value: KdcDhKeyInfo): void {
  const mark = writer.mark()
  writeOptional(writer, 2, value.dhKeyExpiration, writeKerberosTime)
  writeField(writer, 1, value.nonce, writeUInt32)
  writeField(writer, 0, value.subjectPublicKey, writeBitString)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** ReplyKeyPack, RFC 4556 section 3.2.3.2. */
export interface ReplyKeyPack {
  readonly replyKey: EncryptionKey
  /** Over the AS-REQ, under the reply key and key usage 6. */
  readonly asChecksum: Checksum
}

/** Reads a ReplyKeyPack, RFC 4556 section 3.2.3.2. Later fields (`...`) are passed over. */
export function readReplyKeyPack(reader: DerReader, what = 'ReplyKeyPack'): ReplyKeyPack {
  return readOpenSequence(reader, 1, what, (fields) => ({
    replyKey: readField(fields, 0, 'ReplyKeyPack: replyKey', readEncryptionKey),
    asChecksum: readField(fields, 1, 'ReplyKeyPack: asChecksum', readChecksum),
  }))
}

/** Writes a ReplyKeyPack, RFC 4556 section 3.2.3.2. */
export function writeReplyKeyPack(writer: DerWriter, value: ReplyKeyPack): void {
  const mark = writer.mark()
  writeField(writer, 1, value.asChecksum, writeChecksum)
  writeField(writer, 0, value.replyKey, writeEncryptionKey)
  writer.wrap(Tag.SEQUENCE, mark)
}

const readElement: ReadDer<Uint8Array> = (reader, what = 'element') => reader.readTlv(what).whole
const writeElement: WriteDer<Uint8Array> = (writer, element) => writer.raw(element)

const readBitString: ReadDer<BitString> = (reader, what = 'BIT STRING') => reader.bitString(what)
const writeBitString: WriteDer<BitString> = (writer, { bytes, unusedBits }) => writer.bitString(bytes, unusedBits)

/** KDFAlgorithmId, RFC 8636 section 5. */
const readKdfAlgorithmId: ReadDer<string> = (reader, what = 'KDFAlgorithmId') =>
  readOpenSequence(reader, 0, what, (fields) => readField(fields, 0, what, (inner) => inner.oid(what)))
const writeKdfAlgorithmId: WriteDer<string> = (writer, oid) => {
  const mark = writer.mark()
  writeField(writer, 0, oid, (inner, text) => inner.oid(text))
  writer.wrap(Tag.SEQUENCE, mark)
}

const readKdfs = listReader('AuthPack: supportedKDFs', Limit.ALGORITHMS, readKdfAlgorithmId)
const writeKdfs = listWriter(writeKdfAlgorithmId)
