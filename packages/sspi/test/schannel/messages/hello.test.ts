import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, Reader } from '../../../src/bytes/index.js'
import {
  HandshakeStream,
  readCertificateRequest,
  readClientHello,
  readProtocolNames,
  readServerHello,
  readServerName,
} from '../../../src/schannel/messages/index.js'
import { extensionData, ExtensionType } from '../../../src/schannel/messages/index.js'
import { SspiError } from '../../../src/sspi/index.js'
import { readVectors } from '../../vectors.js'

interface Legs {
  readonly legs: readonly { readonly token: string }[]
}

/** The bodies of the messages of a type, as OpenSSL and GnuTLS have sent them in the clear. */
function bodiesOf(type: number): readonly Uint8Array[] {
  const { cases } = readVectors<Legs, unknown>('tls/handshakes.json')
  return cases.flatMap(({ input }) =>
    input.legs.flatMap(({ token }) => {
      const reader = new Reader(fromHex(token))
      const bodies: Uint8Array[] = []
      while (reader.remaining > 0) {
        const [content] = reader.take(3, 'header')
        const body = reader.take(reader.u16be('length'), 'record')
        if (content !== 22 || body[0] !== type) continue
        bodies.push(...new HandshakeStream().take(body).map((message) => message.body))
      }
      return bodies
    }),
  )
}

const clientHellos = bodiesOf(1)
const serverHellos = bodiesOf(2)
const requests = bodiesOf(13)

test('hellos of OpenSSL and GnuTLS are read', () => {
  assert.ok(clientHellos.length >= 4 && serverHellos.length >= 4 && requests.length >= 2)
  for (const body of clientHellos) {
    const hello = readClientHello(body)
    assert.equal(hello.legacyVersion, 0x0303)
    assert.ok(hello.versions.includes(0x0304) && hello.versions.includes(0x0303))
    const name = extensionData(hello.extensions, ExtensionType.SERVER_NAME)
    assert.equal(name && readServerName(name), 'server.example.com')
  }
  assert.deepEqual(
    serverHellos.map((body) => readServerHello(body)).map(({ version, retry }) => [version, retry]),
    [
      [0x0303, false],
      [0x0304, true],
      [0x0304, false],
      [0x0304, false],
      [0x0303, false],
    ],
  )
  const alpn = extensionData(readClientHello(clientHellos[0]!).extensions, ExtensionType.ALPN)
  assert.deepEqual(alpn && readProtocolNames(alpn), ['h2', 'http/1.1'])
  for (const body of requests) assert.equal(readCertificateRequest(body, 0x0303).authorities.length, 1)
})

test('cut short, with a byte too many, or changed in any, a hello is read or refused as what it is', () => {
  const readers: readonly (readonly [readonly Uint8Array[], (body: Uint8Array) => unknown])[] = [
    [clientHellos, readClientHello],
    [serverHellos, readServerHello],
    [requests, (body) => readCertificateRequest(body, 0x0303)],
  ]
  const attempt = (read: (body: Uint8Array) => unknown, body: Uint8Array): boolean => {
    try {
      read(body)
      return true
    } catch (error) {
      assert.ok(error instanceof SspiError && error.code === 'SEC_E_INVALID_TOKEN', String(error))
      return false
    }
  }
  for (const [bodies, read] of readers) {
    for (const body of bodies) {
      const whole = attempt(read, body)
      assert.ok(whole)
      for (let length = 0; length < body.length; length++) {
        attempt(read, body.subarray(0, length))
        for (const mask of [0x01, 0x80, 0xff]) {
          const changed = body.slice()
          changed[length]! ^= mask // bounded by the loop
          attempt(read, changed)
        }
      }
      if (read !== readers[2]![1]) assert.ok(!attempt(read, Uint8Array.of(...body, 0)), 'a byte too many')
    }
  }
})
