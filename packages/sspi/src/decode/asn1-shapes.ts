import { contextTag, decodeUtf8, DerReader, Tag, toHex, type Tlv } from '../bytes/index.js'
import { SspiError } from '../sspi/index.js'
import { decodeDer, isDer, tagName } from './der.js'
import { bitNames, type BitNames } from './names.js'
import type { About, DecodedNode, Scope } from './node.js'
import { printable } from './printable.js'

/** How one element of DER is shown: its type, as tolerant as the codecs are strict. What is wrong is marked where it stands. */
export type Shape = (label: string, element: Tlv, scope: Scope) => DecodedNode

/** How the bytes inside of something are shown. */
export type Inside = (label: string, bytes: Uint8Array, scope: Scope) => DecodedNode

/** A field of a SEQUENCE, under an explicit tag. */
export interface Field {
  readonly number: number
  readonly label: string
  readonly shape: Shape
  readonly optional: boolean
}

/** A field; a `?` behind its name says that it may be left out. */
export function field(number: number, name: string, shape: Shape): Field {
  return { number, label: name.replace('?', ''), shape, optional: name.endsWith('?') }
}

/** A SEQUENCE of fields with explicit tags. */
export function sequence(fields: readonly Field[], summary?: (children: readonly DecodedNode[]) => string): Shape {
  const byTag = new Map(fields.map((each) => [contextTag(each.number), each]))
  return constructed(Tag.SEQUENCE, (label, content, scope) =>
    scope.collect(label, content, (children) => {
      const reader = DerReader.ofAnyLengths(content)
      const seen = new Set<number>()
      while (reader.hasMore) {
        const element = reader.readTlv(label)
        const known = byTag.get(element.tag)
        children.push(known === undefined ? unknownField(element, scope) : explicit(known, element, scope))
        seen.add(element.tag)
      }
      const missing = fields.filter(({ number, optional }) => !optional && !seen.has(contextTag(number)))
      const error = missing.length === 0 ? undefined : `${missing.map((each) => each.label).join(', ')} missing`
      return { meaning: summary?.(children), error }
    }),
  )
}

/** A SEQUENCE OF. */
export function sequenceOf(label: string, shape: Shape): Shape {
  return constructed(Tag.SEQUENCE, (outer, content, scope) =>
    scope.collect(outer, content, (children) => {
      const reader = DerReader.ofAnyLengths(content)
      while (reader.hasMore) children.push(shape(label, reader.readTlv(label), scope))
      return undefined
    }),
  )
}

/** An element under an application or context tag. */
export function tagged(tag: number, shape: Shape): Shape {
  return constructed(tag, (label, content, scope) => inDer(shape)(label, content, scope))
}

/** The one element that some bytes are; zeros behind it are the padding of old encryption types. */
export function inDer(shape: Shape): Inside {
  return (label, bytes, scope) =>
    scope.collect(label, bytes, (children) => {
      const reader = DerReader.ofAnyLengths(bytes)
      const inner = shape(label, reader.readTlv(label), scope)
      children.push(...inner.children)
      const rest = reader.rest()
      const error = rest.some((byte) => byte !== 0) ? `${rest.length} bytes too many` : inner.error
      return { value: inner.value, meaning: inner.meaning, error }
    })
}

/** The shape of an element that goes by its tag. */
export function oneOf(shapes: ReadonlyMap<number, Shape>): Shape {
  return (label, element, scope) =>
    (shapes.get(element.tag) ?? ((name, { whole }) => decodeDer(name, whole, scope)))(label, element, scope)
}

/** An INTEGER, with the name of its value where it has one. */
export function integer(name?: (value: number) => string | undefined): Shape {
  return leaf(Tag.INTEGER, (content) => {
    if (content.length === 0 || content.length > 8) return { value: toHex(content), error: 'no integer of this size' }
    const value = BigInt.asIntN(content.length * 8, BigInt(`0x${toHex(content)}`))
    return { value: value.toString(), meaning: name?.(Number(value)) }
  })
}

/** A GeneralString or UTF8String. */
export const text: Shape = leaf([Tag.GENERAL_STRING, Tag.UTF8_STRING], (content) => ({
  value: printable(decodeUtf8(content, 'string')),
}))

/** A BOOLEAN. */
export const boolean: Shape = leaf(Tag.BOOLEAN, (content) => ({ value: content[0] === 0 ? 'FALSE' : 'TRUE' }))

