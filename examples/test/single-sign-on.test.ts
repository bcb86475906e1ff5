import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { createTestDomain, type TestDomain } from 'sspi/testing'
import { protectedSite } from '../src/protect-a-site.js'
import { singleSignOn } from '../src/single-sign-on.js'
import { whoPage } from '../src/who-page.js'

const SERVICE = 'HTTP/www.example.test'

/** Waits until a server listens. @returns what asks it. */
async function listen(t: TestContext, server: Server) {
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return async (path: string, token?: Uint8Array) => {
    const headers = token === undefined ? {} : { authorization: `Negotiate ${Buffer.from(token).toString('base64')}` }
    const sent = request({ port, path, headers, host: '127.0.0.1', agent: false }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    return { status: response.statusCode, body: await text(response) }
  }
}

/** What alice's client sends first. */
async function tokenOf(domain: TestDomain): Promise<Uint8Array | undefined> {
  const credentials = domain.credential('alice')
  using client = domain.sspi().initiate({ package: 'Negotiate', credentials, target: SERVICE })
  return (await client.step()).token
}

test('the example of the page lets in who has a ticket', async (t) => {
  await using domain = createTestDomain({ users: ['alice'], services: [SERVICE] })
  const site = protectedSite({ sspi: domain.sspi(), credentials: domain.serviceCredential(SERVICE) })
  const get = await listen(t, site.listen(0, '127.0.0.1'))
  assert.equal((await get('/')).status, 401)
  assert.deepEqual(await get('/', await tokenOf(domain)), { status: 200, body: 'hello EXAMPLE.TEST\\alice\n' })
})

test('the example of single sign-on shows who has come and how that is known', async (t) => {
  await using domain = createTestDomain({ users: ['alice'], services: [SERVICE] })
  const sspi = domain.sspi()
  const { app, authenticator } = singleSignOn({ sspi, credentials: domain.serviceCredential(SERVICE) })
  using _authenticator = authenticator
  const get = await listen(t, app.listen(0, '127.0.0.1'))
  const logOn = async (path: string) => get(path, await tokenOf(domain))

  assert.deepEqual(await get('/health'), { status: 200, body: 'ok' })
  const nobody = await get('/')
  assert.equal(nobody.status, 401)
  assert.match(nobody.body, /<h1>Nobody<\/h1>/)
  const page = await logOn('/')
  assert.equal(page.status, 200)
  for (const part of [/<h1>alice<\/h1>/, /EXAMPLE\.TEST/, /Kerberos/, /<b class="yes">yes<\/b>/]) {
    assert.match(page.body, part)
  }
  assert.deepEqual(JSON.parse((await logOn('/who')).body), {
    user: 'EXAMPLE.TEST\\alice',
    groups: [],
    mechanism: 'Kerberos',
    from: 'exchange',
  })
})

test('what the page shows of a name is text', () => {
  const origin = { source: 'ticket', integrity: 'sealed', unchecked: [] } as const
  const expiry = new Date(0)
  const user = { name: '<script>', domain: '"&', sid: undefined, groups: ["'"], source: 'verified' } as const
  const token = {
    user,
    qualifiedName: '',
    userPrincipalName: undefined,
    origins: { name: origin },
    packageName: 'Kerberos',
    logonType: 'network',
    impersonationLevel: 'impersonation',
    authenticationId: 1n,
    expiry,
  } as const
  const page = whoPage({
    user: token,
    scheme: 'Negotiate',
    mechanism: 'Kerberos',
    mutual: false,
    channelBound: false,
    from: 'cookie',
    expiry,
    session: undefined,
  })
  assert.doesNotMatch(page, /<script>|"&</)
  assert.match(page, /&#60;script&#62;/)
  assert.match(page, /1970-01-01 00:00:00 UTC/)
})
