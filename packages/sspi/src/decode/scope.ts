import { toHex } from '../bytes/index.js'
import { SspiError } from '../sspi/index.js'
import type { Keyring } from './keyring.js'
import type { About, DecodedNode, Scope, TokenDecoder } from './node.js'
import { decodeUnknown } from './unknown.js'

/** How deep parts may lie in parts: real ones stop at ten or so (GSS, SPNEGO, AP-REQ, ticket, IF-RELEVANT, PAC). */
const MAXIMUM_DEPTH = 16

/** Where a scope stands. */
interface Place {
  /** The byte offset that offsets count from. */
  readonly origin: number
  readonly depth: number
  /** Whether there may be keys among the bytes, which are not to be shown. */
  readonly discreet: boolean
}

/** The scope of one token: offsets count from the first byte of `whole`. */
export function createScope(whole: Uint8Array, decoders: readonly TokenDecoder[], keyring: Keyring): Scope {
  return scopeAt({ origin: whole.byteOffset, depth: 0, discreet: false }, decoders, keyring)
}

function scopeAt(place: Place, decoders: readonly TokenDecoder[], keyring: Keyring): Scope {
  const { origin, depth, discreet } = place
  const node = (label: string, bytes: Uint8Array, about: About = {}): DecodedNode => {
    const { value, meaning, error, children = [] } = about
    return { label, offset: bytes.byteOffset - origin, length: bytes.length, value, meaning, error, children }
  }
  const below = (more: Partial<Place> = {}): Scope =>
    scopeAt({ ...place, depth: depth + 1, ...more }, decoders, keyring)
  const tooDeep = (label: string, bytes: Uint8Array): DecodedNode =>
    node(label, bytes, { error: `tokens nest deeper than ${MAXIMUM_DEPTH}` })
  const scope: Scope = {
    keyring,
    node,
    hex: (label, bytes, meaning) => node(label, bytes, { value: toHex(bytes), meaning }),
    collect: (label, bytes, fill) => {
      const children: DecodedNode[] = []
      try {
        return node(label, bytes, { ...fill(children), children })
      } catch (error) {
        if (!(error instanceof SspiError)) throw error
        const rest = bytes.subarray(endOf(children, bytes.byteOffset - origin))
        const value = discreet ? undefined : toHex(rest)
        children.push(node('malformed', rest, { value, error: error.message }))
        return node(label, bytes, { error: 'malformed', children })
      }
    },
    deeper: (label, bytes, decode) => (depth === MAXIMUM_DEPTH ? tooDeep(label, bytes) : decode(below())),
    apart: (label, bytes, decode) =>
      depth === MAXIMUM_DEPTH
        ? tooDeep(label, bytes)
        : decode(label, bytes, below({ origin: bytes.byteOffset, discreet: !keyring.showKeys })),
    nested: (label, bytes) => {
      if (depth === MAXIMUM_DEPTH) return tooDeep(label, bytes)
      const inner = decodeBy(bytes, decoders, below())
      return { ...inner, label: `${label}: ${inner.label}` }
    },
  }
  return scope
}

/** The token by the first decoder that recognises it, or what it looks like when none does. */
export function decodeBy(bytes: Uint8Array, decoders: readonly TokenDecoder[], scope: Scope): DecodedNode {
  const decoder = decoders.find((each) => each.recognises(bytes))
  if (decoder === undefined) return decodeUnknown(bytes, scope)
  try {
    return decoder.decode(bytes, scope)
  } catch (error) {
    if (!(error instanceof SspiError)) throw error
    return scope.node(decoder.name, bytes, { value: toHex(bytes), error: error.message })
  }
}

/** How far, from the start of their parent, the children reach. */
function endOf(children: readonly DecodedNode[], start: number): number {
  return children.reduce((end, child) => Math.max(end, child.offset + child.length - start), 0)
}
