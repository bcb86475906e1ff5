// SASL with Cyrus SASL's samples on MIT Kerberos, both roles, and a KDC in this process.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { passwordCredential } from 'sspi'
import { memoryAccounts } from 'sspi/accounts'
import {
  acceptSaslExternal,
  saslClient,
  saslExternalResponse,
  saslServer,
  type SaslClient,
  type SaslServer,
  type SaslSession,
} from 'sspi/sasl'
import { createTestDomain, type TestListeners } from 'sspi/testing'
import { missing, ourSide, PASSWORD, SaslSample } from '../src/index.js'

const skip = missing('cyrus-sasl')
const HOST = 'sasl.example.test'
const TARGET = `ldap/${HOST}`

/** Cyrus SASL's strengths in bits, least and most, and the layer that they mean. */
const LAYERS = [
  [[0, 0], 'none'],
  [[1, 1], 'integrity'],
  [[2, 256], 'confidentiality'],
] as const

const domain = createTestDomain({ users: ['alice'], services: [TARGET] })
let listeners: TestListeners
let theirEnv: Readonly<Record<string, string>>

const wanted = (layer: string): { integrity: boolean; confidentiality: boolean } => ({
  integrity: layer !== 'none',
  confidentiality: layer === 'confidentiality',
})
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (message: Uint8Array): string => new TextDecoder().decode(message)

for (const mechanism of ['GSSAPI', 'GSS-SPNEGO'] as const) {
  suite(`${mechanism} with the samples of Cyrus SASL`, { skip }, () => {
    before(async () => {
      listeners = await domain.listen()
      theirEnv = {
        ...listeners.env,
        KRB5_KTNAME: await listeners.writeKeytab(TARGET),
        KRB5CCNAME: await listeners.writeTicketCache('alice'),
      }
    })
    after(() => listeners[Symbol.asyncDispose]())

    for (const [bits, layer] of LAYERS) {
      test(`our client at their server: ${layer}, and a message each way`, async () => {
        await using server = SaslSample.start({ role: 'server', mechanism, host: HOST, bits, env: theirEnv })
        const client = saslClient(domain.sspi(), {
          mechanism,
          credentials: domain.credential('alice'),
          target: TARGET,
          ...wanted(layer),
        })
        assert.equal(text(await server.receive()), mechanism)
        const session = await runClient(client, server, mechanism)
        assert.equal(session.layer, layer)
        // Its messages have the end of a C string, and it takes no other than this one.
        assert.equal(text(session.unwrap(await server.receive())), 'srv message 1\0')
        server.send(session.wrap(bytes('client message 1')))
        await server.says(/recieved decoded message 'client message 1'/)
        assert.match(server.text, /Username: alice/)
        assert.equal(await server.exitCode(), 0)
      })

      test(`their client at our server: ${layer}, and a message each way`, async () => {
        const user = 'alice'
        await using client = SaslSample.start({ role: 'client', mechanism, host: HOST, bits, user, env: theirEnv })
        const server = saslServer(domain.sspi(), {
          mechanism,
          credentials: domain.serviceCredential(TARGET),
          ...wanted(layer),
        })
        client.send(bytes(mechanism))
        const session = await runServer(server, client, mechanism)
        // Where it is to sign, it asks SPNEGO for encryption as well, and that is what both do then.
        const asked = mechanism === 'GSS-SPNEGO' && layer === 'integrity' ? 'confidentiality' : layer
        assert.equal(session.layer, asked)
        assert.equal(session.peer?.name, 'alice')
        assert.equal(session.authorizationId, mechanism === 'GSSAPI' ? 'alice' : '')
        // It takes no other.
        client.send(session.wrap(bytes('srv message 1')))
        await client.says(/recieved decoded message 'srv message 1'/)
        assert.equal(text(session.unwrap(await client.receive())), 'client message 1\0')
        assert.equal(await client.exitCode(), 0)
      })
    }

    test('our client is refused that comes with nothing but a wrong token', async () => {
      await using server = SaslSample.start({ role: 'server', mechanism, host: HOST, bits: [0, 0], env: theirEnv })
      await server.receive()
      server.send(bytes(`${mechanism}\0nonsense`))
      assert.notEqual(await server.exitCode(), 0)
    })
  })
}

suite('GSSAPI with the samples of Cyrus SASL', { skip }, () => {
  before(async () => {
    listeners = await domain.listen()
    theirEnv = { ...listeners.env, KRB5CCNAME: await listeners.writeTicketCache('alice') }
  })
  after(() => listeners[Symbol.asyncDispose]())

  test('their client may not act as somebody else', async () => {
    const start = { role: 'client', mechanism: 'GSSAPI', host: HOST, bits: [0, 0], env: theirEnv } as const
    await using client = SaslSample.start({ ...start, user: 'bob' })
    const credentials = domain.serviceCredential(TARGET)
    const server = saslServer(domain.sspi(), { mechanism: 'GSSAPI', credentials, ...wanted('none') })
    client.send(bytes('GSSAPI'))
    await assert.rejects(runServer(server, client, 'GSSAPI'), { code: 'SEC_E_LOGON_DENIED', message: /'bob'/ })
  })
})

