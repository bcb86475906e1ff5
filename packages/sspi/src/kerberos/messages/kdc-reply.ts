import type { DerReader, DerWriter } from '../../bytes/index.js'
import { applicationTag, Tag } from '../../bytes/index.js'
import { KERBEROS_VERSION, MessageType } from '../constants.js'
import { readHostAddresses, writeHostAddresses, type HostAddress } from './addresses.js'
import {
  readEncryptedData,
  readEncryptionKey,
  writeEncryptedData,
  writeEncryptionKey,
  type EncryptedData,
  type EncryptionKey,
} from './encrypted.js'
import {
  expectField,
  listReader,
  listWriter,
  readApplication,
  readField,
  readFlags,
  readInt32,
  readKerberosTime,
  readOptional,
  readSequence,
  readNonce,
  wrapApplication,
  writeField,
  writeFlags,
  writeInt32,
  writeKerberosTime,
  writeOptional,
  writeNonce,
} from './fields.js'
import { Limit } from './limits.js'
import { readMethodData, writeMethodData, type PaData } from './padata.js'
import { readPrincipalName, readRealm, writePrincipalName, writeRealm, type PrincipalName } from './principal.js'
import { readTicket, writeTicket, type Ticket } from './ticket.js'

/** AS-REP and TGS-REP, RFC 4120 section 5.4.2, without `pvno`, which the codec writes and checks. */
export interface KdcRep {
  /** Which of the two it is. */
  readonly msgType: typeof MessageType.KRB_AS_REP | typeof MessageType.KRB_TGS_REP
  readonly padata?: readonly PaData[] | undefined
  readonly crealm: string
  readonly cname: PrincipalName
  readonly ticket: Ticket
  /** An EncKDCRepPart: key usage 3 in AS-REP; 8 in TGS-REP, or 9 under the sub-session key. */
  readonly encPart: EncryptedData
}

/** Reads an AS-REP or a TGS-REP, RFC 4120 section 5.4.2. */
export function readKdcRep(reader: DerReader, what = 'KDC-REP'): KdcRep {
  const msgType = reader.isNext(applicationTag(MessageType.KRB_TGS_REP))
    ? MessageType.KRB_TGS_REP
    : MessageType.KRB_AS_REP
  return readApplication(reader, msgType, what, (fields) => {
    expectField(fields, 0, 'KDC-REP: pvno', KERBEROS_VERSION)
    expectField(fields, 1, 'KDC-REP: msg-type', msgType)
    return {
      msgType,
      padata: readOptional(fields, 2, 'KDC-REP: padata', readMethodData),
      crealm: readField(fields, 3, 'KDC-REP: crealm', readRealm),
      cname: readField(fields, 4, 'KDC-REP: cname', readPrincipalName),
      ticket: readField(fields, 5, 'KDC-REP: ticket', readTicket),
      encPart: readField(fields, 6, 'KDC-REP: enc-part', readEncryptedData),
    }
  })
}

/** Writes an AS-REP or a TGS-REP, RFC 4120 section 5.4.2. */
export function writeKdcRep(writer: DerWriter, value: KdcRep): void {
  const mark = writer.mark()
  writeField(writer, 6, value.encPart, writeEncryptedData)
  writeField(writer, 5, value.ticket, writeTicket)
  writeField(writer, 4, value.cname, writePrincipalName)
  writeField(writer, 3, value.crealm, writeRealm)
  writeOptional(writer, 2, value.padata, writeMethodData)
  writeField(writer, 1, value.msgType, writeInt32)
  writeField(writer, 0, KERBEROS_VERSION, writeInt32)
  wrapApplication(writer, value.msgType, mark)
}

/** An entry of LastReq, RFC 4120 section 5.4.2. */
export interface LastReqEntry {
  /** See `LastReqType`. */
  readonly lrType: number
  readonly lrValue: Date
}

/** Reads an entry of LastReq, RFC 4120 section 5.4.2. */
export function readLastReqEntry(reader: DerReader, what = 'LastReq'): LastReqEntry {
  return readSequence(reader, what, (fields) => ({
    lrType: readField(fields, 0, what, readInt32),
    lrValue: readField(fields, 1, what, readKerberosTime),
  }))
}

