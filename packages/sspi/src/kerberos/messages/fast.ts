import type { DerReader, DerWriter } from '../../bytes/index.js'
import { Tag } from '../../bytes/index.js'
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
  readField,
  readFlags,
  readInt32,
  readKerberosTime,
  readMicroseconds,
  readOctetString,
  readOpenSequence,
  readOptional,
  readNonce,
  writeField,
  writeFlags,
  writeInt32,
  writeKerberosTime,
  writeMicroseconds,
  writeOctetString,
  writeOptional,
  writeNonce,
} from './fields.js'
import { readKdcReqBody, writeKdcReqBody, type KdcReqBody } from './kdc-request.js'
import { readMethodData, writeMethodData, type PaData } from './padata.js'
import { readPrincipalName, readRealm, writePrincipalName, writeRealm, type PrincipalName } from './principal.js'

/** KrbFastArmor, RFC 6113 section 5.4.1. */
export interface KrbFastArmor {
  /** 1 for FX_FAST_ARMOR_AP_REQUEST. */
  readonly armorType: number
  /** For type 1 an AP-REQ. */
  readonly armorValue: Uint8Array
}

/** Reads a KrbFastArmor, RFC 6113 section 5.4.1. Later fields (`...`) are passed over. */
export function readKrbFastArmor(reader: DerReader, what = 'KrbFastArmor'): KrbFastArmor {
  return readOpenSequence(reader, 1, what, (fields) => ({
    armorType: readField(fields, 0, 'KrbFastArmor: armor-type', readInt32),
    armorValue: readField(fields, 1, 'KrbFastArmor: armor-value', readOctetString),
  }))
}

