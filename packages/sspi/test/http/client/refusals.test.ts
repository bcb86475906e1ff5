import assert from 'node:assert/strict'
import { createServer as createSocketServer } from 'node:net'
import { suite, test } from 'node:test'
import { authenticationOf, writeTokenLeg } from '../../../src/http/index.js'
import { utf16leEncode } from '../../../src/bytes/index.js'
import { md4 } from '../../../src/crypto/index.js'
import { ntHashCredential } from '../../../src/sspi/index.js'
import { clientOf, gateOf, listen, serve, testDomain } from './servers.js'

suite('a server that must prove itself', () => {
  test('and does not with Kerberos has its response refused', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate'], { silent: true }) })
    await assert.rejects(clientOf(t, domain).fetch(server.url), { code: 'SEC_E_MUTUAL_AUTH_FAILED' })
    const lax = clientOf(t, domain, { mutual: false })
    const response = await lax.fetch(server.url)
    assert.equal(await response.text(), 'hello alice')
    const { origin } = authenticationOf(response)
    assert.ok(origin?.state === 'authenticated' && !origin.mutual)
  })

  test('by a token of somebody else’s is refused', async (t) => {
    const domain = testDomain(t)
    const replayed = await serve(t, { gate: gateOf(domain, ['Negotiate']) })
    const seen: Uint8Array[] = []
    const client = clientOf(t, domain, {
      onLeg: ({ direction, token, status }) => {
        if (direction === 'received' && status === 200 && token !== undefined) seen.push(token)
      },
    })
    await (await client.fetch(replayed.url)).text()
    const [lastToken] = seen
    assert.ok(lastToken)
    for (const token of [lastToken, Uint8Array.of(1, 2, 3), lastToken.map((byte, at) => (at > 40 ? byte ^ 1 : byte))]) {
      const server = await serve(t, { gate: gateOf(domain, ['Negotiate'], { lastToken: token }) })
      await assert.rejects(clientOf(t, domain).fetch(server.url), { code: 'SEC_E_MUTUAL_AUTH_FAILED' })
    }
  })

  test('leads nowhere before it has: a redirect without proof is not followed', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, {
      gate: gateOf(domain, ['Negotiate'], { silent: true }),
      handler: (_, response) => response.writeHead(302, { location: '/elsewhere' }).end(),
    })
    await assert.rejects(clientOf(t, domain).fetch(server.url), { code: 'SEC_E_MUTUAL_AUTH_FAILED' })
    assert.equal(server.seen.length, 2)
  })

  test('may show an error’s page without', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, {
      gate: gateOf(domain, ['Negotiate'], { silent: true }),
      handler: (_, response) => response.writeHead(500).end('broken'),
    })
    const response = await clientOf(t, domain).fetch(server.url)
    assert.equal(response.status, 500)
    assert.equal(await response.text(), 'broken')
  })

  test('by any scheme: NTLM and Basic are not used then, and Digest must bring its proof', async (t) => {
    const domain = testDomain(t)
    const ntlm = await serve(t, { gate: gateOf(domain, ['NTLM']) })
    await assert.rejects(clientOf(t, domain, { mutual: true }).fetch(ntlm.url), { code: 'SEC_E_NO_CREDENTIALS' })
    const digest = await serve(t, { gate: gateOf(domain, ['WDigest']) })
    assert.equal((await clientOf(t, domain, { mutual: true }).fetch(digest.url)).status, 200)
    const silent = await serve(t, { gate: gateOf(domain, ['WDigest'], { silent: true }) })
    await assert.rejects(clientOf(t, domain, { mutual: true }).fetch(silent.url), { code: 'SEC_E_MUTUAL_AUTH_FAILED' })
    assert.equal((await clientOf(t, domain).fetch(silent.url)).status, 200)
  })

  test('with Digest proves that it knows the password, or is refused', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, {
      gate: gateOf(domain, ['WDigest'], { silent: true }),
      handler: (_, response) =>
        response.writeHead(200, { 'authentication-info': `rspauth="${'0'.repeat(64)}"` }).end('trust me'),
    })
    await assert.rejects(clientOf(t, domain).fetch(server.url), { code: 'SEC_E_MUTUAL_AUTH_FAILED' })
  })
})

