import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { authenticationOf, type HttpScheme } from '../../../src/http/index.js'
import { clientOf, gateOf, serve, testDomain } from './servers.js'

const WAYS: readonly {
  readonly scheme: HttpScheme
  readonly packages: readonly string[]
  readonly legs: number
  readonly mechanism: string
}[] = [
  { scheme: 'Negotiate', packages: ['Negotiate'], legs: 2, mechanism: 'Kerberos' },
  { scheme: 'Kerberos', packages: ['Negotiate'], legs: 2, mechanism: 'Kerberos' },
  { scheme: 'NTLM', packages: ['NTLM'], legs: 3, mechanism: 'NTLM' },
  { scheme: 'Digest', packages: ['WDigest'], legs: 2, mechanism: 'WDigest' },
]

for (const { scheme, packages, legs, mechanism } of WAYS) {
  suite(scheme, () => {
    test(`a request that is refused is made again, and let in after ${legs} legs`, async (t) => {
      const domain = testDomain(t)
      const server = await serve(t, { gate: gateOf(domain, packages) })
      const client = clientOf(t, domain, { schemes: [scheme] })
      const response = await client.fetch(`${server.url}/page?a=b`)
      assert.equal(response.status, 200)
      assert.equal(await response.text(), 'hello alice')
      assert.equal(server.seen.length, legs)
      assert.equal(server.connections(), 1)
      const { origin } = authenticationOf(response)
      assert.equal(origin?.state, 'authenticated')
      assert.equal(origin.scheme, scheme)
      assert.equal(origin.mechanism, mechanism)
      assert.equal(origin.mutual, scheme !== 'NTLM')
      assert.equal(origin.perConnection, scheme === 'NTLM')
    })

    test('further requests cost one leg each', async (t) => {
      const domain = testDomain(t)
      const server = await serve(t, { gate: gateOf(domain, packages) })
      const client = clientOf(t, domain, { schemes: [scheme] })
      for (let i = 0; i < 3; i++) assert.equal(await (await client.fetch(`${server.url}/${i}`)).text(), 'hello alice')
      assert.equal(server.seen.length, legs + 2)
      assert.equal(server.connections(), 1)
    })

    test('a wrong password is a 401 with its page', async (t) => {
      const domain = testDomain(t)
      const server = await serve(t, { gate: gateOf(domain, packages) })
      const client = clientOf(t, domain, { schemes: [scheme], credentials: domain.credential('alice', 'wrong') })
      if (mechanism === 'Kerberos') {
        // It does not even get as far as the server.
        await assert.rejects(client.fetch(server.url), { code: 'SEC_E_LOGON_DENIED' })
        return
      }
      const response = await client.fetch(server.url)
      assert.equal(response.status, 401)
      assert.equal(await response.text(), 'who are you?')
      assert.equal(authenticationOf(response).origin?.state, 'refused')
      assert.equal(server.seen.length, legs)
    })

    test('a body goes along, and arrives whole', async (t) => {
      const domain = testDomain(t)
      const server = await serve(t, { gate: gateOf(domain, packages) })
      const client = clientOf(t, domain, { schemes: [scheme] })
      const response = await client.fetch(server.url, { method: 'POST', body: 'a=b' })
      assert.equal(await response.text(), 'hello alice')
      assert.deepEqual([server.seen.at(-1)?.method, server.seen.at(-1)?.body], ['POST', 'a=b'])
    })
  })
}
