import { applicationTag, contextTag, DerReader, Tag, withDer, writeDer, type DerWriter } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'
import { Limit } from './limits.js'

/**
 * Reads one value with its header, and leaves the reader behind it.
 *
 * @param what - The name of the field, for the error; the name of the type by default.
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN`.
 */
export type ReadDer<T> = (reader: DerReader, what?: string) => T

/** Writes one value with its header before what the writer has already. */
export type WriteDer<T> = (writer: DerWriter, value: T) => void

/**
 * Reads bytes that are one value and nothing else: `decodeDer(token, readApReq)`.
 *
 * Byte strings in the value are views of `bytes`.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when the bytes are no such value, or go on behind it.
 */
export function decodeDer<T>(bytes: Uint8Array, read: ReadDer<T>, what?: string): T {
  const reader = new DerReader(bytes)
  const value = read(reader, what)
  reader.end(what ?? 'Kerberos message')
  return value
}

/**
 * Writes one value into bytes of their own: `encodeDer(apReq, writeApReq)`.
 *
 * @throws `TypeError` for values that their types have no room for.
 */
export function encodeDer<T>(value: T, write: WriteDer<T>): Uint8Array {
  return writeDer((writer) => {
    write(writer, value)
  })
}

/** As {@link encodeDer}, for what is encrypted or hashed at once: `use` is given a view, which is overwritten when it returns. */
export function withEncodedDer<T, R>(value: T, write: WriteDer<T>, use: (der: Uint8Array) => R): R {
  return withDer((writer) => {
    write(writer, value)
  }, use)
}

/** Reads a SEQUENCE whose fields, all known, `read` uses up. */
export function readSequence<T>(reader: DerReader, what: string, read: (fields: DerReader) => T): T {
  return reader.within(Tag.SEQUENCE, what, read)
}

/**
 * Reads a SEQUENCE that its specification leaves open to later fields (`...`): those behind the last known one are
 * passed over. A known one again, or out of order, is an error.
 */
export function readOpenSequence<T>(
  reader: DerReader,
  lastKnown: number,
  what: string,
  read: (fields: DerReader) => T,
): T {
  const fields = reader.enter(Tag.SEQUENCE, what)
  const value = read(fields)
  while (fields.hasMore) {
    const { tag } = fields.readTlv(what)
    // Classes are compared as well: later fields are context-specific, primitive or constructed.
    if ((tag & 0xc0) !== 0x80 || (tag & 0x1f) <= lastKnown) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: tag 0x${tag.toString(16)} has no place here`)
    }
  }
  return value
}

/** Reads a SEQUENCE under `[APPLICATION number]`. */
export function readApplication<T>(reader: DerReader, number: number, what: string, read: (fields: DerReader) => T): T {
  return reader.within(applicationTag(number), what, (inner) => inner.within(Tag.SEQUENCE, what, read))
}

/** Closes a SEQUENCE under `[APPLICATION number]` that began, behind, at `mark`. */
export function wrapApplication(writer: DerWriter, number: number, mark: number): void {
  writer.wrap(Tag.SEQUENCE, mark)
  writer.wrap(applicationTag(number), mark)
}

/** Reads the field `[number]`, which must be there. */
export function readField<T>(fields: DerReader, number: number, what: string, read: ReadDer<T>): T {
  const inner = fields.enter(contextTag(number), what)
  const value = read(inner, what)
  inner.end(what)
  return value
}

/** Reads the field `[number]` if it is there. */
export function readOptional<T>(fields: DerReader, number: number, what: string, read: ReadDer<T>): T | undefined {
  return fields.isNext(contextTag(number)) ? readField(fields, number, what, read) : undefined
}

/** Reads the field `[number]` that has one value only, such as `pvno` and `msg-type`. */
export function expectField(fields: DerReader, number: number, what: string, expected: number): void {
  const found = readField(fields, number, what, readInt32)
  if (found !== expected) throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: ${found} instead of ${expected}`)
}

/** Writes the field `[number]`. */
export function writeField<T>(writer: DerWriter, number: number, value: T, write: WriteDer<T>): void {
  const mark = writer.mark()
  write(writer, value)
  writer.wrap(contextTag(number), mark)
}

/** Writes the field `[number]` if it has a value. */
export function writeOptional<T>(writer: DerWriter, number: number, value: T | undefined, write: WriteDer<T>): void {
  if (value !== undefined) writeField(writer, number, value, write)
}

/** Makes the reader of a SEQUENCE OF with at most `maximum` elements. */
export function listReader<T>(name: string, maximum: number, read: ReadDer<T>): ReadDer<readonly T[]> {
  return (reader, what = name) => reader.sequenceOf(what, maximum, (inner) => read(inner, what))
}

/** Makes the writer of a SEQUENCE OF. */
export function listWriter<T>(write: WriteDer<T>): WriteDer<readonly T[]> {
  return (writer, items) => {
    const mark = writer.mark()
    for (let i = items.length - 1; i >= 0; i--) write(writer, items[i]!)
    writer.wrap(Tag.SEQUENCE, mark)
  }
}

