import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secretFrom } from '../../src/crypto/index.js'
import { cipherSuite } from '../../src/schannel/cipher-suites.js'
import {
  keyBlock,
  RecordProtection12,
  RecordProtection13,
  type RecordProtection,
} from '../../src/schannel/record-protection.js'
import { MAX_OWN_MESSAGES } from '../../src/schannel/constants.js'
import { ContentType } from '../../src/schannel/index.js'
import { HandshakeStream, MAX_HANDSHAKE_MESSAGE } from '../../src/schannel/messages/index.js'
import { SchannelSession } from '../../src/schannel/session.js'
import {
  never,
  SECBUFFER_DATA,
  SECBUFFER_STREAM_HEADER,
  SECBUFFER_STREAM_TRAILER,
  SECBUFFER_TOKEN,
  SecBuffer,
  SecBufferDesc,
  SECQOP_WRAP_OOB_DATA,
  SspiError,
  type Side,
  type TlsEngine,
  type Unsealed,
} from '../../src/sspi/index.js'
import { incoming } from './pair.js'

const NEW_SESSION_TICKET = Uint8Array.of(4, 0, 0, 2, 0, 0)
const KEY_UPDATE = Uint8Array.of(24, 0, 0, 1, 0)
const KEY_UPDATE_REQUESTED = Uint8Array.of(24, 0, 0, 1, 1)
const CERTIFICATE_REQUEST = Uint8Array.of(13, 0, 0, 3, 0, 0, 0)
const TEXT = new TextEncoder().encode('the quick brown fox')
const OUR_SECRET = new Uint8Array(48).fill(1)
const PEER_SECRET = new Uint8Array(48).fill(2)

/** A session of TLS 1.3 or 1.2 that never had a handshake, and the records of its peer. */
class Ends {
  readonly session: SchannelSession
  readonly tickets: Uint8Array[] = []
  engineGone = false
  readonly #out: RecordProtection
  readonly #in: RecordProtection

  constructor(side: Side, suiteName = 'TLS_AES_256_GCM_SHA384', limit?: number) {
    const suite = cipherSuite(suiteName)!
    const keys = keyBlock(suite, OUR_SECRET, new Uint8Array(32), new Uint8Array(32))
    const make = (ours: boolean, most?: number): RecordProtection =>
      suite.version === 0x0304
        ? new RecordProtection13(suite, ours ? OUR_SECRET : PEER_SECRET, 0, most)
        : new RecordProtection12(suite, ours ? keys.client : keys.server, 1, most)
    this.#out = make(false)
    this.#in = make(true)
    const engine: TlsEngine = {
      secrets: new Map(),
      takeTicket: (record) => this.tickets.push(record),
      dispose: () => (this.engineGone = true),
    }
    this.session = new SchannelSession({
      facts: {
        side,
        suite,
        contextAttr: 0,
        start: new Date(0),
        expiry: never(),
        peer: undefined,
        peerChain: [],
        localCertificate: undefined,
        roots: undefined,
        signatures: undefined,
        extensions: [],
        applicationProtocol: undefined,
        serverName: '',
        resumed: false,
        sessionId: new Uint8Array(0),
        firstFinished: undefined,
        boundKeys: true,
        randoms: new Uint8Array(64),
        issuers: undefined,
      },
      exporterSecret: secretFrom(OUR_SECRET),
      sent: make(true, limit),
      received: make(false),
      engine,
    })
  }

