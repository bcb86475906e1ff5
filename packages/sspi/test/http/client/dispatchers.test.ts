import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { suite, test } from 'node:test'
import * as undici6 from 'undici-6'
import * as undici7 from 'undici-7'
import type { AuthenticatingDispatcher } from '../../../src/http/index.js'
import { ROOT } from '../../schannel/certificates.js'
import { clientOf, gateOf, serve, testDomain } from './servers.js'

const options = { hosts: ['*.example.com'], tls: { ca: ROOT } }
const KINDS = [
  ['Negotiate', undefined],
  ['NTLM', 'server'],
  ['WDigest', undefined],
] as const

/** The global fetch of this Node, which takes a dispatcher that its types know of as one of undici's own. */
function globalFetch(url: string, dispatcher: AuthenticatingDispatcher, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, dispatcher } as unknown as RequestInit)
}

suite(`the global fetch of Node ${process.versions.node} (undici ${process.versions['undici'] ?? 'unknown'})`, () => {
  for (const [packageName, certificate] of KINDS) {
    test(`${packageName}${certificate === undefined ? '' : ' in TLS'}: authenticates by the dispatcher`, async (t) => {
      const domain = testDomain(t)
      const server = await serve(t, { certificate, gate: gateOf(domain, [packageName]) })
      const dispatcher = clientOf(t, domain, options).dispatcher()
      for (let i = 0; i < 2; i++) {
        const response = await globalFetch(`${server.url}/${i}`, dispatcher, { method: 'POST', body: 'a=b' })
        assert.equal(response.status, 200)
        assert.equal(await response.text(), 'hello alice')
        assert.equal(server.seen.at(-1)?.body, 'a=b')
      }
      assert.equal(server.connections(), 1)
    })
  }

  test('long responses come whole, however slowly they are read, and can be given up', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { handler: (_, response) => response.end('x'.repeat(1_000_000)) })
    const dispatcher = clientOf(t, domain, options).dispatcher()
    const response = await globalFetch(server.url, dispatcher)
    let length = 0
    for await (const piece of response.body ?? []) {
      length += (piece as Uint8Array).length
      await new Promise(setImmediate)
    }
    assert.equal(length, 1_000_000)
    const controller = new AbortController()
    const other = await globalFetch(server.url, dispatcher, { signal: controller.signal })
    controller.abort()
    await assert.rejects(other.text(), { name: 'AbortError' })
  })

  test('follows redirects, and tells nobody who we are who may not know', async (t) => {
    const domain = testDomain(t)
    const end = await serve(t, { gate: gateOf(domain, ['NTLM']) })
    const server = await serve(t, { handler: (_, response) => response.writeHead(302, { location: end.url }).end() })
    const client = clientOf(t, domain, { hosts: [`server.example.com:${server.port}`] })
    assert.equal((await globalFetch(server.url, client.dispatcher())).status, 401)
    assert.equal(end.seen.length, 1)
  })

  test('a path that begins with two slashes is a path, and no other host', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t)
    const other = await serve(t)
    const dispatcher = clientOf(t, domain, options).dispatcher()
    const response = await globalFetch(`${server.url}//127.0.0.1:${other.port}/a?b=//c`, dispatcher)
    await response.text()
    assert.deepEqual([server.seen[0]?.url, other.seen.length], [`//127.0.0.1:${other.port}/a?b=//c`, 0])
  })

  test('a failure is the cause of the fetch’s', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate'], { silent: true }) })
    await assert.rejects(globalFetch(server.url, clientOf(t, domain, options).dispatcher()), (error: Error) => {
      assert.equal((error.cause as { readonly code?: string }).code, 'SEC_E_MUTUAL_AUTH_FAILED')
      return true
    })
  })
})

suite('undici 6', () => {
  test('request, stream and fetch authenticate by the dispatcher', async (t) => {
    const domain = testDomain(t)
    const dispatcher = clientOf(t, domain, options).dispatcher(undici6.Dispatcher)
    for (const [packageName, certificate] of KINDS) {
      const server = await serve(t, { certificate, gate: gateOf(domain, [packageName]) })
      const response = await undici6.request(server.url, { dispatcher, method: 'PUT', body: 'a=b', query: { c: 'd' } })
      assert.deepEqual([response.statusCode, await response.body.text()], [200, 'hello alice'])
      assert.deepEqual([server.seen.at(-1)?.body, server.seen.at(-1)?.url], ['a=b', '/?c=d'])
      const fetched = await undici6.fetch(server.url, { dispatcher })
      assert.equal(await fetched.text(), 'hello alice')
      const own = await dispatcher.request({ origin: server.url, path: '/own', method: 'GET', headers: ['x-a', 'b'] })
      assert.equal(await own.body.text(), 'hello alice')
      assert.equal(server.seen.at(-1)?.headers['x-a'], 'b')
    }
  })
})

suite('undici 7', () => {
  test('request and fetch authenticate by the dispatcher, and by one that interceptors are put around', async (t) => {
    const domain = testDomain(t)
    const dispatcher = clientOf(t, domain, options).dispatcher(undici7.Dispatcher)
    for (const [packageName, certificate] of KINDS) {
      const server = await serve(t, { certificate, gate: gateOf(domain, [packageName]) })
      const body = Readable.from([Buffer.from('a=b')])
      const headers = { 'content-length': '3' }
      const response = await undici7.request(server.url, { dispatcher, method: 'PUT', body, headers })
      assert.deepEqual([response.statusCode, await response.body.text()], [200, 'hello alice'])
      assert.equal(server.seen.at(-1)?.body, 'a=b')
      const fetched = await undici7.fetch(server.url, { dispatcher })
      assert.equal(await fetched.text(), 'hello alice')
      const composed = dispatcher.compose(undici7.interceptors.redirect({ maxRedirections: 3 }))
      const intercepted = await undici7.request(server.url, { dispatcher: composed })
      assert.equal(await intercepted.body.text(), 'hello alice')
    }
  })

  test('an upgrade is refused, in words', async (t) => {
    const domain = testDomain(t)
    const dispatcher = clientOf(t, domain, options).dispatcher(undici7.Dispatcher)
    const upgrade = { path: '/', origin: 'http://server.example.com', protocol: 'websocket' }
    await assert.rejects(dispatcher.upgrade(upgrade), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
  })
})
