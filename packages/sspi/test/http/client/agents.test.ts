import axios from 'axios'
import got from 'got'
import assert from 'node:assert/strict'
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import { suite, test } from 'node:test'
import type { HttpClient } from '../../../src/http/index.js'
import { ROOT } from '../../schannel/certificates.js'
import { clientOf, gateOf, serve, testDomain, text, type Running } from './servers.js'

const tls = { ca: ROOT }
const hosts = ['*.example.com']

function send(client: HttpClient, url: string, options: RequestOptions = {}, body?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { http, https } = client.agents
    const secure = url.startsWith('https:')
    const sent = (secure ? httpsRequest : httpRequest)(url, { agent: secure ? https : http, ...options }, resolve)
    sent.on('error', reject).end(body)
  })
}

/** Servers of every kind: with TLS and without, by token, by connection, by request. */
const KINDS = [
  ['Negotiate', undefined],
  ['NTLM', 'server'],
  ['WDigest', undefined],
] as const

suite('agents', () => {
  for (const [packageName, certificate] of KINDS) {
    test(`${packageName}${certificate === undefined ? '' : ' in TLS'}: what http.request asks for is authenticated`, async (t) => {
      const domain = testDomain(t)
      const server = await serve(t, { certificate, gate: gateOf(domain, [packageName]) })
      const client = clientOf(t, domain, { hosts, tls })
      for (let i = 0; i < 2; i++) {
        const response = await send(
          client,
          `${server.url}/a?b=${i}`,
          { method: 'POST', headers: { 'x-a': ['1', '2'] } },
          'a=b',
        )
        assert.equal(response.statusCode, 200)
        assert.equal(await text(response), 'hello alice')
      }
      const last = server.seen.at(-1)
      assert.deepEqual([last?.method, last?.url, last?.body, last?.headers['x-a']], ['POST', '/a?b=1', 'a=b', '1, 2'])
      assert.equal(server.connections(), 1, 'the client keeps the real connection')
    })
  }

  test('the response is the server’s, with its status, its fields and its body', async (t) => {
    const domain = testDomain(t)
    const big = 'x'.repeat(300_000)
    const server = await serve(t, {
      handler: (_, response) => response.writeHead(418, 'Teapot', { 'set-cookie': ['a=1', 'b=2'] }).end(big),
    })
    const response = await send(clientOf(t, domain, { hosts }), server.url)
    assert.deepEqual([response.statusCode, response.statusMessage], [418, 'Teapot'])
    assert.deepEqual(response.headers['set-cookie'], ['a=1', 'b=2'])
    assert.equal(await text(response), big)
    const head = await send(clientOf(t, domain, { hosts }), server.url, { method: 'HEAD' })
    assert.equal(await text(head), '')
  })

  test('a failure is the request’s error', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate'], { silent: true }) })
    await assert.rejects(send(clientOf(t, domain, { hosts }), server.url), { code: 'SEC_E_MUTUAL_AUTH_FAILED' })
  })

  test('a request that is given up is given up at the server', async (t) => {
    const domain = testDomain(t)
    const controller = new AbortController()
    let closed = (): void => {}
    const gone = new Promise<void>((resolve) => (closed = resolve))
    const server = await serve(t, {
      handler: (request) => {
        request.socket.once('close', closed)
        controller.abort()
      },
    })
    await assert.rejects(send(clientOf(t, domain, { hosts }), server.url, { signal: controller.signal }), {
      name: 'AbortError',
    })
    await gone
  })

  test('a stream of unknown length waits for the server’s word', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate']), handler: echo })
    const client = clientOf(t, domain, { hosts, preemptive: 'always' })
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { agent: client.agents.http, method: 'PUT', headers: { expect: '100-continue' } }
      const sent = httpRequest(server.url, options, resolve).on('error', reject)
      sent.once('continue', () => Readable.from(['one ', 'time']).pipe(sent))
      sent.flushHeaders()
    })
    assert.equal(await text(response), 'alice sent one time')
  })

  test('a timeout of the request’s own works', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { handler: () => {} })
    await assert.rejects(
      new Promise((resolve, reject) => {
        const sent = httpRequest(
          server.url,
          { agent: clientOf(t, domain, { hosts }).agents.http, timeout: 20 },
          resolve,
        )
        sent
          .on('timeout', () => sent.destroy(new Error('my timeout')))
          .on('error', reject)
          .end()
      }),
      { message: 'my timeout' },
    )
  })

  test('are not to be had without a list of hosts, and others learn nothing', async (t) => {
    const domain = testDomain(t)
    assert.throws(() => clientOf(t, domain).agents, TypeError)
    assert.throws(() => clientOf(t, domain).dispatcher(), TypeError)
    const server = await serve(t, { gate: gateOf(domain, ['NTLM']) })
    const client = clientOf(t, domain, { hosts: ['other.example.com'] })
    assert.equal((await send(client, server.url)).statusCode, 401)
    assert.equal(server.seen.length, 1)
  })
})

/** Leads to another server by a redirect, which the caller's library follows. */
async function leading(t: Parameters<typeof serve>[0], to: Running): Promise<Running> {
  return serve(t, { handler: (_, response) => response.writeHead(302, { location: `${to.url}/there` }).end() })
}

suite('axios', () => {
  test('authenticates by the agents', async (t) => {
    const domain = testDomain(t)
    const { http, https } = clientOf(t, domain, { hosts, tls }).agents
    const api = axios.create({ httpAgent: http, httpsAgent: https, proxy: false })
    for (const [packageName, certificate] of KINDS) {
      const server = await serve(t, { certificate, gate: gateOf(domain, [packageName]), handler: echo })
      const response = await api.post<string>(server.url, { a: 'b' })
      assert.deepEqual([response.status, response.data], [200, 'alice sent {"a":"b"}'])
    }
  })

  test('follows redirects, and tells nobody who we are who may not know', async (t) => {
    const domain = testDomain(t)
    const end = await serve(t, { gate: gateOf(domain, ['NTLM']) })
    const server = await leading(t, end)
    const port = new URL(server.url).port
    const { http } = clientOf(t, domain, { hosts: [`server.example.com:${port}`] }).agents
    const response = await axios.get<string>(server.url, { httpAgent: http, proxy: false, validateStatus: null })
    assert.equal(response.status, 401)
    assert.equal(end.seen.length, 1)
  })
})

suite('got', () => {
  test('authenticates by the agents, streams too', async (t) => {
    const domain = testDomain(t)
    const api = got.extend({ agent: clientOf(t, domain, { hosts, tls }).agents, retry: { limit: 0 } })
    for (const [packageName, certificate] of KINDS) {
      const server = await serve(t, { certificate, gate: gateOf(domain, [packageName]), handler: echo })
      const response = await api.post(server.url, { json: { a: 'b' } })
      assert.equal(response.body, 'alice sent {"a":"b"}')
      assert.equal(await text(api.stream(server.url)), 'alice sent ')
    }
  })
})

function echo(
  _request: IncomingMessage,
  response: import('node:http').ServerResponse,
  seen: { user?: string | undefined; body: string },
): void {
  response.end(`${seen.user ?? 'nobody'} sent ${seen.body}`)
}
