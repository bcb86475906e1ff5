import type { DerReader, DerWriter } from '../../bytes/index.js'
import { decodeUtf8, oemDecode, Reader, Tag, Writer } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'
import { KERBEROS_VERSION, MessageType } from '../constants.js'
import {
  expectField,
  listReader,
  listWriter,
  readApplication,
  readField,
  readInt32,
  readKerberosTime,
  readMicroseconds,
  readOctetString,
  readOptional,
  readSequence,
  wrapApplication,
  writeField,
  writeInt32,
  writeKerberosString,
  writeKerberosTime,
  writeMicroseconds,
  writeOctetString,
  writeOptional,
  type ReadDer,
} from './fields.js'
import { Limit } from './limits.js'
import { readPrincipalName, readRealm, writePrincipalName, writeRealm, type PrincipalName } from './principal.js'

/** KRB-ERROR, RFC 4120 section 5.9.1, without `pvno` and `msg-type`, which the codec writes and checks. Not protected. */
export interface KrbError {
  readonly ctime?: Date | undefined
  /** Microseconds of `ctime`. */
  readonly cusec?: number | undefined
  readonly stime: Date
  /** Microseconds of `stime`. */
  readonly susec: number
  /** See `KerberosErrorCode`. */
  readonly errorCode: number
  readonly crealm?: string | undefined
  readonly cname?: PrincipalName | undefined
  readonly realm: string
  readonly sname: PrincipalName
  /** For people. */
  readonly eText?: string | undefined
  /** By `errorCode`: a METHOD-DATA, a TYPED-DATA, a KERB-ERROR-DATA of Windows, or something else. */
  readonly eData?: Uint8Array | undefined
}

/** Reads a KRB-ERROR, RFC 4120 section 5.9.1. */
export function readKrbError(reader: DerReader, what = 'KRB-ERROR'): KrbError {
  return readApplication(reader, MessageType.KRB_ERROR, what, (fields) => {
    expectField(fields, 0, 'KRB-ERROR: pvno', KERBEROS_VERSION)
    expectField(fields, 1, 'KRB-ERROR: msg-type', MessageType.KRB_ERROR)
    return {
      ctime: readOptional(fields, 2, 'KRB-ERROR: ctime', readKerberosTime),
      cusec: readOptional(fields, 3, 'KRB-ERROR: cusec', readMicroseconds),
      stime: readField(fields, 4, 'KRB-ERROR: stime', readKerberosTime),
      susec: readField(fields, 5, 'KRB-ERROR: susec', readMicroseconds),
      errorCode: readField(fields, 6, 'KRB-ERROR: error-code', readInt32),
      crealm: readOptional(fields, 7, 'KRB-ERROR: crealm', readRealm),
      cname: readOptional(fields, 8, 'KRB-ERROR: cname', readPrincipalName),
      realm: readField(fields, 9, 'KRB-ERROR: realm', readRealm),
      sname: readField(fields, 10, 'KRB-ERROR: sname', readPrincipalName),
      eText: readOptional(fields, 11, 'KRB-ERROR: e-text', readErrorText),
      eData: readOptional(fields, 12, 'KRB-ERROR: e-data', readOctetString),
    }
  })
}

/** Writes a KRB-ERROR, RFC 4120 section 5.9.1. */
export function writeKrbError(writer: DerWriter, value: KrbError): void {
  const mark = writer.mark()
  writeOptional(writer, 12, value.eData, writeOctetString)
  writeOptional(writer, 11, value.eText, writeKerberosString)
  writeField(writer, 10, value.sname, writePrincipalName)
  writeField(writer, 9, value.realm, writeRealm)
  writeOptional(writer, 8, value.cname, writePrincipalName)
  writeOptional(writer, 7, value.crealm, writeRealm)
  writeField(writer, 6, value.errorCode, writeInt32)
  writeField(writer, 5, value.susec, writeMicroseconds)
  writeField(writer, 4, value.stime, writeKerberosTime)
  writeOptional(writer, 3, value.cusec, writeMicroseconds)
  writeOptional(writer, 2, value.ctime, writeKerberosTime)
  writeField(writer, 1, MessageType.KRB_ERROR, writeInt32)
  writeField(writer, 0, KERBEROS_VERSION, writeInt32)
  wrapApplication(writer, MessageType.KRB_ERROR, mark)
}

