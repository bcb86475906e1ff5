import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type ClientHttp2Session, type Http2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import { createHttpAuthenticator, type HttpAuthenticatorOptions } from '../../../src/http/index.js'
import { createTestDomain } from '../../../src/testing/index.js'
import { SERVICE } from './site.js'

/** RFC 9113 §7. */
const HTTP_1_1_REQUIRED = 0xd

/** A server of HTTP/2, and a client’s connection to it. */
async function open(options: Partial<HttpAuthenticatorOptions> = {}) {
  const domain = createTestDomain({ users: ['alice'], services: [SERVICE] })
  const authenticator = createHttpAuthenticator({
    sspi: domain.sspi(),
    credentials: domain.serviceCredential(SERVICE),
    schemes: ['Negotiate', 'NTLM', 'Digest'],
    ...options,
  })
  const server: Http2Server = createServer((request, response) => {
    void authenticator.authenticate(request, response).then((client) => {
      if (client !== undefined) response.end(`${client.user.user.name} by ${client.mechanism}`)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const close = async () => {
    session.destroy()
    server.close()
    await once(server, 'close')
    authenticator[Symbol.dispose]()
    await domain[Symbol.asyncDispose]()
  }
  return { domain, authenticator, session, [Symbol.asyncDispose]: close }
}

async function ask(session: ClientHttp2Session, fields: Readonly<Record<string, string>> = {}, body?: string) {
  const stream = session.request({ ':path': '/', ':method': body === undefined ? 'GET' : 'POST', ...fields })
  stream.end(body)
  let headers: Readonly<Record<string, unknown>> = {}
  let text = ''
  stream.on('response', (found: Readonly<Record<string, unknown>>) => (headers = found))
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  stream.on('error', () => {}) // rstCode says it
  await new Promise((resolve) => stream.on('close', resolve))
  return { status: headers[':status'], challenges: headers['www-authenticate'], body: text, reset: stream.rstCode }
}

suite('HTTP/2', () => {
  test('offers no NTLM, which would be of the connection', async () => {
    await using site = await open()
    const { status, challenges } = await ask(site.session)
    assert.equal(status, 401)
    assert.match(String(challenges), /^Negotiate, Digest .*, Digest [^,]/)
    assert.doesNotMatch(String(challenges), /NTLM/)
  })

  test('where there is nothing else, the client is told to come by HTTP/1.1', async () => {
    await using site = await open({ schemes: ['NTLM'] })
    const { status, reset } = await ask(site.session)
    assert.deepEqual({ status, reset }, { status: undefined, reset: HTTP_1_1_REQUIRED })
  })

  for (const scheme of ['Negotiate', 'NTLM']) {
    test(`a token of NTLM in ${scheme} is answered by HTTP_1_1_REQUIRED, and nothing is kept`, async () => {
      await using site = await open()
      using client = site.domain.sspi().initiate({ package: 'NTLM', credentials: site.domain.credential('alice') })
      const { token } = await client.step()
      const authorization = `${scheme} ${Buffer.from(token ?? []).toString('base64')}`
      assert.equal((await ask(site.session, { authorization })).reset, HTTP_1_1_REQUIRED)
      assert.equal(site.authenticator.halfOpen, 0)
      assert.equal((await ask(site.session)).status, 401)
    })
  }

  test('Kerberos lets each request in by itself, never another of the connection', async () => {
    await using site = await open({ persist: 'all' })
    for (let turn = 0; turn < 2; turn++) {
      using client = site.domain.sspi().initiate({
        package: 'Negotiate',
        credentials: site.domain.credential('alice'),
        target: SERVICE,
      })
      const { token } = await client.step()
      const authorization = `Negotiate ${Buffer.from(token ?? []).toString('base64')}`
      assert.equal((await ask(site.session, { authorization })).body, 'alice by Kerberos')
      assert.equal((await ask(site.session)).status, 401)
    }
  })

  test('bodies of refused requests are thrown away within the bound; beyond it the stream ends', async () => {
    await using site = await open({ limits: { maxDiscardedBytes: 1000 } })
    assert.equal((await ask(site.session, {}, 'x'.repeat(1000))).status, 401)
    assert.equal((await ask(site.session, {}, 'x'.repeat(200_000))).status, 401)
    assert.equal((await ask(site.session)).status, 401)
  })
})
