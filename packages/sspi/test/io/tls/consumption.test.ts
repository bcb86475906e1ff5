import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, createSecureContext, TLSSocket, type SecureContextOptions, type SecureVersion } from 'node:tls'
import { MemoryWire } from '../../../src/io/tls/memory-wire.js'
import { recordsIn } from '../../../src/schannel/records.js'
import { filesOf, ROOT } from '../../schannel/certificates.js'
import { LONG, longChainOf, turns } from './chains.js'

// The rule that the engine rests on, which nobody promises: when one turn has passed since Node's TLS last wrote something, a
// push returns with all output that the pushed bytes cause already written, and with the end of the handshake already told.
// Whoever breaks it is the version of Node that these tests run on; nothing of the engine itself is in them.

/** More turns than the engine ever waits, in which nothing may come. */
const LATER = 8

/** One end: Node's TLS over a wire in memory. */
class End {
  readonly wire = new MemoryWire()
  readonly socket: TLSSocket
  done = false
  error: (Error & { readonly code?: string }) | undefined

  constructor(side: 'client' | 'server', options: SecureContextOptions) {
    const secureContext = createSecureContext(options)
    const { wire } = this
    this.socket =
      side === 'client'
        ? connect({ socket: wire, secureContext, rejectUnauthorized: false, checkServerIdentity: () => undefined })
        : new TLSSocket(wire, { isServer: true, secureContext, requestCert: true, rejectUnauthorized: false })
    this.socket.on(side === 'client' ? 'secureConnect' : 'secure', () => (this.done = true))
    this.socket.on('error', (error: Error) => (this.error ??= error))
    this.socket.resume()
  }

  /** Nothing more may come, as late as it may. */
  async staysQuiet(when: string): Promise<void> {
    const { wire, done } = this
    const written = wire.writtenBytes
    for (let late = 1; late <= LATER; late++) {
      await turns(1)
      assert.equal(wire.writtenBytes, written, `${process.version}, ${when}: output came ${late} turns late`)
      assert.equal(this.done, done, `${process.version}, ${when}: the end was told ${late} turns late`)
    }
  }

  destroy(): void {
    this.socket.destroy()
    this.wire.destroy()
  }
}

/** How a flight is handed over. */
interface Manner {
  readonly name: string
  readonly pieces: (flight: Uint8Array) => Iterable<Uint8Array>
  /** A turn goes before each piece, and each must keep the rule; else before the flight alone. */
  readonly turnForEach: boolean
}

function* bytesIn(flight: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < flight.length; at++) yield flight.subarray(at, at + 1)
}

const manners: readonly Manner[] = [
  { name: 'flights in one piece', pieces: (flight) => [flight], turnForEach: false },
  { name: 'record by record', pieces: recordsIn, turnForEach: false },
  { name: 'record by record, a turn before each', pieces: recordsIn, turnForEach: true },
  { name: 'byte by byte', pieces: bytesIn, turnForEach: false },
  { name: 'byte by byte, a turn before each', pieces: bytesIn, turnForEach: true },
]

/** Hands over a flight, and holds the receiver to the rule. Gives what it wrote. */
async function deliver(to: End, flight: Uint8Array, { name, pieces, turnForEach }: Manner): Promise<Uint8Array> {
  await turns(1)
  for (const piece of pieces(flight)) {
    to.wire.push(Buffer.from(piece))
    if (!turnForEach) continue
    const { wire, done } = to
    const written = wire.writtenBytes
    await turns(1)
    assert.equal(wire.writtenBytes, written, `${process.version}, ${name}: output came a turn late`)
    assert.equal(to.done, done, `${process.version}, ${name}: the end was told a turn late`)
  }
  const output = to.wire.takeWritten()
  await to.staysQuiet(name)
  return output
}

