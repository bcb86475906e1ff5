import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fc } from '../property.js'
import { decodeUtf8, encodeUtf8 } from '../../src/bytes/index.js'
import {
  saslClient,
  saslServer,
  type SaslClient,
  type SaslClientOptions,
  type SaslServer,
  type SaslServerOptions,
  type SaslSession,
} from '../../src/sasl/index.js'
import {
  ISC_REQ_CONFIDENTIALITY,
  passwordCredential,
  SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_CRED_OUTBOUND,
  SspiError,
  type ChannelBindings,
  type SecurityFunctionTable,
} from '../../src/sspi/index.js'
import { SaslLayer } from '../../src/sasl/layer.js'
import { domain, Pair, table, TARGET } from './pair.js'

type Mechanism = SaslClientOptions['mechanism']
const MECHANISMS: readonly Mechanism[] = ['GSSAPI', 'GSS-SPNEGO', 'DIGEST-MD5']

interface Sides {
  readonly client: Partial<SaslClientOptions>
  readonly server: Partial<SaslServerOptions>
  readonly sspi: SecurityFunctionTable
}

function begin(mechanism: Mechanism, sides: Partial<Sides> = {}): readonly [SaslClient, SaslServer] {
  const digest = mechanism === 'DIGEST-MD5'
  const password = domain.passwordOf('alice')
  const client = saslClient(table({ digest: LAYERS }), {
    mechanism,
    target: TARGET,
    credentials: digest ? passwordCredential({ user: 'alice', password }) : domain.credential('alice'),
    ...sides.client,
  })
  const server = saslServer(sides.sspi ?? table({ digest: LAYERS }), {
    mechanism,
    credentials: digest ? undefined : domain.serviceCredential(TARGET),
    ...sides.server,
  })
  return [client, server]
}

/** Ciphers of DIGEST-MD5, which are not on by default. */
const LAYERS = { insecureAllowLegacyLayers: true } as const

async function establish(client: SaslClient, server: SaslServer): Promise<readonly [SaslSession, SaslSession]> {
  // As a protocol with initial responses carries it.
  let response = await client.step()
  for (let rounds = 0; rounds < 8; rounds++) {
    const challenge = await server.step(response.token)
    if (challenge.done && (challenge.token === undefined || response.done)) break
    response = await client.step(challenge.token)
    if (challenge.done && response.done) break
  }
  return [client.session, server.session]
}

const text = (bytes: Uint8Array): string => decodeUtf8(bytes, 'message')

