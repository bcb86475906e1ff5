import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { fromHex } from '../../../src/bytes/index.js'
import {
  answerKdcProxyMessage,
  kdcProxy,
  type KdcProxyOptions,
  type RealmHandlers,
} from '../../../src/io/kdc-listener/index.js'
import { sendToKdc, type KdcResolver } from '../../../src/io/kdc/index.js'
import { unwrapFromKdcProxy, wrapForKdcProxy } from '../../../src/io/kdc/kdc-proxy-message.js'
import { parseKrb5Conf } from '../../../src/io/krb5-conf/index.js'
import type { KdcPeer } from '../../../src/kdc/index.js'
import { readVectors } from '../../vectors.js'
import { fixturePath } from '../kdc/fake-kdc.js'
import { replyOf } from '../kdc/messages.js'
import { asReq, message } from './clients.js'

const request = asReq('EXAMPLE.COM', ['krbtgt', 'EXAMPLE.COM'])
const reply = replyOf(11)
const realms: RealmHandlers = (realm) => (realm === 'EXAMPLE.COM' ? () => Promise.resolve(reply) : undefined)

/** A server of HTTP with the proxy, and what posts to it. */
async function proxy(t: TestContext, options: Partial<KdcProxyOptions> = {}) {
  const server = createServer(kdcProxy({ realms, ...options })).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const open = (method: string, headers = {}) => httpRequest({ host: '127.0.0.1', port, method, headers, agent: false })
  const post = async (body: Uint8Array, method = 'POST'): Promise<readonly [number | undefined, Uint8Array]> => {
    const sent = open(method).on('error', () => {})
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    return [response.statusCode, new Uint8Array(await buffer(response))]
  }
  return { open, post }
}

test('a request comes out of its envelope, and the reply goes back in one', async (t) => {
  const seen: [Uint8Array, KdcPeer][] = []
  const { post } = await proxy(t, {
    realms: () => (got, from) => {
      seen.push([got, from])
      return Promise.resolve(reply)
    },
  })
  const [status, body] = await post(wrapForKdcProxy(request, 'EXAMPLE.COM'))
  assert.equal(status, 200)
  assert.deepEqual(unwrapFromKdcProxy(body), reply)
  const address = { addrType: 2, address: message(127, 0, 0, 1) }
  assert.deepEqual(seen, [[request, { service: 'kdc', address, maxReplyBytes: undefined }]])
})

test('a change of a password is known by its form', async () => {
  const services: string[] = []
  const answer: RealmHandlers =
    () =>
    (_, { service }) => {
      services.push(service)
      return Promise.resolve(reply)
    }
  const change = message(0, 11, 0xff, 0x80, 0, 4, 1, 2, 3, 4, 5)
  for (const asked of [change, message(0, 4, 0, 1), request]) {
    const answered = await answerKdcProxyMessage(wrapForKdcProxy(asked, 'EXAMPLE.COM'), '192.0.2.1', answer)
    assert.ok(answered instanceof Uint8Array)
  }
  assert.deepEqual(services, ['kpasswd', 'kpasswd', 'kdc'])
})

test('what Windows and MIT send is taken, with a realm or without', async () => {
  interface Input {
    readonly kerbMessage: string
    readonly targetDomain: string | null
  }
  const { cases } = readVectors<Input, { readonly kdcProxyMessage: string }>('kerberos/kdc-proxy.json')
  for (const { input, expected } of cases) {
    const asked: (string | undefined)[] = []
    const answered = await answerKdcProxyMessage(fromHex(expected.kdcProxyMessage), '192.0.2.1', (realm) => {
      asked.push(realm)
      return (got) => {
        assert.deepEqual(got, fromHex(input.kerbMessage))
        return Promise.resolve(reply)
      }
    })
    // A reply in an envelope is no request.
    const isRequest = /^(6a|6c)/.test(input.kerbMessage)
    assert.equal(answered instanceof Uint8Array, isRequest)
    assert.deepEqual(asked, isRequest ? [input.targetDomain ?? undefined] : [])
  }
})

test('each way to be refused has its status', async (t) => {
  const failures: unknown[] = []
  const answers: RealmHandlers = (realm) => {
    if (realm === 'SILENT') return () => Promise.resolve(undefined)
    if (realm === 'BROKEN') return () => Promise.reject(new Error('broken'))
    return realms(realm)
  }
  const { post } = await proxy(t, {
    realms: answers,
    maxRequestBytes: 1000,
    onFailure: (error) => failures.push(error),
  })
  const statusOf = async (body: Uint8Array, method?: string): Promise<unknown> => (await post(body, method))[0]
  const good = wrapForKdcProxy(request, 'EXAMPLE.COM')
  assert.equal(await statusOf(good), 200)
  assert.equal(await statusOf(good, 'PUT'), 405)
  assert.equal(await statusOf(wrapForKdcProxy(request, 'OTHER.COM')), 404)
  assert.equal(await statusOf(wrapForKdcProxy(request, 'SILENT')), 503)
  assert.equal(await statusOf(wrapForKdcProxy(request, 'BROKEN')), 503)
  assert.equal(await statusOf(new Uint8Array(1001)), 413)
  for (const garbage of [message(), message(1, 2, 3), wrapForKdcProxy(reply, 'EXAMPLE.COM'), message(...good, 0)]) {
    assert.equal(await statusOf(garbage), 400)
  }
  for (let length = 0; length < good.length; length++) {
    assert.equal(await answerKdcProxyMessage(good.subarray(0, length), '192.0.2.1', answers), 400)
  }
  assert.match(String(failures), /broken/)
})

test('a body that is too long without saying so, and one that does not come, are refused', async (t) => {
  for (const [chunk, status, clientTimeoutMilliseconds] of [
    [new Uint8Array(2000), 413, 60_000],
    [message(1), 408, 50],
  ] as const) {
    const { open } = await proxy(t, { maxRequestBytes: 1000, clientTimeoutMilliseconds })
    const sent = open('POST', { 'transfer-encoding': 'chunked' }).on('error', () => {})
    sent.write(chunk)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    assert.equal(response.statusCode, status)
    response.resume()
    sent.destroy()
  }
})

test('beyond the rate of an address the answer is 429', async (t) => {
  const { post } = await proxy(t, { maxRequestsPerSecond: 1, addressOf: () => '192.0.2.9' })
  const body = wrapForKdcProxy(request, 'EXAMPLE.COM')
  assert.equal((await post(body))[0], 200)
  // A machine that takes a second for a request keeps within the rate.
  let status: number | undefined = 200
  for (let asked = 0; asked < 1000 && status === 200; asked++) [status] = await post(body)
  assert.equal(status, 429)
})

test('our own client goes through it over TLS', async (t) => {
  const key = readFileSync(fixturePath('server.key'))
  const cert = readFileSync(fixturePath('server.pem'))
  const server = createHttpsServer({ key, cert }, kdcProxy({ realms })).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const resolver: KdcResolver = {
    resolveSrv: () => Promise.resolve([]),
    lookup: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
  }
  const config = parseKrb5Conf(
    `[realms]\nEXAMPLE.COM = {
     kdc = https://kdcproxy.test:${port}/KdcProxy
     http_anchors = FILE:${fixturePath('authority.pem')}\n}\n`,
  )
  const query = { realm: 'EXAMPLE.COM', service: 'kdc', request } as const
  assert.deepEqual(await sendToKdc(query, { config, resolver }), reply)
})