/** The whole handshake; how many flights it took. */
async function shakeHands(client: End, server: End, manner: Manner): Promise<number> {
  let flight = client.wire.takeWritten()
  let flights = 0
  for (let to = server; flight.length > 0; to = to === server ? client : server) {
    // Session tickets of TLS 1.3 are the engine's only as long as it has not seen the end.
    if (to.done) break
    flight = await deliver(to, flight, manner)
    flights++
  }
  return flights
}

const chains = {
  'one certificate': (name: string) => filesOf(name).certificate,
  'a chain of 40 KB': longChainOf,
}

/** Flights until both sides are done: RFC 5246 §7.3 and RFC 8446 §2. */
const FLIGHTS: ReadonlyMap<SecureVersion, number> = new Map([
  ['TLSv1.2', 4],
  ['TLSv1.3', 3],
])

for (const [version, expected] of FLIGHTS) {
  for (const [chain, certificateOf] of Object.entries(chains)) {
    for (const manner of manners) {
      // 80 000 pushes with a turn each would take seconds, and tell no more than one certificate does.
      if (certificateOf === longChainOf && manner.turnForEach && manner.pieces === bytesIn) continue
      test(`${version}, ${chain} on each side, ${manner.name}: all output comes within the push`, async () => {
        const optionsOf = (name: string): SecureContextOptions => ({
          cert: certificateOf(name),
          key: filesOf(name).privateKey,
          ca: ROOT,
          minVersion: version,
          maxVersion: version,
          ...(name === 'server' ? { sessionIdContext: 'rule' } : {}),
        })
        const server = new End('server', optionsOf('server'))
        const client = new End('client', optionsOf('client'))
        try {
          await client.staysQuiet('the first flight')
          assert.equal(await shakeHands(client, server, manner), expected)
          for (const { done, error, socket, wire } of [client, server]) {
            assert.ok(done)
            assert.equal(error, undefined)
            assert.equal(socket.getProtocol(), version)
            assert.equal(wire.writtenBytes > LONG, chain === 'a chain of 40 KB')
            assert.ok(socket.getPeerCertificate().raw)
          }
        } finally {
          client.destroy()
          server.destroy()
        }
      })
    }
  }
}

test('a client that is asked to begin again does so within the push', async () => {
  const options = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const
  for (const manner of manners) {
    const { certificate: cert, privateKey: key } = filesOf('server')
    const server = new End('server', { ...options, cert, key, ecdhCurve: 'P-384', sessionIdContext: 'rule' })
    const client = new End('client', { ...options, ecdhCurve: 'X25519:P-384' })
    try {
      await client.staysQuiet('the first flight')
      assert.equal(await shakeHands(client, server, manner), 5, manner.name)
      assert.ok(client.done && server.done)
    } finally {
      client.destroy()
      server.destroy()
    }
  }
})

test('what is no handshake is answered with an alert within the push, and the error is told within two turns', async () => {
  for (const [version] of FLIGHTS) {
    for (const spoiledSide of ['server', 'client'] as const) {
      const { certificate: cert, privateKey: key } = filesOf('server')
      const options = { minVersion: version, maxVersion: version, cert, key }
      const server = new End('server', { ...options, sessionIdContext: 'rule' })
      const client = new End('client', options)
      const whole = manners[0]!
      try {
        await client.staysQuiet('the first flight')
        let flight = client.wire.takeWritten()
        if (spoiledSide === 'client') flight = await deliver(server, flight, whole)
        const receiver = spoiledSide === 'client' ? client : server
        // A hello's first byte is its type: there is no message of this one (RFC 8446 §B.3).
        flight[5] = 0x63 // a flight begins with a whole record
        await turns(1)
        receiver.wire.push(Buffer.from(flight))
        const alert = receiver.wire.takeWritten()
        assert.equal(alert[0], 21, `${version}, ${spoiledSide}`)
        await turns(2)
        assert.ok(receiver.error !== undefined, `${version}, ${spoiledSide}`)
        assert.equal(receiver.wire.takeWritten().length, 0)
      } finally {
        client.destroy()
        server.destroy()
      }
    }
  }
})
