// Chromium at our server: the page of the example of single sign-on, by each scheme that a browser speaks.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { connect, createServer as createRelay } from 'node:tls'
import { initSecurityInterface } from 'sspi'
import { memoryAccounts } from 'sspi/accounts'
import { createHttpAuthenticator, type HttpAuthenticatorOptions } from 'sspi/http'
import { keytabFileCredential, loadKrb5Conf } from 'sspi/krb5'
import { singleSignOn } from 'sspi-examples/dist/src/single-sign-on.js'
import { Browser, commandOf, localhostIdentity, missing, mitKdc, PASSWORD, TicketFolder } from '../src/index.js'

const ALICE = { username: 'CONTOSO\\alice', password: PASSWORD }
/** Where the pictures stay. */
const PICTURES = process.env['LAB_PICTURES'] ?? join(tmpdir(), 'sspi-pictures')

suite('Chromium at our server', { skip: missing('chromium', 'mit-kdc', 'tls') }, () => {
  test('by Kerberos it is let in without a question, and the page shows who that is', async (t) => {
    using alice = await TicketFolder.of('alice')
    await using site = await Site.open({ ...(await withKeytab()), schemes: ['Negotiate'] })
    await using browser = await Browser.open({ env: alice.env, negotiateWith: 'localhost' })
    const { status, text } = await browser.visit(site.url)
    assert.equal(status, 200)
    assert.match(words(text), / alice MIT\.TEST Package Negotiate Mechanism Kerberos /)
    assert.match(words(text), / Name proven by ticket, sealed /)
    mkdirSync(PICTURES, { recursive: true })
    const picture = join(PICTURES, 'single-sign-on.png')
    await browser.picture(picture, { width: 760, height: 650 })
    assert.deepEqual([...readFileSync(picture).subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47])
    t.diagnostic(`the page is in ${picture}`)
  })

  test('without tickets, and where it may not show them, it is shown the page of nobody', async () => {
    await using site = await Site.open({ ...(await withKeytab()), schemes: ['Negotiate'] })
    using alice = await TicketFolder.of('alice')
    const nobody = { ...alice.env, KRB5CCNAME: `FILE:${alice.at('none')}` }
    for (const options of [{ negotiateWith: 'localhost', env: nobody }, { env: alice.env }]) {
      await using browser = await Browser.open(options)
      const { status, text } = await browser.visit(site.url)
      assert.equal(status, 401)
      assert.match(text, /Nobody/)
    }
  })

  test('by NTLM over https it must send the bindings of the channel and name the service, and does', async () => {
    const options = { ...withAccounts(), schemes: ['NTLM'], extendedProtection: 'required' } as const
    await using site = await Site.open({ ...options, targetNames: ['HTTP/localhost'] }, { tls: true })
    await using browser = await Browser.open({ credentials: ALICE })
    const { status, text } = await browser.visit(site.url)
    assert.equal(status, 200, site.refusals.join())
    assert.match(words(text), / alice CONTOSO Package NTLM .* Bound to the TLS channel yes /)
  })

  test('by NTLM through whoever ends its TLS in between it is refused', async () => {
    await using site = await Site.open({ ...withAccounts(), schemes: ['NTLM'] }, { tls: true })
    await using relay = await relayTo(site)
    await using browser = await Browser.open({ credentials: ALICE })
    assert.equal((await browser.visit(relay.url)).status, 401)
    assert.ok(site.refusals.includes('SEC_E_BAD_BINDINGS'), site.refusals.join())
    assert.equal((await browser.visit(site.url)).status, 200)
  })

  test('by Digest it is let in, with SHA-256', async () => {
    await using site = await Site.open({ ...withAccounts(), schemes: ['Digest'] })
    await using browser = await Browser.open({ credentials: { username: 'bob', password: PASSWORD } })
    const { status, text } = await browser.visit(site.url)
    assert.equal(status, 200, site.refusals.join())
    assert.match(words(text), / bob .* Package Digest /)
    assert.equal((await browser.visit(`${site.url}/who`)).status, 200)
  })

  test('with a wrong password it is refused, by NTLM and by Digest', async () => {
    for (const schemes of [['NTLM'], ['Digest']] as const) {
      await using site = await Site.open({ ...withAccounts(), schemes })
      await using browser = await Browser.open({ credentials: { ...ALICE, password: 'wrong' } })
      assert.equal((await browser.visit(site.url)).status, 401)
      assert.ok(site.refusals.includes('SEC_E_LOGON_DENIED'), site.refusals.join())
    }
  })

  test('of a server of HTTP/2 it comes in by HTTP/1.1, by Kerberos and by NTLM', async () => {
    using alice = await TicketFolder.of('alice')
    await using kerberos = await Site.open({ ...(await withKeytab()), schemes: ['Negotiate'] }, { http2: true })
    await using ticketed = await Browser.open({ env: alice.env, negotiateWith: 'localhost' })
    assert.equal((await ticketed.visit(kerberos.url)).text, 'alice by Kerberos over 1.1')
    await using ntlm = await Site.open({ ...withAccounts(), schemes: ['NTLM'] }, { http2: true })
    await using typing = await Browser.open({ credentials: ALICE })
    assert.equal((await typing.visit(ntlm.url)).text, 'alice by NTLM over 1.1')
    assert.equal((await typing.post(ntlm.url, 'x'.repeat(5000))).text, 'alice by NTLM over 1.1')
  })
})