/** Int32, RFC 4120 section 5.2.4. */
export const readInt32: ReadDer<number> = (reader, what = 'Int32') => reader.int32(what)

/** Int32, RFC 4120 section 5.2.4. */
export const writeInt32: WriteDer<number> = (writer, value) => {
  if (value !== (value | 0)) throw new TypeError(`${value} is no Int32`)
  writer.integer(value)
}

/**
 * The nonce of a request and of its reply: a UInt32, which Heimdal takes for a number with a sign. It is kept as it came, below zero
 * for half of Heimdal's, since a reply that has it otherwise is none to that client.
 */
export const readNonce: ReadDer<number> = (reader, what = 'nonce') => {
  const value = reader.integer(what)
  if (value >= -0x8000_0000 && value <= 0xffff_ffff) return value
  throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: ${value} does not fit into 32 bits`)
}

/**
 * UInt32, RFC 4120 section 5.2.4: sequence numbers and key versions.
 *
 * From 2^31 on, some write them as the negative number of the same 32 bits: RFC 4120 section 5.5.1 allows to take these
 * (seq-number), and Windows gives the keys of read-only domain controllers such versions.
 */
export const readUInt32: ReadDer<number> = (reader, what = 'UInt32') => readNonce(reader, what) >>> 0

/** UInt32, RFC 4120 section 5.2.4. */
export const writeUInt32: WriteDer<number> = (writer, value) => {
  if (value !== value >>> 0) throw new TypeError(`${value} is no UInt32`)
  writer.integer(value)
}

/** The other way round of {@link readNonce}. */
export const writeNonce: WriteDer<number> = (writer, value) => {
  if (!(Number.isInteger(value) && value >= -0x8000_0000 && value <= 0xffff_ffff)) {
    throw new TypeError(`${value} is no nonce of 32 bits`)
  }
  writer.integer(value)
}

/** Microseconds, RFC 4120 section 5.2.4: 0 to 999999. */
export const readMicroseconds: ReadDer<number> = (reader, what = 'Microseconds') => {
  const value = reader.integer(what)
  if (value < 0 || value > 999_999) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: ${value} is not within 0 to 999999`)
  }
  return value
}

/** Microseconds, RFC 4120 section 5.2.4. */
export const writeMicroseconds: WriteDer<number> = (writer, value) => {
  if (!(value >= 0 && value <= 999_999)) throw new TypeError(`${value} microseconds are not within 0 to 999999`)
  writer.integer(value)
}

/** BOOLEAN. */
export const readBoolean: ReadDer<boolean> = (reader, what = 'BOOLEAN') => reader.boolean(what)

/** BOOLEAN. */
export const writeBoolean: WriteDer<boolean> = (writer, value) => writer.boolean(value)

/** OCTET STRING, as a view. */
export const readOctetString: ReadDer<Uint8Array> = (reader, what = 'OCTET STRING') => reader.octetString(what)

/** OCTET STRING. */
export const writeOctetString: WriteDer<Uint8Array> = (writer, value) => writer.octetString(value)

/** KerberosString, RFC 4120 section 5.2.1. */
export const readKerberosString: ReadDer<string> = (reader, what = 'KerberosString') => reader.generalString(what)

/** KerberosString, RFC 4120 section 5.2.1. */
export const writeKerberosString: WriteDer<string> = (writer, value) => writer.generalString(value)

/** UTF8String. */
export const readUtf8String: ReadDer<string> = (reader, what = 'UTF8String') => reader.utf8String(what)

/** UTF8String. */
export const writeUtf8String: WriteDer<string> = (writer, value) => writer.utf8String(value)

/** KerberosTime, RFC 4120 section 5.2.3: whole seconds in UTC. */
export const readKerberosTime: ReadDer<Date> = (reader, what = 'KerberosTime') => reader.generalizedTime(what)

/** KerberosTime, RFC 4120 section 5.2.3; fractions of a second are dropped. */
export const writeKerberosTime: WriteDer<Date> = (writer, value) => writer.generalizedTime(value)

/**
 * KerberosFlags, RFC 4120 section 5.2.8, as a number without sign whose top bit is bit 0. Fewer than 32 bits are taken,
 * though none may be sent; bits from the 33rd on, which nobody has defined, are dropped.
 */
export const readFlags: ReadDer<number> = (reader, what = 'KerberosFlags') => reader.flags(what)

/** KerberosFlags, RFC 4120 section 5.2.8: 32 bits of them. */
export const writeFlags: WriteDer<number> = (writer, value) => writer.flags(value)

/** SEQUENCE OF Int32. */
export const readInt32List = listReader('SEQUENCE OF Int32', Limit.ETYPES, readInt32)

/** SEQUENCE OF Int32. */
export const writeInt32List = listWriter(writeInt32)

/** A SEQUENCE as it stands, header included: what a checksum covers is kept like this. A view. */
export const readWholeSequence: ReadDer<Uint8Array> = (reader, what = 'SEQUENCE') => reader.whole(Tag.SEQUENCE, what)

/** DER that was kept as it came. */
export const writeWhole: WriteDer<Uint8Array> = (writer, der) => writer.raw(der)
