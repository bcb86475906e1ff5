import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { authenticationOf, createClient, type ServiceName } from '../../../src/http/index.js'
import { clientOf, gateOf, HOST, serve, SERVICE, testDomain } from './servers.js'

suite('the name of the service', () => {
  test('is the host as it stands in the URL, in lower case and without its port', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate']) })
    const response = await clientOf(t, domain).fetch(`http://SERVER.example.COM:${server.port}/`)
    const { origin } = authenticationOf(response)
    assert.ok(origin?.state === 'authenticated')
    assert.equal(origin.targetName, SERVICE)
  })

  test('may have the port in it', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate']) })
    const client = clientOf(t, domain, { targetName: { port: true } })
    await assert.rejects(client.fetch(server.url), { message: new RegExp(`HTTP/${HOST}:${server.port}`) })
  })

  test('may be the canonical one', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate']) })
    const asked: string[] = []
    const canonical = {
      canonicalName: async ({ host }: { readonly host: string }) => {
        asked.push(host)
        return HOST
      },
      realmOf: async () => undefined,
    }
    const client = clientOf(t, domain, { targetName: { canonical } })
    const response = await client.fetch(`http://alias.example.com:${server.port}/`)
    assert.equal(await response.text(), 'hello alice')
    assert.deepEqual(asked, ['alias.example.com'])
  })

  test('may be whatever a function says', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate']) })
    const asked: ServiceName[] = []
    const client = clientOf(t, domain, {
      targetName: async (service) => {
        asked.push(service)
        return SERVICE
      },
    })
    const response = await client.fetch(`http://127.0.0.1:${server.port}/a`)
    assert.equal(await response.text(), 'hello alice')
    assert.deepEqual(
      asked.map(({ party, host, port, url }) => [party, host, port, url.pathname]),
      [['origin', '127.0.0.1', server.port, '/a']],
    )
  })
})

suite('hosts', () => {
  test('that are not listed get the request, and not who we are', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['NTLM']) })
    const may = async (...hosts: string[]): Promise<boolean> =>
      (await clientOf(t, domain, { hosts }).fetch(server.url)).status === 200
    assert.ok(await may(HOST))
    assert.ok(await may('other.test', '*.EXAMPLE.com'))
    assert.ok(await may(`http://${HOST}:${server.port}`))
    assert.ok(!(await may('example.com')))
    assert.ok(!(await may('*.server.example.com')))
    assert.ok(!(await may(`https://${HOST}`)))
    assert.ok(!(await may(`${HOST}:1`)))
    assert.ok(!(await may()))
    for (const pattern of ['', '*', '*.', 'a/b', 'http://', 'a b', 'http://a@b', 'w*.example.com']) {
      const make = () => createClient({ sspi: domain.sspi(), hosts: [pattern] })
      assert.throws(make, TypeError, pattern)
    }
  })

  test('may be delegated to where they are listed', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate']) })
    const delegated = async (delegateTo: readonly string[]): Promise<boolean> => {
      const response = await clientOf(t, domain, { delegateTo }).fetch(server.url)
      const { origin } = authenticationOf(response)
      return origin?.state === 'authenticated' && origin.delegated
    }
    assert.equal(await delegated([]), false)
    assert.equal(await delegated(['other.example.com']), false)
    assert.equal(await delegated([HOST]), true)
  })
})