/** What a page says, in one line. */
function words(text: string): string {
  return text.replace(/\s+/g, ' ')
}

type SiteOptions = Omit<HttpAuthenticatorOptions, 'onRefused'>

async function withKeytab(): Promise<SiteOptions> {
  const sspi = initSecurityInterface({ krb5: await loadKrb5Conf(mitKdc().krb5Conf) })
  return { sspi, credentials: keytabFileCredential(mitKdc().keytab, { principal: 'HTTP/localhost' }) }
}

function withAccounts(): SiteOptions {
  const accounts = memoryAccounts([
    { user: 'alice', domain: 'CONTOSO', password: PASSWORD },
    { user: 'bob', password: PASSWORD },
  ])
  return { sspi: initSecurityInterface({ accounts, digest: { realm: 'lab' } }) }
}

/** A site of ours on loopback. */
class Site implements AsyncDisposable {
  readonly url: string
  /** The port. */
  readonly port: number
  /** Why people were refused, in order. */
  readonly refusals: string[]
  readonly #server: Server

  /** The example; with `http2` a line of text, as its framework speaks HTTP/1.1 alone. */
  static async open(options: SiteOptions, how: { readonly tls?: true; readonly http2?: true } = {}): Promise<Site> {
    const refusals: string[] = []
    const all: HttpAuthenticatorOptions = { ...options, onRefused: ({ code }) => void refusals.push(code) }
    const server =
      how.http2 === true
        ? overHttp2(all)
        : how.tls === true
          ? createTlsServer(localhostIdentity(), exampleOf(all))
          : createServer(exampleOf(all))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Site(server, how.tls === true || how.http2 === true ? 'https' : 'http', refusals)
  }

  constructor(server: Server, scheme: string, refusals: string[]) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port // TCP
    this.url = `${scheme}://localhost:${this.port}`
    this.refusals = refusals
  }

  /** Its clients must be gone: they hold their connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    await once(this.#server, 'close')
  }
}

function exampleOf(options: HttpAuthenticatorOptions): RequestListener {
  return singleSignOn(options).app as RequestListener
}

function overHttp2(options: HttpAuthenticatorOptions): Server {
  const authenticator = createHttpAuthenticator(options)
  return createSecureServer({ ...localhostIdentity(), allowHTTP1: true }, (request, response) => {
    void authenticator.authenticate(request, response).then((logOn) => {
      if (logOn === undefined) return
      response.end(`${logOn.user.user.name} by ${logOn.mechanism} over ${request.httpVersion}`)
    })
  })
}

/** One in between, who ends the TLS of both sides with a certificate of his own. */
async function relayTo({ port }: Site): Promise<Site> {
  const folder = commandOf('tls')
  const identity = { cert: readFileSync(join(folder, 'server.crt')), key: readFileSync(join(folder, 'server.key')) }
  const relay = createRelay(identity, (client) => {
    const onward = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    for (const [from, to] of [
      [client, onward],
      [onward, client],
    ] as const) {
      from.on('error', () => to.destroy())
      from.pipe(to)
    }
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  return new Site(relay, 'https', [])
}
