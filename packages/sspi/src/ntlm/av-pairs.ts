import { Reader, utf16leDecode, utf16leEncode, Writer } from '../bytes/index.js'
import { SspiError } from '../status/index.js'
import { AvId } from './constants.js'

/** AV_PAIR, MS-NLMP 2.2.2.1. */
export interface AvPair {
  /** An `AvId`; others are kept as they come. */
  readonly id: number
  /** As it came. */
  readonly value: Uint8Array
}

/** Single_Host_Data, MS-NLMP 2.2.2.2: by which a server recognises a client on its own machine. */
export interface SingleHostData {
  /** 8 bytes that the client's system filled in. */
  readonly customData: Uint8Array
  /** 32 bytes, random at each start of the machine. */
  readonly machineId: Uint8Array
}

/**
 * Reads a list of AV pairs up to its end mark; the values are views.
 *
 * @param end - called with the number of bytes that the list took, its end mark included.
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when a pair does not fit or the end mark is missing.
 */
export function readAvPairs(bytes: Uint8Array, end?: (length: number) => void): readonly AvPair[] {
  const reader = new Reader(bytes)
  const pairs: AvPair[] = []
  for (;;) {
    const id = reader.u16le('AV pair: AvId')
    const length = reader.u16le('AV pair: AvLen')
    if (id === AvId.MsvAvEOL) {
      if (length === 0) break
      // MS-NLMP 2.2.2.1. It may be another pair whose id was changed on the way, to hide those behind it.
      throw new SspiError('SEC_E_INVALID_TOKEN', `AV pair: MsvAvEOL: AvLen ${length}, 0 expected`)
    }
    pairs.push({ id, value: reader.take(length, `AV pair ${id}: Value`) })
  }
  end?.(reader.offset)
  return pairs
}

/**
 * Reads the TargetInfo of a CHALLENGE message, as {@link readAvPairs} does, and holds it to more: no id comes twice, and nothing
 * but zeros stands behind the end mark. Whoever changes a list on its way, to hide a pair or to put one in front of another, is
 * often found out by this; what is not is the acceptor's to find out. No pairs at all is an empty list: some servers announce
 * target information and send none.
 *
 * @throws `SspiError` `SEC_E_INVALID_TOKEN`.
 */
export function readTargetInfo(bytes: Uint8Array): readonly AvPair[] {
  if (bytes.length === 0) return []
  let end = 0
  const pairs = readAvPairs(bytes, (length) => (end = length))
  if (bytes.subarray(end).some((byte) => byte !== 0)) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `TargetInfo: ${bytes.length - end} bytes stand behind the end mark`)
  }
  const twice = repeatedId(pairs)
  if (twice === undefined) return pairs
  throw new SspiError('SEC_E_INVALID_TOKEN', `TargetInfo: AV pair ${twice} is there twice`)
}

/** The first id that comes a second time. */
export function repeatedId(pairs: readonly AvPair[]): number | undefined {
  const seen = new Set<number>()
  for (const { id } of pairs) {
    if (seen.has(id)) return id
    seen.add(id)
  }
  return undefined
}

/** Writes a list of AV pairs, and its end mark. */
export function writeAvPairs(pairs: readonly AvPair[]): Uint8Array {
  const writer = new Writer()
  for (const { id, value } of pairs) {
    if (value.length > 0xffff) {
      throw new SspiError('SEC_E_CANNOT_PACK', `NTLM: AV pair ${id} has ${value.length} bytes, it takes 65535`)
    }
    writer.u16le(id).u16le(value.length).bytes(value)
  }
  return writer.u16le(AvId.MsvAvEOL).u16le(0).finish()
}

/** The value of the first pair of an id, a view. */
export function avValue(pairs: readonly AvPair[], id: AvId): Uint8Array | undefined {
  return pairs.find((pair) => pair.id === id)?.value
}

/** A pair that holds a name: UTF-16, whatever was negotiated. @throws `SspiError` `SEC_E_INVALID_TOKEN` when it is not. */
export function avText(pairs: readonly AvPair[], id: AvId): string | undefined {
  const value = avValue(pairs, id)
  return value === undefined ? undefined : utf16leDecode(value, `AV pair ${id}`)
}

/** MsvAvFlags; 0 when there are none. @throws `SspiError` `SEC_E_INVALID_TOKEN` when they have not 4 bytes. */
export function avFlags(pairs: readonly AvPair[]): number {
  const value = avValue(pairs, AvId.MsvAvFlags)
  if (value === undefined) return 0
  const reader = new Reader(value)
  const flags = reader.u32le('MsvAvFlags')
  reader.end('MsvAvFlags')
  return flags
}

/** MsvAvTimestamp, a FILETIME. @throws `SspiError` `SEC_E_INVALID_TOKEN` when it has not 8 bytes. */
export function avTimestamp(pairs: readonly AvPair[]): bigint | undefined {
  const value = avValue(pairs, AvId.MsvAvTimestamp)
  if (value === undefined) return undefined
  const reader = new Reader(value)
  const time = reader.u64le('MsvAvTimestamp')
  reader.end('MsvAvTimestamp')
  return time
}

/** A pair with a name. */
export function textPair(id: AvId, text: string): AvPair {
  return { id, value: utf16leEncode(text) }
}

/** A pair with MsvAvFlags. */
export function flagsPair(flags: number): AvPair {
  return { id: AvId.MsvAvFlags, value: new Writer(4).u32le(flags).finish() }
}

/** A pair with MsvAvTimestamp. */
export function timestampPair(fileTime: bigint): AvPair {
  return { id: AvId.MsvAvTimestamp, value: new Writer(8).u64le(fileTime).finish() }
}

const SINGLE_HOST_LENGTH = 48

/** Takes Single_Host_Data apart; the parts are views. @throws `SspiError` `SEC_E_INVALID_TOKEN`. */
export function readSingleHost(value: Uint8Array): SingleHostData {
  const reader = new Reader(value)
  reader.skip(8, 'Single_Host_Data: Size')
  return {
    customData: reader.take(8, 'Single_Host_Data: CustomData'),
    machineId: reader.take(32, 'Single_Host_Data: MachineID'),
  }
}

/** A pair with Single_Host_Data. */
export function singleHostPair(data: SingleHostData): AvPair {
  const writer = new Writer(SINGLE_HOST_LENGTH).u32le(SINGLE_HOST_LENGTH).zeros(4)
  return { id: AvId.MsvAvSingleHost, value: writer.bytes(data.customData).bytes(data.machineId).finish() }
}
