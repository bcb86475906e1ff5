import type { DerReader, DerWriter } from '../../bytes/index.js'
import { Tag } from '../../bytes/index.js'
import { readAlgorithmIdentifier, writeAlgorithmIdentifier, type AlgorithmIdentifier } from './algorithm-identifier.js'
import {
  readField,
  readInt32,
  readOctetString,
  readOpenSequence,
  readOptional,
  readSequence,
  writeField,
  writeInt32,
  writeOctetString,
  writeOptional,
} from './fields.js'
import { readPrincipalName, readRealm, writePrincipalName, writeRealm, type PrincipalName } from './principal.js'

/** OtherInfo, RFC 8636 section 4: what goes into the key derivation beside the shared secret. */
export interface PkinitOtherInfo {
  readonly algorithmId: AlgorithmIdentifier
  /** A KRB5PrincipalName: the client. */
  readonly partyUInfo: Uint8Array
  /** A KRB5PrincipalName: the ticket-granting service. */
  readonly partyVInfo: Uint8Array
  /** A PkinitSuppPubInfo. */
  readonly suppPubInfo?: Uint8Array | undefined
  readonly suppPrivInfo?: Uint8Array | undefined
}

/** Reads an OtherInfo, RFC 8636 section 4. */
export function readPkinitOtherInfo(reader: DerReader, what = 'OtherInfo'): PkinitOtherInfo {
  return readSequence(reader, what, (fields) => ({
    algorithmId: readAlgorithmIdentifier(fields, 'OtherInfo: algorithmID'),
    partyUInfo: readField(fields, 0, 'OtherInfo: partyUInfo', readOctetString),
    partyVInfo: readField(fields, 1, 'OtherInfo: partyVInfo', readOctetString),
    suppPubInfo: readOptional(fields, 2, 'OtherInfo: suppPubInfo', readOctetString),
    suppPrivInfo: readOptional(fields, 3, 'OtherInfo: suppPrivInfo', readOctetString),
  }))
}

/** Writes an OtherInfo, RFC 8636 section 4. */
export function writePkinitOtherInfo(writer: DerWriter, value: PkinitOtherInfo): void {
  const mark = writer.mark()
  writeOptional(writer, 3, value.suppPrivInfo, writeOctetString)
  writeOptional(writer, 2, value.suppPubInfo, writeOctetString)
  writeField(writer, 1, value.partyVInfo, writeOctetString)
  writeField(writer, 0, value.partyUInfo, writeOctetString)
  writeAlgorithmIdentifier(writer, value.algorithmId)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** PkinitSuppPubInfo, RFC 8636 section 4. */
export interface PkinitSuppPubInfo {
  /** The encryption type of the key to be derived. */
  readonly enctype: number
  /** The AS-REQ. */
  readonly asReq: Uint8Array
  /** The PA-PK-AS-REP. */
  readonly pkAsRep: Uint8Array
}

/** Reads a PkinitSuppPubInfo, RFC 8636 section 4. Later fields (`...`) are passed over. */
export function readPkinitSuppPubInfo(reader: DerReader, what = 'PkinitSuppPubInfo'): PkinitSuppPubInfo {
  return readOpenSequence(reader, 2, what, (fields) => ({
    enctype: readField(fields, 0, 'PkinitSuppPubInfo: enctype', readInt32),
    asReq: readField(fields, 1, 'PkinitSuppPubInfo: as-REQ', readOctetString),
    pkAsRep: readField(fields, 2, 'PkinitSuppPubInfo: pk-as-rep', readOctetString),
  }))
}

/** Writes a PkinitSuppPubInfo, RFC 8636 section 4. */
export function writePkinitSuppPubInfo(writer: DerWriter, value: PkinitSuppPubInfo): void {
  const mark = writer.mark()
  writeField(writer, 2, value.pkAsRep, writeOctetString)
  writeField(writer, 1, value.asReq, writeOctetString)
  writeField(writer, 0, value.enctype, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** KRB5PrincipalName, RFC 4556 section 3.2.2: a principal in a certificate, and in the derivation of RFC 8636. */
export interface Krb5PrincipalName {
  readonly realm: string
  readonly principalName: PrincipalName
}

/** Reads a KRB5PrincipalName, RFC 4556 section 3.2.2. */
export function readKrb5PrincipalName(reader: DerReader, what = 'KRB5PrincipalName'): Krb5PrincipalName {
  return readSequence(reader, what, (fields) => ({
    realm: readField(fields, 0, 'KRB5PrincipalName: realm', readRealm),
    principalName: readField(fields, 1, 'KRB5PrincipalName: principalName', readPrincipalName),
  }))
}

/** Writes a KRB5PrincipalName, RFC 4556 section 3.2.2. */
export function writeKrb5PrincipalName(writer: DerWriter, value: Krb5PrincipalName): void {
  const mark = writer.mark()
  writeField(writer, 1, value.principalName, writePrincipalName)
  writeField(writer, 0, value.realm, writeRealm)
  writer.wrap(Tag.SEQUENCE, mark)
}
