import assert from 'node:assert/strict'
import test from 'node:test'
import { concatBytes, encodeAscii, fromHex, toBase64, toHex } from '../../src/bytes/index.js'
import { decodeToken, decodingErrors, readTokens, type DecodedNode, type TokenDecoder } from '../../src/decode/index.js'
import { readVectors } from '../vectors.js'

interface Session {
  readonly tokens: readonly { readonly token: string }[]
}

const ntlm = readVectors<Session, unknown>('ntlm/sessions.json').cases[0]!.input.tokens.map(({ token }) =>
  fromHex(token),
)
const spnego = readVectors<Session, unknown>('spnego/ntlm-sessions.json').cases[0]!.input.tokens.map(({ token }) =>
  fromHex(token),
)
const parsed = readVectors<{ readonly message: string }, unknown>('ntlm/parse-messages.json').cases

test('the three messages of NTLM are told by their labels', () => {
  const labels = ntlm.slice(0, 3).map((token) => decodeToken(token).label)
  assert.deepEqual(labels, ['NTLM NEGOTIATE', 'NTLM CHALLENGE', 'NTLM AUTHENTICATE'])
})

test('every message and token of the vectors decodes without an error', () => {
  const spnegoTokens = readVectors<{ readonly token: string }, unknown>('spnego/parse.json').cases
  for (const token of [...parsed.map(({ input }) => input.message), ...spnegoTokens.map(({ input }) => input.token)]) {
    assert.deepEqual(decodingErrors(decodeToken(token)), [])
  }
})

test('an AUTHENTICATE of Windows shows names, version, MIC, times, flags and bindings', () => {
  const { message } = parsed.find(({ name }) => name === 'sspi-rs-domain-authenticate')!.input
  const root = decodeToken(message)
  assert.equal(find(root, 'UserName').value, 'Administrator')
  assert.equal(find(root, 'DomainName').value, 'AWAKECODING')
  assert.equal(find(root, 'Version').meaning, 'Windows 7 or Server 2008 R2')
  assert.equal(find(root, 'MIC').value, '122800a0b22947121e8e54f829db521e')
  assert.equal(find(root, 'MsvAvTimestamp').meaning, '2011-02-12T22:50:45.482Z')
  assert.equal(find(root, 'MsvAvFlags').meaning, 'MIC present')
  assert.equal(find(root, 'MsvAvTargetName').value, 'TERMSRV/192.168.1.150')
  assert.equal(find(root, 'MsvAvChannelBindings').meaning, 'no channel bindings')
  assert.match(find(root, 'NegotiateFlags').meaning ?? '', /NTLMSSP_NEGOTIATE_128 .*NTLMSSP_NEGOTIATE_UNICODE$/)
})

test('SPNEGO is shown with its mechanisms, its states and the tokens inside it', () => {
  const [init, challenge] = spnego.map((token) => decodeToken(token))
  assert.equal(init?.label, 'GSS-API InitialContextToken')
  assert.equal(find(init, 'mechType').meaning, 'NTLM (NTLMSSP)')
  assert.equal(find(init, 'token: NTLM NEGOTIATE').length, 40)
  assert.equal(challenge?.label, 'SPNEGO NegTokenResp')
  assert.equal(find(challenge, 'negState').meaning, 'request-mic')
  assert.equal(find(challenge, 'MsvAvNbDomainName').value, 'WORKSTATION')
})

test("NegTokenInit2's hint is told from a mechListMIC", () => {
  // Made by hand after MS-SPNG 2.2.1, with the hint that Windows sends.
  const hint = encodeAscii('not_defined_in_RFC4178@please_ignore')
  const negHints = tlv(0xa3, tlv(0x30, tlv(0xa0, tlv(0x1b, hint))))
  const mechTypes = tlv(0xa0, tlv(0x30, fromHex('060a2b06010401823702020a')))
  const root = decodeToken(tlv(0xa0, tlv(0x30, concatBytes(mechTypes, negHints))))
  assert.equal(root.label, 'SPNEGO NegTokenInit2')
  assert.equal(find(root, 'hintName').value, 'not_defined_in_RFC4178@please_ignore')

  const mechListMic = tlv(0xa3, tlv(0x04, fromHex('01000000aabbccddeeff001100000000')))
  const other = decodeToken(tlv(0xa0, tlv(0x30, concatBytes(mechTypes, mechListMic))))
  assert.equal(other.label, 'SPNEGO NegTokenInit')
  assert.equal(find(other, 'mechListMIC').meaning, 'a signature of NTLM')
})

