import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, test, type TestContext } from 'node:test'
import { requestFacts } from '../../../src/http/server/request-facts.js'
import { logOn } from './client.js'
import { Site, type SiteOptions } from './site.js'
import { Wire } from './wire.js'

const NTLM = { scheme: 'NTLM' } as const

/** A reverse proxy that has one connection to its server, for all its clients; it says so by the fields that it adds. */
async function proxyOf(t: TestContext, site: Site, fields: Readonly<Record<string, string>>): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const proxy = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, ...fields }
    const { method, url: path } = incoming
    const onward = request({ host: '127.0.0.1', port: site.port, agent, headers, method, path }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 0, answer.rawHeaders)
      answer.pipe(outgoing)
    })
    incoming.pipe(onward)
  })
  proxy.keepAliveTimeout = 0
  t.after(() => {
    proxy.closeAllConnections()
    proxy.close()
    agent.destroy()
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return (proxy.address() as AddressInfo).port
}

const NAMED = { 'x-forwarded-for': '192.0.2.1' }

suite('behind a reverse proxy that shares its connection out', () => {
  const open = async (t: TestContext, fields: Readonly<Record<string, string>>, options: SiteOptions = {}) => {
    const site = await Site.open({ schemes: ['Negotiate', 'NTLM'], ...options })
    t.after(() => site[Symbol.asyncDispose]())
    let connections = 0
    site.server.on('connection', () => connections++)
    const port = await proxyOf(t, site, fields)
    return { site, client: () => Wire.open(port, false), connections: () => connections }
  }

  test('Kerberos lets each request in by itself', async (t) => {
    const { site, client, connections } = await open(t, NAMED, { persist: 'all' })
    using alice = await client()
    using bob = await client()
    assert.equal((await logOn(site, alice)).body, 'alice by Kerberos from exchange')
    assert.equal((await bob.ask()).status, 401)
    assert.equal((await logOn(site, bob, { user: 'bob' })).body, 'bob by Kerberos from exchange')
    assert.equal((await alice.ask()).status, 401)
    assert.equal(connections(), 1)
  })

  test('NTLM counts for the request that ends the legs, and for nobody behind it', async (t) => {
    const { site, client, connections } = await open(t, NAMED)
    using alice = await client()
    using bob = await client()
    assert.equal((await logOn(site, alice, NTLM)).body, 'alice by NTLM from exchange')
    assert.equal((await bob.ask()).status, 401)
    assert.equal((await alice.ask()).status, 401)
    assert.equal(connections(), 1)
  })

  test('a proxy that does not say that it is one is safe with persist: none', async (t) => {
    const { site, client } = await open(t, {}, { persist: 'none' })
    using alice = await client()
    using bob = await client()
    assert.equal((await logOn(site, alice, NTLM)).status, 200)
    assert.equal((await bob.ask()).status, 401)
  })

  test('a cookie carries the client on, where the proxy says that the way to it is safe', async (t) => {
    const { site, client } = await open(t, NAMED, {
      cookie: { key: new Uint8Array(32).fill(1) },
      isSecure: ({ headers }) => headers['x-forwarded-for'] !== undefined,
    })
    using alice = await client()
    const [cookie = ''] = (await logOn(site, alice, NTLM)).field('Set-Cookie')
    assert.equal((await alice.ask({ Cookie: cookie.split(';', 1)[0] ?? '' })).body, 'alice by NTLM from cookie')
    using bob = await client()
    assert.equal((await bob.ask()).status, 401)
  })

  test('no cookie is given where isSecure does not say so, and nobody is let in where it fails', async (t) => {
    const forgets = (() => undefined) as unknown as () => boolean
    const fails = (): never => {
      throw new Error('a bug of the application')
    }
    for (const [isSecure, status] of [
      [fails, 403],
      [forgets, 200],
    ] as const) {
      const { site, client } = await open(t, NAMED, { cookie: { key: new Uint8Array(32).fill(1) }, isSecure })
      using alice = await client()
      if (status === 403) assert.equal((await alice.ask()).status, 403)
      else assert.deepEqual((await logOn(site, alice, NTLM)).field('Set-Cookie'), [])
    }
  })

  test('isSecure that answers by a promise is the application’s mistake, and no yes', () => {
    const settings = { isSecure: () => Promise.resolve(false) }
    const request = { headers: {}, socket: {}, httpVersionMajor: 1 }
    assert.throws(() => requestFacts(request as never, {} as never, settings as never, undefined), {
      name: 'TypeError',
      message: /HTTP: isSecure must answer by true or false at once/,
    })
  })
})
