import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeToken, decodingErrors, readTokens, type DecodedNode } from '../../src/decode/index.js'
import { readVectors } from '../vectors.js'

const RESPONSE =
  'username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=MD5, nonce="7ypf/xlj9XX", nc=0000000a, ' +
  'cnonce="f2/wE4q74E6z", qop=auth, response="8ca523f5e9506fed4657c9700eebdbec", opaque="FQhe/qaU925"'
const CHALLENGE = 'realm="a \\"b\\"", qop="auth, auth-int", algorithm=SHA-256, nonce="+Upgraded+v1ab", stale=true'

const find = (node: DecodedNode, label: string): DecodedNode => {
  const found = node.children.find((each) => each.label === label)
  assert.ok(found, label)
  return found
}

test('a response of Digest is shown directive by directive, with offsets', () => {
  const root = decodeToken(RESPONSE)
  assert.equal(root.label, 'Digest response')
  assert.equal(find(root, 'username').value, 'Mufasa')
  assert.equal(find(root, 'nc').meaning, 'use 10 of the nonce')
  const { offset, length } = find(root, 'uri')
  assert.equal(RESPONSE.slice(offset, offset + length), 'uri="/dir/index.html"')
  assert.deepEqual(decodingErrors(root), [])
})

test('a challenge is told from it, quotes and all; what is wrong with a token is said', () => {
  const root = decodeToken(`Digest ${CHALLENGE}`)
  assert.equal(root.label, 'Digest challenge')
  assert.equal(find(root, 'realm').value, 'a "b"')
  assert.equal(find(root, 'stale').meaning, 'the nonce was too old, nothing else')
  const twice = decodeToken(`${RESPONSE}, nonce="x"`)
  assert.match(decodingErrors(twice)[0]?.error ?? '', /nonce is there twice/)
})

test('every challenge and response of SASL of the vectors decodes without an error, as bytes and in base64', () => {
  const { cases } = readVectors<{ challenge: string }, { clientResponse: string; rspauth: string }>('digest/sasl.json')
  for (const { input, expected } of cases) {
    for (const [text, label] of [
      [input.challenge, 'Digest challenge of SASL'],
      [expected.clientResponse, 'Digest response of SASL'],
      [`rspauth=${expected.rspauth}`, "Digest server's proof"],
    ] as const) {
      for (const form of [new TextEncoder().encode(text), text, Buffer.from(text).toString('base64')]) {
        const root = decodeToken(form)
        assert.equal(root.label, label, text)
        assert.deepEqual(decodingErrors(root), [], text)
      }
    }
  }
})

test('the lines of an HTTP trace are found, Digest beside the others', () => {
  const trace = [
    'GET / HTTP/1.1',
    '< WWW-Authenticate: Negotiate TlRMTVNTUAABAAAAl4II4gAAAAAAAAAAAAAAAAAAAAAKALpHAAAADw==',
    `< WWW-Authenticate: Digest ${CHALLENGE}`,
    `> Authorization: Digest ${RESPONSE}`,
  ].join('\r\n')
  const found = readTokens(trace)
  assert.deepEqual(
    found.map(({ header }) => header),
    ['WWW-Authenticate: Negotiate', 'WWW-Authenticate: Digest', 'Authorization: Digest'],
  )
  assert.equal(decodeToken(found[2]!.bytes).label, 'Digest response')
})