suite('what cannot go on', () => {
  test('an expired ticket is said to be one, and nothing is sent with it', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate']) })
    const credentials = domain.ticketCredential('alice', { lifetimeSeconds: 600 })
    const client = clientOf(t, domain, { credentials, preemptive: 'never' })
    assert.equal(await (await client.fetch(server.url)).text(), 'hello alice')
    domain.clock.advance(3600)
    await assert.rejects(client.fetch(server.url), { code: 'SEC_E_NO_CREDENTIALS', message: /ended at/ })
    assert.equal(server.seen.at(-1)?.headers.authorization, undefined)
  })

  test('a service that the KDC does not know is named in the error', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate']) })
    const client = clientOf(t, domain, { targetName: () => 'HTTP/nowhere.example.test' })
    await assert.rejects(client.fetch(server.url), { code: 'SEC_E_TARGET_UNKNOWN', message: /nowhere\.example\.test/ })
  })

  test('a KDC that is away does not make the client go on with NTLM', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate', 'NTLM']) })
    domain.faults.down = true
    await assert.rejects(clientOf(t, domain).fetch(server.url), { code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY' })
    assert.equal(server.seen.length, 1)
  })

  test('a server that asks for what is not wanted gets no more than the request', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['NTLM']) })
    const response = await clientOf(t, domain, { schemes: ['Kerberos'] }).fetch(server.url)
    assert.equal(response.status, 401)
    assert.deepEqual(authenticationOf(response), { origin: undefined, proxy: undefined })
    assert.equal(server.seen.length, 1)
  })

  test('Kerberos alone stays Kerberos, for somebody whom NTLM would be offered for', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { gate: gateOf(domain, ['Negotiate']) })
    const ntHash = md4(utf16leEncode(domain.passwordOf('alice')))
    const credentials = ntHashCredential({ user: 'EXAMPLE\\alice', ntHash })
    const either = await clientOf(t, domain, { credentials }).fetch(server.url)
    const { origin } = authenticationOf(either)
    assert.ok(origin?.state === 'authenticated')
    assert.equal(origin.mechanism, 'NTLM', 'a hash is no key of Kerberos')
    await assert.rejects(clientOf(t, domain, { credentials, schemes: ['Kerberos'] }).fetch(server.url), {
      code: 'SEC_E_NO_CREDENTIALS',
    })
  })

  test('a server that goes on challenging for ever is given up', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, {
      handler: (_, response) => response.writeHead(401, { 'www-authenticate': 'NTLM' }).end(),
    })
    const response = await clientOf(t, domain).fetch(server.url)
    assert.equal(response.status, 401)
    assert.equal(server.seen.length, 2, 'a bare challenge in answer to a token is a refusal')
  })

  test('a token that is none is refused, and the connection ended', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, {
      handler: (_, response) =>
        response.writeHead(401, { 'www-authenticate': writeTokenLeg('NTLM', Uint8Array.of(1, 2, 3)) }).end(),
    })
    await assert.rejects(clientOf(t, domain, { schemes: ['NTLM'] }).fetch(server.url), { code: 'SEC_E_INVALID_TOKEN' })
  })

  test('a server of Digest that wants what is not known here has its other schemes', async (t) => {
    const domain = testDomain(t)
    const alsoOffers = ['Digest realm="without qop", nonce="n"']
    const server = await serve(t, { gate: gateOf(domain, ['NTLM'], { alsoOffers }) })
    assert.equal(await (await clientOf(t, domain).fetch(server.url)).text(), 'hello alice')
    const only = clientOf(t, domain, { schemes: ['Digest'] })
    await assert.rejects(only.fetch(server.url), { code: 'SEC_E_NO_CREDENTIALS', message: /qop/ })
  })

  test('a challenge that cannot be read does not hide the others', async (t) => {
    const domain = testDomain(t)
    for (const packageName of ['NTLM', 'WDigest', 'Negotiate']) {
      const gate = gateOf(domain, [packageName], { alsoOffers: ['Basic realm=no quotes here'] })
      const server = await serve(t, { gate })
      assert.equal(await (await clientOf(t, domain).fetch(server.url)).text(), 'hello alice', packageName)
    }
  })
})