test('NegoEx is shown message by message', () => {
  const { spnegoToken } = readVectors<{ readonly spnegoToken: string }, unknown>('spnego/negoex.json').cases[0]!.input
  const messages = find(decodeToken(spnegoToken), 'token: NegoEx messages').children
  assert.deepEqual(
    messages.map(({ meaning }) => meaning),
    ['INITIATOR_NEGO', 'INITIATOR_META_DATA'],
  )
})

test('every node lies where it says, and its hexadecimal value is what lies there', () => {
  for (const token of [...ntlm, ...spnego]) {
    for (const node of everyNode(decodeToken(token))) {
      assert.ok(node.offset >= 0 && node.offset + node.length <= token.length, node.label)
      if (node.label === 'MIC' || node.label === 'ServerChallenge' || node.label === 'NTProofStr') {
        assert.equal(node.value, toHex(token.subarray(node.offset, node.offset + node.length)))
      }
    }
  }
})

test('offsets count from the start of the token wherever its bytes lie in memory', () => {
  const token = ntlm[0]!
  const roomy = new Uint8Array(token.length + 10)
  roomy.set(token, 7)
  assert.deepEqual(decodeToken(roomy.subarray(7, 7 + token.length)), decodeToken(token))
})

test("a Buffer of Node's is read like any other bytes, and stays as it is", () => {
  const { spnegoToken } = readVectors<{ readonly spnegoToken: string }, unknown>('spnego/negoex.json').cases[0]!.input
  for (const hex of [spnegoToken, toHex(ntlm[2]!)]) {
    const token = Buffer.from(hex, 'hex')
    assert.deepEqual(decodeToken(token), decodeToken(fromHex(hex)))
    assert.equal(token.toString('hex'), hex)
  }
})

test('one token is the same in binary, hexadecimal, base64 and behind a header', () => {
  const token = ntlm[1]!
  const expected = decodeToken(token)
  const base64 = toBase64(token)
  const spellings = [
    toHex(token),
    toHex(token).toUpperCase().replace(/../g, '$&:').slice(0, -1),
    ` ${toHex(token).replace(/.{32}/g, '$&\n')}\n`,
    base64,
    base64.replace(/.{64}/g, '$&\r\n'),
    base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''),
    `WWW-Authenticate: NTLM ${base64}`,
    `< proxy-authenticate: Negotiate ${base64}\r\n< Content-Length: 0\r\n`,
    `NTLM ${base64}`,
  ]
  for (const text of spellings) {
    assert.deepEqual(decodeToken(text), expected, text)
    assert.deepEqual(decodeToken(new TextEncoder().encode(text)), expected, text)
  }
})

test('a trace of HTTP gives every token in it, with its header', () => {
  const trace = [
    '> GET / HTTP/1.1',
    `> Authorization: NTLM ${toBase64(ntlm[0]!)}`,
    '< HTTP/1.1 401 Unauthorized',
    `< WWW-Authenticate: NTLM ${toBase64(ntlm[1]!)}`,
    `> Authorization: NTLM ${toBase64(ntlm[2]!)}`,
  ].join('\n')
  assert.deepEqual(
    readTokens(trace).map(({ form, header, bytes }) => [form, header, toHex(bytes)]),
    [
      ['header', 'Authorization: NTLM', toHex(ntlm[0]!)],
      ['header', 'WWW-Authenticate: NTLM', toHex(ntlm[1]!)],
      ['header', 'Authorization: NTLM', toHex(ntlm[2]!)],
    ],
  )
})

