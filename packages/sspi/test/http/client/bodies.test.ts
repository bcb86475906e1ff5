import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { utf16leEncode } from '../../../src/bytes/index.js'
import { md4 } from '../../../src/crypto/index.js'
import type { HttpBody } from '../../../src/http/index.js'
import { ntHashCredential } from '../../../src/sspi/index.js'
import { clientOf, gateOf, HOST, listen, serve, testDomain, text } from './servers.js'

const WAYS = [
  ['Negotiate', 'Negotiate'],
  ['NTLM', 'NTLM'],
  ['WDigest', 'Digest'],
] as const

const once = (): Readable => Readable.from([Buffer.from('one '), Buffer.from('time')])

suite('bodies that can be sent again', () => {
  const form = new FormData()
  form.set('a', 'b')
  const bodies: readonly (readonly [string, HttpBody, RegExp, RegExp | undefined])[] = [
    ['a text', 'a=b', /^a=b$/, /^text\/plain;charset=UTF-8$/],
    ['bytes', new Uint8Array([97, 61, 98]), /^a=b$/, undefined],
    ['an ArrayBuffer', new Uint8Array([97, 61, 98]).buffer, /^a=b$/, undefined],
    ['a Blob', new Blob(['a=b'], { type: 'text/x-test' }), /^a=b$/, /^text\/x-test$/],
    ['parameters', new URLSearchParams({ a: 'b c' }), /^a=b\+c$/, /^application\/x-www-form-urlencoded/],
    ['a form', form, /name="a"\r\n\r\nb\r\n/, /^multipart\/form-data; boundary=/],
    ['a function that makes streams', once, /^one time$/, undefined],
    ['a function that promises Web’s streams', async () => new Blob(['one time']).stream(), /^one time$/, undefined],
  ]
  for (const [what, body, expected, type] of bodies) {
    test(`${what} arrives whole, whatever the authentication takes`, async (t) => {
      const domain = testDomain(t)
      for (const [packageName, scheme] of WAYS) {
        const server = await serve(t, { gate: gateOf(domain, [packageName]) })
        const client = clientOf(t, domain, { schemes: [scheme] })
        const response = await client.fetch(server.url, { method: 'POST', body })
        assert.equal(await response.text(), 'hello alice')
        const last = server.seen.at(-1)
        assert.match(last?.body ?? '', expected)
        if (type === undefined) assert.equal(last?.headers['content-type'], undefined)
        else assert.match(last?.headers['content-type'] ?? '', type)
      }
    })
  }

  test('the caller’s own content-type counts', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t)
    const headers = { 'Content-Type': 'text/x-mine' }
    await clientOf(t, domain).fetch(server.url, { method: 'POST', body: 'a', headers })
    assert.equal(server.seen[0]?.headers['content-type'], 'text/x-mine')
  })

  test('an NTLM exchange on a connection that is known to need it sends the body once', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['NTLM']) })
    const client = clientOf(t, domain, { schemes: ['NTLM'] })
    await (await client.fetch(server.url, { method: 'PUT', body: 'abc' })).text()
    assert.deepEqual(
      server.seen.map(({ body }) => body),
      ['abc', '', 'abc'],
    )
    await (await client.fetch(server.url, { method: 'PUT', body: 'def' })).text()
    assert.equal(server.seen.length, 4)
  })

  test('NTLM in SPNEGO sends the body with its last token, and not with its first', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate']) })
    const ntHash = md4(utf16leEncode(domain.passwordOf('alice')))
    const credentials = ntHashCredential({ user: 'EXAMPLE\\alice', ntHash })
    const client = clientOf(t, domain, { credentials })
    const response = await client.fetch(server.url, { method: 'PUT', body: 'abc' })
    assert.equal(await response.text(), 'hello alice')
    assert.deepEqual(
      server.seen.map(({ body }) => body),
      ['abc', '', 'abc'],
    )
  })

  test('a long one waits for the server’s word, and is not sent in vain', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate']) })
    const client = clientOf(t, domain, { timeouts: { continueSeconds: 30 } })
    const body = new Uint8Array(200_000).fill(97)
    assert.equal(await (await client.fetch(server.url, { method: 'PUT', body })).text(), 'hello alice')
    assert.equal(server.seen.at(-1)?.body.length, 200_000)
    assert.equal(server.seen.at(-1)?.headers.expect, '100-continue')
  })
})

/** A server that says `100 Continue` only to those whom it lets in. */
async function serveByExpectation(
  t: Parameters<typeof serve>[0],
  domain: ReturnType<typeof testDomain>,
  packageName: string,
) {
  const gate = gateOf(domain, [packageName])
  const bodies: string[] = []
  const server = createServer((request, response) => {
    void gate.admit(request, response).then(async (user) => {
      if (user !== undefined) response.end(`${user} sent ${await text(request)}`)
    })
  })
  server.on('checkContinue', (request, response) => {
    void gate.admit(request, response).then(async (user) => {
      if (user === undefined) return
      response.writeContinue()
      const body = await text(request)
      bodies.push(body)
      response.end(`${user} sent ${body}`)
    })
  })
  const port = await listen(t, server)
  return { url: `http://${HOST}:${port}/`, bodies }
}

