import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes } from '../../src/bytes/index.js'
import { Channel } from '../../src/credssp/channel.js'
import { MAX_NEGO_TOKENS, MAX_SUPPLEMENTAL_CREDENTIALS, MAX_TS_REQUEST } from '../../src/credssp/constants.js'
import {
  CredType,
  readTsCredentials,
  readTsRequest,
  writeTsCredentials,
  writeTsRequest,
} from '../../src/credssp/index.js'
import { SECBUFFER_DATA, SECBUFFER_EXTRA, type SecBufferDesc, type Session } from '../../src/sspi/index.js'

const EMPTY = new Uint8Array(0)
const unused = (): never => assert.fail('is not asked for')

/** A channel whose records are of so many bytes, and not encrypted. */
function channelOf(record: number): Channel {
  const unseal = ({ buffers: [data, , extra] }: SecBufferDesc) => {
    const { bytes } = data!
    data!.become(SECBUFFER_DATA, bytes.subarray(0, record))
    if (bytes.length > record) extra!.become(SECBUFFER_EXTRA, bytes.subarray(record))
    return { kind: 'message', qop: 0 } as const
  }
  const session: Session = {
    contextAttr: 0,
    expiry: new Date(0),
    peer: undefined,
    sign: unused,
    verify: unused,
    seal: unused,
    unseal,
    query: unused,
    dispose: () => undefined,
  }
  return new Channel(session, EMPTY)
}

/** A record of one byte, with its number behind it. */
const RECORD = 5 + 1 + 4

/** Records of one byte each, and a session that opens them, which says how much it was shown each time. */
function recordsOf(plain: Uint8Array): {
  readonly records: readonly Uint8Array[]
  readonly session: Session
  readonly looked: readonly number[]
} {
  const looked: number[] = []
  const unseal = ({ buffers: [data, , , extra] }: SecBufferDesc) => {
    const { bytes } = data!
    looked.push(bytes.length)
    if (bytes.length < RECORD) return { kind: 'incomplete', missing: undefined } as const
    data!.become(SECBUFFER_DATA, bytes.subarray(5, 6))
    if (bytes.length > RECORD) extra!.become(SECBUFFER_EXTRA, bytes.subarray(RECORD))
    return { kind: 'message', qop: 0 } as const
  }
  const records = [...plain].map((byte, number) =>
    Uint8Array.of(23, 3, 3, 0, RECORD - 5, byte, 0, 0, number >> 8, number & 0xff),
  )
  return { records, session: { ...channelOf(0).session, unseal }, looked }
}

test('a TSRequest that says it is too long is refused by its header', () => {
  const header = (length: number): Uint8Array =>
    Uint8Array.of(0x30, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff)
  const longest = MAX_TS_REQUEST - 5
  assert.equal(channelOf(100).receive(header(longest)).kind, 'incomplete')
  assert.throws(() => channelOf(100).receive(header(longest + 1)), {
    code: 'SEC_E_INVALID_TOKEN',
    message: /131073 bytes, at most 131072/,
  })
})

test('a TSRequest in very many records: each is looked at once, and alone, however often the token is given again', () => {
  const request = writeTsRequest({ version: 6, negoTokens: [new Uint8Array(1000)] })
  const { records, session, looked } = recordsOf(request)
  const token = concatBytes(...records)
  const channel = new Channel(session, EMPTY)
  for (let at = 0; at < token.length - 1; at += 50) {
    assert.equal(channel.receive(token.subarray(0, at)).kind, 'incomplete')
  }
  const received = channel.receive(token)
  assert.ok(received.kind === 'request')
  assert.deepEqual(received.request.negoTokens, [new Uint8Array(1000)])
  assert.ok(looked.every((length) => length <= RECORD))
  assert.equal(looked.filter((length) => length === RECORD).length, records.length)
})

test('a token that is not the one that was cut short, with more behind it, is refused', () => {
  const { records, session } = recordsOf(writeTsRequest({ version: 6, negoTokens: [new Uint8Array(100)] }))
  const token = concatBytes(...records)
  for (const other of [token.subarray(0, 5 * RECORD - 1), concatBytes(token.subarray(RECORD), token)]) {
    const channel = new Channel(session, EMPTY)
    channel.receive(token.subarray(0, 5 * RECORD))
    assert.throws(() => channel.receive(other), { code: 'SEC_E_INVALID_TOKEN', message: /cut short/ })
  }
})

test('more negoTokens than allowed are refused', () => {
  const write = (count: number) =>
    writeTsRequest({ version: 6, negoTokens: Array.from({ length: count }, () => EMPTY) })
  assert.equal(readTsRequest(write(MAX_NEGO_TOKENS)).negoTokens.length, MAX_NEGO_TOKENS)
  assert.throws(() => readTsRequest(write(MAX_NEGO_TOKENS + 1)), { code: 'SEC_E_INVALID_TOKEN' })
})

test('more supplemental credentials than allowed are refused', () => {
  const one = { packageName: 'NTLM', credBuffer: EMPTY }
  const write = (count: number) =>
    writeTsCredentials({
      credType: CredType.REMOTE_GUARD,
      credentials: { logonCred: one, supplementalCreds: Array.from({ length: count }, () => one) },
    })
  assert.equal(readTsCredentials(write(MAX_SUPPLEMENTAL_CREDENTIALS)).credType, CredType.REMOTE_GUARD)
  assert.throws(() => readTsCredentials(write(MAX_SUPPLEMENTAL_CREDENTIALS + 1)), { code: 'SEC_E_INVALID_TOKEN' })
})