for (const mechanism of MECHANISMS) {
  suite(`${mechanism}: saslClient and saslServer`, () => {
    for (const [layer, integrity, confidentiality] of [
      ['none', false, false],
      ['integrity', true, false],
      ['confidentiality', true, true],
    ] as const) {
      test(`establish a session with ${layer === 'none' ? 'no layer' : layer}`, async () => {
        const demands = { integrity, confidentiality }
        const [client, server] = await establish(...begin(mechanism, { client: demands, server: demands }))
        assert.deepEqual([client.layer, server.layer], [layer, layer])
        assert.deepEqual([client.mechanism, server.mechanism], [mechanism, mechanism])
        assert.equal(server.peer?.name, 'alice')
        assert.equal(client.peer, undefined)
        assert.equal(server.authorizationId, '')
        for (const message of ['first', 'second', '', 'ä'.repeat(3000)]) {
          assert.equal(text(server.unwrap(client.wrap(encodeUtf8(message)))), message)
          assert.equal(text(client.unwrap(server.wrap(encodeUtf8(message)))), message)
        }
        client[Symbol.dispose]()
        if (layer !== 'none') assert.throws(() => client.wrap(encodeUtf8('x')), { code: 'SEC_E_INVALID_HANDLE' })
      })
    }

    test('messages are framed by their length in four bytes, and do not show their text when they are encrypted', async () => {
      const [client] = await establish(...begin(mechanism))
      const wrapped = client.wrap(encodeUtf8('a secret that is long enough to be seen'))
      assert.equal(new DataView(wrapped.buffer).getUint32(0), wrapped.length - 4)
      assert.ok(!Buffer.from(wrapped).includes('secret'))
    })

    test('a message with any byte changed is refused, and so is the connection from then on', async () => {
      const [client, server] = await establish(...begin(mechanism))
      const wrapped = client.wrap(encodeUtf8('message'))
      for (const at of [4, wrapped.length - 1]) {
        const changed = new Uint8Array(wrapped)
        changed[at]! ^= 1
        assert.throws(() => server.unwrap(changed), SspiError)
      }
      assert.throws(() => server.unwrap(wrapped), SspiError)
    })

    test('a message that comes twice, or out of order, is refused', async () => {
      const [client, server] = await establish(...begin(mechanism))
      const [first, second] = [client.wrap(encodeUtf8('1')), client.wrap(encodeUtf8('2'))]
      assert.equal(text(server.unwrap(first)), '1')
      assert.throws(() => server.unwrap(first), { code: /^SEC_E_(OUT_OF_SEQUENCE|MESSAGE_ALTERED)$/ })
      const [other, its] = await establish(...begin(mechanism))
      other.wrap(encodeUtf8('1'))
      const late = other.wrap(encodeUtf8('2'))
      assert.throws(() => its.unwrap(late), { code: /^SEC_E_(OUT_OF_SEQUENCE|MESSAGE_ALTERED)$/ })
      assert.ok(second.length > 0)
    })

    test('a client of another channel is refused, and one of the same is let in', async () => {
      const channel = (name: string): ChannelBindings => ({ applicationData: encodeUtf8(`tls-exporter:${name}`) })
      const bound = (client: string): readonly [SaslClient, SaslServer] =>
        begin(mechanism, {
          client: { channelBindings: channel(client) },
          server: { channelBindings: channel('here') },
        })
      const [, server] = await establish(...bound('here'))
      assert.equal(server.peer?.name, 'alice')
      await assert.rejects(establish(...bound('elsewhere')), { code: 'SEC_E_BAD_BINDINGS' })
    })

    test('a wrong password, or the wrong realm, is refused', async () => {
      const wrong = passwordCredential({
        user: mechanism === 'DIGEST-MD5' ? 'alice' : 'alice@EXAMPLE.TEST',
        password: 'x',
      })
      await assert.rejects(establish(...begin(mechanism, { client: { credentials: wrong } })), {
        code: /^SEC_E_(LOGON_DENIED|NO_AUTHENTICATING_AUTHORITY)$/,
      })
    })
  })
}

suite('what is demanded', () => {
  test('a client that demands confidentiality refuses a server that offers integrity', async () => {
    const [client, server] = begin('GSSAPI', { server: { integrity: true, confidentiality: false } })
    // Such a server lets the client choose the stronger one.
    assert.deepEqual(
      (await establish(client, server)).map(({ layer }) => layer),
      ['confidentiality', 'confidentiality'],
    )
  })

  test('a server that demands confidentiality refuses a client that asks for nothing', async () => {
    for (const mechanism of MECHANISMS) {
      const sides = begin(mechanism, { client: { integrity: false, confidentiality: false } })
      await assert.rejects(establish(...sides), { code: /^SEC_E_(QOP_NOT_SUPPORTED|SECURITY_QOS_FAILED)$/ })
    }
  })

  test('with ciphers of DIGEST-MD5 off, as they are by default, confidentiality cannot be had', async () => {
    const [client] = begin('DIGEST-MD5')
    const server = saslServer(table(), { mechanism: 'DIGEST-MD5', integrity: true, confidentiality: false })
    await assert.rejects(establish(client, server), { code: /^SEC_E_(QOP_NOT_SUPPORTED|SECURITY_QOS_FAILED)$/ })
  })
})

