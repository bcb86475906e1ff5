import { Reader, toHex } from '../bytes/index.js'
import { Fields } from './fields.js'
import { bitNames, fileTimeText, hexNumber } from './names.js'
import type { About, DecodedNode, Scope } from './node.js'
import { AV_FLAGS } from './ntlm-names.js'
import { textOf } from './text-fields.js'

interface AvKind {
  readonly name: string
  readonly about: (value: Uint8Array, scope: Scope) => About
}

const text: AvKind['about'] = (value) => textOf(value, 'utf-16le', 'AV pair')

/** AV pairs by their AvId, MS-NLMP 2.2.2.1. */
const AV_KINDS: ReadonlyMap<number, AvKind> = new Map<number, AvKind>([
  [0, { name: 'MsvAvEOL', about: () => ({ meaning: 'end of the list' }) }],
  [1, { name: 'MsvAvNbComputerName', about: text }],
  [2, { name: 'MsvAvNbDomainName', about: text }],
  [3, { name: 'MsvAvDnsComputerName', about: text }],
  [4, { name: 'MsvAvDnsDomainName', about: text }],
  [5, { name: 'MsvAvDnsTreeName', about: text }],
  [6, { name: 'MsvAvFlags', about: flags }],
  [7, { name: 'MsvAvTimestamp', about: timestamp }],
  [8, { name: 'MsvAvSingleHost', about: singleHost }],
  [9, { name: 'MsvAvTargetName', about: text }],
  [10, { name: 'MsvAvChannelBindings', about: channelBindings }],
])

/** A list of AV pairs, with whatever follows its end (Windows adds four zero bytes inside the NTLMv2 response). */
export function decodeAvPairs(label: string, bytes: Uint8Array, scope: Scope): DecodedNode {
  return scope.collect(label, bytes, (children) => {
    const reader = new Reader(bytes)
    for (;;) {
      const start = reader.offset
      const id = reader.u16le('AvId')
      const value = reader.take(reader.u16le('AvLen'), AV_KINDS.get(id)?.name ?? `AvId ${id}`)
      children.push(decodePair(id, value, bytes.subarray(start, reader.offset), scope))
      if (id === 0) break
    }
    const rest = bytes.subarray(reader.offset)
    if (rest.length > 0) children.push(scope.hex('padding', rest))
    return { meaning: `${children.length - (rest.length > 0 ? 2 : 1)} pairs` }
  })
}

/** The value of one kind of AV pair; `undefined` when the list has none of it, or does not parse that far. */
export function findAvPair(bytes: Uint8Array, wanted: number): Uint8Array | undefined {
  let at = 0
  while (at + 4 <= bytes.length) {
    const reader = new Reader(bytes.subarray(at))
    const id = reader.u16le('AvId')
    const length = reader.u16le('AvLen')
    if (id === wanted && length <= reader.remaining) return reader.take(length, 'AV pair')
    if (id === 0) break
    at += 4 + length
  }
  return undefined
}

function decodePair(id: number, value: Uint8Array, pair: Uint8Array, scope: Scope): DecodedNode {
  const kind = AV_KINDS.get(id)
  if (kind === undefined) return scope.node(`AvId ${id}`, pair, { value: toHex(value), meaning: 'unknown' })
  return scope.node(kind.name, pair, kind.about(value, scope))
}

function flags(value: Uint8Array): About {
  if (value.length !== 4) return wrongLength(value, 4)
  const number = new Reader(value).u32le('MsvAvFlags')
  return { value: hexNumber(number, 8), meaning: bitNames(number, AV_FLAGS) }
}

function timestamp(value: Uint8Array): About {
  if (value.length !== 8) return wrongLength(value, 8)
  const ticks = new Reader(value).u64le('MsvAvTimestamp')
  return { value: ticks.toString(), meaning: fileTimeText(ticks) }
}

/** Single_Host_Data, MS-NLMP 2.2.2.2. */
function singleHost(value: Uint8Array, scope: Scope): About {
  const whole = scope.collect('Single_Host_Data', value, (children) => {
    const fields = new Fields(value, scope, children)
    fields.u32le('Size', String)
    fields.u32le('Z4')
    fields.bytes('CustomData', 8, integrityLevel)
    fields.bytes('MachineID', 32, () => ({ meaning: 'made anew when the machine starts' }))
    return undefined
  })
  return { error: whole.error, children: whole.children }
}

/** What Windows puts into CustomData: whether there is anything, then the integrity level of the caller. */
function integrityLevel(bytes: Uint8Array): About {
  const reader = new Reader(bytes)
  if (reader.u32le('data present') !== 1) return {}
  const level = reader.u32le('integrity level')
  return { meaning: `integrity level ${hexNumber(level, 4)}${INTEGRITY_LEVELS.get(level) ?? ''}` }
}

const INTEGRITY_LEVELS: ReadonlyMap<number, string> = new Map([
  [0x0000, ', untrusted'],
  [0x1000, ', low'],
  [0x2000, ', medium'],
  [0x3000, ', high'],
  [0x4000, ', system'],
])

function channelBindings(value: Uint8Array): About {
  if (value.length !== 16) return wrongLength(value, 16)
  const absent = value.every((byte) => byte === 0)
  return { value: toHex(value), meaning: absent ? 'no channel bindings' : 'MD5 of the channel bindings' }
}

function wrongLength(value: Uint8Array, length: number): About {
  return { value: toHex(value), error: `${value.length} bytes, ${length} expected` }
}