  /** The peer sends a record. */
  send(type: ContentType, ...contents: readonly Uint8Array[]): Unsealed {
    const content = Uint8Array.from(contents.flatMap((each) => [...each]))
    return this.session.unseal(incoming(seal(this.#out, type, content)))
  }

  updatePeer(): void {
    this.#out.update()
  }

  /** What the next step gives, as the peer reads it; the session's keys are new then, if that is what it says. */
  owed(): readonly (readonly number[])[] {
    let token = new Uint8Array(0)
    this.session.step(undefined, (given) => (token = given.slice()))
    return this.read(token)
  }

  read(records: Uint8Array): readonly (readonly number[])[] {
    const read: (readonly number[])[] = []
    for (let at = 0; at < records.length;) {
      const end = at + 5 + ((records[at + 3]! << 8) | records[at + 4]!)
      const record = records.slice(at, end)
      const opened = this.#in.open(record)
      const content = record.subarray(opened.start, opened.end)
      read.push([opened.type, ...content])
      if (opened.type === ContentType.HANDSHAKE && content[0] === 24) this.#in.update()
      at = end
    }
    return read
  }

  /** The session sends a message; with a token buffer for what must be said first, if so wished. */
  say(withToken: boolean): readonly (readonly number[])[] {
    const token = new SecBuffer(SECBUFFER_TOKEN)
    const parts = [
      new SecBuffer(SECBUFFER_STREAM_HEADER),
      new SecBuffer(SECBUFFER_DATA, TEXT.slice()),
      new SecBuffer(SECBUFFER_STREAM_TRAILER),
    ]
    this.session.seal(new SecBufferDesc(withToken ? [token, ...parts] : parts), 0)
    return this.read(Uint8Array.from([token, ...parts].flatMap((part) => [...part.bytes])))
  }
}

function repeated(bytes: Uint8Array, times: number): Uint8Array {
  return Uint8Array.from(Array.from({ length: times }, () => [...bytes]).flat())
}

function seal(protection: RecordProtection, type: ContentType, content: Uint8Array): Uint8Array {
  const record = new Uint8Array(protection.header + content.length + protection.trailer)
  const end = protection.header + content.length
  record.set(content, protection.header)
  protection.seal(
    type,
    record.subarray(0, protection.header),
    [record.subarray(protection.header, end)],
    record.subarray(end),
  )
  return record
}

test('tickets go to the engine until something else comes, and then no more', () => {
  const ends = new Ends('initiator')
  assert.equal(ends.send(ContentType.HANDSHAKE, NEW_SESSION_TICKET).kind, 'message')
  assert.equal(ends.send(ContentType.HANDSHAKE, NEW_SESSION_TICKET, NEW_SESSION_TICKET).kind, 'message')
  assert.equal(ends.tickets.length, 2)
  assert.ok(!ends.engineGone)
  ends.send(ContentType.APPLICATION_DATA, TEXT)
  assert.ok(ends.engineGone)
  assert.equal(ends.send(ContentType.HANDSHAKE, NEW_SESSION_TICKET).kind, 'message')
  assert.equal(ends.tickets.length, 2)
})

test('a handshake message may come in pieces, but data must not come in between', () => {
  const ends = new Ends('initiator')
  assert.equal(ends.send(ContentType.HANDSHAKE, NEW_SESSION_TICKET.subarray(0, 3)).kind, 'message')
  assert.equal(ends.send(ContentType.HANDSHAKE, NEW_SESSION_TICKET.subarray(3)).kind, 'message')
  ends.send(ContentType.HANDSHAKE, NEW_SESSION_TICKET.subarray(0, 3))
  assert.throws(() => ends.send(ContentType.APPLICATION_DATA, TEXT), { code: 'SEC_E_ILLEGAL_MESSAGE' })
})

test('a key update is followed; one that asks for ours is answered before the next message', () => {
  for (const side of ['initiator', 'acceptor'] as const) {
    const ends = new Ends(side)
    assert.equal(ends.send(ContentType.HANDSHAKE, KEY_UPDATE).kind, 'message')
    ends.updatePeer()
    assert.equal(ends.send(ContentType.APPLICATION_DATA, TEXT).kind, 'message')
    assert.equal(ends.send(ContentType.HANDSHAKE, KEY_UPDATE_REQUESTED).kind, 'renegotiate')
    ends.updatePeer()
    assert.throws(() => ends.say(false), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    assert.deepEqual(ends.owed(), [[ContentType.HANDSHAKE, ...KEY_UPDATE]])
    assert.deepEqual(ends.say(false), [[ContentType.APPLICATION_DATA, ...TEXT]])
    // Several requests want one answer (RFC 8446 section 4.6.3); level 2 takes it in front of its message.
    for (let i = 0; i < 3; i++) {
      ends.send(ContentType.HANDSHAKE, KEY_UPDATE_REQUESTED)
      ends.updatePeer()
    }
    assert.deepEqual(ends.say(true), [
      [ContentType.HANDSHAKE, ...KEY_UPDATE],
      [ContentType.APPLICATION_DATA, ...TEXT],
    ])
    assert.deepEqual(ends.say(true), [[ContentType.APPLICATION_DATA, ...TEXT]])
  }
})

test('what the caller had no room for is given to it again, not made anew', () => {
  const ends = new Ends('acceptor')
  ends.send(ContentType.HANDSHAKE, KEY_UPDATE_REQUESTED)
  ends.updatePeer()
  assert.throws(() => {
    ends.session.step(undefined, () => {
      throw new SspiError('SEC_E_INSUFFICIENT_MEMORY', 'no room')
    })
  })
  assert.deepEqual(ends.owed(), [[ContentType.HANDSHAKE, ...KEY_UPDATE]])
  assert.deepEqual(ends.owed(), [])
  assert.deepEqual(ends.say(false), [[ContentType.APPLICATION_DATA, ...TEXT]])
})

test('a key update that is none, or not the last of its record, ends the session', () => {
  for (const contents of [
    [Uint8Array.of(24, 0, 0, 1, 2)],
    [Uint8Array.of(24, 0, 0, 2, 0, 0)],
    [Uint8Array.of(24, 0, 0, 0)],
    [KEY_UPDATE, NEW_SESSION_TICKET],
    [KEY_UPDATE, NEW_SESSION_TICKET.subarray(0, 2)],
  ]) {
    assert.throws(() => new Ends('initiator').send(ContentType.HANDSHAKE, ...contents), {
      code: 'SEC_E_ILLEGAL_MESSAGE',
    })
  }
})

test('authentication after the handshake, and whatever else has no place there, ends the session with an alert', () => {
  for (const [side, type, content] of [
    ['initiator', ContentType.HANDSHAKE, CERTIFICATE_REQUEST],
    ['acceptor', ContentType.HANDSHAKE, NEW_SESSION_TICKET],
    ['acceptor', ContentType.HANDSHAKE, Uint8Array.of(1, 0, 0, 0)],
    ['initiator', ContentType.HANDSHAKE, Uint8Array.of(4, 255, 255, 255)],
    ['initiator', ContentType.CHANGE_CIPHER_SPEC, Uint8Array.of(1)],
    ['initiator', ContentType.ALERT, Uint8Array.of(1)],
    ['initiator', ContentType.ALERT, new Uint8Array(0)],
    ['initiator', ContentType.HANDSHAKE, new Uint8Array(0)],
    ['acceptor', ContentType.HANDSHAKE, new Uint8Array(0)],
  ] as const) {
    const ends = new Ends(side)
    assert.throws(
      () => ends.send(type, content),
      (error) => {
        assert.ok(error instanceof SspiError && error.token !== undefined)
        assert.equal(error.code, 'SEC_E_ILLEGAL_MESSAGE')
        const [alert] = ends.read(error.token)
        assert.deepEqual(alert?.slice(0, 2), [ContentType.ALERT, 2])
        return true
      },
    )
    assert.throws(() => ends.say(true), { code: 'SEC_E_CONTEXT_EXPIRED' })
  }
})

test('keys that are worn out are renewed in TLS 1.3, and end the session in TLS 1.2', () => {
  const ends = new Ends('initiator', undefined, 2)
  assert.equal(ends.say(true).length, 1)
  assert.equal(ends.say(false).length, 1)
  assert.throws(() => ends.say(false), { code: 'SEC_E_OUT_OF_SEQUENCE' })
  assert.equal(ends.say(true).length, 2, 'a key update first')
  assert.equal(ends.say(false).length, 1)
  const old = new Ends('initiator', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 2)
  assert.equal(old.say(true).length, 1)
  for (const withToken of [true, false]) assert.throws(() => old.say(withToken), { code: 'SEC_E_CONTEXT_EXPIRED' })
})

test('in TLS 1.2 a wish for a new handshake is refused by a warning, once', () => {
  const ends = new Ends('initiator', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256')
  const helloRequest = new Uint8Array(4)
  for (let i = 0; i < 3; i++) {
    assert.equal(ends.send(ContentType.HANDSHAKE, helloRequest).kind, i === 0 ? 'renegotiate' : 'message')
  }
  assert.deepEqual(ends.owed(), [[ContentType.ALERT, 1, 100]])
  // Other warnings are not the end either.
  assert.equal(ends.send(ContentType.ALERT, Uint8Array.of(1, 112)).kind, 'message')
  assert.throws(() => ends.send(ContentType.HANDSHAKE, KEY_UPDATE), { code: 'SEC_E_ILLEGAL_MESSAGE' })
})

const OLD = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'
for (const [what, side, suite, type, content] of [
  ['key updates', 'acceptor', undefined, ContentType.HANDSHAKE, KEY_UPDATE],
  ['key updates that ask for ours', 'initiator', undefined, ContentType.HANDSHAKE, KEY_UPDATE_REQUESTED],
  ['tickets', 'initiator', undefined, ContentType.HANDSHAKE, NEW_SESSION_TICKET],
  ['tickets in one record', 'initiator', undefined, ContentType.HANDSHAKE, repeated(NEW_SESSION_TICKET, 11)],
  ['warnings', 'acceptor', undefined, ContentType.ALERT, Uint8Array.of(1, 90)],
  ['warnings of TLS 1.2', 'initiator', OLD, ContentType.ALERT, Uint8Array.of(1, 112)],
  ['wishes for a new handshake', 'initiator', OLD, ContentType.HANDSHAKE, new Uint8Array(4)],
] as const) {
  test(`a flood of what the protocol itself says ends the session, unless data comes in between: ${what}`, () => {
    const inARecord = Math.max(1, Math.floor(content.length / NEW_SESSION_TICKET.length))
    const most = Math.floor(MAX_OWN_MESSAGES / inARecord)
    const ends = new Ends(side, suite)
    const send = (): Unsealed => {
      const unsealed = ends.send(type, content)
      if (content[0] === KEY_UPDATE[0]) ends.updatePeer()
      return unsealed
    }
    for (let round = 0; round < 3; round++) {
      for (let sent = 0; sent < most; sent++) send()
      ends.send(ContentType.APPLICATION_DATA, TEXT)
    }
    for (let sent = 0; sent < most; sent++) send()
    // Nothing is no data.
    ends.send(ContentType.APPLICATION_DATA)
    assert.throws(send, (error) => {
      assert.ok(error instanceof SspiError && error.code === 'SEC_E_ILLEGAL_MESSAGE' && error.token !== undefined)
      assert.deepEqual(ends.read(error.token).at(-1), [ContentType.ALERT, 2, 10])
      return true
    })
    assert.ok(ends.tickets.length <= MAX_OWN_MESSAGES)
    assert.throws(() => ends.say(true), { code: 'SEC_E_CONTEXT_EXPIRED' })
  })
}

test('a ticket in pieces of a byte, as many as a peer may send, is no flood', () => {
  const ends = new Ends('initiator')
  for (let sent = 0; sent < MAX_OWN_MESSAGES; sent++) {
    for (const byte of NEW_SESSION_TICKET) ends.send(ContentType.HANDSHAKE, Uint8Array.of(byte))
  }
  assert.equal(ends.send(ContentType.APPLICATION_DATA, TEXT).kind, 'message')
})

test('no data goes out behind what closes this side, even with room for both', () => {
  const ends = new Ends('initiator')
  ends.session.control(Uint8Array.of(1, 0, 0, 0))
  assert.throws(() => ends.say(true), { code: 'SEC_E_OUT_OF_SEQUENCE' })
  assert.deepEqual(ends.owed(), [[ContentType.ALERT, 1, 0]])
  assert.throws(() => ends.say(true), { code: 'SEC_E_CONTEXT_EXPIRED' })
  const other = new Ends('initiator')
  const alert = [SECBUFFER_STREAM_HEADER, SECBUFFER_DATA, SECBUFFER_STREAM_TRAILER].map(
    (type) => new SecBuffer(type, type === SECBUFFER_DATA ? Uint8Array.of(2, 80) : undefined),
  )
  other.session.seal(new SecBufferDesc(alert), SECQOP_WRAP_OOB_DATA)
  assert.throws(() => other.say(true), { code: 'SEC_E_CONTEXT_EXPIRED' })
})

test('a long handshake message in pieces of one byte is put together once', () => {
  const stream = new HandshakeStream()
  const body = new Uint8Array(MAX_HANDSHAKE_MESSAGE).fill(7)
  const message = new Uint8Array(4 + body.length)
  message.set([4, 2])
  message.set(body, 4)
  let whole = stream.take(new Uint8Array(0))
  for (const byte of message) {
    assert.equal(whole.length, 0)
    whole = stream.take(Uint8Array.of(byte))
  }
  assert.equal(stream.midMessage, false)
  assert.deepEqual(whole, [{ type: 4, body }])
  const [first, second] = stream.take(Uint8Array.of(...KEY_UPDATE, ...KEY_UPDATE, 24, 0))
  assert.deepEqual([first?.type, second?.type, stream.midMessage], [24, 24, true])
  assert.deepEqual(stream.take(Uint8Array.of(0, 1, 1)), [{ type: 24, body: Uint8Array.of(1) }])
})
