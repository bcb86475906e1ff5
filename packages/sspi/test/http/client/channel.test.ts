import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { readCertificate, endPointHash } from '../../../src/crypto/index.js'
import { authenticationOf } from '../../../src/http/index.js'
import type { ChannelBindings } from '../../../src/sspi/index.js'
import { CRL, filesOf, ROOT } from '../../schannel/certificates.js'
import { clientOf, gateOf, HOST, listen, serve, testDomain } from './servers.js'

/** What the holder of a certificate binds to, RFC 5929 section 4. */
function bindingsOf(name: string): ChannelBindings {
  const pem = filesOf(name).certificate ?? ''
  const der = new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'))
  const hash = endPointHash(readCertificate(der)) ?? new Uint8Array(0)
  return { applicationData: Uint8Array.from([...Buffer.from('tls-server-end-point:'), ...hash]) }
}

/** Ends the client's TLS by a certificate that the client trusts as well, and opens TLS of its own to the server. */
async function middle(t: TestContext, port: number): Promise<number> {
  const { certificate = '', privateKey = '' } = filesOf('server-rsa')
  const server = createTlsServer({ cert: certificate, key: privateKey }, (client) => {
    const onward = connectTls({ port, host: '127.0.0.1', servername: HOST, ca: ROOT })
    client.on('error', () => {}).pipe(onward)
    onward.on('error', () => {}).pipe(client)
  })
  return listen(t, server)
}

const WAYS = [
  ['Negotiate', 'Negotiate'],
  ['NTLM', 'NTLM'],
  ['WDigest', 'Digest'],
] as const

suite('the TLS channel', () => {
  for (const [packageName, scheme] of WAYS) {
    test(`${scheme}: is bound to without being asked for`, async (t) => {
      const domain = testDomain(t)
      const sspi = domain.sspi({ policy: { channelBindings: 'required' } })
      const gate = gateOf(domain, [packageName], { sspi, channelBindings: bindingsOf('server') })
      const server = await serve(t, { certificate: 'server', gate })
      const client = clientOf(t, domain, { schemes: [scheme], tls: { ca: ROOT } })
      assert.equal(await (await client.fetch(server.url)).text(), 'hello alice')
      const unbound = clientOf(t, domain, { schemes: [scheme], tls: { ca: ROOT }, channelBindings: false })
      assert.equal((await unbound.fetch(server.url)).status, 401, 'the server can tell')
    })

    test(`${scheme}: an authentication that somebody in the middle passes on is refused`, async (t) => {
      const domain = testDomain(t)
      const sspi = domain.sspi({ policy: { channelBindings: 'required' } })
      const gate = gateOf(domain, [packageName], { sspi, channelBindings: bindingsOf('server') })
      const server = await serve(t, { certificate: 'server', gate })
      const port = await middle(t, server.port)
      const client = clientOf(t, domain, { schemes: [scheme], tls: { ca: ROOT } })
      const response = await client.fetch(`https://${HOST}:${port}/`)
      assert.equal(response.status, 401)
      assert.equal(response.headers.get('x-why'), 'SEC_E_BAD_BINDINGS')
      assert.equal(authenticationOf(response).origin?.state, 'refused')
      assert.ok(server.seen.every(({ user }) => user === undefined))
    })
  }

  for (const [name, code] of [
    ['self-signed', 'SEC_E_UNTRUSTED_ROOT'],
    ['stranger', 'SEC_E_UNTRUSTED_ROOT'],
    ['expired', 'SEC_E_CERT_EXPIRED'],
    ['early', 'SEC_E_CERT_EXPIRED'],
    ['wrong-usage', 'SEC_E_CERT_WRONG_USAGE'],
    ['revoked', 'CRYPT_E_REVOKED'],
  ] as const) {
    test(`a certificate that is not to be trusted (${name}) ends it with ${code}`, async (t) => {
      const domain = testDomain(t)
      const server = await serve(t, { certificate: name })
      const tls = name === 'revoked' ? { ca: ROOT, crl: CRL } : { ca: ROOT }
      await assert.rejects(clientOf(t, domain, { tls }).fetch(server.url), { code })
      assert.equal(server.seen.length, 0)
    })
  }

  test('a certificate for another name ends it', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, { certificate: 'server' })
    const client = clientOf(t, domain, { tls: { ca: ROOT } })
    await assert.rejects(client.fetch(`https://other.example.com:${server.port}/`), { code: 'SEC_E_WRONG_PRINCIPAL' })
  })
})

suite('Basic', () => {
  const basic = (authorization: string | undefined): boolean =>
    authorization === `Basic ${Buffer.from('alice@EXAMPLE.TEST:secret').toString('base64')}`
  const options = { schemes: ['Basic'] as const, tls: { ca: ROOT } }

  test('goes inside of TLS, where it was asked for, and once more without being asked', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, {
      certificate: 'server',
      handler: (request, response) => {
        if (basic(request.headers.authorization)) response.end('hello')
        else response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
      },
    })
    const client = clientOf(t, domain, { ...options, credentials: domain.credential('alice', 'secret') })
    for (let i = 0; i < 2; i++) assert.equal(await (await client.fetch(server.url)).text(), 'hello')
    assert.equal(server.seen.length, 3)
    const wrong = clientOf(t, domain, { ...options, credentials: domain.credential('alice', 'wrong') })
    assert.equal((await wrong.fetch(server.url)).status, 401)
    assert.equal((await clientOf(t, domain, { tls: options.tls }).fetch(server.url)).status, 401, 'not by itself')
  })

  test('does not go without TLS', async (t) => {
    const domain = testDomain(t)
    const server = await serve(t, {
      handler: (_, response) => response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(),
    })
    await assert.rejects(clientOf(t, domain, options).fetch(server.url), {
      code: 'SEC_E_NO_CREDENTIALS',
      message: /there is no TLS/,
    })
    assert.ok(server.seen.every(({ headers }) => headers.authorization === undefined))
  })
})
