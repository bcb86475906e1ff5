import assert from 'node:assert/strict'
import { test } from 'node:test'
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
