import type { DerReader, DerWriter } from '../../bytes/index.js'
import { Tag } from '../../bytes/index.js'
import { readChecksum, writeChecksum, type Checksum } from './encrypted.js'
import {
  readField,
  readFlags,
  readKerberosString,
  readOctetString,
  readOpenSequence,
  readOptional,
  readSequence,
  readUInt32,
  readWholeSequence,
  writeField,
  writeFlags,
  writeKerberosString,
  writeOctetString,
  writeOptional,
  writeUInt32,
  writeWhole,
} from './fields.js'
import { readPrincipalName, readRealm, writePrincipalName, writeRealm, type PrincipalName } from './principal.js'

/** PA-FOR-USER, MS-SFU 2.2.1: for whom a service asks a ticket to itself. */
export interface PaForUser {
  readonly userName: PrincipalName
  readonly userRealm: string
  /** Over name type, components, realm and package, MS-SFU 2.2.1; not over DER. */
  readonly cksum: Checksum
  /** `Kerberos`. */
  readonly authPackage: string
}

/** Reads a PA-FOR-USER, MS-SFU 2.2.1. */
export function readPaForUser(reader: DerReader, what = 'PA-FOR-USER'): PaForUser {
  return readSequence(reader, what, (fields) => ({
    userName: readField(fields, 0, 'PA-FOR-USER: userName', readPrincipalName),
    userRealm: readField(fields, 1, 'PA-FOR-USER: userRealm', readRealm),
    cksum: readField(fields, 2, 'PA-FOR-USER: cksum', readChecksum),
    authPackage: readField(fields, 3, 'PA-FOR-USER: auth-package', readKerberosString),
  }))
}

/** Writes a PA-FOR-USER, MS-SFU 2.2.1. */
export function writePaForUser(writer: DerWriter, value: PaForUser): void {
  const mark = writer.mark()
  writeField(writer, 3, value.authPackage, writeKerberosString)
  writeField(writer, 2, value.cksum, writeChecksum)
  writeField(writer, 1, value.userRealm, writeRealm)
  writeField(writer, 0, value.userName, writePrincipalName)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** PA-S4U-X509-USER, MS-SFU 2.2.2. */
export interface PaS4uX509User {
  /** An S4UUserID as DER, exactly as it came: verify `checksum`, then read it. */
  readonly userId: Uint8Array
  /** Over `userId`, under key usage 26 in requests and 27 in replies. */
  readonly checksum: Checksum
}

/** Reads a PA-S4U-X509-USER, MS-SFU 2.2.2. */
export function readPaS4uX509User(reader: DerReader, what = 'PA-S4U-X509-USER'): PaS4uX509User {
  return readSequence(reader, what, (fields) => ({
    userId: readField(fields, 0, 'PA-S4U-X509-USER: user-id', readWholeSequence),
    checksum: readField(fields, 1, 'PA-S4U-X509-USER: checksum', readChecksum),
  }))
}

/** Writes a PA-S4U-X509-USER, MS-SFU 2.2.2. */
export function writePaS4uX509User(writer: DerWriter, value: PaS4uX509User): void {
  const mark = writer.mark()
  writeField(writer, 1, value.checksum, writeChecksum)
  writeField(writer, 0, value.userId, writeWhole)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** S4UUserID, MS-SFU 2.2.2. */
export interface S4uUserId {
  /** Of the request. */
  readonly nonce: number
  readonly cname?: PrincipalName | undefined
  readonly crealm: string
  /** An X.509 certificate. */
  readonly subjectCertificate?: Uint8Array | undefined
  /** See `S4uOption`. */
  readonly options?: number | undefined
}

/** Reads an S4UUserID, MS-SFU 2.2.2. Later fields (`...`) are passed over. */
export function readS4uUserId(reader: DerReader, what = 'S4UUserID'): S4uUserId {
  return readOpenSequence(reader, 4, what, (fields) => ({
    nonce: readField(fields, 0, 'S4UUserID: nonce', readUInt32),
    cname: readOptional(fields, 1, 'S4UUserID: cname', readPrincipalName),
    crealm: readField(fields, 2, 'S4UUserID: crealm', readRealm),
    subjectCertificate: readOptional(fields, 3, 'S4UUserID: subject-certificate', readOctetString),
    options: readOptional(fields, 4, 'S4UUserID: options', readFlags),
  }))
}

/** Writes an S4UUserID, MS-SFU 2.2.2. */
export function writeS4uUserId(writer: DerWriter, value: S4uUserId): void {
  const mark = writer.mark()
  writeOptional(writer, 4, value.options, writeFlags)
  writeOptional(writer, 3, value.subjectCertificate, writeOctetString)
  writeField(writer, 2, value.crealm, writeRealm)
  writeOptional(writer, 1, value.cname, writePrincipalName)
  writeField(writer, 0, value.nonce, writeUInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}
