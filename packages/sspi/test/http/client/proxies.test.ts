import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createSocketServer, type Socket } from 'node:net'
import { suite, test, type TestContext } from 'node:test'
import { authenticationOf } from '../../../src/http/index.js'
import { environmentProxies } from '../../../src/http/client/proxies.js'
import { ROOT } from '../../schannel/certificates.js'
import { serveProxy } from './fake-proxy.js'
import { clientOf, gateOf, HOST, listen, serve, SERVICE, testDomain } from './servers.js'

const WAYS = [
  ['Negotiate', 'Negotiate'],
  ['NTLM', 'NTLM'],
  ['WDigest', 'Digest'],
] as const
const tls = { ca: ROOT }

/** A proxy that answers byte by byte. @param answer - Is told which request it is, of all, from 1 on. */
async function rawProxy(t: TestContext, answer: (socket: Socket, asked: number) => void) {
  const heard: boolean[] = []
  const server = createSocketServer((socket) => {
    let head = ''
    socket.on('error', () => {}).setEncoding('latin1')
    socket.on('data', (piece: string) => {
      head += piece
      if (!head.endsWith('\r\n\r\n')) return
      heard.push(/^proxy-authorization: /im.test(head))
      head = ''
      answer(socket, heard.length)
    })
  })
  // Whether each request had credentials.
  return { url: `http://${HOST}:${await listen(t, server)}`, heard: () => heard }
}

for (const [packageName, scheme] of WAYS) {
  suite(`a proxy that wants ${scheme}`, () => {
    test('is authenticated to with a plain request, and the server gets nothing of it', async (t) => {
      const domain = testDomain(t)
      const server = await serve(t)
      const proxy = await serveProxy(t, { gate: gateOf(domain, [packageName], { role: 'proxy' }) })
      const client = clientOf(t, domain, { schemes: [scheme], proxy: { url: proxy.url } })
      for (let i = 0; i < 2; i++) {
        const response = await client.fetch(`${server.url}/${i}?a=b`, { method: 'POST', body: 'a' })
        assert.equal(await response.text(), 'hello nobody')
        const { origin, proxy: by } = authenticationOf(response)
        assert.equal(origin, undefined)
        assert.ok(by?.state === 'authenticated')
        assert.equal(by.scheme, scheme)
      }
      assert.equal(server.seen.length, 2)
      assert.ok(server.seen.every(({ headers }) => headers['proxy-authorization'] === undefined))
      assert.equal(proxy.seen[0]?.target, `${server.url}/0?a=b`)
    })

    test('opens a tunnel, through which the server is authenticated to as well', async (t) => {
      const domain = testDomain(t)
      const server = await serve(t, { certificate: 'server', gate: gateOf(domain, [packageName]) })
      const proxy = await serveProxy(t, { gate: gateOf(domain, [packageName], { role: 'proxy' }) })
      const client = clientOf(t, domain, { schemes: [scheme], tls, proxy: { url: proxy.url } })
      for (let i = 0; i < 2; i++) {
        const response = await client.fetch(`${server.url}/${i}`)
        assert.equal(await response.text(), 'hello alice')
        const { origin, proxy: by } = authenticationOf(response)
        assert.deepEqual([origin?.state, by?.state], ['authenticated', 'authenticated'])
      }
      assert.equal(server.connections(), 1)
      const target = `${HOST}:${server.port}`
      assert.ok(proxy.seen.every((each) => each.method === 'CONNECT' && each.target === target))
      assert.ok(new Set(proxy.seen.map(({ connection }) => connection)).size === 1)
    })

    test('and a server that wants the same, on plain requests, each have their own', async (t) => {
      const domain = testDomain(t)
      const server = await serve(t, { gate: gateOf(domain, [packageName]) })
      const proxy = await serveProxy(t, { gate: gateOf(domain, [packageName], { role: 'proxy' }) })
      const bob = domain.credential('bob')
      const client = clientOf(t, domain, { schemes: [scheme], proxy: { url: proxy.url, credentials: bob } })
      for (let i = 0; i < 2; i++) {
        const response = await client.fetch(`${server.url}/${i}`, { method: 'POST', body: 'a=b' })
        assert.equal(await response.text(), 'hello alice')
        assert.equal(server.seen.at(-1)?.body, 'a=b')
      }
    })

    test('refuses a wrong password, in words', async (t) => {
      const domain = testDomain(t)
      const server = await serve(t, { certificate: 'server' })
      const proxy = await serveProxy(t, { gate: gateOf(domain, [packageName], { role: 'proxy' }) })
      const credentials = domain.credential('alice', 'wrong')
      const client = clientOf(t, domain, { schemes: [scheme], tls, proxy: { url: proxy.url, credentials } })
      await assert.rejects(client.fetch(server.url), { code: 'SEC_E_LOGON_DENIED' })
      assert.equal(server.seen.length, 0)
    })
  })
}

