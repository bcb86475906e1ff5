import type { DerReader, DerWriter } from '../../bytes/index.js'
import { applicationTag, Tag } from '../../bytes/index.js'
import { KERBEROS_VERSION, MessageType } from '../constants.js'
import { readHostAddresses, writeHostAddresses, type HostAddress } from './addresses.js'
import { readEncryptedData, writeEncryptedData, type EncryptedData } from './encrypted.js'
import {
  decodeDer,
  encodeDer,
  expectField,
  readApplication,
  readField,
  readFlags,
  readInt32List,
  readKerberosTime,
  readOptional,
  readSequence,
  readNonce,
  wrapApplication,
  writeField,
  writeFlags,
  writeInt32,
  writeInt32List,
  writeKerberosTime,
  writeOptional,
  writeNonce,
} from './fields.js'
import { readMethodData, writeMethodData, type PaData } from './padata.js'
import { readPrincipalName, readRealm, writePrincipalName, writeRealm, type PrincipalName } from './principal.js'
import { readTickets, writeTickets, type Ticket } from './ticket.js'

/** AS-REQ and TGS-REQ, RFC 4120 section 5.4.1, without `pvno`, which the codec writes and checks. */
export interface KdcReq {
  /** Which of the two it is. */
  readonly msgType: typeof MessageType.KRB_AS_REQ | typeof MessageType.KRB_TGS_REQ
  /** Not empty if there. */
  readonly padata?: readonly PaData[] | undefined
  readonly reqBody: KdcReqBody
}

/** Reads an AS-REQ or a TGS-REQ, RFC 4120 section 5.4.1. */
export function readKdcReq(reader: DerReader, what = 'KDC-REQ'): KdcReq {
  const msgType = reader.isNext(applicationTag(MessageType.KRB_TGS_REQ))
    ? MessageType.KRB_TGS_REQ
    : MessageType.KRB_AS_REQ
  return readApplication(reader, msgType, what, (fields) => {
    expectField(fields, 1, 'KDC-REQ: pvno', KERBEROS_VERSION)
    expectField(fields, 2, 'KDC-REQ: msg-type', msgType)
    return {
      msgType,
      padata: readOptional(fields, 3, 'KDC-REQ: padata', readMethodData),
      reqBody: readField(fields, 4, 'KDC-REQ: req-body', readKdcReqBody),
    }
  })
}

/** Writes an AS-REQ or a TGS-REQ, RFC 4120 section 5.4.1. */
export function writeKdcReq(writer: DerWriter, value: KdcReq): void {
  const mark = writer.mark()
  writeField(writer, 4, value.reqBody, writeKdcReqBody)
  writeOptional(writer, 3, value.padata, writeMethodData)
  writeField(writer, 2, value.msgType, writeInt32)
  writeField(writer, 1, KERBEROS_VERSION, writeInt32)
  wrapApplication(writer, value.msgType, mark)
}

/** What a request asks for: KDC-REQ-BODY of RFC 4120 section 5.4.1. */
export interface KdcReqBodyFields {
  /** See `KdcOption`. */
  readonly kdcOptions: number
  /** In AS-REQ only. */
  readonly cname?: PrincipalName | undefined
  /** The service's realm; in AS-REQ also the client's. */
  readonly realm: string
  /** Left out only with ENC-TKT-IN-SKEY. */
  readonly sname?: PrincipalName | undefined
  readonly from?: Date | undefined
  readonly till: Date
  readonly rtime?: Date | undefined
  readonly nonce: number
  /** Encryption types in the order of preference. */
  readonly etype: readonly number[]
  readonly addresses?: readonly HostAddress[] | undefined
  /** An AuthorizationData under the session key and key usage 4, or the sub-session key and 5. */
  readonly encAuthorizationData?: EncryptedData | undefined
  readonly additionalTickets?: readonly Ticket[] | undefined
}

/**
 * KDC-REQ-BODY, RFC 4120 section 5.4.1.
 *
 * Only `readKdcReqBody` and `makeKdcReqBody` make one, so that `raw` and the fields agree.
 */
export interface KdcReqBody extends KdcReqBodyFields {
  /** The body exactly as it came, header included: what the authenticator's checksum and FAST's (RFC 6113) cover. */
  readonly raw: Uint8Array
}

/** Reads a KDC-REQ-BODY, RFC 4120 section 5.4.1. */
export function readKdcReqBody(reader: DerReader, what = 'KDC-REQ-BODY'): KdcReqBody {
  const raw = reader.whole(Tag.SEQUENCE, what)
  return { ...decodeDer(raw, readBodyFields, what), raw }
}

/** Writes a KDC-REQ-BODY, RFC 4120 section 5.4.1: a copy of its bytes. */
export function writeKdcReqBody(writer: DerWriter, value: KdcReqBody): void {
  writer.raw(value.raw)
}

/** Makes a KDC-REQ-BODY from what it asks for. */
export function makeKdcReqBody(fields: KdcReqBodyFields): KdcReqBody {
  return decodeDer(encodeDer(fields, writeBodyFields), readKdcReqBody)
}

function readBodyFields(reader: DerReader, what = 'KDC-REQ-BODY'): KdcReqBodyFields {
  return readSequence(reader, what, (fields) => ({
    kdcOptions: readField(fields, 0, 'KDC-REQ-BODY: kdc-options', readFlags),
    cname: readOptional(fields, 1, 'KDC-REQ-BODY: cname', readPrincipalName),
    realm: readField(fields, 2, 'KDC-REQ-BODY: realm', readRealm),
    sname: readOptional(fields, 3, 'KDC-REQ-BODY: sname', readPrincipalName),
    from: readOptional(fields, 4, 'KDC-REQ-BODY: from', readKerberosTime),
    till: readField(fields, 5, 'KDC-REQ-BODY: till', readKerberosTime),
    rtime: readOptional(fields, 6, 'KDC-REQ-BODY: rtime', readKerberosTime),
    nonce: readField(fields, 7, 'KDC-REQ-BODY: nonce', readNonce),
    etype: readField(fields, 8, 'KDC-REQ-BODY: etype', readInt32List),
    addresses: readOptional(fields, 9, 'KDC-REQ-BODY: addresses', readHostAddresses),
    encAuthorizationData: readOptional(fields, 10, 'KDC-REQ-BODY: enc-authorization-data', readEncryptedData),
    additionalTickets: readOptional(fields, 11, 'KDC-REQ-BODY: additional-tickets', readTickets),
  }))
}

function writeBodyFields(writer: DerWriter, value: KdcReqBodyFields): void {
  const mark = writer.mark()
  writeOptional(writer, 11, value.additionalTickets, writeTickets)
  writeOptional(writer, 10, value.encAuthorizationData, writeEncryptedData)
  writeOptional(writer, 9, value.addresses, writeHostAddresses)
  writeField(writer, 8, value.etype, writeInt32List)
  writeField(writer, 7, value.nonce, writeNonce)
  writeOptional(writer, 6, value.rtime, writeKerberosTime)
  writeField(writer, 5, value.till, writeKerberosTime)
  writeOptional(writer, 4, value.from, writeKerberosTime)
  writeOptional(writer, 3, value.sname, writePrincipalName)
  writeField(writer, 2, value.realm, writeRealm)
  writeOptional(writer, 1, value.cname, writePrincipalName)
  writeField(writer, 0, value.kdcOptions, writeFlags)
  writer.wrap(Tag.SEQUENCE, mark)
}
