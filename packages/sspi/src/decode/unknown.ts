import { contextTag, DerReader, Reader, Tag } from '../bytes/index.js'
import { decodeDer, isDer } from './der.js'
import { hexdump } from './hexdump.js'
import type { DecodedNode, Scope } from './node.js'

/** Things that are met where a token was expected: each says what the bytes look like, or nothing. The first counts. */
const LIKENESSES: readonly ((bytes: Uint8Array) => string | undefined)[] = [
  like('nothing: no bytes', (bytes) => bytes.length === 0),
  like('a record of TLS whose header is damaged', (bytes) => bytes[0]! >= 0x14 && bytes[0]! <= 0x17 && bytes[1] === 3),
  like(
    'an HTTP message: give its Authorization or WWW-Authenticate line',
    startsWith('HTTP/', 'GET ', 'POST ', 'HEAD '),
  ),
  like('an NTLM message whose signature is damaged', startsWith('NTLM')),
  like('text, neither hexadecimal nor base64', isText),
  like('a TSRequest of CredSSP', isTsRequest),
  like('a DER structure', isDer),
  like(
    'a token behind its length in four bytes',
    (bytes) => bytes.length > 4 && new Reader(bytes).u32be('length') === bytes.length - 4,
  ),
]

/** How many bytes of an unknown token are dumped. */
const DUMP_LIMIT = 4096

/** Bytes that no decoder recognises: what they look like, a tree if they are DER, and a dump. */
export function decodeUnknown(bytes: Uint8Array, scope: Scope): DecodedNode {
  const likeness = LIKENESSES.map((look) => look(bytes)).find((found) => found !== undefined)
  const shown = bytes.subarray(0, DUMP_LIMIT)
  const dump = scope.node('hexdump', shown, {
    value: hexdump(shown),
    meaning: shown.length < bytes.length ? `the first ${DUMP_LIMIT} bytes` : undefined,
  })
  const children = isDer(bytes) ? [decodeDer('DER', bytes, scope), dump] : bytes.length === 0 ? [] : [dump]
  const meaning = `looks like ${likeness ?? 'nothing known: cut off, damaged, or encrypted'}`
  return scope.node('unknown', bytes, { meaning, error: 'no decoder recognises this token', children })
}

function like(name: string, test: (bytes: Uint8Array) => boolean): (bytes: Uint8Array) => string | undefined {
  return (bytes) => (test(bytes) ? name : undefined)
}

/** TSRequest, MS-CSSP 2.2.1: a SEQUENCE that begins with its version under [0]. */
function isTsRequest(bytes: Uint8Array): boolean {
  if (bytes[0] !== Tag.SEQUENCE || !isDer(bytes)) return false
  const [version] = new DerReader(bytes).content(Tag.SEQUENCE, 'TSRequest')
  return version === contextTag(0)
}

function startsWith(...prefixes: readonly string[]): (bytes: Uint8Array) => boolean {
  return (bytes) => prefixes.some((prefix) => prefix === String.fromCharCode(...bytes.subarray(0, prefix.length)))
}

/** Whether all of it is printable ASCII. */
export function isText(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d))
}