suite('a proxy with Kerberos', () => {
  for (const kind of ['http', 'https'] as const) {
    test(`need not prove itself (${kind}), unless everybody must`, async (t) => {
      const domain = testDomain(t)
      const server = await serve(t, kind === 'http' ? {} : { certificate: 'server' })
      const proxy = await serveProxy(t, { gate: gateOf(domain, ['Negotiate'], { role: 'proxy', silent: true }) })
      const options = { tls, proxy: { url: proxy.url } }
      const response = await clientOf(t, domain, options).fetch(server.url)
      const by = authenticationOf(response).proxy
      assert.ok(by?.state === 'authenticated' && !by.mutual)
      const strict = clientOf(t, domain, { ...options, mutual: true })
      await assert.rejects(strict.fetch(server.url), { code: 'SEC_E_MUTUAL_AUTH_FAILED' })
    })
  }

  test('that does is believed, in Proxy-Authenticate and in Proxy-Authentication-Info, and else it is refused', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t)
    for (const proofField of ['proxy-authenticate', 'proxy-authentication-info']) {
      for (const lastToken of [undefined, Uint8Array.of(1, 2, 3)]) {
        const gate = gateOf(domain, ['Negotiate'], { role: 'proxy', proofField, ...(lastToken && { lastToken }) })
        const proxy = await serveProxy(t, { gate })
        const asked = clientOf(t, domain, { proxy: { url: proxy.url } }).fetch(server.url)
        if (lastToken !== undefined) await assert.rejects(asked, { code: 'SEC_E_MUTUAL_AUTH_FAILED' })
        else {
          const by = authenticationOf(await asked).proxy
          assert.ok(by?.state === 'authenticated' && by.mutual, proofField)
        }
      }
    }
  })
})

suite('proxies', () => {
  test('a way to the proxy that is TLS itself is bound to, and a tunnel goes through it', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { certificate: 'server', gate: gateOf(domain, ['NTLM']) })
    const proxy = await serveProxy(t, { certificate: 'server-rsa', gate: gateOf(domain, ['NTLM'], { role: 'proxy' }) })
    const client = clientOf(t, domain, { tls, proxy: { url: proxy.url } })
    assert.equal(await (await client.fetch(server.url)).text(), 'hello alice')
  })

  test('one that hangs up behind its challenge is come back to', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { certificate: 'server' })
    const proxy = await serveProxy(t, { hangsUp: true, gate: gateOf(domain, ['NTLM'], { role: 'proxy' }) })
    const client = clientOf(t, domain, { tls, proxy: { url: proxy.url } })
    assert.equal((await client.fetch(server.url)).status, 200)
    assert.deepEqual(
      proxy.seen.map(({ connection }) => connection),
      [0, 1, 1],
    )
  })

  test('one of HTTP/1.0 is, though it says nothing of the connection', async (t) => {
    const domain = testDomain(t)
    const challenge = 'HTTP/1.0 407 Who\r\nProxy-Authenticate: Negotiate\r\nContent-Length: 2\r\n\r\nno'
    const { url, heard } = await rawProxy(t, (socket, asked) => {
      if (asked === 1) socket.end(challenge)
      else socket.end('HTTP/1.0 403 No\r\n\r\n')
    })
    const client = clientOf(t, domain, { tls, proxy: { url } })
    await assert.rejects(client.fetch(`https://${HOST}/`), { code: 'SEC_E_TARGET_UNKNOWN', message: /403/ })
    assert.deepEqual(heard(), [false, true])
  })

  test('one that hangs up without a word, while the KDC is asked, is come back to', async (t) => {
    const domain = testDomain(t)
    const challenge = 'HTTP/1.1 407 Who\r\nProxy-Authenticate: Negotiate\r\nContent-Length: 2\r\n\r\nno'
    let hungUp = Promise.resolve<unknown>(undefined)
    const { url, heard } = await rawProxy(t, (socket, asked) => {
      if (asked === 1) {
        hungUp = once(socket, 'finish')
        socket.write(challenge)
        setImmediate(() => socket.end())
      } else if (asked === 2) socket.write(challenge)
      else socket.end('HTTP/1.1 403 No\r\n\r\n')
    })
    const targetName = async () => {
      await hungUp
      for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate)
      return SERVICE
    }
    const client = clientOf(t, domain, { tls, targetName, proxy: { url } })
    await assert.rejects(client.fetch(`https://${HOST}/`), { code: 'SEC_E_TARGET_UNKNOWN', message: /403/ })
    assert.deepEqual(heard(), [false, false, true])
  })

  test('one that has no way there says so', async (t) => {
    const domain = testDomain(t)
    const refusing = createSocketServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'))
    })
    const port = await listen(t, refusing)
    const client = clientOf(t, domain, { proxy: { url: `http://127.0.0.1:${port}` } })
    await assert.rejects(client.fetch('https://server.example.com/'), {
      code: 'SEC_E_TARGET_UNKNOWN',
      message: /status 503/,
    })
  })

  test('what answers a CONNECT and is no proxy is refused', async (t) => {
    const domain = testDomain(t)
    for (const [answer, code] of [
      ['SSH-2.0-OpenSSH\r\n\r\n', 'SEC_E_INVALID_TOKEN'],
      ['HTTP/1.1 200 OK\r\nbad line\r\n\r\n', 'SEC_E_INVALID_TOKEN'],
      ['HTTP/1.1 200 OK\r\n\r\nsmuggled', 'SEC_E_INVALID_TOKEN'],
      [`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`, 'SEC_E_INVALID_TOKEN'],
      ['HTTP/1.1 407 No\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 'SEC_E_INVALID_TOKEN'],
      ['HTTP/1.1 407 No\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'SEC_E_INVALID_TOKEN'],
      ['HTTP/1.1 407 No\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n', 'SEC_E_INVALID_TOKEN'],
      ['', 'SEC_E_UNFINISHED_CONTEXT_DELETED'],
      ['HTTP/1.1 200', 'SEC_E_UNFINISHED_CONTEXT_DELETED'],
    ] as const) {
      const liar = createSocketServer((socket) => {
        socket.on('error', () => {})
        socket.once('data', () => socket.end(answer))
      })
      const port = await listen(t, liar)
      const client = clientOf(t, domain, { proxy: { url: `http://127.0.0.1:${port}` } })
      await assert.rejects(client.fetch('https://server.example.com/'), { code }, answer.slice(0, 60))
    }
  })

  test('a challenge in chunks, behind an interim response, is read over', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { certificate: 'server' })
    const real = await serveProxy(t, { gate: gateOf(domain, ['WDigest'], { role: 'proxy' }) })
    const chunking = createSocketServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => {
        socket.write(
          'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="x"\r\nTransfer-Encoding: chunked\r\n\r\n' +
            '5;a=b\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n',
        )
        socket.once('data', () => socket.end())
      })
    })
    const port = await listen(t, chunking)
    const client = clientOf(t, domain, { tls, proxy: { url: `http://127.0.0.1:${port}` } })
    await assert.rejects(client.fetch(server.url), { code: 'SEC_E_LOGON_DENIED' }, 'nothing that is wanted is offered')
    assert.equal(real.seen.length, 0)
  })

  test('are chosen for each URL by a function, and a URL that is none is a mistake', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t)
    const proxy = await serveProxy(t)
    const client = clientOf(t, domain, {
      proxy: (url) => (url.pathname === '/direct' ? undefined : { url: proxy.url }),
    })
    assert.equal((await client.fetch(`${server.url}/direct`)).status, 200)
    assert.equal(proxy.seen.length, 0)
    assert.equal((await client.fetch(`${server.url}/by`)).status, 200)
    assert.equal(proxy.seen.length, 1)
    for (const url of ['socks5://127.0.0.1:1', 'http://a:b@127.0.0.1:1', 'none']) {
      assert.throws(() => clientOf(t, domain, { proxy: { url } }), TypeError, url)
    }
  })
})

