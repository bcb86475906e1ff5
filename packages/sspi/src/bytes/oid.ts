import { SspiError } from '../status/index.js'

/** The longest content of an OBJECT IDENTIFIER that is read; those in use have under 20 bytes. */
const MAXIMUM_BYTES = 255

/** The longest arc that is read, in groups of seven bits: enough for the UUIDs below 2.25. */
const MAXIMUM_GROUPS = 19

/**
 * Decodes the content octets of an OBJECT IDENTIFIER (without tag and length, as they also stand in GSS tokens).
 *
 * @param what - The name of the field, for the error.
 * @returns The dotted form, `1.2.840.113554.1.2.2`.
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it is empty, over 255 bytes long, has an arc that is cut off,
 *   padded or longer than 133 bits.
 * @see X.690 section 8.19
 */
export function decodeOid(content: Uint8Array, what: string): string {
  if (content.length === 0) throw invalid(what, 'no content')
  if (content.length > MAXIMUM_BYTES) throw invalid(what, `${content.length} bytes, at most ${MAXIMUM_BYTES} allowed`)
  let text = ''
  let start = 0
  for (let i = 0; i < content.length; i++) {
    if (i === start && content[i] === 0x80) throw invalid(what, 'an arc starts with a zero group')
    if (i - start >= MAXIMUM_GROUPS) throw invalid(what, 'an arc is too long')
    if (content[i]! >= 0x80) continue
    text = text === '' ? firstArcs(content, i) : `${text}.${arc(content, start, i).toString()}`
    start = i + 1
  }
  if (start !== content.length) throw invalid(what, 'the last arc is cut off')
  return text
}

/**
 * Encodes an OBJECT IDENTIFIER from its dotted form into content octets (without tag and length).
 *
 * @returns A new array.
 * @throws `TypeError` when the text is not the dotted form of an OBJECT IDENTIFIER.
 */
export function encodeOid(text: string): Uint8Array {
  const known = encoded.get(text)
  if (known !== undefined) return known.slice()
  const octets = encodeArcs(text)
  if (encoded.size < MOST_ENCODED) encoded.set(text, octets.slice())
  return octets
}

/** Those that were encoded first: a process writes the same few over and over. */
const encoded = new Map<string, Uint8Array>()
const MOST_ENCODED = 64

function encodeArcs(text: string): Uint8Array {
  if (!/^[0-2](?:\.(?:0|[1-9][0-9]*))+$/.test(text)) throw new TypeError(`${text}: not an object identifier`)
  const arcs = text.split('.').map((part) => BigInt(part))
  // The expression above asks for two arcs at least.
  const first = arcs[0]!
  const second = arcs[1]!
  if (first < 2n && second > 39n) throw new TypeError(`${text}: the second arc is at most 39 here`)
  const octets = groupsOf(first * 40n + second)
  for (const value of arcs.slice(2)) octets.push(...groupsOf(value))
  return Uint8Array.from(octets)
}

/** The first two arcs share a subidentifier: 40 times the first, plus the second. */
function firstArcs(content: Uint8Array, end: number): string {
  const value = arc(content, 0, end)
  if (value < 80) return `${value < 40 ? 0 : 1}.${(Number(value) % 40).toString()}`
  return typeof value === 'bigint' ? `2.${(value - 80n).toString()}` : `2.${value - 80}`
}

/** The subidentifier in `content[start..end]`, as a number while that is exact. */
function arc(content: Uint8Array, start: number, end: number): number | bigint {
  let value = 0
  // Seven groups are 49 bits.
  if (end - start < 7) {
    for (let i = start; i <= end; i++) value = value * 128 + (content[i]! & 0x7f)
    return value
  }
  let wide = 0n
  for (let i = start; i <= end; i++) wide = (wide << 7n) | BigInt(content[i]! & 0x7f)
  return wide
}

/** Groups of seven bits, most significant first, all but the last with the top bit set. */
function groupsOf(value: bigint): number[] {
  const groups = [Number(value & 0x7fn)]
  for (let rest = value >> 7n; rest > 0n; rest >>= 7n) groups.unshift(Number(rest & 0x7fn) | 0x80)
  return groups
}

function invalid(what: string, why: string): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', `${what}: OBJECT IDENTIFIER: ${why}`)
}
