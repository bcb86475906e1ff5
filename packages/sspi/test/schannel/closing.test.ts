import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes } from '../../src/bytes/index.js'
import { cipherSuite } from '../../src/schannel/cipher-suites.js'
import { RecordProtection13 } from '../../src/schannel/record-protection.js'
import { plainRecord, recordsIn } from '../../src/schannel/records.js'
import { ContentType } from '../../src/schannel/index.js'
import type { Driver } from '../../src/sspi/index.js'
import { createDriver } from '../../src/system/driver.js'
import { trusting } from './certificates.js'
import { Party } from './pair.js'

// Whoever closes before the handshake is done sends nothing more: a side that waited would wait for ever.

const SUITE = 'TLS_AES_128_GCM_SHA256'
const CLOSE_NOTIFY = Uint8Array.of(1, 0)
const CLOSED = { code: 'SEC_E_CONTEXT_EXPIRED', message: /closed the connection during the handshake/ }

test('a peer that closes as long as nothing is encrypted is not waited for', async () => {
  const server = await Party.make(false)
  const client = await Party.make(true)
  await server.advance(await client.advance())
  const closing = plainRecord(ContentType.ALERT, 0x0303, CLOSE_NOTIFY)
  await assert.rejects(server.advance(closing), CLOSED)
  await assert.rejects(client.advance(closing), CLOSED)
})

test('a client that closes under the keys of the handshake is not waited for', async () => {
  for (const more of [false, true]) {
    const { client, server, secretOf } = await meetByOneSuite()
    const finished = await client.advance(await server.advance(await client.advance()))
    const closing = encrypted(secretOf('CLIENT_HANDSHAKE_TRAFFIC_SECRET'))
    await assert.rejects(server.advance(more ? concatBytes(closing, finished) : closing), CLOSED)
  }
})

test('a server that closes under the keys of the handshake is not waited for', async () => {
  const { client, server, secretOf } = await meetByOneSuite()
  const flight = await server.advance(await client.advance())
  const [hello] = recordsIn(flight)
  assert.ok(hello)
  const closing = encrypted(secretOf('SERVER_HANDSHAKE_TRAFFIC_SECRET'))
  await assert.rejects(client.advance(concatBytes(hello, closing)), CLOSED)
})

/** The two ends of a connection of one cipher suite, and the secrets that the engine of one of them has told. */
async function meetByOneSuite() {
  const secrets = new Map<string, Uint8Array>()
  const real = createDriver({ accounts: undefined })
  const driver: Driver = {
    answer: async (ask, signal) => {
      const answer = await real.answer(ask, signal)
      if (answer.effect === 'tls') {
        for (const [label, secret] of answer.value.engine.secrets) secrets.set(label, secret.slice())
      }
      return answer
    },
  }
  const client = await Party.make(true, { credential: trusting({ cipherSuites: [SUITE] }), driver })
  const server = await Party.make(false, { driver })
  return { client, server, secretOf: (label: string) => secrets.get(label) ?? assert.fail(label) }
}

/** A close_notify as the first record under a secret. */
function encrypted(secret: Uint8Array): Uint8Array {
  const protection = new RecordProtection13(cipherSuite(SUITE) ?? assert.fail(), secret)
  const header = new Uint8Array(protection.header)
  const data = CLOSE_NOTIFY.slice()
  const trailer = new Uint8Array(protection.trailer)
  protection.seal(ContentType.ALERT, header, [data], trailer)
  return concatBytes(header, data, trailer)
}