suite('whom the client acts as', () => {
  for (const [mechanism, authorizationId, allowed] of [
    ['GSSAPI', 'alice', true],
    ['GSSAPI', `alice@${domain.realm}`, true],
    ['GSSAPI', 'bob', false],
    ['DIGEST-MD5', 'alice', true],
    ['DIGEST-MD5', 'bob', false],
  ] as const) {
    test(`${mechanism}: alice ${allowed ? 'may' : 'may not'} act as ${authorizationId}`, async () => {
      const sides = begin(mechanism, { client: { authorizationId } })
      if (!allowed) return assert.rejects(establish(...sides), { code: 'SEC_E_LOGON_DENIED' })
      const [client, server] = await establish(...sides)
      assert.deepEqual([client.authorizationId, server.authorizationId], [authorizationId, authorizationId])
      return undefined
    })
  }

  test('GSSAPI: the server’s own rule decides', async () => {
    const asked: string[] = []
    const authorize = (client: { readonly name: string } | undefined, as: string): boolean => {
      asked.push(`${client?.name ?? 'nobody'} as ${as}`)
      return as === 'bob'
    }
    const [, server] = await establish(
      ...begin('GSSAPI', { client: { authorizationId: 'bob' }, server: { authorize } }),
    )
    assert.deepEqual([server.authorizationId, server.peer?.name], ['bob', 'alice'])
    const eve = begin('GSSAPI', { client: { authorizationId: 'eve' }, server: { authorize } })
    await assert.rejects(establish(...eve), { code: 'SEC_E_LOGON_DENIED', message: /'eve'/ })
    assert.deepEqual(asked, ['alice as bob', 'alice as eve'])
  })

  test('GSS-SPNEGO carries none', () => {
    assert.throws(() => begin('GSS-SPNEGO', { client: { authorizationId: 'bob' } }), {
      code: 'SEC_E_UNSUPPORTED_FUNCTION',
    })
  })
})

suite('the stream of buffers', () => {
  test('may be cut into pieces anywhere, whatever the sizes of the messages', async () => {
    const [client, server] = await establish(...begin('GSSAPI'))
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 50 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 60 }),
        (messages, size) => {
          const stream = Buffer.concat(messages.map((message) => client.wrap(encodeUtf8(message))))
          let received = ''
          for (let at = 0; at < stream.length; at += size) {
            received += text(server.unwrap(new Uint8Array(stream.subarray(at, at + size))))
          }
          assert.equal(received, messages.join(''))
        },
      ),
      { numRuns: 40 },
    )
  })

  test('a long buffer may come byte by byte, with others behind it', async () => {
    const [client, server] = await establish(...begin('GSS-SPNEGO'))
    const long = new Uint8Array(60_000).map((_, at) => at & 0xff)
    const stream = Buffer.concat([client.wrap(long), client.wrap(encodeUtf8('more'))])
    const pieces: Uint8Array[] = []
    for (let at = 0; at < stream.length; at++) pieces.push(server.unwrap(stream.subarray(at, at + 1)))
    assert.deepEqual(new Uint8Array(Buffer.concat(pieces)), new Uint8Array([...long, ...encodeUtf8('more')]))
  })

  test('a long message goes as many buffers, none longer than the peer reads', async () => {
    const [client, server] = await establish(...begin('GSSAPI', { server: { receiveSize: 1000 } }))
    const wrapped = client.wrap(new Uint8Array(5000).fill(7))
    const lengths: number[] = []
    for (let at = 0; at < wrapped.length; at += 4 + lengths.at(-1)!) {
      lengths.push(new DataView(wrapped.buffer, wrapped.byteOffset + at).getUint32(0))
    }
    assert.ok(lengths.length > 5 && lengths.every((length) => length <= 1000), lengths.join())
    assert.deepEqual(server.unwrap(wrapped), new Uint8Array(5000).fill(7))
  })

  for (const [mechanism, receiveSize, limit] of [
    ['GSSAPI', undefined, 0xffff],
    ['GSSAPI', 1000, 1000],
    ['GSS-SPNEGO', undefined, 0xff_ffff],
    ['GSS-SPNEGO', 1000, 1000],
    ['DIGEST-MD5', undefined, 0x1_0000],
  ] as const) {
    test(`${mechanism}: a buffer that says it is longer than is read is refused by its length: ${limit}`, async () => {
      const [client, server] = await establish(...begin(mechanism, { server: { receiveSize } }))
      const good = client.wrap(encodeUtf8('x'))
      const header = (length: number): Uint8Array => Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length)
      const refused = { code: 'SEC_E_INVALID_TOKEN' } as const
      assert.throws(() => server.unwrap(header(limit + 1)), refused)
      assert.throws(() => server.unwrap(good), refused)
      const [, other] = await establish(...begin(mechanism, { server: { receiveSize } }))
      assert.deepEqual(other.unwrap(header(limit)), new Uint8Array(0))
    })
  }

  test('where messages should be encrypted, one that is only signed is refused', async () => {
    const pair = await Pair.begin('Kerberos', { asked: ISC_REQ_CONFIDENTIALITY })
    await pair.finish()
    const sizes = { sendSize: 1000, receiveSize: 1000 }
    const signing = new SaslLayer({ session: pair.session('client'), layer: 'integrity', ...sizes })
    const sealing = new SaslLayer({ session: pair.session('server'), layer: 'confidentiality', ...sizes })
    const signed = signing.wrap(encodeUtf8('in clear'))
    assert.throws(() => sealing.unwrap(signed), { code: 'SEC_E_QOP_NOT_SUPPORTED' })
  })
})

