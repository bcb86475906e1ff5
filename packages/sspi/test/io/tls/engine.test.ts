import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerTls } from '../../../src/io/tls/index.js'
import { CIPHER_SUITES } from '../../../src/schannel/index.js'
import type { Side, TlsConnection, TlsEngine, TlsProgress, TlsSetup, TlsVersion } from '../../../src/sspi/index.js'
import { filesOf, ROOT } from '../../schannel/certificates.js'
import { longChainOf } from './chains.js'

const connection: TlsConnection = {
  serverName: undefined,
  applicationProtocols: [],
  session: undefined,
  keepSession: undefined,
}

function setupOf(side: Side, version: TlsVersion): TlsSetup {
  const name = side === 'initiator' ? 'client' : 'server'
  return {
    side,
    identities: [
      {
        kind: 'pem',
        certificates: longChainOf(name),
        privateKey: filesOf(name).privateKey ?? '',
        passphrase: undefined,
      },
    ],
    roots: [ROOT],
    crls: [],
    minVersion: version,
    maxVersion: version,
    cipherSuites: CIPHER_SUITES.map((suite) => suite.name),
    groups: undefined,
    requestCertificate: true,
  }
}

const open = (setup: TlsSetup): Promise<TlsProgress> => answerTls({ kind: 'open', setup, connection })
const feed = (engine: TlsEngine, records: Uint8Array): Promise<TlsProgress> =>
  answerTls({ kind: 'feed', engine, records })

/** Of each step: whose it is, whether it wrote a flight, whether it is done. RFC 5246 §7.3; RFC 8446 §2. */
const STEPS: ReadonlyMap<TlsVersion, readonly string[]> = new Map([
  [0x0303, ['server flight', 'client flight', 'server flight done', 'client done']],
  [0x0304, ['server flight', 'client flight done', 'server flight done']],
])

for (const [version, expected] of STEPS) {
  test(`version 0x0${version.toString(16)}: each step gives a whole flight, with chains of 40 KB, many at a time`, async () => {
    const setups = { client: setupOf('initiator', version), server: setupOf('acceptor', version) }
    const run = async (): Promise<readonly string[]> => {
      const client = await open(setups.client)
      const server = await open(setups.server)
      const engines = { client: client.engine, server: server.engine }
      const steps: string[] = []
      try {
        let flight = client.output
        for (let to: 'client' | 'server' = 'server'; steps.length < expected.length;) {
          const { output, consumed, state } = await feed(engines[to], flight)
          assert.equal(consumed, flight.length)
          steps.push(
            [to, ...(output.length > 0 ? ['flight'] : []), ...(state.kind === 'done' ? ['done'] : [])].join(' '),
          )
          flight = output
          to = to === 'client' ? 'server' : 'client'
        }
      } finally {
        client.engine.dispose()
        server.engine.dispose()
      }
      return steps
    }
    for (const steps of await Promise.all(Array.from({ length: 4 }, run))) assert.deepEqual(steps, expected)
  })
}
