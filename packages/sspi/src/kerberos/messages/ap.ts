import type { DerReader, DerWriter } from '../../bytes/index.js'
import { KERBEROS_VERSION, MessageType } from '../constants.js'
import { readAuthorizationData, writeAuthorizationData, type AuthorizationDataElement } from './authorization-data.js'
import {
  readChecksum,
  readEncryptedData,
  readEncryptionKey,
  writeChecksum,
  writeEncryptedData,
  writeEncryptionKey,
  type Checksum,
  type EncryptedData,
  type EncryptionKey,
} from './encrypted.js'
import {
  expectField,
  readApplication,
  readField,
  readFlags,
  readKerberosTime,
  readMicroseconds,
  readOptional,
  readUInt32,
  wrapApplication,
  writeField,
  writeFlags,
  writeInt32,
  writeKerberosTime,
  writeMicroseconds,
  writeOptional,
  writeUInt32,
} from './fields.js'
import { readPrincipalName, readRealm, writePrincipalName, writeRealm, type PrincipalName } from './principal.js'
import { readTicket, writeTicket, type Ticket } from './ticket.js'

/** AP-REQ, RFC 4120 section 5.5.1, without `pvno` and `msg-type`, which the codec writes and checks. */
export interface ApReq {
  /** See `ApOption`. */
  readonly apOptions: number
  readonly ticket: Ticket
  /** An Authenticator under the session key and key usage 11, or 7 inside a TGS-REQ. */
  readonly authenticator: EncryptedData
}

/** Reads an AP-REQ, RFC 4120 section 5.5.1. */
export function readApReq(reader: DerReader, what = 'AP-REQ'): ApReq {
  return readApplication(reader, MessageType.KRB_AP_REQ, what, (fields) => {
    expectField(fields, 0, 'AP-REQ: pvno', KERBEROS_VERSION)
    expectField(fields, 1, 'AP-REQ: msg-type', MessageType.KRB_AP_REQ)
    return {
      apOptions: readField(fields, 2, 'AP-REQ: ap-options', readFlags),
      ticket: readField(fields, 3, 'AP-REQ: ticket', readTicket),
      authenticator: readField(fields, 4, 'AP-REQ: authenticator', readEncryptedData),
    }
  })
}

/** Writes an AP-REQ, RFC 4120 section 5.5.1. */
export function writeApReq(writer: DerWriter, value: ApReq): void {
  const mark = writer.mark()
  writeField(writer, 4, value.authenticator, writeEncryptedData)
  writeField(writer, 3, value.ticket, writeTicket)
  writeField(writer, 2, value.apOptions, writeFlags)
  writeField(writer, 1, MessageType.KRB_AP_REQ, writeInt32)
  writeField(writer, 0, KERBEROS_VERSION, writeInt32)
  wrapApplication(writer, MessageType.KRB_AP_REQ, mark)
}

/** Authenticator, RFC 4120 section 5.5.1, without `authenticator-vno`, which the codec writes and checks. */
export interface Authenticator {
  readonly crealm: string
  readonly cname: PrincipalName
  /** Of the application's data; GSS-API puts flags and channel bindings here (RFC 4121 section 4.1.1). */
  readonly cksum?: Checksum | undefined
  /** Microseconds of `ctime`. */
  readonly cusec: number
  readonly ctime: Date
  readonly subkey?: EncryptionKey | undefined
  readonly seqNumber?: number | undefined
  readonly authorizationData?: readonly AuthorizationDataElement[] | undefined
}

/** Reads an Authenticator, RFC 4120 section 5.5.1. */
export function readAuthenticator(reader: DerReader, what = 'Authenticator'): Authenticator {
  return readApplication(reader, AUTHENTICATOR, what, (fields) => {
    expectField(fields, 0, 'Authenticator: authenticator-vno', KERBEROS_VERSION)
    return {
      crealm: readField(fields, 1, 'Authenticator: crealm', readRealm),
      cname: readField(fields, 2, 'Authenticator: cname', readPrincipalName),
      cksum: readOptional(fields, 3, 'Authenticator: cksum', readChecksum),
      cusec: readField(fields, 4, 'Authenticator: cusec', readMicroseconds),
      ctime: readField(fields, 5, 'Authenticator: ctime', readKerberosTime),
      subkey: readOptional(fields, 6, 'Authenticator: subkey', readEncryptionKey),
      seqNumber: readOptional(fields, 7, 'Authenticator: seq-number', readUInt32),
      authorizationData: readOptional(fields, 8, 'Authenticator: authorization-data', readAuthorizationData),
    }
  })
}