suite('bodies that are there once', () => {
  for (const [packageName, scheme] of WAYS) {
    test(`${scheme}: a stream waits until the server wants it`, async (t) => {
      const domain = testDomain(t)
      const { url, bodies } = await serveByExpectation(t, domain, packageName)
      const client = clientOf(t, domain, { schemes: [scheme], timeouts: { continueSeconds: 30 } })
      for (let i = 0; i < 2; i++) {
        const response = await client.fetch(url, { method: 'POST', body: once() })
        assert.equal(await response.text(), 'alice sent one time')
      }
      assert.deepEqual(bodies.at(-1), 'one time')
    })
  }

  test('a server that reads it before it asks who we are fails the request, in words', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['NTLM']) })
    const client = clientOf(t, domain, { schemes: ['NTLM'] })
    await assert.rejects(client.fetch(server.url, { method: 'POST', body: once() }), {
      code: 'SEC_E_CANNOT_PACK',
      message: /can be sent again/,
    })
  })

  test('a server that refuses to be asked is sent it without', async (t) => {
    const domain = testDomain(t)
    const gate = gateOf(domain, ['Negotiate'])
    const server = createServer((request, response) => {
      void text(request).then(async (body) => {
        const user = await gate.admit(request, response)
        if (user !== undefined) response.end(`${user} sent ${body.length}`)
      })
    })
    let refused = 0
    server.on('checkContinue', (_, response) => {
      refused++
      response.writeHead(417).end()
    })
    const url = `http://${HOST}:${await listen(t, server)}/`
    const client = clientOf(t, domain, { preemptive: 'always', timeouts: { continueSeconds: 30 } })
    for (const body of [new Uint8Array(100_000), once()]) {
      const response = await client.fetch(url, { method: 'PUT', body })
      assert.match(await response.text(), body instanceof Uint8Array ? /^alice sent 100000$/ : /^alice sent 8$/)
    }
    assert.equal(refused, 2)
  })

  test('a server that never says so is sent it after a while', async (t) => {
    const domain = testDomain(t)
    const server = createServer()
    server.on('checkContinue', (request, response) => {
      void text(request).then((body) => response.end(`got ${body}`))
    })
    const port = await listen(t, server)
    const client = clientOf(t, domain, { timeouts: { continueSeconds: 0.05 } })
    const response = await client.fetch(`http://${HOST}:${port}/`, { method: 'POST', body: once() })
    assert.equal(await response.text(), 'got one time')
  })

  test('a stream that fails fails the request', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t)
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('a')
        throw new Error('the disk is gone')
      })(),
    )
    await assert.rejects(clientOf(t, domain).fetch(server.url, { method: 'POST', body: broken }), /the disk is gone/)
  })

  test('one that is short, and says how long it is, is kept and sent again', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['NTLM']) })
    const client = clientOf(t, domain, { schemes: ['NTLM'] })
    const request = new Request(server.url, { method: 'POST', body: 'one time', headers: { 'content-length': '8' } })
    assert.equal(await (await client.fetch(request)).text(), 'hello alice')
    assert.equal(server.seen.at(-1)?.body, 'one time')
    const headers = { 'content-length': '9' }
    await assert.rejects(client.fetch(server.url, { method: 'POST', body: once(), headers }), TypeError)
  })
})

suite('responses', () => {
  test('encoded ones are decoded, unless the caller says what it takes', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, {
      handler: (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('hello')),
    })
    const client = clientOf(t, domain)
    assert.equal(await (await client.fetch(server.url)).text(), 'hello')
    const headers = { 'accept-encoding': 'gzip' }
    const raw = await client.fetch(server.url, { headers })
    assert.deepEqual(Buffer.from(await raw.arrayBuffer()), gzipSync('hello'))
  })

  test('ones without a body have none, and the connection goes on', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { handler: (_, response) => response.writeHead(204).end() })
    const client = clientOf(t, domain)
    for (let i = 0; i < 2; i++) {
      const response = await client.fetch(server.url, { method: i === 0 ? 'GET' : 'HEAD' })
      assert.deepEqual([response.status, response.body], [204, null])
      await new Promise(setImmediate)
    }
    assert.equal(server.connections(), 1)
  })

  test('tell where they are from', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t)
    const response = await clientOf(t, domain).fetch(`${server.url}/a?b#c`)
    assert.deepEqual([response.url, response.redirected], [`${server.url}/a?b`, false])
  })
})
