import { encodeAscii, oemDecode } from '../bytes/index.js'
import {
  readHttpChallenges,
  readHttpResponse,
  readSaslChallenge,
  readSaslResponse,
  readServerProof,
} from '../digest/index.js'
import { SspiError } from '../sspi/index.js'
import type { DecodedNode, Scope, TokenDecoder } from './node.js'
import { printable } from './printable.js'

/** What a token of Digest is, by the directives in it. The first that fits counts. */
const KINDS: readonly { readonly name: string; readonly has: RegExp; readonly read: (token: Uint8Array) => unknown }[] =
  [
    { name: 'Digest response of SASL', has: /digest-uri\s*=/i, read: readSaslResponse },
    { name: 'Digest response', has: /(^|[\s,])response\s*=/i, read: readHttpResponse },
    { name: "Digest server's proof", has: /(^|[\s,])(rspauth|nextnonce)\s*=/i, read: readServerProof },
    {
      name: 'Digest challenge of SASL',
      has: /(^|[\s,])(maxbuf\s*=|algorithm\s*=\s*"?md5-sess\b)/,
      read: readSaslOrHttp,
    },
    { name: 'Digest challenge', has: /(^|[\s,])nonce\s*=/i, read: readHttpChallenges },
  ]

/** A directive, with its value as it stands: RFC 9110 §11.2. */
const DIRECTIVE = /([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^\s,"]+)/g
const WHOLE = new RegExp(`^\\s*(?:Digest\\s+)?(?:(?:Digest\\s+)?${DIRECTIVE.source}\\s*(?:,\\s*|$))+$`, 'i')

/** What directives stand for. */
const MEANINGS: Readonly<Record<string, (value: string) => string | undefined>> = {
  nonce: (value) => (value.startsWith('+Upgraded+') ? 'of a server that knows channel bindings' : undefined),
  cnonce: (value) => (value.startsWith('+Upgraded+') ? 'begins with the hash of service and channel' : undefined),
  'channel-binding': (value) => (/^0*$/.test(value) ? 'no channel bindings' : undefined),
  nc: (value) => (/^[0-9a-f]{8}$/i.test(value) ? `use ${Number.parseInt(value, 16)} of the nonce` : undefined),
  userhash: (value) => (value.toLowerCase() === 'true' ? 'the name is a hash, or may be one' : undefined),
  stale: (value) => (value.toLowerCase() === 'true' ? 'the nonce was too old, nothing else' : undefined),
}

/** Challenges, responses and proofs of Digest, for HTTP (RFC 7616) and SASL (RFC 2831): each directive with its place. */
export const digestToken: TokenDecoder = {
  name: 'Digest',
  recognises: (bytes) => {
    const text = oemDecode(bytes)
    return bytes.length < 16_384 && KINDS.some(({ has }) => has.test(text)) && WHOLE.test(text)
  },
  decode: (bytes, scope) => {
    const text = oemDecode(bytes)
    const { name, read } = KINDS.find(({ has }) => has.test(text))! // it was recognised by one
    const children = [...text.matchAll(DIRECTIVE)].map((match) => directive(match, bytes, scope))
    return scope.node(name, bytes, { error: errorOf(() => read(bytes)), children })
  },
}

function directive(match: RegExpExecArray, bytes: Uint8Array, scope: Scope): DecodedNode {
  const [whole, name = '', raw = ''] = match
  const value = raw.startsWith('"') ? raw.slice(1, -1).replace(/\\(.)/gs, '$1') : raw
  return scope.node(name, bytes.subarray(match.index, match.index + whole.length), {
    value: printable(value),
    meaning: MEANINGS[name.toLowerCase()]?.(value),
  })
}

/** HTTP knows md5-sess as well: either reading will do. */
function readSaslOrHttp(token: Uint8Array): unknown {
  return errorOf(() => readSaslChallenge(token)) === undefined ? token : readHttpChallenges(token)
}

function errorOf(read: () => unknown): string | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    if (error instanceof SspiError) return error.message
    throw error
  }
}

/** A directive list in text: what stands behind `Digest` in a header. */
export function digestBytes(text: string): Uint8Array | undefined {
  // eslint-disable-next-line no-control-regex -- ASCII is what it looks for
  return /^[\u0009\u0020-\u007e]+$/.test(text) ? encodeAscii(text) : undefined
}
