import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect, createServer as createSocketServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { suite, test, type TestContext } from 'node:test'
import { authenticationOf } from '../../../src/http/index.js'
import { clientOf, gateOf, HOST, listen, serve, SERVICE, testDomain } from './servers.js'

/** The number of the message of NTLM that a request carries. */
function messageOf({ headers }: IncomingMessage): number | undefined {
  const { authorization } = headers
  return authorization === undefined ? undefined : Buffer.from(authorization.slice('NTLM '.length), 'base64')[8]
}

suite('a connection that was kept and ends in the middle of an authentication', () => {
  /** Ends the connection of the first exchange, and of no other: in answer to one of its messages, with a word or without. */
  async function serveOnce(t: TestContext, domain: ReturnType<typeof testDomain>, message: number, announced: boolean) {
    const gate = gateOf(domain, ['NTLM'])
    let ended = false
    return serve(t, {
      handler: (request, response, seen) => {
        if (request.url === '/open') return void response.end('open')
        if (!ended && messageOf(request) === message) {
          ended = true
          response.shouldKeepAlive = false
          if (!announced) return void request.socket.destroy()
        }
        void gate.admit(request, response).then((user) => {
          seen.user = user
          if (user !== undefined) response.end(`hello ${user}`)
        })
      },
    })
  }

  test('is replaced when its server says that it ends, and the exchange begins anew', async (t) => {
    const domain = testDomain(t)
    const server = await serveOnce(t, domain, 1, true)
    const client = clientOf(t, domain, { schemes: ['NTLM'] })
    await (await client.fetch(`${server.url}/open`)).text()
    const response = await client.fetch(server.url, { method: 'POST', body: 'pay' })
    assert.equal(await response.text(), 'hello alice')
    assert.deepEqual([server.connections(), server.seen.at(-1)?.body], [2, 'pay'])
  })

  test('is replaced without a word for what may be sent twice, and for nothing else', async (t) => {
    const domain = testDomain(t)
    for (const method of ['GET', 'POST']) {
      const server = await serveOnce(t, domain, 3, false)
      const client = clientOf(t, domain, { schemes: ['NTLM'] })
      await (await client.fetch(`${server.url}/open`)).text()
      const answered = client.fetch(server.url, { method })
      if (method === 'GET') assert.equal(await (await answered).text(), 'hello alice')
      else await assert.rejects(answered, { code: 'SEC_E_UNFINISHED_CONTEXT_DELETED' })
      assert.equal(server.connections(), method === 'GET' ? 2 : 1)
    }
  })
})

test(
  'a server that hangs up behind its challenge is come back to, however long the KDC takes',
  { timeout: 60_000 },
  async (t) => {
    const domain = testDomain(t)
    const gate = gateOf(domain, ['Negotiate'])
    let hungUp = Promise.resolve<unknown>(undefined)
    const server = await serve(t, {
      handler: (request, response) => {
        hungUp = once(request.socket, 'close')
        response.shouldKeepAlive = false
        void gate.admit(request, response).then((user) => {
          if (user !== undefined) response.end(`hello ${user}`)
        })
      },
    })
    const targetName = async () => {
      await hungUp // which the server sees when the client has, or is about to
      for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate)
      return SERVICE
    }
    const response = await clientOf(t, domain, { targetName }).fetch(server.url)
    assert.equal(await response.text(), 'hello alice')
    assert.equal(server.connections(), 2)
  },
)

/** Passes on to a server of HTTP/1.1, which then looks like one of HTTP/1.0: nothing is said of lengths and connections. */
async function asHttp10(t: TestContext, port: number): Promise<number> {
  const server = createSocketServer((client: Socket) => {
    const onward = connect(port, '127.0.0.1')
    client.on('error', () => {}).pipe(onward)
    onward.on('error', () => {}).on('end', () => client.end())
    onward.on('data', (piece: Buffer) => {
      const text = piece.toString('latin1').replace(/^HTTP\/1\.1/, 'HTTP/1.0')
      client.write(text.replace(/\r\n(?:Connection|Content-Length): [^\r]*/gi, ''), 'latin1')
    })
  })
  return listen(t, server)
}

suite('a server of HTTP/1.0', () => {
  for (const [packageName, scheme] of [
    ['Negotiate', 'Negotiate'],
    ['WDigest', 'Digest'],
  ] as const) {
    test(`${scheme}: is authenticated to over one connection after the other`, async (t) => {
      const domain = testDomain(t)
      const gate = gateOf(domain, [packageName])
      const server = await serve(t, {
        handler: (request, response) => {
          response.shouldKeepAlive = false
          void gate.admit(request, response).then((user) => {
            if (user !== undefined) response.end(`hello ${user}`)
          })
        },
      })
      const port = await asHttp10(t, server.port)
      const client = clientOf(t, domain, { schemes: [scheme] })
      for (let i = 0; i < 2; i++) {
        const response = await client.fetch(`http://${HOST}:${port}/`, { method: 'POST', body: 'a=b' })
        assert.equal(await response.text(), 'hello alice')
        assert.equal(authenticationOf(response).origin?.state, 'authenticated')
      }
      assert.equal(server.connections(), scheme === 'Negotiate' ? 3 : 4, 'a signature of Digest is of its connection')
    })
  }
})