/** Writes a KrbFastArmor, RFC 6113 section 5.4.1. */
export function writeKrbFastArmor(writer: DerWriter, value: KrbFastArmor): void {
  const mark = writer.mark()
  writeField(writer, 1, value.armorValue, writeOctetString)
  writeField(writer, 0, value.armorType, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** KrbFastArmoredReq, RFC 6113 section 5.4.2: the one alternative of PA-FX-FAST-REQUEST. */
export interface KrbFastArmoredReq {
  /** In AS-REQ; a TGS-REQ is armored by its PA-TGS-REQ. */
  readonly armor?: KrbFastArmor | undefined
  /** Over the KDC-REQ-BODY of an AS-REQ, the AP-REQ of a TGS-REQ; under the armor key and key usage 50. */
  readonly reqChecksum: Checksum
  /** A KrbFastReq under the armor key and key usage 51. */
  readonly encFastReq: EncryptedData
}

/** Reads a KrbFastArmoredReq, RFC 6113 section 5.4.2. Later fields (`...`) are passed over. */
export function readKrbFastArmoredReq(reader: DerReader, what = 'KrbFastArmoredReq'): KrbFastArmoredReq {
  return readOpenSequence(reader, 2, what, (fields) => ({
    armor: readOptional(fields, 0, 'KrbFastArmoredReq: armor', readKrbFastArmor),
    reqChecksum: readField(fields, 1, 'KrbFastArmoredReq: req-checksum', readChecksum),
    encFastReq: readField(fields, 2, 'KrbFastArmoredReq: enc-fast-req', readEncryptedData),
  }))
}

/** Writes a KrbFastArmoredReq, RFC 6113 section 5.4.2. */
export function writeKrbFastArmoredReq(writer: DerWriter, value: KrbFastArmoredReq): void {
  const mark = writer.mark()
  writeField(writer, 2, value.encFastReq, writeEncryptedData)
  writeField(writer, 1, value.reqChecksum, writeChecksum)
  writeOptional(writer, 0, value.armor, writeKrbFastArmor)
  writer.wrap(Tag.SEQUENCE, mark)
}

/**
 * Reads a PA-FX-FAST-REQUEST, RFC 6113 section 5.4.2. The CHOICE is open, but has no other alternative so far, and one
 * that we do not know is nothing that we could answer: refused.
 */
export function readPaFxFastRequest(reader: DerReader, what = 'PA-FX-FAST-REQUEST'): KrbFastArmoredReq {
  return readField(reader, 0, what, readKrbFastArmoredReq)
}

/** Writes a PA-FX-FAST-REQUEST, RFC 6113 section 5.4.2. */
export function writePaFxFastRequest(writer: DerWriter, value: KrbFastArmoredReq): void {
  writeField(writer, 0, value, writeKrbFastArmoredReq)
}

/** KrbFastReq, RFC 6113 section 5.4.2. */
export interface KrbFastReq {
  /** See `FastOption`. */
  readonly fastOptions: number
  readonly padata: readonly PaData[]
  /** The request that counts, in place of the one outside. */
  readonly reqBody: KdcReqBody
}

/** Reads a KrbFastReq, RFC 6113 section 5.4.2. Later fields (`...`) are passed over. */
export function readKrbFastReq(reader: DerReader, what = 'KrbFastReq'): KrbFastReq {
  return readOpenSequence(reader, 2, what, (fields) => ({
    fastOptions: readField(fields, 0, 'KrbFastReq: fast-options', readFlags),
    padata: readField(fields, 1, 'KrbFastReq: padata', readMethodData),
    reqBody: readField(fields, 2, 'KrbFastReq: req-body', readKdcReqBody),
  }))
}

/** Writes a KrbFastReq, RFC 6113 section 5.4.2. */
export function writeKrbFastReq(writer: DerWriter, value: KrbFastReq): void {
  const mark = writer.mark()
  writeField(writer, 2, value.reqBody, writeKdcReqBody)
  writeField(writer, 1, value.padata, writeMethodData)
  writeField(writer, 0, value.fastOptions, writeFlags)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** KrbFastArmoredRep, RFC 6113 section 5.4.3: the one alternative of PA-FX-FAST-REPLY. */
export interface KrbFastArmoredRep {
  /** A KrbFastResponse under the armor key and key usage 52. */
  readonly encFastRep: EncryptedData
}

/** Reads a KrbFastArmoredRep, RFC 6113 section 5.4.3. Later fields (`...`) are passed over. */
export function readKrbFastArmoredRep(reader: DerReader, what = 'KrbFastArmoredRep'): KrbFastArmoredRep {
  return readOpenSequence(reader, 0, what, (fields) => ({
    encFastRep: readField(fields, 0, 'KrbFastArmoredRep: enc-fast-rep', readEncryptedData),
  }))
}

/** Writes a KrbFastArmoredRep, RFC 6113 section 5.4.3. */
export function writeKrbFastArmoredRep(writer: DerWriter, value: KrbFastArmoredRep): void {
  const mark = writer.mark()
  writeField(writer, 0, value.encFastRep, writeEncryptedData)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** Reads a PA-FX-FAST-REPLY, RFC 6113 section 5.4.3. Alternatives that we do not know are refused. */
export function readPaFxFastReply(reader: DerReader, what = 'PA-FX-FAST-REPLY'): KrbFastArmoredRep {
  return readField(reader, 0, what, readKrbFastArmoredRep)
}

/** Writes a PA-FX-FAST-REPLY, RFC 6113 section 5.4.3. */
export function writePaFxFastReply(writer: DerWriter, value: KrbFastArmoredRep): void {
  writeField(writer, 0, value, writeKrbFastArmoredRep)
}

/** KrbFastResponse, RFC 6113 section 5.4.3. */
export interface KrbFastResponse {
  readonly padata: readonly PaData[]
  /** Goes into the reply key. */
  readonly strengthenKey?: EncryptionKey | undefined
  /** In the reply that has a ticket. */
  readonly finished?: KrbFastFinished | undefined
  /** Of the request. */
  readonly nonce: number
}

/** Reads a KrbFastResponse, RFC 6113 section 5.4.3. Later fields (`...`) are passed over. */
export function readKrbFastResponse(reader: DerReader, what = 'KrbFastResponse'): KrbFastResponse {
  return readOpenSequence(reader, 3, what, (fields) => ({
    padata: readField(fields, 0, 'KrbFastResponse: padata', readMethodData),
    strengthenKey: readOptional(fields, 1, 'KrbFastResponse: strengthen-key', readEncryptionKey),
    finished: readOptional(fields, 2, 'KrbFastResponse: finished', readKrbFastFinished),
    nonce: readField(fields, 3, 'KrbFastResponse: nonce', readNonce),
  }))
}

/** Writes a KrbFastResponse, RFC 6113 section 5.4.3. */
export function writeKrbFastResponse(writer: DerWriter, value: KrbFastResponse): void {
  const mark = writer.mark()
  writeField(writer, 3, value.nonce, writeNonce)
  writeOptional(writer, 2, value.finished, writeKrbFastFinished)
  writeOptional(writer, 1, value.strengthenKey, writeEncryptionKey)
  writeField(writer, 0, value.padata, writeMethodData)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** KrbFastFinished, RFC 6113 section 5.4.3. */
export interface KrbFastFinished {
  readonly timestamp: Date
  /** Microseconds of `timestamp`. */
  readonly usec: number
  readonly crealm: string
  readonly cname: PrincipalName
  /** Over the ticket's bytes, under the armor key and key usage 53. */
  readonly ticketChecksum: Checksum
}

/** Reads a KrbFastFinished, RFC 6113 section 5.4.3. Later fields (`...`) are passed over. */
export function readKrbFastFinished(reader: DerReader, what = 'KrbFastFinished'): KrbFastFinished {
  return readOpenSequence(reader, 4, what, (fields) => ({
    timestamp: readField(fields, 0, 'KrbFastFinished: timestamp', readKerberosTime),
    usec: readField(fields, 1, 'KrbFastFinished: usec', readMicroseconds),
    crealm: readField(fields, 2, 'KrbFastFinished: crealm', readRealm),
    cname: readField(fields, 3, 'KrbFastFinished: cname', readPrincipalName),
    ticketChecksum: readField(fields, 4, 'KrbFastFinished: ticket-checksum', readChecksum),
  }))
}

/** Writes a KrbFastFinished, RFC 6113 section 5.4.3. */
export function writeKrbFastFinished(writer: DerWriter, value: KrbFastFinished): void {
  const mark = writer.mark()
  writeField(writer, 4, value.ticketChecksum, writeChecksum)
  writeField(writer, 3, value.cname, writePrincipalName)
  writeField(writer, 2, value.crealm, writeRealm)
  writeField(writer, 1, value.usec, writeMicroseconds)
  writeField(writer, 0, value.timestamp, writeKerberosTime)
  writer.wrap(Tag.SEQUENCE, mark)
}
