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

/** HostAddress, RFC 4120 section 5.2.5. */
export interface HostAddress {
  /** See `AddressType`. */
  readonly addrType: number
  /** Most significant byte first. */
  readonly address: Uint8Array
}

/** Reads a HostAddress, RFC 4120 section 5.2.5. */
export function readHostAddress(reader: DerReader, what = 'HostAddress'): HostAddress {
  return readSequence(reader, what, (fields) => ({
    addrType: readField(fields, 0, what, readInt32),
    address: readField(fields, 1, what, readOctetString),
  }))
}

/** Writes a HostAddress, RFC 4120 section 5.2.5. */
export function writeHostAddress(writer: DerWriter, value: HostAddress): void {
  const mark = writer.mark()
  writeField(writer, 1, value.address, writeOctetString)
  writeField(writer, 0, value.addrType, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** HostAddresses, RFC 4120 section 5.2.5: at most 256. */
export const readHostAddresses = listReader('HostAddresses', Limit.ADDRESSES, readHostAddress)

/** HostAddresses, RFC 4120 section 5.2.5. */
export const writeHostAddresses = listWriter(writeHostAddress)