/** Writes an entry of LastReq, RFC 4120 section 5.4.2. */
export function writeLastReqEntry(writer: DerWriter, value: LastReqEntry): void {
  const mark = writer.mark()
  writeField(writer, 1, value.lrValue, writeKerberosTime)
  writeField(writer, 0, value.lrType, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** LastReq, RFC 4120 section 5.4.2: at most 64 entries. */
export const readLastReq = listReader('LastReq', Limit.LAST_REQ, readLastReqEntry)

/** LastReq, RFC 4120 section 5.4.2. */
export const writeLastReq = listWriter(writeLastReqEntry)

/** EncKDCRepPart, RFC 4120 section 5.4.2: what the KDC tells the client. */
export interface EncKdcRepPart {
  /**
   * Which of the two types the tag says it is: EncASRepPart or EncTGSRepPart. It says nothing more: RFC 4120 section
   * 5.4.2 has clients take either in either reply, and MIT's KDC writes EncTGSRepPart in both.
   */
  readonly type: 'EncASRepPart' | 'EncTGSRepPart'
  /** The session key. */
  readonly key: EncryptionKey
  readonly lastReq: readonly LastReqEntry[]
  /** Of the request. */
  readonly nonce: number
  readonly keyExpiration?: Date | undefined
  /** See `TicketFlag`. */
  readonly flags: number
  readonly authtime: Date
  readonly starttime?: Date | undefined
  readonly endtime: Date
  readonly renewTill?: Date | undefined
  readonly srealm: string
  readonly sname: PrincipalName
  readonly caddr?: readonly HostAddress[] | undefined
  /** RFC 6806 section 11. */
  readonly encryptedPaData?: readonly PaData[] | undefined
}

/** Reads an EncKDCRepPart, RFC 4120 section 5.4.2, under either of its tags. */
export function readEncKdcRepPart(reader: DerReader, what = 'EncKDCRepPart'): EncKdcRepPart {
  const type = reader.isNext(applicationTag(REP_PART_TAG.EncASRepPart)) ? 'EncASRepPart' : 'EncTGSRepPart'
  return readApplication(reader, REP_PART_TAG[type], what, (fields) => ({
    type,
    key: readField(fields, 0, 'EncKDCRepPart: key', readEncryptionKey),
    lastReq: readField(fields, 1, 'EncKDCRepPart: last-req', readLastReq),
    nonce: readField(fields, 2, 'EncKDCRepPart: nonce', readNonce),
    keyExpiration: readOptional(fields, 3, 'EncKDCRepPart: key-expiration', readKerberosTime),
    flags: readField(fields, 4, 'EncKDCRepPart: flags', readFlags),
    authtime: readField(fields, 5, 'EncKDCRepPart: authtime', readKerberosTime),
    starttime: readOptional(fields, 6, 'EncKDCRepPart: starttime', readKerberosTime),
    endtime: readField(fields, 7, 'EncKDCRepPart: endtime', readKerberosTime),
    renewTill: readOptional(fields, 8, 'EncKDCRepPart: renew-till', readKerberosTime),
    srealm: readField(fields, 9, 'EncKDCRepPart: srealm', readRealm),
    sname: readField(fields, 10, 'EncKDCRepPart: sname', readPrincipalName),
    caddr: readOptional(fields, 11, 'EncKDCRepPart: caddr', readHostAddresses),
    encryptedPaData: readOptional(fields, 12, 'EncKDCRepPart: encrypted-pa-data', readMethodData),
  }))
}

/** Writes an EncKDCRepPart, RFC 4120 section 5.4.2, under the tag of its `type`. */
export function writeEncKdcRepPart(writer: DerWriter, value: EncKdcRepPart): void {
  const mark = writer.mark()
  writeOptional(writer, 12, value.encryptedPaData, writeMethodData)
  writeOptional(writer, 11, value.caddr, writeHostAddresses)
  writeField(writer, 10, value.sname, writePrincipalName)
  writeField(writer, 9, value.srealm, writeRealm)
  writeOptional(writer, 8, value.renewTill, writeKerberosTime)
  writeField(writer, 7, value.endtime, writeKerberosTime)
  writeOptional(writer, 6, value.starttime, writeKerberosTime)
  writeField(writer, 5, value.authtime, writeKerberosTime)
  writeField(writer, 4, value.flags, writeFlags)
  writeOptional(writer, 3, value.keyExpiration, writeKerberosTime)
  writeField(writer, 2, value.nonce, writeNonce)
  writeField(writer, 1, value.lastReq, writeLastReq)
  writeField(writer, 0, value.key, writeEncryptionKey)
  wrapApplication(writer, REP_PART_TAG[value.type], mark)
}

const REP_PART_TAG = { EncASRepPart: 25, EncTGSRepPart: 26 } as const
