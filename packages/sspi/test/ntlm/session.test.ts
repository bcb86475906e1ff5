import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fc } from '../property.js'
import { NegotiateFlag, readAuthenticate, readChallenge } from '../../src/ntlm/index.js'
import { secretFrom } from '../../src/crypto/index.js'
import {
  ASC_REQ_DATAGRAM,
  ASC_RET_IDENTIFY,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_DATAGRAM,
  ISC_REQ_IDENTIFY,
  ISC_REQ_INTEGRITY,
  ISC_RET_INTEGRITY,
  ISC_RET_REPLAY_DETECT,
  never,
  SecBuffer,
  SECBUFFER_DATA,
  SECBUFFER_PADDING,
  SECBUFFER_READONLY,
  SECBUFFER_READONLY_WITH_CHECKSUM,
  SECBUFFER_STREAM,
  SECBUFFER_TOKEN,
  SecBufferDesc,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_FLAGS,
  SECPKG_ATTR_KEY_INFO,
  SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
  SECPKG_ATTR_LIFESPAN,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_NATIVE_NAMES,
  SECPKG_ATTR_SESSION_KEY,
  SECPKG_ATTR_TARGET_INFORMATION,
  SECQOP_WRAP_NO_ENCRYPT,
  type Session,
} from '../../src/sspi/index.js'
import { bytesOf, establish, NOW, packageOf, seal, sessionWith, sign, testWorld, unseal, verify } from './both-sides.js'

const SEALING = { initiateReq: ISC_REQ_CONFIDENTIALITY, targetName: 'HTTP/server01.contoso.com' }
const HELLO = bytesOf('hello, world')

