import type { DerReader, DerWriter } from '../../bytes/index.js'
import { Tag } from '../../bytes/index.js'
import {
  listReader,
  listWriter,
  readField,
  readInt32,
  readOctetString,
  readSequence,
  writeField,
  writeInt32,
  writeOctetString,
} from './fields.js'
import { Limit } from './limits.js'

/** PA-DATA, RFC 4120 section 5.2.7: pre-authentication data, and whatever else requests and replies carry. */
export interface PaData {
  /** See `PaDataType`. */
  readonly padataType: number
  /** What that type puts there, exactly as it came. */
  readonly padataValue: Uint8Array
}

/** Reads a PA-DATA, RFC 4120 section 5.2.7. */
export function readPaData(reader: DerReader, what = 'PA-DATA'): PaData {
  return readSequence(reader, what, (fields) => ({
    padataType: readField(fields, 1, what, readInt32),
    padataValue: readField(fields, 2, what, readOctetString),
  }))
}

/** Writes a PA-DATA, RFC 4120 section 5.2.7. */
export function writePaData(writer: DerWriter, value: PaData): void {
  const mark = writer.mark()
  writeField(writer, 2, value.padataValue, writeOctetString)
  writeField(writer, 1, value.padataType, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** METHOD-DATA, RFC 4120 section 5.9.1, and every other SEQUENCE OF PA-DATA: at most 256. */
export const readMethodData = listReader('METHOD-DATA', Limit.PADATA, readPaData)

/** METHOD-DATA, RFC 4120 section 5.9.1, and every other SEQUENCE OF PA-DATA. */
export const writeMethodData = listWriter(writePaData)
