import type { DerReader, DerWriter } from '../../bytes/index.js'
import { Reader, Tag, Writer } from '../../bytes/index.js'
import { readEncryptionKey, writeEncryptionKey } from './encrypted.js'
import {
  listReader,
  listWriter,
  readBoolean,
  readField,
  readFlags,
  readInt32,
  readInt32List,
  readOctetString,
  readSequence,
  writeBoolean,
  writeField,
  writeFlags,
  writeInt32,
  writeInt32List,
  writeOctetString,
} from './fields.js'
import { Limit } from './limits.js'
import { readPrincipalName, readRealm, writePrincipalName, writeRealm, type PrincipalName } from './principal.js'

/** KERB-PA-PAC-REQUEST, MS-KILE 2.2.3. */
export interface PaPacRequest {
  /** Whether the ticket shall have a PAC. */
  readonly includePac: boolean
}

/** Reads a KERB-PA-PAC-REQUEST, MS-KILE 2.2.3. */
export function readPaPacRequest(reader: DerReader, what = 'KERB-PA-PAC-REQUEST'): PaPacRequest {
  return readSequence(reader, what, (fields) => ({
    includePac: readField(fields, 0, 'KERB-PA-PAC-REQUEST: include-pac', readBoolean),
  }))
}

/** Writes a KERB-PA-PAC-REQUEST, MS-KILE 2.2.3. */
export function writePaPacRequest(writer: DerWriter, value: PaPacRequest): void {
  const mark = writer.mark()
  writeField(writer, 0, value.includePac, writeBoolean)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** PA-PAC-OPTIONS, MS-KILE 2.2.10. */
export interface PaPacOptions {
  /** See `PacOption`. */
  readonly flags: number
}

/** Reads a PA-PAC-OPTIONS, MS-KILE 2.2.10. */
export function readPaPacOptions(reader: DerReader, what = 'PA-PAC-OPTIONS'): PaPacOptions {
  return readSequence(reader, what, (fields) => ({
    flags: readField(fields, 0, 'PA-PAC-OPTIONS: flags', readFlags),
  }))
}

/** Writes a PA-PAC-OPTIONS, MS-KILE 2.2.10. */
export function writePaPacOptions(writer: DerWriter, value: PaPacOptions): void {
  const mark = writer.mark()
  writeField(writer, 0, value.flags, writeFlags)
  writer.wrap(Tag.SEQUENCE, mark)
}

/**
 * Reads PA-SUPPORTED-ENCTYPES, MS-KILE 2.2.8: flags of encryption types and features as a number without sign.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` unless there are four bytes.
 */
export function readSupportedEnctypes(bytes: Uint8Array): number {
  const reader = new Reader(bytes)
  const flags = reader.u32le('PA-SUPPORTED-ENCTYPES')
  reader.end('PA-SUPPORTED-ENCTYPES')
  return flags
}

/** Writes PA-SUPPORTED-ENCTYPES, MS-KILE 2.2.8. */
export function writeSupportedEnctypes(flags: number): Uint8Array {
  return new Writer(4).u32le(flags).finish()
}

/** KERB-SUPERSEDED-BY-USER, MS-KILE 2.2.13: which account has taken the place of this one. */
export interface KerbSupersededByUser {
  readonly name: PrincipalName
  readonly realm: string
}

/** Reads a KERB-SUPERSEDED-BY-USER, MS-KILE 2.2.13. */
export function readKerbSupersededByUser(reader: DerReader, what = 'KERB-SUPERSEDED-BY-USER'): KerbSupersededByUser {
  return readSequence(reader, what, (fields) => ({
    name: readField(fields, 0, 'KERB-SUPERSEDED-BY-USER: name', readPrincipalName),
    realm: readField(fields, 1, 'KERB-SUPERSEDED-BY-USER: realm', readRealm),
  }))
}

/** Writes a KERB-SUPERSEDED-BY-USER, MS-KILE 2.2.13. */
export function writeKerbSupersededByUser(writer: DerWriter, value: KerbSupersededByUser): void {
  const mark = writer.mark()
  writeField(writer, 1, value.realm, writeRealm)
  writeField(writer, 0, value.name, writePrincipalName)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** KERB-KEY-LIST-REQ, MS-KILE 2.2.11: encryption types, at most 256. */
export const readKerbKeyListReq = readInt32List

/** KERB-KEY-LIST-REQ, MS-KILE 2.2.11. */
export const writeKerbKeyListReq = writeInt32List

/** KERB-KEY-LIST-REP, MS-KILE 2.2.12: at most 256 keys. */
export const readKerbKeyListRep = listReader('KERB-KEY-LIST-REP', Limit.ETYPES, readEncryptionKey)

/** KERB-KEY-LIST-REP, MS-KILE 2.2.12. */
export const writeKerbKeyListRep = listWriter(writeEncryptionKey)

/** An entry of KERB-AD-RESTRICTION-ENTRY, MS-KILE 2.2.6. */
export interface KerbAdRestriction {
  readonly restrictionType: number
  /** For type 0 an LSAP_TOKEN_INFO_INTEGRITY, MS-KILE 2.2.5. */
  readonly restriction: Uint8Array
}

/** Reads a KERB-AD-RESTRICTION-ENTRY, MS-KILE 2.2.6: one of the list. */
export function readKerbAdRestriction(reader: DerReader, what = 'KERB-AD-RESTRICTION-ENTRY'): KerbAdRestriction {
  return readSequence(reader, what, (fields) => ({
    restrictionType: readField(fields, 0, what, readInt32),
    restriction: readField(fields, 1, what, readOctetString),
  }))
}

/** Writes a KERB-AD-RESTRICTION-ENTRY, MS-KILE 2.2.6: one of the list. */
export function writeKerbAdRestriction(writer: DerWriter, value: KerbAdRestriction): void {
  const mark = writer.mark()
  writeField(writer, 1, value.restriction, writeOctetString)
  writeField(writer, 0, value.restrictionType, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** The list that an element of authorization data of type 141 holds, MS-KILE 2.2.6: at most 256. */
export const readKerbAdRestrictions = listReader(
  'KERB-AD-RESTRICTION-ENTRY',
  Limit.AUTHORIZATION_DATA,
  readKerbAdRestriction,
)

/** The list that an element of authorization data of type 141 holds, MS-KILE 2.2.6. */
export const writeKerbAdRestrictions = listWriter(writeKerbAdRestriction)
