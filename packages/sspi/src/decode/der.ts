import { decodeOid, decodeUtf8, DerReader, Tag, toHex, type Tlv } from '../bytes/index.js'
import { SspiError } from '../sspi/index.js'
import { oidName } from './names.js'
import type { About, DecodedNode, Scope } from './node.js'
import { printable } from './printable.js'

/** How deep the tree of an unknown DER structure is drawn; what lies deeper is shown in hexadecimal. */
const MAXIMUM_DEPTH = 24

const CLASSES = ['', 'APPLICATION ', '', 'PRIVATE '] as const

const UNIVERSAL: ReadonlyMap<number, string> = new Map(
  Object.entries(Tag).map(([name, tag]): [number, string] => [tag, name.replaceAll('_', ' ')]),
)

/** Whether the bytes are exactly one DER element. */
export function isDer(bytes: Uint8Array): boolean {
  try {
    const reader = new DerReader(bytes)
    reader.skip('element')
    return !reader.hasMore && bytes[0] !== 0
  } catch (error) {
    if (error instanceof SspiError) return false
    throw error
  }
}

/** The tree of a DER structure that nothing more is known of: tags, lengths, values. */
export function decodeDer(label: string, bytes: Uint8Array, scope: Scope): DecodedNode {
  return scope.collect(label, bytes, (children) => {
    const reader = new DerReader(bytes)
    while (reader.hasMore) children.push(element(reader.readTlv(label), scope, 0))
    return undefined
  })
}

/** The label of a tag: `SEQUENCE`, `[3]`, `[APPLICATION 14]`. */
export function tagName(tag: number): string {
  return UNIVERSAL.get(tag) ?? (tag < 0x40 ? `tag 0x${tag.toString(16)}` : `[${CLASSES[tag >>> 6]}${tag & 0x1f}]`)
}

function element({ tag, content, whole }: Tlv, scope: Scope, depth: number): DecodedNode {
  const label = tagName(tag)
  if ((tag & 0x20) === 0 || depth === MAXIMUM_DEPTH) return scope.node(label, whole, primitive(tag, content))
  const inner = scope.collect(label, content, (children) => {
    const reader = new DerReader(content)
    while (reader.hasMore) children.push(element(reader.readTlv(label), scope, depth + 1))
    return undefined
  })
  return scope.node(label, whole, { error: inner.error, children: inner.children })
}

/** The value of a primitive element, by its tag. */
const PRIMITIVES: ReadonlyMap<number, (content: Uint8Array) => About> = new Map<number, (content: Uint8Array) => About>(
  [
    [Tag.OBJECT_IDENTIFIER, (content) => oidAbout(decodeOid(content, 'OBJECT IDENTIFIER'))],
    [Tag.INTEGER, integer],
    [Tag.ENUMERATED, integer],
    [Tag.BOOLEAN, (content) => ({ value: content[0] === 0 ? 'FALSE' : 'TRUE' })],
    [Tag.GENERAL_STRING, text],
    [Tag.UTF8_STRING, text],
    [Tag.IA5_STRING, text],
    [Tag.PRINTABLE_STRING, text],
    [Tag.GENERALIZED_TIME, text],
  ],
)

function primitive(tag: number, content: Uint8Array): About {
  try {
    return PRIMITIVES.get(tag)?.(content) ?? { value: toHex(content) }
  } catch (error) {
    if (!(error instanceof SspiError)) throw error
    return { value: toHex(content), error: error.message }
  }
}

/** An object identifier with its name. */
export function oidAbout(oid: string): About {
  return { value: oid, meaning: oidName(oid) }
}

function integer(content: Uint8Array): About {
  if (content.length === 0 || content.length > 8) return { value: toHex(content) }
  return { value: BigInt.asIntN(content.length * 8, BigInt(`0x${toHex(content)}`)).toString() }
}

function text(content: Uint8Array): About {
  return { value: printable(decodeUtf8(content, 'string')) }
}