/** An error keeps its code whatever its text is written in: what is not UTF-8 is taken for Latin-1. */
const readErrorText: ReadDer<string> = (reader, what = 'e-text') => {
  const content = reader.content(Tag.GENERAL_STRING, what)
  try {
    return decodeUtf8(content, what)
  } catch (error) {
    if (error instanceof SspiError) return oemDecode(content)
    throw error
  }
}

/** TypedData, RFC 4120 section 5.9.1. */
export interface TypedData {
  readonly dataType: number
  readonly dataValue?: Uint8Array | undefined
}

/** Reads a TypedData, RFC 4120 section 5.9.1. */
export function readTypedDataElement(reader: DerReader, what = 'TypedData'): TypedData {
  return readSequence(reader, what, (fields) => ({
    dataType: readField(fields, 0, what, readInt32),
    dataValue: readOptional(fields, 1, what, readOctetString),
  }))
}

/** Writes a TypedData, RFC 4120 section 5.9.1. */
export function writeTypedDataElement(writer: DerWriter, value: TypedData): void {
  const mark = writer.mark()
  writeOptional(writer, 1, value.dataValue, writeOctetString)
  writeField(writer, 0, value.dataType, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** TYPED-DATA, RFC 4120 section 5.9.1: at most 256. */
export const readTypedData = listReader('TYPED-DATA', Limit.PADATA, readTypedDataElement)

/** TYPED-DATA, RFC 4120 section 5.9.1. */
export const writeTypedData = listWriter(writeTypedDataElement)

/** KERB-ERROR-DATA, MS-KILE 2.2.2: what Windows puts into `eData`. */
export interface KerbErrorData {
  /** See `KerbErrorDataType`. */
  readonly dataType: number
  readonly dataValue?: Uint8Array | undefined
}

/** Reads a KERB-ERROR-DATA, MS-KILE 2.2.2. */
export function readKerbErrorData(reader: DerReader, what = 'KERB-ERROR-DATA'): KerbErrorData {
  return readSequence(reader, what, (fields) => ({
    dataType: readField(fields, 1, 'KERB-ERROR-DATA: data-type', readInt32),
    dataValue: readOptional(fields, 2, 'KERB-ERROR-DATA: data-value', readOctetString),
  }))
}

/** Writes a KERB-ERROR-DATA, MS-KILE 2.2.2. */
export function writeKerbErrorData(writer: DerWriter, value: KerbErrorData): void {
  const mark = writer.mark()
  writeOptional(writer, 2, value.dataValue, writeOctetString)
  writeField(writer, 1, value.dataType, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** KERB-EXT-ERROR, MS-KILE 2.2.1: the value of a KERB-ERROR-DATA of type 3. */
export interface KerbExtError {
  /** An NTSTATUS. */
  readonly status: number
  /** Bit 0 is set when `status` means something to the client. */
  readonly flags: number
}

/** Reads a KERB-EXT-ERROR, MS-KILE 2.2.1; its reserved field is not looked at. */
export function readKerbExtError(bytes: Uint8Array): KerbExtError {
  const reader = new Reader(bytes)
  const status = reader.u32le('KERB-EXT-ERROR: status')
  reader.skip(4, 'KERB-EXT-ERROR: reserved')
  const flags = reader.u32le('KERB-EXT-ERROR: flags')
  reader.end('KERB-EXT-ERROR')
  return { status, flags }
}

/** Writes a KERB-EXT-ERROR, MS-KILE 2.2.1. */
export function writeKerbExtError(value: KerbExtError): Uint8Array {
  return new Writer(12).u32le(value.status).u32le(0).u32le(value.flags).finish()
}