/** A KerberosTime, which is in seconds and UTC. */
export const time: Shape = leaf(Tag.GENERALIZED_TIME, (content) => {
  const value = printable(decodeUtf8(content, 'time'))
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(value)
  if (match === null) return { value, error: 'no KerberosTime' }
  const [, year, month, day, ...clock] = match
  return { value, meaning: `${year}-${month}-${day} ${clock.join(':')} UTC` }
})

/** KerberosFlags: the first bit is the most significant one of 32. */
export function flags(names: BitNames): Shape {
  return leaf(Tag.BIT_STRING, (content) => {
    const bits = content.subarray(1)
    const number = bits.subarray(0, 4).reduce((sum, byte, index) => sum | (byte << (24 - 8 * index)), 0) >>> 0
    return { value: `0x${number.toString(16).padStart(8, '0')}`, meaning: bitNames(number, names) }
  })
}

/** An OCTET STRING, shown by what is in it where that is known. */
export function octets(inside?: Inside): Shape {
  return (label, element, scope) => {
    if (element.tag !== Tag.OCTET_STRING) return wrongTag(label, element, scope, 'OCTET STRING')
    const { content, whole } = element
    if (inside === undefined || content.length === 0) {
      return scope.node(label, whole, marked(element, { value: toHex(content) }))
    }
    const inner = scope.deeper(label, content, (deeper) => inside(label, content, deeper))
    return { ...marked(element, inner), offset: scope.node(label, whole).offset, length: whole.length }
  }
}

/** The octets of a key, shown only where keys are. */
export const keyOctets: Shape = (label, element, scope) => {
  if (element.tag !== Tag.OCTET_STRING) return scope.node(label, element.whole, { error: 'OCTET STRING expected' })
  return scope.node(label, element.whole, scope.keyring.about(element.content))
}

/** Bytes that nothing more is known of: a tree where they are DER, else hexadecimal. */
export const derOrHex: Inside = (label, bytes, scope) =>
  isDer(bytes) ? decodeDer(label, bytes, scope) : scope.hex(label, bytes)

/** Nothing is known of it. */
export const anything: Shape = (label, { whole }, scope) => decodeDer(label, whole, scope)

/** The value of an INTEGER under `[number]`, for what depends on it; `undefined` where there is none. */
export function integerUnder(number: number, content: Uint8Array): number | undefined {
  try {
    const reader = new DerReader(content)
    while (reader.hasMore) {
      const element = reader.readTlv('field')
      if (element.tag === contextTag(number)) return new DerReader(element.content).integer('type')
    }
    return undefined
  } catch (error) {
    if (error instanceof SspiError) return undefined
    throw error
  }
}

function constructed(tag: number, inside: Inside): Shape {
  return (label, element, scope) => {
    if (element.tag !== tag) return wrongTag(label, element, scope, tagName(tag))
    const { value, meaning, error, children } = inside(label, element.content, scope)
    return scope.node(label, element.whole, marked(element, { value, meaning, error, children }))
  }
}

function leaf(tags: number | readonly number[], read: (content: Uint8Array) => About): Shape {
  const allowed = typeof tags === 'number' ? [tags] : tags
  return (label, element, scope) => {
    if (!allowed.includes(element.tag)) return wrongTag(label, element, scope, tagName(allowed[0]!)) // never empty
    try {
      return scope.node(label, element.whole, marked(element, read(element.content)))
    } catch (error) {
      if (!(error instanceof SspiError)) throw error
      return scope.node(label, element.whole, { value: toHex(element.content), error: error.message })
    }
  }
}

function explicit({ label, shape }: Field, element: Tlv, scope: Scope): DecodedNode {
  const reader = DerReader.ofAnyLengths(element.content)
  const node = marked(element, shape(label, reader.readTlv(label), scope))
  return reader.hasMore ? { ...node, error: 'more than one element under one tag' } : node
}

/** What is known of an element, and that its length takes more bytes than it needs, which DER forbids. */
function marked<T extends About>({ content: { length }, whole }: Tlv, about: T): T {
  const least = 2 + (length < 0x80 ? 0 : Math.ceil(length.toString(16).length / 2))
  if (whole.length - length === least) return about
  return { ...about, error: about.error ?? 'the length is not minimal' }
}

function unknownField(element: Tlv, scope: Scope): DecodedNode {
  return { ...decodeDer(tagName(element.tag), element.whole, scope), meaning: 'a field that is not known here' }
}

function wrongTag(label: string, { tag, whole }: Tlv, scope: Scope, expected: string): DecodedNode {
  return scope.node(label, whole, { value: toHex(whole), error: `${expected} expected, ${tagName(tag)} came` })
}