suite('messages', () => {
  test('go both ways, signed and sealed, each direction with its own numbers', () => {
    const { client, server } = establish(SEALING)
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      for (let number = 0; number < 4; number++) {
        if (number % 2 === 0) assert.deepEqual(unseal(to, seal(from, HELLO)), HELLO)
        else assert.equal(verify(to, HELLO, sign(from, HELLO)), 0)
      }
    }
  })

  test('several data buffers: read-only ones with checksum are signed and not encrypted, read-only ones neither', () => {
    const { client, server } = establish(SEALING)
    const build = (): SecBuffer[] => [
      new SecBuffer(SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, bytesOf('header')),
      new SecBuffer(SECBUFFER_DATA, bytesOf('the first part')),
      new SecBuffer(SECBUFFER_DATA | SECBUFFER_READONLY, bytesOf('free')),
      new SecBuffer(SECBUFFER_TOKEN, 16),
      new SecBuffer(SECBUFFER_DATA, bytesOf('the second part')),
      new SecBuffer(SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, bytesOf('trailer')),
    ]
    const sent = build()
    client.seal(new SecBufferDesc(sent), 0, 0)
    const changed = sent.map((buffer, index) => Buffer.compare(buffer.bytes, build()[index]!.bytes) !== 0)
    assert.deepEqual(changed, [false, true, false, true, true, false])
    for (const index of [0, 1, 4, 5]) {
      sent[index]!.bytes[0]! ^= 1
      assert.throws(() => server.unseal(new SecBufferDesc(sent), 0), { code: 'SEC_E_MESSAGE_ALTERED' })
      sent[index]!.bytes[0]! ^= 1
    }
    sent[2]!.bytes[0]! ^= 1
    server.unseal(new SecBufferDesc(sent), 0)
    assert.deepEqual(sent[4]!.bytes, bytesOf('the second part'))
    assert.deepEqual(sent[1]!.bytes, bytesOf('the first part'))
  })

  test('a stream is signature and data, and its plaintext a view of it', () => {
    const { client, server } = establish(SEALING)
    const whole = seal(client, HELLO)
    const forged = whole.slice()
    forged[20]! ^= 4
    const data = new SecBuffer(SECBUFFER_DATA)
    const stream = (bytes: Uint8Array): SecBufferDesc =>
      new SecBufferDesc([new SecBuffer(SECBUFFER_STREAM, bytes), data])
    const before = forged.slice()
    assert.throws(() => server.unseal(stream(forged), 0), { code: 'SEC_E_MESSAGE_ALTERED' })
    assert.deepEqual(forged, before)
    assert.equal(data.cbBuffer, 0)
    assert.throws(() => server.unseal(stream(whole.subarray(0, 15)), 0), { code: 'SEC_E_INVALID_TOKEN' })
    assert.deepEqual(server.unseal(stream(whole), 0), { kind: 'message', qop: 0 })
    assert.deepEqual(data.bytes, HELLO)
    assert.equal(data.pvBuffer?.buffer, whole.buffer)
  })

  test('a caller’s mistakes change nothing', () => {
    const { client, server } = establish(SEALING)
    const data = HELLO.slice()
    const attempt = (buffers: SecBuffer[], qop = 0): void => client.seal(new SecBufferDesc(buffers), qop, 0)
    const token = new SecBuffer(SECBUFFER_TOKEN, 15)
    assert.throws(() => attempt([token, new SecBuffer(SECBUFFER_DATA, data)]), { code: 'SEC_E_BUFFER_TOO_SMALL' })
    assert.throws(() => attempt([new SecBuffer(SECBUFFER_DATA, data)]), { code: 'SEC_E_INVALID_TOKEN' })
    assert.throws(() => attempt([new SecBuffer(SECBUFFER_TOKEN, 16), new SecBuffer(SECBUFFER_DATA, data)], 7), {
      code: 'SEC_E_QOP_NOT_SUPPORTED',
      message: /0x7/,
    })
    assert.throws(() => verify(server, data, new Uint8Array(17)), { code: 'SEC_E_INVALID_TOKEN' })
    assert.deepEqual(data, HELLO)
    assert.deepEqual(unseal(server, seal(client, HELLO)), HELLO)
  })

  test('a token buffer without memory is given some; padding comes out empty', () => {
    const { client, server } = establish(SEALING)
    const token = new SecBuffer(SECBUFFER_TOKEN)
    const padding = new SecBuffer(SECBUFFER_PADDING, 8)
    const data = new SecBuffer(SECBUFFER_DATA, HELLO.slice())
    client.seal(new SecBufferDesc([token, data, padding]), 0, 0)
    assert.deepEqual([token.cbBuffer, padding.cbBuffer], [16, 0])
    server.unseal(new SecBufferDesc([token, data, padding]), 0)
    assert.deepEqual(data.bytes, HELLO)
  })

  test('SECQOP_WRAP_NO_ENCRYPT signs only, for the peer to verify', () => {
    const { client, server } = establish(SEALING)
    const token = new SecBuffer(SECBUFFER_TOKEN, 16)
    const data = new SecBuffer(SECBUFFER_DATA, HELLO.slice())
    client.seal(new SecBufferDesc([token, data]), SECQOP_WRAP_NO_ENCRYPT, 0)
    assert.deepEqual(data.bytes, HELLO)
    verify(server, HELLO, token.bytes)
  })

  test('without confidentiality nothing is encrypted or decrypted', () => {
    const { client, server } = establish({ initiateReq: ISC_REQ_INTEGRITY })
    const unsupported = { code: 'SEC_E_UNSUPPORTED_FUNCTION' }
    assert.throws(() => seal(client, HELLO), unsupported)
    assert.throws(() => unseal(server, new Uint8Array(32)), unsupported)
    verify(server, HELLO, sign(client, HELLO))
  })

  test('a replayed, an early and a foreign message are refused, and the right one goes on', () => {
    const { client, server } = establish(SEALING)
    const first = seal(client, HELLO)
    const second = seal(client, HELLO)
    assert.throws(() => unseal(server, second), {
      code: 'SEC_E_OUT_OF_SEQUENCE',
      message: /message 1 came, 0 expected/,
    })
    unseal(server, first)
    assert.throws(() => unseal(server, first), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    assert.throws(() => unseal(client, first), { code: 'SEC_E_MESSAGE_ALTERED' })
    assert.deepEqual(unseal(server, second), HELLO)
  })

  test('any traffic survives any forgery in between', () => {
    const turn = fc.record({
      way: fc.boolean(),
      sealed: fc.boolean(),
      data: fc.uint8Array({ maxLength: 300 }),
      forgeries: fc.array(fc.nat(), { maxLength: 3 }),
    })
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 20 }), (turns) => {
        const { client, server } = establish(SEALING)
        for (const { way, sealed, data, forgeries } of turns) {
          const [from, to] = way ? [client, server] : [server, client]
          const sent = sealed ? seal(from, data) : Uint8Array.from([...sign(from, data), ...data])
          const receive = (bytes: Uint8Array): Uint8Array => {
            if (sealed) return unseal(to, bytes)
            verify(to, bytes.subarray(16), bytes.subarray(0, 16))
            return bytes.subarray(16)
          }
          for (const at of forgeries) {
            const forged = sent.slice()
            forged[at % forged.length]! ^= 1 + (at % 255)
            assert.throws(() => receive(forged), { name: 'SspiError' })
          }
          assert.deepEqual(receive(sent), data)
        }
      }),
      { numRuns: 50 },
    )
  })
})

