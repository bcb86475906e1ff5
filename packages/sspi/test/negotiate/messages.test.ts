import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../property.js'
import { concatBytes, fromHex, toHex } from '../../src/bytes/index.js'
import { isGssTokenOf, readGssToken, SspiError, writeGssToken } from '../../src/sspi/index.js'
import { HINT_NAME, NegState, SPNEGO_OID } from '../../src/negotiate/constants.js'
import {
  looksLikeNegotiationToken,
  readNegotiationToken,
  writeMechTypeList,
  writeNegTokenInit,
  writeNegTokenResp,
  type NegotiationToken,
} from '../../src/negotiate/messages.js'
import { readVectors } from '../vectors.js'

interface Parsed {
  readonly framing: 'InitialContextToken' | 'NegotiationToken'
  readonly choice: NegotiationToken['kind']
  readonly mechTypes?: readonly string[]
  readonly mechTypeListDer?: string
  readonly mechToken?: string
  readonly negState?: number
  readonly supportedMech?: string
  readonly responseToken?: string
  readonly mechListMIC?: string
}

const hexOf = (bytes: Uint8Array | undefined): string | undefined => (bytes === undefined ? undefined : toHex(bytes))

/** What came out, in the words of the vectors. */
function summary(message: NegotiationToken): Parsed {
  const fields =
    message.kind === 'negTokenInit'
      ? {
          framing: message.framed ? 'InitialContextToken' : 'NegotiationToken',
          choice: message.kind,
          mechTypes: message.mechTypes,
          mechTypeListDer: toHex(message.mechTypeList),
          mechToken: hexOf(message.mechToken),
          mechListMIC: hexOf(message.mechListMic),
        }
      : {
          framing: 'NegotiationToken',
          choice: message.kind,
          negState: message.negState,
          supportedMech: message.supportedMech,
          responseToken: hexOf(message.responseToken),
          mechListMIC: hexOf(message.mechListMic),
        }
  return JSON.parse(JSON.stringify(fields)) as Parsed
}

/** Writes a message again, from what was read of it. */
function rewrite(message: NegotiationToken): Uint8Array {
  if (message.kind === 'negTokenInit') return writeNegTokenInit(message)
  return writeNegTokenResp({ ...message, negState: message.negState ?? NegState.ACCEPT_INCOMPLETE })
}

const { cases } = readVectors<{ token: string }, Parsed>('spnego/parse.json')

for (const { name, input, expected } of cases) {
  test(`${name}: every field is read, and written again to the same bytes`, () => {
    const token = fromHex(input.token)
    assert.equal(looksLikeNegotiationToken(token), true)
    const message = readNegotiationToken(token)
    assert.deepEqual(summary(message), expected)
    const framed = expected.choice === 'negTokenInit' && expected.framing === 'NegotiationToken'
    assert.equal(toHex(rewrite(message)), toHex(framed ? writeGssToken(SPNEGO_OID, token) : token))
  })
}

test('the SPNEGO part of a NEGOEX token is read', () => {
  interface NegoEx {
    readonly spnego?: Parsed
  }
  const [first] = readVectors<{ spnegoToken: string }, NegoEx>('spnego/negoex.json').cases
  assert.ok(first)
  const message = readNegotiationToken(fromHex(first.input.spnegoToken))
  const { mechToken: _, ...parsed } = summary(message)
  assert.deepEqual(parsed, first.expected.spnego)
})

test('the SPNEGO part of Kerberos sessions is read on both sides', () => {
  interface Session {
    readonly tokens: readonly { readonly from: string; readonly token: string }[]
  }
  for (const { input } of readVectors<Session, unknown>('spnego/krb5-sessions.json').cases) {
    const kinds = input.tokens.map(({ token }) => readNegotiationToken(fromHex(token)).kind)
    assert.deepEqual(kinds, ['negTokenInit', 'negTokenResp'])
  }
})

for (const { name, input, expected } of readVectors<{ token: string }, { why: string }>('spnego/malformed.json')
  .cases) {
  test(`malformed: ${name} is refused, since ${expected.why}`, () => {
    assert.throws(() => readNegotiationToken(fromHex(input.token)), { code: 'SEC_E_INVALID_TOKEN' })
  })
}

