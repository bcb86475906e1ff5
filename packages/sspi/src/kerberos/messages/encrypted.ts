import type { DerReader, DerWriter } from '../../bytes/index.js'
import { Tag } from '../../bytes/index.js'
import {
  readField,
  readInt32,
  readOctetString,
  readOptional,
  readSequence,
  readUInt32,
  writeField,
  writeInt32,
  writeOctetString,
  writeOptional,
  writeUInt32,
} from './fields.js'

/** EncryptedData, RFC 4120 section 5.2.9. */
export interface EncryptedData {
  /** The encryption type. */
  readonly etype: number
  /** The version of the key, for keys that last; left out for session keys. */
  readonly kvno?: number | undefined
  /** What the encryption type made of confounder, plaintext and checksum. */
  readonly cipher: Uint8Array
}

/** EncryptionKey, RFC 4120 section 5.2.9. */
export interface EncryptionKey {
  /** The encryption type that the key is for. */
  readonly keytype: number
  /** The key. Secret. */
  readonly keyvalue: Uint8Array
}

/** Checksum, RFC 4120 section 5.2.9. */
export interface Checksum {
  /** The checksum type. */
  readonly cksumtype: number
  readonly checksum: Uint8Array
}

/** Reads an EncryptedData, RFC 4120 section 5.2.9. */
export function readEncryptedData(reader: DerReader, what = 'EncryptedData'): EncryptedData {
  return readSequence(reader, what, (fields) => readEncryptedDataFields(fields, what))
}

/** Reads what is in an EncryptedData, whose tag may be another's where it is IMPLICIT. */
export function readEncryptedDataFields(fields: DerReader, what: string): EncryptedData {
  return {
    etype: readField(fields, 0, what, readInt32),
    kvno: readOptional(fields, 1, what, readUInt32),
    cipher: readField(fields, 2, what, readOctetString),
  }
}

/** Writes an EncryptedData, RFC 4120 section 5.2.9. */
export function writeEncryptedData(writer: DerWriter, value: EncryptedData): void {
  const mark = writer.mark()
  writeEncryptedDataFields(writer, value)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** Writes what is in an EncryptedData, whose tag may be another's where it is IMPLICIT. */
export function writeEncryptedDataFields(writer: DerWriter, value: EncryptedData): void {
  writeField(writer, 2, value.cipher, writeOctetString)
  writeOptional(writer, 1, value.kvno, writeUInt32)
  writeField(writer, 0, value.etype, writeInt32)
}

/** Reads an EncryptionKey, RFC 4120 section 5.2.9. The key is a view: whoever keeps it copies it. */
export function readEncryptionKey(reader: DerReader, what = 'EncryptionKey'): EncryptionKey {
  return readSequence(reader, what, (fields) => ({
    keytype: readField(fields, 0, what, readInt32),
    keyvalue: readField(fields, 1, what, readOctetString),
  }))
}

/** Writes an EncryptionKey, RFC 4120 section 5.2.9. */
export function writeEncryptionKey(writer: DerWriter, value: EncryptionKey): void {
  const mark = writer.mark()
  writeField(writer, 1, value.keyvalue, writeOctetString)
  writeField(writer, 0, value.keytype, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** Reads a Checksum, RFC 4120 section 5.2.9. */
export function readChecksum(reader: DerReader, what = 'Checksum'): Checksum {
  return readSequence(reader, what, (fields) => ({
    cksumtype: readField(fields, 0, what, readInt32),
    checksum: readField(fields, 1, what, readOctetString),
  }))
}

/** Writes a Checksum, RFC 4120 section 5.2.9. */
export function writeChecksum(writer: DerWriter, value: Checksum): void {
  const mark = writer.mark()
  writeField(writer, 1, value.checksum, writeOctetString)
  writeField(writer, 0, value.cksumtype, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}