suite('datagrams', () => {
  const DATAGRAM = { initiateReq: ISC_REQ_DATAGRAM | ISC_REQ_CONFIDENTIALITY, acceptReq: ASC_REQ_DATAGRAM }

  test('both sides say so, and exchange a key', () => {
    const { tokens } = establish(DATAGRAM)
    const { NEGOTIATE_DATAGRAM, NEGOTIATE_KEY_EXCH } = NegotiateFlag
    const said = [readChallenge(tokens[1]!), readAuthenticate(tokens[2]!)]
    for (const { flags } of said) assert.ok(flags & NEGOTIATE_DATAGRAM && flags & NEGOTIATE_KEY_EXCH)
  })

  test('the server begins, and messages open in any order under the caller’s numbers', () => {
    const { client, server, tokens } = establish(DATAGRAM)
    assert.equal(tokens[0]!.length, 0)
    assert.equal(client.contextAttr & (ISC_RET_INTEGRITY | ISC_RET_REPLAY_DETECT), ISC_RET_INTEGRITY)
    const sent = [5, 1, 9].map((number) => ({ number, sealed: seal(client, HELLO, number) }))
    for (const { number, sealed } of sent.reverse()) {
      assert.throws(() => unseal(server, sealed, number + 1), { code: 'SEC_E_OUT_OF_SEQUENCE' })
      assert.deepEqual(unseal(server, sealed, number), HELLO)
    }
    verify(client, HELLO, sign(server, HELLO, 77), 77)
  })
})

suite('attributes', () => {
  const { client, server, tokens } = establish(SEALING)

  test('of both sides', () => {
    assert.ok(tokens[1])
    for (const session of [client, server]) {
      assert.deepEqual(session.query(SECPKG_ATTR_NAMES), { userName: 'CONTOSO\\alice' })
      assert.deepEqual(session.query(SECPKG_ATTR_NATIVE_NAMES), {
        clientName: 'CONTOSO\\alice',
        serverName: SEALING.targetName,
      })
      assert.deepEqual(session.query(SECPKG_ATTR_LIFESPAN), { start: NOW, expiry: never() })
      assert.deepEqual(session.query(SECPKG_ATTR_CLIENT_SPECIFIED_TARGET), { targetName: SEALING.targetName })
      assert.deepEqual(session.query(SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS), { lastClientTokenStatus: 'yes' })
      assert.deepEqual(session.query(SECPKG_ATTR_FLAGS), { flags: session.contextAttr })
    }
    const target = client.query(SECPKG_ATTR_TARGET_INFORMATION)?.targetInformation
    assert.deepEqual(server.query(SECPKG_ATTR_TARGET_INFORMATION)?.targetInformation, target)
    assert.deepEqual(client.query(SECPKG_ATTR_SESSION_KEY), server.query(SECPKG_ATTR_SESSION_KEY))
    assert.equal(client.peer, undefined)
  })

  test('the acceptor knows who, out of its account database, and how far it may act for them', () => {
    const { peer, contextAttr } = server
    assert.equal(peer?.sid, 'S-1-5-21-1-2-3-1104')
    assert.deepEqual(peer.origins?.sid, { source: 'account-database', integrity: 'local', unchecked: [] })
    assert.equal(contextAttr & ASC_RET_IDENTIFY, 0)
    const identified = establish({ initiateReq: ISC_REQ_IDENTIFY }).server
    assert.notEqual(identified.contextAttr & ASC_RET_IDENTIFY, 0)
  })

  test('without extended session security the key is told as what it is', () => {
    const session = sessionWith((NegotiateFlag.NEGOTIATE_SIGN | NegotiateFlag.NEGOTIATE_56) >>> 0)
    assert.deepEqual(session.query(SECPKG_ATTR_KEY_INFO), {
      signatureAlgorithmName: 'RSADSI RC4-CRC32',
      encryptAlgorithmName: 'RSADSI RC4',
      keySize: 56,
      signatureAlgorithm: 0xffff_ff7c,
      encryptAlgorithm: 0x6801,
    })
  })
})