const A = '1.2.840.113554.1.2.2'
const B = '1.3.6.1.4.1.311.2.2.10'
const bytes = fc.uint8Array({ maxLength: 300 })
const optionalBytes = fc.option(bytes, { nil: undefined })
const anOid = fc
  .array(fc.nat(0xffff_ffff), { minLength: 1, maxLength: 6 })
  .map((arcs) => ['1', '3', ...arcs.map(String)].join('.'))

test('NegTokenInit: what is written is read', () => {
  fc.assert(
    fc.property(
      fc.array(anOid, { minLength: 1, maxLength: 8 }),
      optionalBytes,
      optionalBytes,
      (oids, mechToken, mic) => {
        const mechTypeList = writeMechTypeList(oids)
        const read = readNegotiationToken(writeNegTokenInit({ mechTypeList, mechToken, mechListMic: mic }))
        assert.deepEqual(read, {
          kind: 'negTokenInit',
          framed: true,
          mechTypes: oids,
          mechTypeList,
          reqFlags: undefined,
          mechToken,
          negHints: undefined,
          mechListMic: mic,
        })
      },
    ),
  )
})

test('NegTokenResp: what is written is read', () => {
  const states = fc.constantFrom(...Object.values(NegState))
  fc.assert(
    fc.property(
      states,
      fc.option(anOid, { nil: undefined }),
      optionalBytes,
      optionalBytes,
      (negState, mech, token, mic) => {
        const written = writeNegTokenResp({ negState, supportedMech: mech, responseToken: token, mechListMic: mic })
        const expected = { kind: 'negTokenResp', negState, supportedMech: mech, responseToken: token, mechListMic: mic }
        assert.deepEqual(readNegotiationToken(written), expected)
      },
    ),
  )
})

test('NegTokenInit2: hints stand in [3] and the MIC in [4]', () => {
  const mechTypeList = writeMechTypeList([A, B])
  const mechListMic = Uint8Array.of(1, 2, 3)
  const negHints = { hintName: HINT_NAME, hintAddress: Uint8Array.of(127, 0, 0, 1) }
  const read = readNegotiationToken(writeNegTokenInit({ mechTypeList, negHints, mechListMic }))
  assert.equal(read.kind, 'negTokenInit')
  assert.deepEqual(read.negHints, negHints)
  assert.deepEqual(read.mechListMic, mechListMic)
})

test('NegTokenInit2 as Windows file servers send it', () => {
  // MS-SPNG 4.3 in form: mechTypes Kerberos (both OIDs) and NTLM, hintName.
  const token = fromHex(
    '606a06062b0601050502a060305ea030302e06092a864882f71201020206092a864886f712010202060a2a864886f71201020203' +
      '060a2b06010401823702020aa32a3028a0261b246e6f745f646566696e65645f696e5f5246433431373840706c656173655f69676e6f7265',
  )
  const read = readNegotiationToken(token)
  assert.equal(read.kind, 'negTokenInit')
  assert.equal(read.negHints?.hintName, HINT_NAME)
  assert.deepEqual(read.mechTypes, ['1.2.840.48018.1.2.2', A, `${A}.3`, B])
  assert.deepEqual(writeNegTokenInit(read), token)
})

test('reqFlags are read as they are and never written', () => {
  // a0 { 30 { a0 { 30 { oid } } a1 { 03 02 01 76 } } }
  const read = readNegotiationToken(fromHex('a0163014a00c300a06082a864886f7120102a10403020176'))
  assert.equal(read.kind, 'negTokenInit')
  assert.equal(hexOf(read.reqFlags), '0176')
})

test('a reply is not written into the frame of a first token', () => {
  const reply = writeNegTokenResp({ negState: NegState.ACCEPT_INCOMPLETE, supportedMech: A })
  assert.equal(reply[0], 0xa1)
  assert.equal(isGssTokenOf(reply, [SPNEGO_OID]), false)
})

test('fields that a later version may append are left aside', () => {
  assert.deepEqual(
    readNegotiationToken(fromHex('a10c300aa0030a0100a503040101')),
    readNegotiationToken(fromHex('a1073005a0030a0100')),
  )
  assert.equal(readNegotiationToken(fromHex('a0133011a00c300a06082a864886f7120102a50105')).kind, 'negTokenInit')
})