suite('what takes too long, is too much, or ends early', () => {
  test('a proxy that does not answer in time is given up', async (t) => {
    const domain = testDomain(t)
    const port = await listen(t, createSocketServer())
    const options = { proxy: { url: `http://127.0.0.1:${port}` }, timeouts: { connectSeconds: 0.05 } }
    await assert.rejects(clientOf(t, domain, options).fetch('https://server.example.com/'), {
      code: 'SEC_E_TARGET_UNKNOWN',
      message: /no connection in 0\.05 s/,
    })
  })

  test('a server that calls its own nonces too old for ever has its 401 handed on', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, {
      handler: (_, response) => {
        const challenge = `Digest realm="r", nonce="${server.seen.length}", qop="auth", stale=true`
        response.writeHead(401, { 'www-authenticate': challenge }).end()
      },
    })
    const response = await clientOf(t, domain).fetch(server.url)
    assert.equal(response.status, 401)
    assert.equal(server.seen.length, 4, 'the request, its answer, and two more')
  })

  test('a server that does not answer in time is given up', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { handler: () => {} })
    const client = clientOf(t, domain, { timeouts: { headersSeconds: 0.05 } })
    await assert.rejects(client.fetch(server.url), {
      code: 'SEC_E_UNFINISHED_CONTEXT_DELETED',
      message: /no response in 0\.05 s/,
    })
  })

  test('a body that stands still is given up', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { handler: (_, response) => response.writeHead(200).write('a') })
    const response = await clientOf(t, domain, { timeouts: { bodySeconds: 0.05 } }).fetch(server.url)
    await assert.rejects(response.text())
  })

  test('a response whose head is too long is refused', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, {
      handler: (_, response) => response.writeHead(401, { 'www-authenticate': `NTLM ${'A'.repeat(70_000)}` }).end(),
    })
    await assert.rejects(clientOf(t, domain).fetch(server.url), { code: 'SEC_E_UNFINISHED_CONTEXT_DELETED' })
  })

  test('the page of a challenge is read over up to a bound', async (t) => {
    const domain = testDomain(t)
    const gate = gateOf(domain, ['WDigest'])
    let first = true
    const server = await serve(t, {
      handler: (request, response, seen) => {
        if (first) {
          first = false
          response.writeHead(401, { 'www-authenticate': 'Digest realm="server.example.test", nonce="x", qop="auth"' })
          response.end('x'.repeat(10_000))
          return
        }
        void gate.admit(request, response).then((user) => {
          seen.user = user
          if (user !== undefined) response.end(`hello ${user}`)
        })
      },
    })
    const client = clientOf(t, domain, { limits: { maxChallengeBodyBytes: 9_999 } })
    await (await client.fetch(server.url)).text()
    assert.ok(server.connections() > 1, 'it went on over another connection')
  })

  test('a connection that ends in the middle of an authentication fails the request', async (t) => {
    const domain = testDomain(t)
    const gate = gateOf(domain, ['NTLM'])
    const server = await serve(t, {
      handler: (request, response) => {
        if (request.headers.authorization !== undefined) response.shouldKeepAlive = false
        void gate.admit(request, response)
      },
    })
    await assert.rejects(clientOf(t, domain, { schemes: ['NTLM'] }).fetch(server.url), {
      code: 'SEC_E_UNFINISHED_CONTEXT_DELETED',
      message: /in the middle of an authentication/,
    })
  })

  test('a signal gives up at every leg, and the connection ends with it', async (t) => {
    const domain = testDomain(t)
    for (const leg of [1, 2, 3]) {
      const controller = new AbortController()
      const gate = gateOf(domain, ['NTLM'])
      let count = 0
      const server = await serve(t, {
        handler: (request, response) => {
          if (++count === leg) {
            request.socket.once('close', () => closed.resolve())
            controller.abort(new Error('enough'))
          } else void gate.admit(request, response)
        },
      })
      const closed = withResolvers()
      const client = clientOf(t, domain, { schemes: ['NTLM'] })
      await assert.rejects(client.fetch(server.url, { signal: controller.signal }), { message: 'enough' })
      await closed.promise
      assert.equal(count, leg)
    }
    const client = clientOf(t, domain)
    await assert.rejects(client.fetch('http://127.0.0.1:9/', { signal: AbortSignal.abort(new Error('before')) }), {
      message: 'before',
    })
  })

  test('nobody who answers is said to be so', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t)
    const client = clientOf(t, domain)
    await assert.rejects(client.fetch('http://127.0.0.1:1/'), {
      code: 'SEC_E_TARGET_UNKNOWN',
      message: /127\.0\.0\.1:1/,
    })
    assert.equal((await client.fetch(server.url)).status, 200)
    await client.close()
    await assert.rejects(client.fetch(server.url), { code: 'SEC_E_INVALID_HANDLE' })
  })
})

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => (resolve = done))
  return { promise, resolve: () => resolve() }
}