suite('without extended session security', () => {
  test('both directions share one key stream and one sequence, half-duplex', () => {
    const flags = (NegotiateFlag.NEGOTIATE_SIGN | NegotiateFlag.NEGOTIATE_SEAL | NegotiateFlag.NEGOTIATE_128) >>> 0
    const client = sessionWith(flags)
    const server = sessionWith(flags, undefined, 'acceptor')
    for (const [from, to] of [
      [client, server],
      [server, client],
      [server, client],
      [client, server],
    ] as const) {
      assert.deepEqual(unseal(to, seal(from, HELLO)), HELLO)
      verify(to, HELLO, sign(from, HELLO))
    }
    assert.equal(client.mechListMic.required, false)
    client.mechListMic.resetKeys?.('sent')
    assert.deepEqual(unseal(server, seal(client, HELLO)), HELLO)
    const moved = packageOf().importSession!(client.export(), testWorld())
    assert.deepEqual(unseal(server, seal(moved, HELLO)), HELLO)
    assert.deepEqual(unseal(moved, seal(server, HELLO)), HELLO)
  })
})

suite('moving a session', () => {
  test('it goes on where it was, in both directions, with its attributes; the old one is ended', () => {
    const { client, server } = establish(SEALING)
    for (let number = 0; number < 3; number++) unseal(server, seal(client, HELLO))
    unseal(client, seal(server, HELLO))
    const onItsWay = seal(client, HELLO)
    const attributes = [
      SECPKG_ATTR_NAMES,
      SECPKG_ATTR_NATIVE_NAMES,
      SECPKG_ATTR_LIFESPAN,
      SECPKG_ATTR_TARGET_INFORMATION,
      SECPKG_ATTR_SESSION_KEY,
      SECPKG_ATTR_FLAGS,
    ] as const
    const before = attributes.map((attribute) => server.query(attribute))
    const { peer } = server
    const blob = server.export!()
    const moved: Session = packageOf().importSession!(blob, testWorld())
    assert.deepEqual(
      attributes.map((attribute) => moved.query(attribute)),
      before,
    )
    assert.ok(peer !== undefined)
    assert.deepEqual(moved.peer, peer)
    assert.deepEqual(moved.peer, server.peer)
    assert.equal(moved.contextAttr, server.contextAttr)
    assert.equal(moved.mechListMic?.required, true)
    blob.fill(0)
    assert.deepEqual(unseal(moved, onItsWay), HELLO)
    assert.deepEqual(unseal(client, seal(moved, HELLO)), HELLO)
    assert.throws(() => seal(server, HELLO), { code: 'SEC_E_INVALID_HANDLE' })
    assert.throws(() => server.export!(), { code: 'SEC_E_INVALID_HANDLE' })
  })

  test('a blob cut short, too long or of another version is refused', () => {
    const blob = establish(SEALING).server.export!()
    const invalid = { code: 'SEC_E_INVALID_TOKEN' }
    const load = (bytes: Uint8Array): Session => packageOf().importSession!(bytes, testWorld())
    for (let length = 0; length < blob.length; length++) assert.throws(() => load(blob.subarray(0, length)), invalid)
    assert.throws(() => load(Uint8Array.from([...blob, 0])), invalid)
    assert.throws(() => load(Uint8Array.from([3, ...blob.subarray(1)])), { ...invalid, message: /version 3/ })
  })
})

suite('the end', () => {
  test('keys are zero, and nothing works any more', () => {
    const key = secretFrom(new Uint8Array(16).fill(0x77))
    const session = sessionWith(0xe208_8235, key)
    assert.equal(sign(session, HELLO).length, 16)
    session.dispose()
    session.dispose()
    assert.deepEqual(key, secretFrom(new Uint8Array(16)))
    const ended = { code: 'SEC_E_INVALID_HANDLE' }
    assert.throws(() => sign(session, HELLO), ended)
    assert.throws(() => seal(session, HELLO), ended)
    assert.throws(() => verify(session, HELLO, new Uint8Array(16)), ended)
    assert.throws(() => unseal(session, new Uint8Array(16)), ended)
    assert.equal(session.query(SECPKG_ATTR_SESSION_KEY), undefined)
  })
})