test('a field that comes twice, out of order, or under another class of tag is refused', () => {
  for (const token of ['a10c300aa0030a0100a0030a0100', 'a10c300aa203040101a0030a0100', 'a10a3008a0030a01000c0141']) {
    assert.throws(() => readNegotiationToken(fromHex(token)), { code: 'SEC_E_INVALID_TOKEN' })
  }
})

test('more mechanisms than allowed are refused', () => {
  const token = writeNegTokenInit({ mechTypeList: writeMechTypeList(Array<string>(65).fill(A)) })
  assert.throws(() => readNegotiationToken(token), { code: 'SEC_E_INVALID_TOKEN' })
  assert.throws(() => readNegotiationToken(writeNegTokenInit({ mechTypeList: writeMechTypeList([A, B]) }), 1), {
    code: 'SEC_E_INVALID_TOKEN',
  })
})

const samples = [
  writeNegTokenInit({
    mechTypeList: writeMechTypeList([A, B]),
    mechToken: new Uint8Array(140).fill(7),
    negHints: { hintName: HINT_NAME, hintAddress: undefined },
    mechListMic: new Uint8Array(16).fill(9),
  }),
  writeNegTokenResp({
    negState: NegState.ACCEPT_INCOMPLETE,
    supportedMech: B,
    responseToken: new Uint8Array(140).fill(7),
    mechListMic: new Uint8Array(16).fill(9),
  }),
]

function readsOrRefuses(token: Uint8Array): void {
  try {
    readNegotiationToken(token)
  } catch (error) {
    assert.ok(error instanceof SspiError && error.code === 'SEC_E_INVALID_TOKEN', String(error))
  }
  looksLikeNegotiationToken(token)
}

for (const sample of samples) {
  const { kind } = readNegotiationToken(sample)

  test(`${kind}: cut short at any length, or one byte too long, it is refused`, () => {
    for (let length = 0; length < sample.length; length++) {
      assert.throws(() => readNegotiationToken(sample.subarray(0, length)), { code: 'SEC_E_INVALID_TOKEN' })
    }
    assert.throws(() => readNegotiationToken(concatBytes(sample, Uint8Array.of(0))), { code: 'SEC_E_INVALID_TOKEN' })
  })

  test(`${kind}: with any byte changed it is read or refused, and nothing else`, () => {
    for (let at = 0; at < sample.length; at++) {
      // Each bit, and the lengths that lie: none, indefinite, of many bytes, the longest.
      for (const value of [...Array(8).keys()]
        .map((bit) => sample[at]! ^ (1 << bit))
        .concat(0x00, 0x7f, 0x80, 0x84, 0xff)) {
        readsOrRefuses(sample.with(at, value))
      }
    }
  })
}

test('any bytes are read or refused, and nothing else', () => {
  const starts = fc.constantFrom(Uint8Array.of(), Uint8Array.of(0xa0), Uint8Array.of(0xa1), Uint8Array.of(0x60))
  fc.assert(
    fc.property(starts, bytes, (start, rest) => readsOrRefuses(concatBytes(start, rest))),
    { numRuns: 2000 },
  )
})

test('the frame of RFC 2743 comes off as it was put on', () => {
  fc.assert(
    fc.property(anOid, bytes, (oid, inner) => {
      const token = writeGssToken(oid, inner)
      assert.deepEqual(readGssToken(token), { oid, inner })
      assert.equal(isGssTokenOf(token, ['1.2.3', oid]), true)
      assert.equal(isGssTokenOf(token, ['1.2.3']), false)
    }),
  )
})

test('a frame that is cut short or followed by something is refused', () => {
  const token = writeGssToken(A, Uint8Array.of(1, 0, 1, 2, 3))
  for (let length = 0; length < token.length; length++) {
    assert.throws(() => readGssToken(token.subarray(0, length)), { code: 'SEC_E_INVALID_TOKEN' })
    assert.equal(isGssTokenOf(token.subarray(0, length), [A]), false)
  }
  assert.throws(() => readGssToken(concatBytes(token, Uint8Array.of(0))), { code: 'SEC_E_INVALID_TOKEN' })
})
