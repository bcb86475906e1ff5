import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'
import { suite, test } from 'node:test'
import { connect, createServer } from 'node:tls'
import { authenticationOf, createClient, type HttpClientOptions } from '../../../src/http/index.js'
import { createTestDomain, type TestDomain } from '../../../src/testing/index.js'
import { filesOf } from '../../schannel/certificates.js'
import { SERVICE, Site } from './site.js'

const HOST = 'www.example.test'

/** Our own client, as alice, which finds every host on this machine and trusts whoever answers. */
function clientOf(domain: TestDomain, options: Partial<HttpClientOptions> = {}) {
  return createClient({
    sspi: domain.sspi(),
    credentials: domain.credential('alice'),
    tls: { rejectUnauthorized: false },
    lookup: (_host, { all }, found) => {
      if (all === true) found(null, [{ address: '127.0.0.1', family: 4 }])
      else found(null, '127.0.0.1', 4)
    },
    ...options,
  })
}

suite('our client at our server', () => {
  for (const [scheme, mechanism] of [
    ['Negotiate', 'Kerberos'],
    ['NTLM', 'NTLM'],
    ['Digest', 'WDigest'],
  ] as const) {
    test(`${scheme}: both know how it was, twice over one connection`, async () => {
      await using site = await Site.open({ schemes: [scheme] })
      const client = clientOf(site.domain)
      for (let turn = 0; turn < 2; turn++) {
        const response = await client.fetch(`http://${HOST}:${site.port}/a?b=c`, { method: 'POST', body: 'a body' })
        assert.equal(response.status, 200)
        assert.match(await response.text(), new RegExp(`^alice by ${mechanism} from `))
        const { origin } = authenticationOf(response)
        assert.equal(origin?.state, 'authenticated')
        assert.equal(origin.mechanism, mechanism)
      }
      assert.deepEqual(site.refusals, [])
      await client.close()
    })
  }

  test('a machine in the middle that ends TLS is found out by the channel bindings', async (t) => {
    await using site = await Site.open({ tls: 'server', schemes: ['Negotiate', 'NTLM'] })
    const { certificate, privateKey } = filesOf('stranger')
    const middle = createServer({ cert: certificate, key: privateKey }, (victim) => {
      const onward = connect({ port: site.port, host: '127.0.0.1', rejectUnauthorized: false })
      pipeline(victim, onward, () => {})
      pipeline(onward, victim, () => {})
    })
    t.after(() => middle.close())
    middle.listen(0, '127.0.0.1')
    await once(middle, 'listening')
    for (const schemes of [['Negotiate'], ['NTLM']] as const) {
      const client = clientOf(site.domain, { schemes })
      const direct = await client.fetch(`https://${HOST}:${site.port}/`)
      assert.equal(direct.status, 200)
      assert.equal(site.seen.at(-1)?.channelBound, true)
      const { port } = middle.address() as AddressInfo
      const relayed = await client.fetch(`https://${HOST}:${port}/`)
      assert.equal(relayed.status, 401)
      assert.equal(site.lastRefusal, 'SEC_E_BAD_BINDINGS')
      await client.close()
    }
  })

  test('a handler that acts as its client reaches the next server as that client', async () => {
    await using domain = createTestDomain({ users: ['alice'], services: [SERVICE, 'HTTP/api.example.test'] })
    await using api = await Site.open({ domain, credentials: domain.serviceCredential('HTTP/api.example.test') })
    await using site = await Site.open({
      domain,
      page: async ({ session }, sspi) => {
        const onward = clientOf(domain, { sspi, credentials: undefined })
        assert.ok(session)
        const response = await session.impersonate(() => onward.fetch(`http://api.example.test:${api.port}/`))
        const text = await response.text()
        await onward.close()
        return `the next server says: ${response.status} ${text}`
      },
    })
    const delegating = clientOf(domain, { delegateTo: [HOST] })
    const answer = await delegating.fetch(`http://${HOST}:${site.port}/`)
    assert.equal(await answer.text(), 'the next server says: 200 alice by Kerberos from exchange')
    assert.equal(site.seen[0]?.user.impersonationLevel, 'delegation')
    await delegating.close()
  })
})