suite('an exchange', () => {
  test('takes a credential’s handle, and leaves it to its owner', async () => {
    const sspi = table()
    const { credential } = await sspi.acquireCredentialsHandle({
      package: 'Kerberos',
      credentialUse: SECPKG_CRED_OUTBOUND,
      authData: domain.credential('alice'),
    })
    for (let times = 0; times < 2; times++) {
      const client = saslClient(sspi, { mechanism: 'GSSAPI', target: TARGET, credentials: credential })
      const [, server] = begin('GSSAPI')
      const [, session] = await establish(client, server)
      assert.equal(session.attribute(SECPKG_ATTR_PACKAGE_INFO).name, 'Kerberos')
    }
    sspi.freeCredentialsHandle(credential)
  })

  test('has no session before it is done, and no step after it, nor when it was disposed', async () => {
    const [client, server] = begin('GSSAPI')
    const early = { code: 'SEC_E_OUT_OF_SEQUENCE' } as const
    assert.throws(() => client.session, early)
    await establish(client, server)
    await assert.rejects(client.step(new Uint8Array(0)), early)
    const [other] = begin('GSSAPI')
    const first = other.step()
    await assert.rejects(other.step(), early)
    await first
    other[Symbol.dispose]()
    await assert.rejects(other.step(), early)
  })

  test('begins without an initial response where the protocol has none: the server’s first challenge is empty', async () => {
    for (const mechanism of ['GSSAPI', 'GSS-SPNEGO'] as const) {
      const [client, server] = begin(mechanism)
      const { token, done } = await server.step()
      assert.deepEqual([token, done], [new Uint8Array(0), false])
      await establish(client, server)
    }
    const [, other] = begin('GSSAPI')
    await other.step()
    await assert.rejects(other.step(new Uint8Array(0)), { code: 'SEC_E_OUT_OF_SEQUENCE', message: /none came/ })
  })

  test('with a size that is none does not come to a step', async () => {
    for (const receiveSize of [0, 1.5, 0x100_0000]) {
      const [client] = begin('GSSAPI', { client: { receiveSize } })
      await assert.rejects(client.step(), { code: 'SEC_E_INVALID_PARAMETER' })
    }
  })

  test('of an unknown mechanism is not begun', () => {
    assert.throws(() => begin('PLAIN' as 'GSSAPI'), { code: 'SEC_E_SECPKG_NOT_FOUND' })
  })
})