suite('DIGEST-MD5 with the samples of Cyrus SASL', { skip }, () => {
  const mechanism = 'DIGEST-MD5'
  const digest = { realm: 'localhost', insecureAllowLegacyLayers: true } as const
  for (const [bits, layer] of LAYERS) {
    test(`our client at their server: ${layer}, and a message each way`, async () => {
      await using server = SaslSample.start({ role: 'server', bits })
      const credentials = passwordCredential({ user: 'alice', password: PASSWORD })
      const client = saslClient(ourSide({ digest }), {
        mechanism,
        credentials,
        target: 'ldap/localhost',
        ...wanted(layer),
      })
      await server.receive()
      server.send(bytes(mechanism))
      let step = await client.step()
      while (!step.done) {
        step = await client.step(await server.receive())
        server.send(step.token ?? new Uint8Array())
      }
      const { session } = client
      assert.equal(session.layer, layer)
      assert.equal(text(session.unwrap(await server.receive())), 'srv message 1\0')
      server.send(session.wrap(bytes('client message 1')))
      await server.says(/recieved decoded message 'client message 1'/)
      assert.equal(await server.exitCode(), 0)
    })

    test(`their client at our server: ${layer}, and a message each way`, async () => {
      await using client = SaslSample.start({ role: 'client', bits, user: 'alice', password: PASSWORD })
      const accounts = memoryAccounts([{ user: 'alice', password: PASSWORD }])
      const server = saslServer(ourSide({ accounts, digest }), { mechanism, ...wanted(layer) })
      client.send(bytes(mechanism))
      assert.match(text(await client.receive()), /^DIGEST-MD5/)
      client.send((await server.step()).token ?? new Uint8Array())
      const last = await server.step(await client.receive())
      assert.ok(last.done)
      client.send(last.token ?? new Uint8Array())
      await client.receive()
      const { session } = server
      assert.deepEqual([session.layer, session.peer?.name], [layer, 'alice'])
      client.send(session.wrap(bytes('srv message 1')))
      await client.says(/recieved decoded message 'srv message 1'/)
      assert.equal(text(session.unwrap(await client.receive())), 'client message 1\0')
      assert.equal(await client.exitCode(), 0)
    })
  }
})

suite('EXTERNAL with the samples of Cyrus SASL', { skip }, () => {
  // The channel is said to have authenticated alice: `-e id=alice`.
  const external = 'alice'

  // Their sample has forgotten by then which name it was given: only a client that names nobody gets in.
  test('our client’s response lets it in at their server', async () => {
    await using server = SaslSample.start({ role: 'server', mechanism: 'EXTERNAL', bits: [0, 0], external })
    assert.equal(text(await server.receive()), 'EXTERNAL')
    server.send(new Uint8Array([...bytes('EXTERNAL\0'), ...saslExternalResponse()]))
    await server.says(/Negotiation complete/)
  })

  test('our server takes their client’s response', async () => {
    const start = { role: 'client', mechanism: 'EXTERNAL', bits: [0, 0], user: 'alice', external } as const
    await using client = SaslSample.start(start)
    client.send(bytes('EXTERNAL'))
    const first = await client.receive()
    assert.equal(text(first.subarray(0, 9)), 'EXTERNAL\0')
    const identity = { name: 'alice', domain: '', sid: undefined, groups: [], source: 'verified' } as const
    assert.equal(acceptSaslExternal(first.slice(9), { client: identity }), 'alice')
    assert.throws(() => acceptSaslExternal(first.slice(9), { client: { ...identity, name: 'bob' } }), {
      code: 'SEC_E_LOGON_DENIED',
    })
  })
})

/** The samples put the mechanism in front of the initial response. */
async function runClient(client: SaslClient, server: SaslSample, mechanism: string): Promise<SaslSession> {
  let step = await client.step()
  server.send(new Uint8Array([...bytes(`${mechanism}\0`), ...(step.token ?? [])]))
  while (!step.done) {
    step = await client.step(await server.receive())
    if (step.token !== undefined) server.send(step.token)
  }
  // The server's last token came as a challenge, which wants an answer (RFC 4422 section 3.1).
  if (mechanism === 'GSS-SPNEGO') server.send(new Uint8Array())
  return client.session
}

async function runServer(server: SaslServer, client: SaslSample, mechanism: string): Promise<SaslSession> {
  const first = await client.receive()
  assert.equal(text(first.subarray(0, mechanism.length + 1)), `${mechanism}\0`)
  let step = await server.step(first.slice(mechanism.length + 1))
  while (!step.done) {
    if (step.token !== undefined) client.send(step.token)
    step = await server.step(await client.receive())
  }
  if (step.token !== undefined) {
    client.send(step.token)
    assert.equal((await client.receive()).length, 0)
  }
  return server.session
}
