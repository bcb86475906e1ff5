import assert from 'node:assert/strict'
import { Agent, request, type IncomingMessage } from 'node:http'
import { suite, test } from 'node:test'
import { readTokenLeg, readCredentials, writeTokenLeg } from '../../../src/http/index.js'
import { passwordCredential } from '../../../src/sspi/index.js'
import { clientOf, gateOf, HOST, lookup, serve, testDomain, text, type Running } from './servers.js'

/** Fails when two identities were ever seen on one of a server's connections. */
function assertApart(server: Running): void {
  const byConnection = server.usersByConnection()
  const shared = byConnection.filter((users) => users.length > 1)
  assert.deepEqual(shared, [], 'two identities met on one connection')
}

const PACKAGES = ['NTLM', 'Negotiate', 'WDigest'] as const
const SCHEMES = { NTLM: 'NTLM', Negotiate: 'Negotiate', WDigest: 'Digest' } as const

suite('identities', () => {
  for (const packageName of PACKAGES) {
    for (const persistent of packageName === 'Negotiate' ? [false, true] : [false]) {
      test(`${packageName}${persistent ? ', per connection' : ''}: two that share a client never meet on a connection`, async (t) => {
        const domain = testDomain(t)
        const server = await serve(t, { gate: gateOf(domain, [packageName], { persistent }) })
        const client = clientOf(t, domain, { schemes: [SCHEMES[packageName]], limits: { maxConnections: 2 } })
        const bob = domain.credential('bob')
        const ask = async (user: 'alice' | 'bob', i: number): Promise<void> => {
          const init = user === 'bob' ? { identity: bob } : {}
          const response = await client.fetch(`${server.url}/${user}/${i}`, init)
          assert.equal(await response.text(), `hello ${user}`)
        }
        // One after another, so that connections are idle when the other one comes; then all at once.
        for (let i = 0; i < 3; i++) for (const user of ['alice', 'bob'] as const) await ask(user, i)
        const turns = Array.from({ length: 12 }, (_, i) => ask(i % 2 === 0 ? 'alice' : 'bob', i))
        await Promise.all(turns)
        assertApart(server)
        assert.ok(server.connections() >= 2 && server.connections() <= 4, `${server.connections()} connections`)
      })
    }
  }

  test('a client that shares its connections is caught by the same check', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['NTLM']) })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.after(() => {
      agent.destroy()
    })
    for (const user of ['alice', 'bob']) {
      const exchange = domain.sspi().initiate({
        package: 'NTLM',
        credentials: domain.credential(user),
        integrity: false,
        confidentiality: false,
      })
      let token = (await exchange.step()).token
      for (;;) {
        const response = await plainRequest(agent, server, writeTokenLeg('NTLM', token))
        await text(response)
        if (response.statusCode === 200) break
        const challenge = readTokenLeg(readCredentials(response.headers['www-authenticate'] ?? ''))
        token = (await exchange.step(challenge)).token
      }
    }
    assert.equal(server.connections(), 1)
    assert.throws(() => {
      assertApart(server)
    }, /two identities met/)
  })

  test('two values are two identities, even where the same is in them', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['NTLM']) })
    const client = clientOf(t, domain, { schemes: ['NTLM'] })
    for (let i = 0; i < 2; i++) {
      const identity = passwordCredential({ user: 'EXAMPLE\\alice', password: domain.passwordOf('alice') })
      assert.equal(await (await client.fetch(server.url, { identity })).text(), 'hello alice')
    }
    assert.equal(server.connections(), 2)
  })

  test('the same value is one identity, and keeps its connection', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['NTLM']) })
    const client = clientOf(t, domain, { schemes: ['NTLM'] })
    const identity = domain.credential('bob')
    for (let i = 0; i < 3; i++) assert.equal(await (await client.fetch(server.url, { identity })).text(), 'hello bob')
    assert.equal(server.connections(), 1)
  })

  test('a log-on serves many requests: the KDC is asked once for a ticket', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate']) })
    const client = clientOf(t, domain)
    await (await client.fetch(server.url)).text()
    domain.faults.down = true
    for (let i = 0; i < 3; i++) assert.equal(await (await client.fetch(server.url)).text(), 'hello alice')
  })

  test('what a credential’s package list forbids is not used, whatever is offered', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['NTLM', 'WDigest']) })
    const credentials = passwordCredential({
      user: 'EXAMPLE\\alice',
      password: domain.passwordOf('alice'),
      packageList: '!ntlm,!wdigest',
    })
    const client = clientOf(t, domain, { credentials })
    await assert.rejects(client.fetch(server.url), {
      code: 'SEC_E_NO_CREDENTIALS',
      message: /WDigest: .*package list.*NTLM: .*package list/,
    })
  })
})

function plainRequest(agent: Agent, server: Running, authorization: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request({ agent, host: HOST, port: server.port, lookup, headers: { authorization } }, resolve)
    sent.on('error', reject).end()
  })
}
