import type { DerReader, DerWriter } from '../../bytes/index.js'
import { Tag } from '../../bytes/index.js'
import {
  listReader,
  listWriter,
  readField,
  readInt32,
  readInt32List,
  readKerberosTime,
  readMicroseconds,
  readOctetString,
  readOptional,
  readSequence,
  writeField,
  writeInt32,
  writeInt32List,
  writeKerberosTime,
  writeMicroseconds,
  writeOctetString,
  writeOptional,
  type ReadDer,
  type WriteDer,
} from './fields.js'
import { Limit } from './limits.js'

/** PA-ENC-TS-ENC, RFC 4120 section 5.2.7.2: what PA-ENC-TIMESTAMP, an EncryptedData, holds. */
export interface PaEncTsEnc {
  readonly patimestamp: Date
  /** Microseconds of `patimestamp`. */
  readonly pausec?: number | undefined
}

/** Reads a PA-ENC-TS-ENC, RFC 4120 section 5.2.7.2. */
export function readPaEncTsEnc(reader: DerReader, what = 'PA-ENC-TS-ENC'): PaEncTsEnc {
  return readSequence(reader, what, (fields) => ({
    patimestamp: readField(fields, 0, 'PA-ENC-TS-ENC: patimestamp', readKerberosTime),
    pausec: readOptional(fields, 1, 'PA-ENC-TS-ENC: pausec', readMicroseconds),
  }))
}

/** Writes a PA-ENC-TS-ENC, RFC 4120 section 5.2.7.2. */
export function writePaEncTsEnc(writer: DerWriter, value: PaEncTsEnc): void {
  const mark = writer.mark()
  writeOptional(writer, 1, value.pausec, writeMicroseconds)
  writeField(writer, 0, value.patimestamp, writeKerberosTime)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** ETYPE-INFO-ENTRY, RFC 4120 section 5.2.7.4. */
export interface EtypeInfoEntry {
  readonly etype: number
  /** The bytes that go into string-to-key. */
  readonly salt?: Uint8Array | undefined
}

/** Reads an ETYPE-INFO-ENTRY, RFC 4120 section 5.2.7.4. */
export function readEtypeInfoEntry(reader: DerReader, what = 'ETYPE-INFO-ENTRY'): EtypeInfoEntry {
  return readSequence(reader, what, (fields) => ({
    etype: readField(fields, 0, 'ETYPE-INFO-ENTRY: etype', readInt32),
    salt: readOptional(fields, 1, 'ETYPE-INFO-ENTRY: salt', readOctetString),
  }))
}

/** Writes an ETYPE-INFO-ENTRY, RFC 4120 section 5.2.7.4. */
export function writeEtypeInfoEntry(writer: DerWriter, value: EtypeInfoEntry): void {
  const mark = writer.mark()
  writeOptional(writer, 1, value.salt, writeOctetString)
  writeField(writer, 0, value.etype, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** ETYPE-INFO, RFC 4120 section 5.2.7.4: at most 256 entries. */
export const readEtypeInfo = listReader('ETYPE-INFO', Limit.ETYPES, readEtypeInfoEntry)

/** ETYPE-INFO, RFC 4120 section 5.2.7.4. */
export const writeEtypeInfo = listWriter(writeEtypeInfoEntry)

/** ETYPE-INFO2-ENTRY, RFC 4120 section 5.2.7.5. */
export interface EtypeInfo2Entry {
  readonly etype: number
  /** The bytes that go into string-to-key. A KerberosString on the wire, but not all of them are UTF-8. */
  readonly salt?: Uint8Array | undefined
  readonly s2kparams?: Uint8Array | undefined
}

/** Reads an ETYPE-INFO2-ENTRY, RFC 4120 section 5.2.7.5. */
export function readEtypeInfo2Entry(reader: DerReader, what = 'ETYPE-INFO2-ENTRY'): EtypeInfo2Entry {
  return readSequence(reader, what, (fields) => ({
    etype: readField(fields, 0, 'ETYPE-INFO2-ENTRY: etype', readInt32),
    salt: readOptional(fields, 1, 'ETYPE-INFO2-ENTRY: salt', readSalt),
    s2kparams: readOptional(fields, 2, 'ETYPE-INFO2-ENTRY: s2kparams', readOctetString),
  }))
}

/** Writes an ETYPE-INFO2-ENTRY, RFC 4120 section 5.2.7.5. */
export function writeEtypeInfo2Entry(writer: DerWriter, value: EtypeInfo2Entry): void {
  const mark = writer.mark()
  writeOptional(writer, 2, value.s2kparams, writeOctetString)
  writeOptional(writer, 1, value.salt, writeSalt)
  writeField(writer, 0, value.etype, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

const readSalt: ReadDer<Uint8Array> = (reader, what = 'salt') => reader.content(Tag.GENERAL_STRING, what)
const writeSalt: WriteDer<Uint8Array> = (writer, salt) => writer.octetString(salt, Tag.GENERAL_STRING)

/** ETYPE-INFO2, RFC 4120 section 5.2.7.5: at most 256 entries. */
export const readEtypeInfo2 = listReader('ETYPE-INFO2', Limit.ETYPES, readEtypeInfo2Entry)

/** ETYPE-INFO2, RFC 4120 section 5.2.7.5. */
export const writeEtypeInfo2 = listWriter(writeEtypeInfo2Entry)

/** EtypeList, RFC 4537 section 3, in the order of preference: at most 256. */
export const readEtypeList = readInt32List

/** EtypeList, RFC 4537 section 3. */
export const writeEtypeList = writeInt32List
