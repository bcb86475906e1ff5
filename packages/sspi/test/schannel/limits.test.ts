import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secretFrom } from '../../src/crypto/index.js'
import { MAX_HANDSHAKE_BYTES, MAX_RECORD_BODY } from '../../src/schannel/constants.js'
import { MAX_CACHED_SESSIONS, SessionCache } from '../../src/schannel/session-cache.js'
import { SspiError } from '../../src/sspi/index.js'
import { Party } from './pair.js'

test('a handshake that never ends is ended', async () => {
  const server = await Party.make(false)
  // A ClientHello of the longest length that is announced, of which more comes and more.
  const record = new Uint8Array(5 + 16_384)
  record.set([22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff])
  let sent = 0
  await assert.rejects(
    async () => {
      for (; sent <= 2 * MAX_HANDSHAKE_BYTES; sent += record.length) await server.advance(record)
    },
    (error) => error instanceof SspiError,
  )
  assert.ok(sent <= MAX_HANDSHAKE_BYTES, 'OpenSSL refuses such a message before; our limit is behind it')
})

test('empty records are no way around the limit', async () => {
  const server = await Party.make(false)
  const records = new Uint8Array(6 * 20_000)
  for (let at = 0; at < records.length; at += 6) records.set([20, 3, 3, 0, 1, 1], at)
  let sent = 0
  await assert.rejects(
    async () => {
      for (; sent <= 2 * MAX_HANDSHAKE_BYTES; sent += records.length) await server.advance(records)
    },
    (error) => error instanceof SspiError && error.token !== undefined,
  )
})

test('a record that is too long is refused by its header', async () => {
  const server = await Party.make(false)
  const length = MAX_RECORD_BODY + 1
  await assert.rejects(server.advance(Uint8Array.of(22, 3, 1, length >> 8, length & 0xff)), {
    code: 'SEC_E_INVALID_TOKEN',
  })
})

test('the oldest session is forgotten, and wiped, and all are when the credential is', () => {
  const cache = new SessionCache()
  const made = Array.from({ length: MAX_CACHED_SESSIONS + 1 }, (_, index) => secretFrom(Uint8Array.of(index + 1)))
  for (const [index, session] of made.entries()) cache.put(`host ${index}`, { session, chain: [] })
  assert.equal(cache.take('host 0'), undefined)
  assert.deepEqual([...made[0]!], [0])
  assert.equal(cache.take('host 1')?.session, made[1])
  assert.equal(cache.take('host 1'), undefined, 'each is given out once')
  cache.dispose()
  assert.deepEqual([...made.at(-1)!], [0])
  const late = secretFrom(Uint8Array.of(9))
  cache.put('late', { session: late, chain: [] })
  assert.deepEqual([...late], [0])
})