suite('the environment', () => {
  const by = (environment: Record<string, string>, url: string): string | undefined => {
    const found = environmentProxies(environment)(new URL(url))
    return found === undefined ? undefined : String(found.url)
  }

  test('names a proxy for each scheme, in capitals or not, and one for all', () => {
    const environment = { http_proxy: 'http://a:1', HTTPS_PROXY: 'b:2', ALL_PROXY: 'https://c:3' }
    assert.equal(by(environment, 'http://x/'), 'http://a:1')
    assert.equal(by(environment, 'https://x/'), 'http://b:2')
    assert.equal(by({ ALL_PROXY: 'https://c:3' }, 'https://x/'), 'https://c:3')
    assert.equal(by({ http_proxy: 'a:1', HTTP_PROXY: 'b:1' }, 'http://x/'), 'http://a:1')
    assert.equal(by({ https_proxy: '' }, 'https://x/'), undefined)
    assert.equal(by({}, 'https://x/'), undefined)
  })

  test('inside of CGI, HTTP_PROXY is a header of the request, and no setting', () => {
    assert.equal(by({ HTTP_PROXY: 'evil:1', REQUEST_METHOD: 'GET' }, 'http://x/'), undefined)
    assert.equal(by({ HTTP_PROXY: 'good:1' }, 'http://x/'), 'http://good:1')
  })

  test('lists hosts to reach without', () => {
    const without = (list: string, url: string): boolean => by({ all_proxy: 'p:1', no_proxy: list }, url) === undefined
    assert.ok(without('*', 'http://x/'))
    assert.ok(without('a.example, example.com', 'http://www.example.com/'))
    assert.ok(without('.example.com', 'http://www.example.com/'))
    assert.ok(without('*.example.com', 'http://example.com/'))
    assert.ok(without('example.com:8080', 'http://example.com:8080/'))
    assert.ok(!without('example.com:8080', 'http://example.com/'))
    assert.ok(without('127.0.0.1,::1', 'http://[::1]:8080/'))
    assert.ok(without('[::1]:8080', 'http://[::1]:8080/'))
    assert.ok(!without('0.0.1', 'http://127.0.0.1/'), 'an address is below no other')
    assert.ok(!without('example.com', 'http://notexample.com/'))
    assert.ok(!without('', 'http://example.com/'))
  })
})
