import { toHex } from '../bytes/index.js'
import { SspiError } from '../sspi/index.js'
import type { About, DecodedNode, Scope, TokenDecoder } from './node.js'
import { decodeUnknown } from './unknown.js'

/** How deep tokens may lie in tokens: real ones stop at three (GSS, SPNEGO, NTLM). */
const MAXIMUM_DEPTH = 8

/** The scope of one token: offsets count from the first byte of `whole`. */
export function createScope(whole: Uint8Array, decoders: readonly TokenDecoder[]): Scope {
  return scopeAt(whole.byteOffset, decoders, 0)
}

function scopeAt(origin: number, decoders: readonly TokenDecoder[], depth: number): Scope {
  const node = (label: string, bytes: Uint8Array, about: About = {}): DecodedNode => {
    const { value, meaning, error, children = [] } = about
    return { label, offset: bytes.byteOffset - origin, length: bytes.length, value, meaning, error, children }
  }
  const scope: Scope = {
    node,
    hex: (label, bytes, meaning) => node(label, bytes, { value: toHex(bytes), meaning }),
    collect: (label, bytes, fill) => {
      const children: DecodedNode[] = []
      try {
        return node(label, bytes, { ...fill(children), children })
      } catch (error) {
        if (!(error instanceof SspiError)) throw error
        const rest = bytes.subarray(endOf(children, bytes.byteOffset - origin))
        children.push(node('malformed', rest, { value: toHex(rest), error: error.message }))
        return node(label, bytes, { error: 'malformed', children })
      }
    },
    nested: (label, bytes) => {
      if (depth === MAXIMUM_DEPTH) return node(label, bytes, { error: `tokens nest deeper than ${MAXIMUM_DEPTH}` })
      const inner = decodeBy(bytes, decoders, scopeAt(origin, decoders, depth + 1))
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
