import { decodeUtf8, encodeUtf8 } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'
import { NameType } from '../constants.js'
import type { EncryptionKey, PrincipalName } from '../messages/index.js'
import { OrderedReader, OrderedWriter, orderOfSmallNumber, type ByteOrder } from './byte-order.js'

/** A keytab file: the long-term keys of services. As MIT's `keytab_file_format` describes it. */
export interface Keytab {
  /** 2 is what everybody writes: numbers most significant byte first. 1 has them in the order of its machine. */
  readonly version: 1 | 2
  /** The order of the numbers in version 1; version 2 is `big` always. */
  readonly byteOrder: ByteOrder
  readonly entries: readonly KeytabEntry[]
}

/** A key in a keytab. */
export interface KeytabEntry {
  readonly realm: string
  /** Version 1 has no name types: `NT_PRINCIPAL` is taken. */
  readonly name: PrincipalName
  /** When the entry was written, in seconds since 1970. */
  readonly timestamp: number
  /** The version of the key, of 32 bits; old files have the low 8 bits only. */
  readonly kvno: number
  /** Secret. */
  readonly key: EncryptionKey
}

/** The first byte of every keytab. */
const MAGIC = 5

/**
 * Reads a keytab.
 *
 * Holes, where an entry was deleted, are passed over, and a length of zero is the end, as for MIT. Behind an entry's
 * fields there may be 32 bits of the key's version, which count unless they are zero; what follows these is not looked
 * at. The order of a version 1 is seen from its first length. Keys are views of `bytes`.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when the bytes are no keytab.
 */
export function readKeytab(bytes: Uint8Array): Keytab {
  const version = readVersion(bytes)
  const records = bytes.subarray(2)
  const byteOrder = version === 1 ? orderOfSmallNumber(records) : 'big'
  const file = new OrderedReader(records, byteOrder)
  const entries: KeytabEntry[] = []
  while (file.remaining > 0) {
    const length = file.i32('keytab: length of an entry')
    if (length === 0) break
    const record = file.take(Math.abs(length), length < 0 ? 'keytab: hole' : 'keytab: entry')
    if (length > 0) entries.push(readEntry(new OrderedReader(record, byteOrder), version))
  }
  return { version, byteOrder, entries }
}

/**
 * Writes a keytab. Every entry of version 2 has its key's version in 32 bits as well, as MIT writes it.
 *
 * @throws `TypeError` for values that the format has no room for: in version 1 key versions over 255.
 */
export function writeKeytab(keytab: Keytab): Uint8Array {
  const { version } = keytab
  if (version === 2 && keytab.byteOrder !== 'big') throw new TypeError('a keytab of version 2 is big-endian')
  const file = new OrderedWriter(keytab.byteOrder)
  file.u8(MAGIC)
  file.u8(version)
  for (const entry of keytab.entries) {
    const record = new OrderedWriter(keytab.byteOrder)
    writeEntry(record, entry, version)
    file.data32(record.finish())
  }
  return file.finish()
}

function readVersion(bytes: Uint8Array): 1 | 2 {
  const version = bytes[1]
  if (bytes[0] !== MAGIC || (version !== 1 && version !== 2)) {
    throw new SspiError('SEC_E_INVALID_TOKEN', 'keytab: it begins with neither 05 01 nor 05 02')
  }
  return version
}

function readEntry(record: OrderedReader, version: 1 | 2): KeytabEntry {
  // Version 1 counts the realm as a component.
  const count = record.u16('keytab: number of components') - (version === 1 ? 1 : 0)
  if (count < 0) throw new SspiError('SEC_E_INVALID_TOKEN', 'keytab: a principal without realm')
  const realm = decodeUtf8(record.data16('keytab: realm'), 'keytab: realm')
  const nameString: string[] = []
  for (let i = 0; i < count; i++) nameString.push(decodeUtf8(record.data16('keytab: component'), 'keytab: component'))
  const nameType = version === 1 ? NameType.NT_PRINCIPAL : record.i32('keytab: name type')
  const timestamp = record.u32('keytab: timestamp')
  const shortKvno = record.u8('keytab: kvno')
  const keytype = record.i16('keytab: key type')
  const keyvalue = record.data16('keytab: key')
  // A file that was written over a hole may have zeros behind the entry: these are no version.
  const longKvno = record.remaining >= 4 ? record.u32('keytab: kvno') : 0
  return {
    realm,
    name: { nameType, nameString },
    timestamp,
    kvno: longKvno === 0 ? shortKvno : longKvno,
    key: { keytype, keyvalue },
  }
}

function writeEntry(record: OrderedWriter, entry: KeytabEntry, version: 1 | 2): void {
  const { nameType, nameString } = entry.name
  record.u16(nameString.length + (version === 1 ? 1 : 0))
  record.data16(encodeUtf8(entry.realm))
  for (const component of nameString) record.data16(encodeUtf8(component))
  if (version === 2) record.i32(nameType)
  record.u32(entry.timestamp)
  record.u8(version === 2 ? entry.kvno & 0xff : entry.kvno)
  record.i16(entry.key.keytype)
  record.data16(entry.key.keyvalue)
  if (version === 2) record.u32(entry.kvno)
}
