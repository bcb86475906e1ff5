import type { DerReader, DerWriter } from '../../bytes/index.js'
import { Tag } from '../../bytes/index.js'
import { readChecksum, writeChecksum, type Checksum } from './encrypted.js'
import {
  readField,
  readOctetString,
  readOpenSequence,
  readOptional,
  readUtf8String,
  writeField,
  writeOctetString,
  writeOptional,
  writeUtf8String,
} from './fields.js'

/** IAKERB-HEADER, draft-ietf-kitten-iakerb section 3. */
export interface IakerbHeader {
  readonly targetRealm: string
  /** What the acceptor wants back as it is. */
  readonly cookie?: Uint8Array | undefined
}

/** Reads an IAKERB-HEADER, draft-ietf-kitten-iakerb section 3. Later fields (`...`) are passed over. */
export function readIakerbHeader(reader: DerReader, what = 'IAKERB-HEADER'): IakerbHeader {
  return readOpenSequence(reader, 2, what, (fields) => ({
    targetRealm: readField(fields, 1, 'IAKERB-HEADER: target-realm', readUtf8String),
    cookie: readOptional(fields, 2, 'IAKERB-HEADER: cookie', readOctetString),
  }))
}

/** Writes an IAKERB-HEADER, draft-ietf-kitten-iakerb section 3. */
export function writeIakerbHeader(writer: DerWriter, value: IakerbHeader): void {
  const mark = writer.mark()
  writeOptional(writer, 2, value.cookie, writeOctetString)
  writeField(writer, 1, value.targetRealm, writeUtf8String)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** IAKERB-FINISHED, draft-ietf-kitten-iakerb section 3. */
export interface IakerbFinished {
  /** Over the tokens before, under key usage 42. */
  readonly gssMic: Checksum
}

/** Reads an IAKERB-FINISHED, draft-ietf-kitten-iakerb section 3. Later fields (`...`) are passed over. */
export function readIakerbFinished(reader: DerReader, what = 'IAKERB-FINISHED'): IakerbFinished {
  return readOpenSequence(reader, 1, what, (fields) => ({
    gssMic: readField(fields, 1, 'IAKERB-FINISHED: gss-mic', readChecksum),
  }))
}

/** Writes an IAKERB-FINISHED, draft-ietf-kitten-iakerb section 3. */
export function writeIakerbFinished(writer: DerWriter, value: IakerbFinished): void {
  const mark = writer.mark()
  writeField(writer, 1, value.gssMic, writeChecksum)
  writer.wrap(Tag.SEQUENCE, mark)
}
