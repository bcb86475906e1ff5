import type { DerReader, DerWriter } from '../../bytes/index.js'
import { Tag } from '../../bytes/index.js'
import { readEncryptionKey, writeEncryptionKey, type EncryptionKey } from './encrypted.js'
import {
  listReader,
  listWriter,
  readField,
  readInt32,
  readOctetString,
  readOptional,
  readSequence,
  writeField,
  writeInt32,
  writeOctetString,
  writeOptional,
} from './fields.js'
import { Limit } from './limits.js'
import { readMethodData, writeMethodData, type PaData } from './padata.js'

/** What MIT's KDC puts, encrypted, into PA-FX-COOKIE: its own format, in no standard. */
export interface MitSecureCookie {
  /** Seconds since 1970. */
  readonly time: number
  /** What the methods of pre-authentication remember, by their types. */
  readonly data: readonly PaData[]
}

/** Reads what MIT's KDC puts into PA-FX-COOKIE. */
export function readMitSecureCookie(reader: DerReader, what = 'MIT secure cookie'): MitSecureCookie {
  return readSequence(reader, what, (fields) => ({
    time: fields.integer('MIT secure cookie: time'),
    data: readMethodData(fields, 'MIT secure cookie: data'),
  }))
}

/** Writes what MIT's KDC puts into PA-FX-COOKIE. */
export function writeMitSecureCookie(writer: DerWriter, value: MitSecureCookie): void {
  const mark = writer.mark()
  writeMethodData(writer, value.data)
  writer.integer(value.time)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** A key in {@link MitKeySet}. */
export interface MitKey {
  readonly salt?: { readonly type: number; readonly salt?: Uint8Array | undefined } | undefined
  /** Encrypted under the master key of the database. */
  readonly key: EncryptionKey
  readonly s2kparams?: Uint8Array | undefined
}

/** The keys of one version of a principal as MIT's database in LDAP has them (`krbPrincipalKey`; Samba and FreeIPA, too). */
export interface MitKeySet {
  readonly attributeMajorVno: number
  readonly attributeMinorVno: number
  readonly kvno: number
  /** The version of the master key. */
  readonly mkvno?: number | undefined
  /** At most 256. */
  readonly keys: readonly MitKey[]
}

/** Reads the keys of MIT's database in LDAP. */
export function readMitKeySet(reader: DerReader, what = 'KrbKeySet'): MitKeySet {
  return readSequence(reader, what, (fields) => ({
    attributeMajorVno: readField(fields, 0, 'KrbKeySet: attribute-major-vno', readInt32),
    attributeMinorVno: readField(fields, 1, 'KrbKeySet: attribute-minor-vno', readInt32),
    kvno: readField(fields, 2, 'KrbKeySet: kvno', readInt32),
    mkvno: readOptional(fields, 3, 'KrbKeySet: mkvno', readInt32),
    keys: readField(fields, 4, 'KrbKeySet: keys', readKeys),
  }))
}

/** Writes the keys of MIT's database in LDAP. */
export function writeMitKeySet(writer: DerWriter, value: MitKeySet): void {
  const mark = writer.mark()
  writeField(writer, 4, value.keys, writeKeys)
  writeOptional(writer, 3, value.mkvno, writeInt32)
  writeField(writer, 2, value.kvno, writeInt32)
  writeField(writer, 1, value.attributeMinorVno, writeInt32)
  writeField(writer, 0, value.attributeMajorVno, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

const readKeys = listReader('KrbKeySet: keys', Limit.ETYPES, (reader, what = 'KrbKey'): MitKey =>
  readSequence(reader, what, (fields) => ({
    salt: readOptional(fields, 0, 'KrbKey: salt', readSalt),
    key: readField(fields, 1, 'KrbKey: key', readEncryptionKey),
    s2kparams: readOptional(fields, 2, 'KrbKey: s2kparams', readOctetString),
  })),
)

const writeKeys = listWriter((writer: DerWriter, value: MitKey) => {
  const mark = writer.mark()
  writeOptional(writer, 2, value.s2kparams, writeOctetString)
  writeField(writer, 1, value.key, writeEncryptionKey)
  writeOptional(writer, 0, value.salt, writeSalt)
  writer.wrap(Tag.SEQUENCE, mark)
})

function readSalt(reader: DerReader, what = 'KrbSalt'): NonNullable<MitKey['salt']> {
  return readSequence(reader, what, (fields) => ({
    type: readField(fields, 0, 'KrbSalt: type', readInt32),
    salt: readOptional(fields, 1, 'KrbSalt: salt', readOctetString),
  }))
}

function writeSalt(writer: DerWriter, { type, salt }: NonNullable<MitKey['salt']>): void {
  const mark = writer.mark()
  writeOptional(writer, 1, salt, writeOctetString)
  writeField(writer, 0, type, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}
