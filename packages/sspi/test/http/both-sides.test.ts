import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { authenticationOf, createClient, type HttpScheme } from '../../src/http/index.js'
import { ROOT } from '../schannel/certificates.js'
import { HOST, lookup } from './client/servers.js'
import { Site } from './server/site.js'

// Our client at our server: what each of them makes of the other's messages.

const NAME = 'www.example.test'
const schemes = ['Negotiate', 'NTLM', 'Digest'] as const

for (const scheme of ['Negotiate', 'Kerberos', 'NTLM', 'Digest'] as const satisfies readonly HttpScheme[]) {
  suite(scheme, () => {
    test('a client is let in, with each request or once for its connection', async () => {
      await using site = await Site.open({ schemes })
      await using client = createClient({
        sspi: site.domain.sspi(),
        credentials: site.domain.credential('alice'),
        schemes: [scheme],
        lookup,
      })
      for (const [i, body] of [undefined, 'a=b', 'x'.repeat(100_000), undefined].entries()) {
        const init = body === undefined ? {} : { method: 'POST', body }
        const response = await client.fetch(`http://${NAME}:${site.port}/${i}`, init)
        assert.match(await response.text(), /^alice by /)
        assert.equal(authenticationOf(response).origin?.state, 'authenticated')
      }
      assert.equal(site.seen.length, 4)
      assert.deepEqual(site.refusals, [])
    })

    test('two at once are each themselves, and somebody with a wrong password is nobody', async () => {
      await using site = await Site.open({ schemes })
      await using client = createClient({ sspi: site.domain.sspi(), schemes: [scheme], lookup })
      const users = { alice: site.domain.credential('alice'), bob: site.domain.credential('bob') }
      const said = await Promise.all(
        Array.from({ length: 10 }, async (_, i) => {
          const identity = i % 2 === 0 ? users.alice : users.bob
          return (await client.fetch(`http://${NAME}:${site.port}/${i}`, { identity })).text()
        }),
      )
      for (const [i, text] of said.entries()) assert.match(text, i % 2 === 0 ? /^alice by / : /^bob by /)
      if (scheme === 'Negotiate' || scheme === 'Kerberos') return // the KDC tells them apart
      const identity = site.domain.credential('alice', 'wrong')
      assert.equal((await client.fetch(`http://${NAME}:${site.port}/`, { identity })).status, 401)
    })

    test('extended protection is met over TLS', async () => {
      await using site = await Site.open({ schemes, tls: 'server', extendedProtection: 'required' })
      const options = {
        sspi: site.domain.sspi(),
        credentials: site.domain.credential('alice'),
        schemes: [scheme],
        lookup,
        tls: { ca: ROOT },
        targetName: () => `HTTP/${NAME}`,
      }
      await using client = createClient(options)
      const response = await client.fetch(`https://${HOST}:${site.port}/`)
      assert.match(await response.text(), /^alice by /)
      await using unbound = createClient({ ...options, channelBindings: false })
      const refused = await unbound.fetch(`https://${HOST}:${site.port}/`)
      assert.equal(refused.status, 401)
      const { origin } = authenticationOf(refused)
      assert.ok(origin?.state === 'refused')
      // Kerberos has words for it, which the server sends along.
      if (scheme === 'Negotiate' || scheme === 'Kerberos') assert.match(origin.reason?.message ?? '', /KRB_AP_ERR_/)
    })
  })
}