suite('without being asked', () => {
  test('a server that has asked before gets a new token with each request', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate']) })
    const client = clientOf(t, domain)
    for (let i = 0; i < 3; i++) await (await client.fetch(server.url)).text()
    const tokens = server.seen.map(({ headers }) => headers.authorization).filter((each) => each !== undefined)
    assert.equal(tokens.length, 3)
    assert.equal(new Set(tokens).size, 3)
  })

  test('never means never, and always from the first request on', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate']) })
    const never = clientOf(t, domain, { preemptive: 'never' })
    for (let i = 0; i < 2; i++) await (await never.fetch(server.url)).text()
    assert.equal(server.seen.length, 4)
    const always = clientOf(t, domain, { preemptive: 'always' })
    await (await always.fetch(server.url)).text()
    assert.equal(server.seen.length, 5)
  })

  test('a connection that the server says is authenticated needs no more', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate'], { persistent: true }) })
    const client = clientOf(t, domain)
    for (let i = 0; i < 3; i++) assert.equal(await (await client.fetch(server.url)).text(), 'hello alice')
    assert.deepEqual(
      server.seen.map(({ headers }) => headers.authorization !== undefined),
      [false, true, false, false],
    )
  })

  test('NTLM begins with its first message where it is known, and not in front of a body', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['NTLM']), handler: closing })
    const client = clientOf(t, domain, { schemes: ['NTLM'] })
    await (await client.fetch(server.url)).text()
    assert.equal(server.seen.length, 3)
    await (await client.fetch(server.url)).text()
    assert.equal(server.seen.length, 5)
    await (await client.fetch(server.url, { method: 'POST', body: 'a' })).text()
    assert.deepEqual(
      server.seen.slice(5).map(({ body, headers }) => [body, headers.authorization?.slice(0, 4)]),
      [
        ['a', undefined],
        ['', 'NTLM'],
        ['a', 'NTLM'],
      ],
    )
  })

  test('a token that is refused is tried once more when the server asks', async (t) => {
    const domain = testDomain(t)
    const gate = gateOf(domain, ['Negotiate'])
    const server = await serve(t, {
      handler: (request, response, seen) => {
        if (server.seen.length === 3) {
          response.writeHead(401, { 'www-authenticate': 'Negotiate' }).end()
          return
        }
        void gate.admit(request, response).then((user) => {
          seen.user = user
          if (user !== undefined) response.end(`hello ${user}`)
        })
      },
    })
    const client = clientOf(t, domain)
    await (await client.fetch(server.url)).text()
    assert.equal(await (await client.fetch(server.url)).text(), 'hello alice')
    assert.equal(server.seen.length, 4)
    assert.notEqual(server.seen[2]?.headers.authorization, server.seen[3]?.headers.authorization)
  })
})

suite('connections', () => {
  test('one that the server has ended meanwhile is replaced, and the request made again', async (t) => {
    const domain = testDomain(t)
    let dropNext = false
    const gate = gateOf(domain, ['NTLM'])
    const server = await serve(t, {
      handler: (request, response, seen) => {
        if (dropNext) {
          dropNext = false
          request.socket.destroy()
          return
        }
        void gate.admit(request, response).then((user) => {
          seen.user = user
          if (user !== undefined) response.end(`hello ${user}`)
        })
      },
    })
    const client = clientOf(t, domain, { schemes: ['NTLM'] })
    assert.equal(await (await client.fetch(server.url)).text(), 'hello alice')
    dropNext = true
    assert.equal(await (await client.fetch(server.url)).text(), 'hello alice')
    assert.equal(server.connections(), 2)
    dropNext = true
    await assert.rejects(client.fetch(server.url, { method: 'POST', body: 'pay' }), {
      code: 'SEC_E_UNFINISHED_CONTEXT_DELETED',
    })
  })

  test('there are no more than allowed, and requests wait for them in turn', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['NTLM']) })
    const client = clientOf(t, domain, { schemes: ['NTLM'], limits: { maxConnections: 2 } })
    const requests = Array.from({ length: 8 }, async (_, i) => (await client.fetch(`${server.url}/${i}`)).text())
    assert.deepEqual(new Set(await Promise.all(requests)), new Set(['hello alice']))
    assert.equal(server.connections(), 2)
  })

  test('one who waits for a connection can give up', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t)
    const client = clientOf(t, domain, { limits: { maxConnections: 1 } })
    const first = await client.fetch(server.url)
    const controller = new AbortController()
    const second = client.fetch(server.url, { signal: controller.signal })
    controller.abort(new Error('too long'))
    await assert.rejects(second, { message: 'too long' })
    const before = AbortSignal.abort(new Error('before'))
    await assert.rejects(client.fetch(server.url, { signal: before }), { message: 'before' })
    await first.text()
    assert.equal((await client.fetch(server.url)).status, 200)
  })

  test('whatever an authentication takes, one call makes no more requests than allowed', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['NTLM']) })
    const client = clientOf(t, domain, { schemes: ['NTLM'], limits: { maxLegs: 2 } })
    await assert.rejects(client.fetch(server.url), { code: 'SEC_E_OUT_OF_SEQUENCE', message: /after 2 requests/ })
  })
})

function closing(_: unknown, response: import('node:http').ServerResponse): void {
  response.shouldKeepAlive = false
  response.end('bye')
}
