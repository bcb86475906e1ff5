import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { suite, test } from 'node:test'
import { authenticationOf } from '../../../src/http/index.js'
import { clientOf, gateOf, serve, testDomain, type Running } from './servers.js'

const to = (location: () => string, status = 302) => ({
  handler: (_: unknown, response: import('node:http').ServerResponse) =>
    response.writeHead(status, { location: location() }).end('elsewhere'),
})

suite('redirects', () => {
  test('within an origin are followed, and authenticated', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, {
      gate: gateOf(domain, ['Negotiate']),
      handler: (request, response, { user }) => {
        if (request.url === '/a') response.writeHead(302, { location: 'b?c#d' }).end()
        else response.end(`hello ${user ?? ''}`)
      },
    })
    const response = await clientOf(t, domain).fetch(`${server.url}/a`)
    assert.equal(await response.text(), 'hello alice')
    assert.deepEqual([response.url, response.redirected], [`${server.url}/b?c`, true])
    assert.equal(authenticationOf(response).origin?.state, 'authenticated')
  })

  test('to another origin are followed without telling it who we are, unless it may know', async (t) => {
    const domain = testDomain(t)
    const other = await serve(t, { gate: gateOf(domain, ['NTLM', 'WDigest', 'Negotiate']) })
    const server = await serve(t, { gate: gateOf(domain, ['NTLM']), ...to(() => `${other.url}/there`) })
    const headers = { authorization: '', cookie: 'a=b', 'x-other': 'c' }
    const { authorization: _, ...sent } = headers
    const response = await clientOf(t, domain).fetch(server.url, { headers: sent })
    assert.equal(response.status, 401)
    assert.equal(other.seen.length, 1)
    assert.deepEqual(
      [other.seen[0]?.headers.authorization, other.seen[0]?.headers.cookie, other.seen[0]?.headers['x-other']],
      [undefined, undefined, 'c'],
    )
    const trusting = clientOf(t, domain, { hosts: ['*.example.com'] })
    assert.equal(await (await trusting.fetch(server.url)).text(), 'hello alice')
  })

  for (const packageName of ['NTLM', 'Negotiate'] as const) {
    test(`${packageName}: from elsewhere do not go over a connection that is authenticated`, async (t) => {
      const domain = testDomain(t)
      const bank = await serve(t, { gate: gateOf(domain, [packageName], { persistent: true }) })
      const evil = await serve(t, {
        handler: (_, response) => response.writeHead(302, { location: `${bank.url}/pay` }).end(),
      })
      const client = clientOf(t, domain)
      assert.equal(await (await client.fetch(bank.url)).text(), 'hello alice')
      assert.equal((await client.fetch(evil.url)).status, 401)
      assert.ok(bank.seen.filter(({ url }) => url === '/pay').every(({ user }) => user === undefined))
      const own = { headers: { authorization: 'Bearer mine' } }
      assert.equal(
        (await client.fetch(`${bank.url}/own`, own)).status,
        401,
        'a caller that speaks for itself is itself',
      )
      assert.equal(await (await client.fetch(bank.url)).text(), 'hello alice')
      assert.equal(bank.usersByConnection().filter((users) => users.length > 0).length, 1)
    })
  }

  test('of a caller that authenticates itself lose what it said, at another origin', async (t) => {
    const domain = testDomain(t)
    const other = await serve(t)
    const server = await serve(
      t,
      to(() => other.url),
    )
    await clientOf(t, domain).fetch(server.url, { headers: { authorization: 'Bearer secret' } })
    assert.equal(server.seen[0]?.headers.authorization, 'Bearer secret')
    assert.equal(other.seen[0]?.headers.authorization, undefined)
  })

  test('change the method as fetch does', async (t) => {
    const domain = testDomain(t)
    for (const [status, method, expected, body] of [
      [301, 'POST', 'GET', ''],
      [302, 'POST', 'GET', ''],
      [302, 'PUT', 'PUT', 'a'],
      [303, 'PUT', 'GET', ''],
      [307, 'POST', 'POST', 'a'],
      [308, 'POST', 'POST', 'a'],
    ] as const) {
      const end: Running = await serve(t)
      const server = await serve(
        t,
        to(() => end.url, status),
      )
      await clientOf(t, domain).fetch(server.url, { method, body: 'a', headers: { 'content-type': 'x/y' } })
      assert.deepEqual([end.seen[0]?.method, end.seen[0]?.body], [expected, body], `${status} ${method}`)
      assert.equal(end.seen[0]?.headers['content-type'], body === '' ? undefined : 'x/y')
    }
  })

  test('can be left to the caller, or be an error', async (t) => {
    const domain = testDomain(t)
    const server = await serve(
      t,
      to(() => '/b'),
    )
    const client = clientOf(t, domain)
    const response = await client.fetch(server.url, { redirect: 'manual' })
    assert.deepEqual([response.status, response.headers.get('location')], [302, '/b'])
    await assert.rejects(client.fetch(server.url, { redirect: 'error' }), { code: 'SEC_E_ILLEGAL_MESSAGE' })
  })

  test('that never end, lead to no URL, or to one with a password, are refused', async (t) => {
    const domain = testDomain(t)
    const client = clientOf(t, domain, { limits: { maxRedirects: 3 } })
    const endless = await serve(
      t,
      to(() => '/again'),
    )
    await assert.rejects(client.fetch(endless.url), { code: 'SEC_E_ILLEGAL_MESSAGE', message: /more than 3/ })
    assert.equal(endless.seen.length, 4)
    for (const location of ['http://[', 'ftp://server.example.com/', 'file:///etc/passwd', 'http://a:b@127.0.0.1/']) {
      const server = await serve(
        t,
        to(() => location),
      )
      await assert.rejects(client.fetch(server.url), { code: 'SEC_E_ILLEGAL_MESSAGE' }, location)
    }
  })

  test('that want a body again which is gone are refused, in words', async (t) => {
    const domain = testDomain(t)
    const server = await serve(
      t,
      to(() => '/b', 307),
    )
    const client = clientOf(t, domain, { timeouts: { continueSeconds: 0.01 } })
    await assert.rejects(client.fetch(server.url, { method: 'POST', body: Readable.from(['a']) }), {
      code: 'SEC_E_CANNOT_PACK',
    })
  })
})