suite('a response', () => {
  test('that asks for a proxy’s credentials where there is no proxy gets none', async (t) => {
    const domain = testDomain(t)
    const gate = gateOf(domain, ['Negotiate', 'NTLM', 'WDigest'], { role: 'proxy' })
    const server = await serve(t, { gate })
    const client = clientOf(t, domain, { schemes: ['Negotiate', 'Digest', 'NTLM', 'Basic'] })
    const response = await client.fetch(server.url)
    assert.deepEqual([response.status, await response.text()], [407, 'who are you?'])
    assert.deepEqual(authenticationOf(response), { origin: undefined, proxy: undefined })
    assert.ok(server.seen.every(({ headers }) => headers['proxy-authorization'] === undefined))
    assert.equal(server.seen.length, 1)
  })

  test('of a server that asks in a field of a proxy’s is handed on', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, {
      handler: (_, response) => response.writeHead(401, { 'proxy-authenticate': ['Negotiate', 'NTLM'] }).end(),
    })
    assert.equal((await clientOf(t, domain).fetch(server.url)).status, 401)
    assert.equal(server.seen.length, 1)
  })

  test('whose page never ends is given up, and its challenge answered over another connection', async (t) => {
    const domain = testDomain(t)
    const gate = gateOf(domain, ['Negotiate'])
    const server = await serve(t, {
      handler: (request, response) => {
        if (request.headers.authorization === undefined) {
          response.writeHead(401, { 'www-authenticate': 'Negotiate' })
          const more = (): void => {
            while (!response.destroyed && response.write('x'.repeat(65_536)));
          }
          response.on('drain', more)
          more()
          return
        }
        void gate.admit(request, response).then((user) => response.end(`hello ${user ?? ''}`))
      },
    })
    assert.equal(await (await clientOf(t, domain).fetch(server.url)).text(), 'hello alice')
    assert.equal(server.connections(), 2)
  })

  test('with a status that no standard knows is the caller’s', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { handler: (_, response) => response.writeHead(999, 'Denied').end('no') })
    const response = await clientOf(t, domain).fetch(server.url)
    assert.deepEqual([response.status, response.ok, response.statusText], [999, false, 'Denied'])
    assert.equal(await response.text(), 'no')
  })
})

suite('a request', () => {
  test(
    'that was answered, and whose body nobody reads any more, does not keep its connection',
    { timeout: 60_000 },
    async (t) => {
      const domain = testDomain(t)
      let connections = 0
      const server = createSocketServer((socket: Socket) => {
        connections++
        socket
          .on('error', () => {})
          .once('data', () => {
            socket.pause().write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly')
          })
      })
      const url = `http://${HOST}:${await listen(t, server)}/`
      const pieces = (): Readable => Readable.from(Array.from({ length: 1000 }, () => Buffer.alloc(65_536)))
      const client = clientOf(t, domain, {
        hosts: ['other.example.com'],
        limits: { maxConnections: 1 },
        timeouts: { bodySeconds: 2 },
      })
      for (let i = 0; i < 2; i++) {
        const response = await client.fetch(url, {
          method: 'POST',
          body: pieces,
          headers: { 'content-length': '65536000' },
        })
        assert.equal(await response.text(), 'early')
      }
      assert.equal(connections, 2)
    },
  )

  test('whose body takes long to send waits for its answer from the end of it on', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const domain = testDomain(t)
    const server = await serve(t)
    const body = async function* () {
      yield Buffer.from('slow ')
      t.mock.timers.tick(301_000)
      yield Buffer.from('line')
    }
    const client = clientOf(t, domain)
    const response = await client.fetch(server.url, { method: 'POST', body: () => Readable.from(body()) })
    assert.equal(response.status, 200)
    assert.equal(server.seen[0]?.body, 'slow line')
  })

  test('whose body is longer or shorter than it says fails, and nobody takes its end for another request', async (t) => {
    const domain = testDomain(t)
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
    for (const length of ['4', '50']) {
      const server = await serve(t)
      const body = () => Readable.from([Buffer.from('body'), Buffer.from(smuggled)])
      const sent = clientOf(t, domain).fetch(server.url, {
        method: 'PUT',
        body,
        headers: { 'content-length': length },
      })
      await assert.rejects(sent, { name: 'TypeError', message: /content-length says/ })
      assert.ok(server.seen.every(({ url }) => url === '/'))
    }
    const server = await serve(t)
    const wrong = { method: 'PUT', body: () => Readable.from(['a']), headers: { 'content-length': '1x' } }
    await assert.rejects(clientOf(t, domain).fetch(server.url, wrong), TypeError)
    assert.equal(server.seen.length, 0)
  })
})