test('what nobody recognises is described, with a hexdump', () => {
  const cases: readonly (readonly [Uint8Array | string, RegExp])[] = [
    [fromHex('1603ff020001'), /a record of TLS whose header is damaged/],
    ['what is this?', /text/],
    ['HTTP/1.1 200 OK\r\n', /HTTP message/],
    [fromHex('3003020105'), /DER structure/],
    [fromHex('deadbeef'), /nothing known/],
    [new Uint8Array(0), /no bytes/],
  ]
  for (const [input, expected] of cases) {
    const root = decodeToken(input)
    assert.equal(root.label, 'unknown')
    assert.match(root.meaning ?? '', expected)
    assert.equal(
      root.children.some(({ label }) => label === 'hexdump'),
      root.length > 0,
    )
  }
})

test('malformed tokens of the vectors become trees with errors', () => {
  const cases = [
    ...readVectors<{ readonly message: string }, unknown>('ntlm/malformed.json').cases.map(
      (each) => each.input.message,
    ),
    ...readVectors<{ readonly token: string }, unknown>('spnego/malformed.json').cases.map((each) => each.input.token),
  ]
  // A NEGOTIATE that ends with its flags is how old clients begin; the decoder takes it.
  const withoutError = cases.filter((token) => decodingErrors(decodeToken(fromHex(token))).length === 0)
  assert.equal(withoutError.length, 1)
})

test('no prefix and no flipped byte of a token makes the decoder throw', () => {
  for (const token of [...ntlm, ...spnego]) {
    for (let length = 0; length < token.length; length++) assertSound(token.subarray(0, length))
    for (let at = 0; at < token.length; at++) {
      for (const mask of [0x01, 0x80, 0xff]) {
        const changed = token.slice()
        changed[at]! ^= mask
        assertSound(changed)
      }
    }
  }
})

test('control characters of a peer do not reach the terminal', () => {
  const message = ntlm[2]!.slice()
  const { offset } = find(decodeToken(message), 'UserName')
  message.set([0x1b, 0, 0x5b, 0], offset)
  assert.match(find(decodeToken(message), 'UserName').value ?? '', /^\\u\{1b\}\[/)
})

test('a decoder of the caller is asked first', () => {
  const mine: TokenDecoder = {
    name: 'mine',
    recognises: (bytes) => bytes[0] === 0xde,
    decode: (bytes, scope) => scope.node('mine', bytes, { children: [scope.nested('inner', bytes.subarray(1))] }),
  }
  const root = decodeToken(Uint8Array.of(0xde, ...ntlm[0]!), { decoders: [mine] })
  assert.equal(root.label, 'mine')
  assert.equal(root.children[0]?.label, 'inner: NTLM NEGOTIATE')
  assert.equal(root.children[0].offset, 1)
})

test('tokens that nest without end are cut off', () => {
  const endless: TokenDecoder = {
    name: 'endless',
    recognises: () => true,
    decode: (bytes, scope) => scope.node('endless', bytes, { children: [scope.nested('inner', bytes)] }),
  }
  const errors = decodingErrors(decodeToken(Uint8Array.of(1), { decoders: [endless] }))
  assert.match(errors[0]?.error ?? '', /deeper/)
})

/** A DER element of less than 128 bytes. */
function tlv(tag: number, content: Uint8Array): Uint8Array {
  return Uint8Array.of(tag, content.length, ...content)
}

function assertSound(token: Uint8Array): void {
  for (const { label, offset, length } of everyNode(decodeToken(token))) {
    assert.ok(offset >= 0 && offset + length <= token.length, `${label} lies outside of the token`)
  }
}

function* everyNode(node: DecodedNode): Generator<DecodedNode> {
  yield node
  for (const child of node.children) yield* everyNode(child)
}

function find(root: DecodedNode | undefined, label: string): DecodedNode {
  const found = root === undefined ? undefined : [...everyNode(root)].find((node) => node.label === label)
  assert.ok(found, `no node '${label}'`)
  return found
}
