import type { DerReader, DerWriter } from '../../bytes/index.js'
import { Tag } from '../../bytes/index.js'
import {
  listReader,
  listWriter,
  readField,
  readInt32,
  readKerberosString,
  readSequence,
  writeField,
  writeInt32,
  writeKerberosString,
} from './fields.js'
import { Limit } from './limits.js'

/** PrincipalName, RFC 4120 section 5.2.2: a name within a realm. */
export interface PrincipalName {
  /** What kind of name it is: a hint that equality does not regard (RFC 4120 section 6.2). See `NameType`. */
  readonly nameType: number
  /** The components, such as `HTTP` and `www.example.com`. */
  readonly nameString: readonly string[]
}

/** Realm, RFC 4120 section 5.2.2. */
export const readRealm = readKerberosString

/** Realm, RFC 4120 section 5.2.2. */
export const writeRealm = writeKerberosString

const readNameString = listReader('name-string', Limit.NAME_COMPONENTS, readKerberosString)
const writeNameString = listWriter(writeKerberosString)

/** Reads a PrincipalName, RFC 4120 section 5.2.2, of at most 64 components. */
export function readPrincipalName(reader: DerReader, what = 'PrincipalName'): PrincipalName {
  return readSequence(reader, what, (fields) => ({
    nameType: readField(fields, 0, what, readInt32),
    nameString: readField(fields, 1, what, readNameString),
  }))
}

/** Writes a PrincipalName, RFC 4120 section 5.2.2. */
export function writePrincipalName(writer: DerWriter, value: PrincipalName): void {
  const mark = writer.mark()
  writeField(writer, 1, value.nameString, writeNameString)
  writeField(writer, 0, value.nameType, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}
