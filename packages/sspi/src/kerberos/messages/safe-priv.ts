import type { DerReader, DerWriter } from '../../bytes/index.js'
import { Tag } from '../../bytes/index.js'
import { KERBEROS_VERSION, MessageType } from '../constants.js'
import { readHostAddress, writeHostAddress, type HostAddress } from './addresses.js'
import {
  readChecksum,
  readEncryptedData,
  writeChecksum,
  writeEncryptedData,
  type Checksum,
  type EncryptedData,
} from './encrypted.js'
import {
  expectField,
  readApplication,
  readField,
  readKerberosTime,
  readMicroseconds,
  readOctetString,
  readOptional,
  readSequence,
  readUInt32,
  readWholeSequence,
  wrapApplication,
  writeField,
  writeInt32,
  writeKerberosTime,
  writeMicroseconds,
  writeOctetString,
  writeOptional,
  writeUInt32,
  writeWhole,
} from './fields.js'

/** What KRB-SAFE and KRB-PRIV carry: KRB-SAFE-BODY of RFC 4120 section 5.6.1, EncKrbPrivPart of 5.7.1. */
export interface SecuredData {
  readonly userData: Uint8Array
  readonly timestamp?: Date | undefined
  /** Microseconds of `timestamp`. */
  readonly usec?: number | undefined
  readonly seqNumber?: number | undefined
  readonly sAddress: HostAddress
  readonly rAddress?: HostAddress | undefined
}

/** KRB-SAFE, RFC 4120 section 5.6.1, without `pvno` and `msg-type`, which the codec writes and checks. */
export interface KrbSafe {
  /** A KRB-SAFE-BODY as DER, exactly as it came: verify `cksum`, then read it. */
  readonly safeBody: Uint8Array
  /** Over `safeBody`, under key usage 15. */
  readonly cksum: Checksum
}

/** Reads a KRB-SAFE, RFC 4120 section 5.6.1. */
export function readKrbSafe(reader: DerReader, what = 'KRB-SAFE'): KrbSafe {
  return readApplication(reader, MessageType.KRB_SAFE, what, (fields) => {
    expectField(fields, 0, 'KRB-SAFE: pvno', KERBEROS_VERSION)
    expectField(fields, 1, 'KRB-SAFE: msg-type', MessageType.KRB_SAFE)
    return {
      safeBody: readField(fields, 2, 'KRB-SAFE: safe-body', readWholeSequence),
      cksum: readField(fields, 3, 'KRB-SAFE: cksum', readChecksum),
    }
  })
}

/** Writes a KRB-SAFE, RFC 4120 section 5.6.1. */
export function writeKrbSafe(writer: DerWriter, value: KrbSafe): void {
  const mark = writer.mark()
  writeField(writer, 3, value.cksum, writeChecksum)
  writeField(writer, 2, value.safeBody, writeWhole)
  writeField(writer, 1, MessageType.KRB_SAFE, writeInt32)
  writeField(writer, 0, KERBEROS_VERSION, writeInt32)
  wrapApplication(writer, MessageType.KRB_SAFE, mark)
}

/** Reads a KRB-SAFE-BODY, RFC 4120 section 5.6.1. */
export function readKrbSafeBody(reader: DerReader, what = 'KRB-SAFE-BODY'): SecuredData {
  return readSequence(reader, what, (fields) => ({
    userData: readField(fields, 0, 'KRB-SAFE-BODY: user-data', readOctetString),
    timestamp: readOptional(fields, 1, 'KRB-SAFE-BODY: timestamp', readKerberosTime),
    usec: readOptional(fields, 2, 'KRB-SAFE-BODY: usec', readMicroseconds),
    seqNumber: readOptional(fields, 3, 'KRB-SAFE-BODY: seq-number', readUInt32),
    sAddress: readField(fields, 4, 'KRB-SAFE-BODY: s-address', readHostAddress),
    rAddress: readOptional(fields, 5, 'KRB-SAFE-BODY: r-address', readHostAddress),
  }))
}

/** Writes a KRB-SAFE-BODY, RFC 4120 section 5.6.1. */
export function writeKrbSafeBody(writer: DerWriter, value: SecuredData): void {
  const mark = writer.mark()
  writeOptional(writer, 5, value.rAddress, writeHostAddress)
  writeField(writer, 4, value.sAddress, writeHostAddress)
  writeOptional(writer, 3, value.seqNumber, writeUInt32)
  writeOptional(writer, 2, value.usec, writeMicroseconds)
  writeOptional(writer, 1, value.timestamp, writeKerberosTime)
  writeField(writer, 0, value.userData, writeOctetString)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** KRB-PRIV, RFC 4120 section 5.7.1, without `pvno` and `msg-type`, which the codec writes and checks. */
export interface KrbPriv {
  /** An EncKrbPrivPart under key usage 13. */
  readonly encPart: EncryptedData
}

/** Reads a KRB-PRIV, RFC 4120 section 5.7.1. */
export function readKrbPriv(reader: DerReader, what = 'KRB-PRIV'): KrbPriv {
  return readApplication(reader, MessageType.KRB_PRIV, what, (fields) => {
    expectField(fields, 0, 'KRB-PRIV: pvno', KERBEROS_VERSION)
    expectField(fields, 1, 'KRB-PRIV: msg-type', MessageType.KRB_PRIV)
    return {
      encPart: readField(fields, 3, 'KRB-PRIV: enc-part', readEncryptedData),
    }
  })
}

/** Writes a KRB-PRIV, RFC 4120 section 5.7.1. */
export function writeKrbPriv(writer: DerWriter, value: KrbPriv): void {
  const mark = writer.mark()
  writeField(writer, 3, value.encPart, writeEncryptedData)
  writeField(writer, 1, MessageType.KRB_PRIV, writeInt32)
  writeField(writer, 0, KERBEROS_VERSION, writeInt32)
  wrapApplication(writer, MessageType.KRB_PRIV, mark)
}

/** Reads an EncKrbPrivPart, RFC 4120 section 5.7.1. */
export function readEncKrbPrivPart(reader: DerReader, what = 'EncKrbPrivPart'): SecuredData {
  return readApplication(reader, ENC_KRB_PRIV_PART, what, (fields) => ({
    userData: readField(fields, 0, 'EncKrbPrivPart: user-data', readOctetString),
    timestamp: readOptional(fields, 1, 'EncKrbPrivPart: timestamp', readKerberosTime),
    usec: readOptional(fields, 2, 'EncKrbPrivPart: usec', readMicroseconds),
    seqNumber: readOptional(fields, 3, 'EncKrbPrivPart: seq-number', readUInt32),
    sAddress: readField(fields, 4, 'EncKrbPrivPart: s-address', readHostAddress),
    rAddress: readOptional(fields, 5, 'EncKrbPrivPart: r-address', readHostAddress),
  }))
}

/** Writes an EncKrbPrivPart, RFC 4120 section 5.7.1. */
export function writeEncKrbPrivPart(writer: DerWriter, value: SecuredData): void {
  const mark = writer.mark()
  writeOptional(writer, 5, value.rAddress, writeHostAddress)
  writeField(writer, 4, value.sAddress, writeHostAddress)
  writeOptional(writer, 3, value.seqNumber, writeUInt32)
  writeOptional(writer, 2, value.usec, writeMicroseconds)
  writeOptional(writer, 1, value.timestamp, writeKerberosTime)
  writeField(writer, 0, value.userData, writeOctetString)
  wrapApplication(writer, ENC_KRB_PRIV_PART, mark)
}

const ENC_KRB_PRIV_PART = 28