/** Writes an Authenticator, RFC 4120 section 5.5.1. */
export function writeAuthenticator(writer: DerWriter, value: Authenticator): void {
  const mark = writer.mark()
  writeOptional(writer, 8, value.authorizationData, writeAuthorizationData)
  writeOptional(writer, 7, value.seqNumber, writeUInt32)
  writeOptional(writer, 6, value.subkey, writeEncryptionKey)
  writeField(writer, 5, value.ctime, writeKerberosTime)
  writeField(writer, 4, value.cusec, writeMicroseconds)
  writeOptional(writer, 3, value.cksum, writeChecksum)
  writeField(writer, 2, value.cname, writePrincipalName)
  writeField(writer, 1, value.crealm, writeRealm)
  writeField(writer, 0, KERBEROS_VERSION, writeInt32)
  wrapApplication(writer, AUTHENTICATOR, mark)
}

/** AP-REP, RFC 4120 section 5.5.2, without `pvno` and `msg-type`, which the codec writes and checks. */
export interface ApRep {
  /** An EncAPRepPart under the session key and key usage 12. */
  readonly encPart: EncryptedData
}

/** Reads an AP-REP, RFC 4120 section 5.5.2. */
export function readApRep(reader: DerReader, what = 'AP-REP'): ApRep {
  return readApplication(reader, MessageType.KRB_AP_REP, what, (fields) => {
    expectField(fields, 0, 'AP-REP: pvno', KERBEROS_VERSION)
    expectField(fields, 1, 'AP-REP: msg-type', MessageType.KRB_AP_REP)
    return {
      encPart: readField(fields, 2, 'AP-REP: enc-part', readEncryptedData),
    }
  })
}

/** Writes an AP-REP, RFC 4120 section 5.5.2. */
export function writeApRep(writer: DerWriter, value: ApRep): void {
  const mark = writer.mark()
  writeField(writer, 2, value.encPart, writeEncryptedData)
  writeField(writer, 1, MessageType.KRB_AP_REP, writeInt32)
  writeField(writer, 0, KERBEROS_VERSION, writeInt32)
  wrapApplication(writer, MessageType.KRB_AP_REP, mark)
}

/** EncAPRepPart, RFC 4120 section 5.5.2. */
export interface EncApRepPart {
  /** Of the authenticator, as is `cusec`. */
  readonly ctime: Date
  readonly cusec: number
  readonly subkey?: EncryptionKey | undefined
  readonly seqNumber?: number | undefined
}

/** Reads an EncAPRepPart, RFC 4120 section 5.5.2. */
export function readEncApRepPart(reader: DerReader, what = 'EncAPRepPart'): EncApRepPart {
  return readApplication(reader, ENC_AP_REP_PART, what, (fields) => ({
    ctime: readField(fields, 0, 'EncAPRepPart: ctime', readKerberosTime),
    cusec: readField(fields, 1, 'EncAPRepPart: cusec', readMicroseconds),
    subkey: readOptional(fields, 2, 'EncAPRepPart: subkey', readEncryptionKey),
    seqNumber: readOptional(fields, 3, 'EncAPRepPart: seq-number', readUInt32),
  }))
}

/** Writes an EncAPRepPart, RFC 4120 section 5.5.2. */
export function writeEncApRepPart(writer: DerWriter, value: EncApRepPart): void {
  const mark = writer.mark()
  writeOptional(writer, 3, value.seqNumber, writeUInt32)
  writeOptional(writer, 2, value.subkey, writeEncryptionKey)
  writeField(writer, 1, value.cusec, writeMicroseconds)
  writeField(writer, 0, value.ctime, writeKerberosTime)
  wrapApplication(writer, ENC_AP_REP_PART, mark)
}

const AUTHENTICATOR = 2
const ENC_AP_REP_PART = 27
