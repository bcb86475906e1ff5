// Our server's side of HTTP, with curl as its client.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { initSecurityInterface, type SecurityFunctionTable } from 'sspi'
import { memoryAccounts } from 'sspi/accounts'
import { createClient, kdcPasswords, type HttpLogOn } from 'sspi/http'
import { keytabFileCredential, loadKrb5Conf } from 'sspi/krb5'
import {
  apacheGssapi,
  Browser,
  commandOf,
  GuardedWeb,
  missing,
  mitKdc,
  PASSWORD,
  runProgram,
  TicketFolder,
  UTF8_PASSWORD,
  type GuardedWebOptions,
} from '../src/index.js'

/** The security interface of a server in MIT's realm, with accounts of its own for NTLM and Digest. */
async function ourServer(): Promise<SecurityFunctionTable> {
  const users = [
    { user: 'alice', domain: 'LAB', password: PASSWORD },
    { user: 'utf8user', domain: 'LAB', password: UTF8_PASSWORD },
  ]
  const accounts = memoryAccounts(users, { defaultDomain: 'LAB' })
  return initSecurityInterface({
    accounts,
    krb5: await loadKrb5Conf(mitKdc().krb5Conf),
    digest: { realm: 'our realm' },
  })
}

async function serve(options: Partial<GuardedWebOptions> = {}): Promise<GuardedWeb> {
  return GuardedWeb.start({
    sspi: await ourServer(),
    schemes: ['Negotiate', 'NTLM', 'Digest'],
    credentials: keytabFileCredential(mitKdc().keytab),
    ...options,
  })
}

/** Runs curl. @returns what it says, with status and version in the last line. */
async function curl(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const common = ['-sSk', '--max-time', '60', '-w', '%{http_code} %{http_version}\\n']
  const { code, stdout, stderr } = await runProgram(commandOf('curl'), [...common, ...args], { env })
  assert.equal(code, 0, stderr)
  return stdout
}

suite('curl at our server', { skip: missing('curl', 'mit-kdc', 'tls') }, () => {
  let alice: TicketFolder

  before(async () => {
    alice = await TicketFolder.of('alice')
  })
  after(() => {
    alice[Symbol.dispose]()
  })

  const negotiate = (...args: readonly string[]): Promise<string> =>
    curl(['--negotiate', '-u', ':', ...args], alice.env)
  const ntlm = (...args: readonly string[]): Promise<string> =>
    curl(['--ntlm', '-u', `LAB\\alice:${PASSWORD}`, ...args])

  test('Negotiate: a ticket of MIT’s lets each request in, over http and https', async () => {
    for (const tls of [false, true]) {
      await using web = await serve({ tls })
      const page = 'MIT.TEST\\alice by Kerberos from exchange\n200 1.1\n'
      assert.equal(await negotiate(web.url, web.url), page + page)
      assert.equal(web.connections, 1)
      assert.ok(web.seen.every(({ mutual, scheme }) => mutual && scheme === 'Negotiate'))
    }
  })

  test('Persistent-Auth: curl sends no second token over a connection that it says is logged on', async () => {
    await using web = await serve({ persist: 'all' })
    assert.equal(
      await negotiate(web.url, web.url),
      'MIT.TEST\\alice by Kerberos from exchange\n200 1.1\nMIT.TEST\\alice by Kerberos from connection\n200 1.1\n',
    )
  })

  test('Negotiate with a body, and without a ticket', async () => {
    await using web = await serve()
    assert.match(await negotiate('-d', 'x'.repeat(50_000), web.url), /^MIT\.TEST\\alice .*\n200/)
    const env = { ...alice.env, KRB5CCNAME: `FILE:${alice.at('none')}` }
    assert.match(await curl(['--negotiate', '-u', ':', web.url], env), /401/)
  })

  test('NTLM: three legs over one connection, which stays logged on; a wrong password is refused', async () => {
    await using web = await serve()
    assert.equal(
      await ntlm('-d', 'a=b', web.url, web.url),
      'LAB\\alice by NTLM from exchange\n200 1.1\nLAB\\alice by NTLM from connection\n200 1.1\n',
    )
    assert.equal(web.connections, 1)
    assert.match(await curl(['--ntlm', '-u', 'LAB\\alice:wrong', web.url]), /401/)
    assert.match(await curl(['--ntlm', '-u', `LAB\\nobody:${PASSWORD}`, web.url]), /401/)
    assert.deepEqual(web.refusals, ['SEC_E_LOGON_DENIED', 'SEC_E_LOGON_DENIED'])
  })

  test('Digest, and --anyauth, which takes the strongest of what it has a password for', async () => {
    await using web = await serve({ schemes: ['NTLM', 'Digest'] })
    assert.equal(
      await curl(['--digest', '-u', `alice:${PASSWORD}`, `${web.url}/a?b=c`]),
      'LAB\\alice by WDigest from exchange\n200 1.1\n',
    )
    assert.match(await curl(['--digest', '-u', `utf8user:${UTF8_PASSWORD}`, web.url]), /^LAB\\utf8user by WDigest/)
    assert.match(await curl(['--anyauth', '-u', `alice:${PASSWORD}`, web.url]), /^LAB\\alice by WDigest/)
    assert.match(await curl(['--digest', '-u', 'alice:wrong', web.url]), /401/)
    await using weaker = await serve({ schemes: ['NTLM'] })
    assert.match(await curl(['--anyauth', '-u', `LAB\\alice:${PASSWORD}`, weaker.url]), /^LAB\\alice by NTLM/)
    await using best = await serve()
    assert.match(await curl(['--anyauth', '-u', ':', best.url], alice.env), /^MIT\.TEST\\alice by Kerberos/)
  })

  test('Basic: MIT’s KDC checks the password, and the keytab the KDC', async () => {
    const sspi = await ourServer()
    const credentials = keytabFileCredential(mitKdc().keytab)
    const passwords = kdcPasswords({ sspi, credentials, service: 'HTTP/localhost', realms: ['MIT.TEST'] })
    await using web = await serve({ sspi, tls: true, schemes: ['Negotiate', 'Basic'], passwords })
    for (const user of ['alice', 'alice@MIT.TEST']) {
      const answer = await curl(['--basic', '-u', `${user}:${PASSWORD}`, web.url])
      assert.equal(answer, 'MIT.TEST\\alice by Kerberos from exchange\n200 1.1\n')
    }
    for (const user of ['alice:wrong', `nobody:${PASSWORD}`, `alice@ELSEWHERE.TEST:${PASSWORD}`]) {
      assert.match(await curl(['--basic', '-u', user, web.url]), /401/)
    }
  })

  test('HTTP/2: Kerberos goes over it, and who wants NTLM comes back by HTTP/1.1', async () => {
    await using web = await serve({ tls: 'http2' })
    assert.equal(await negotiate('--http2', web.url), 'MIT.TEST\\alice by Kerberos from exchange\n200 2\n')
    await using old = await serve({ tls: 'http2', schemes: ['NTLM'] })
    assert.equal(await ntlm('--http2', old.url), 'LAB\\alice by NTLM from exchange\n200 1.1\n')
  })

  test('extended protection: what sends no channel bindings is let in where they are supported, and not where they are required', async () => {
    await using supported = await serve({ tls: true })
    assert.match(await ntlm(supported.url), /200/)
    assert.equal(supported.seen[0]?.channelBound, false)
    await using required = await serve({ tls: true, extendedProtection: 'required' })
    assert.match(await ntlm(required.url), /401/)
    assert.deepEqual(required.refusals, ['SEC_E_BAD_BINDINGS'])
  })

  test('a session cookie carries on over another connection', async () => {
    await using web = await serve({ tls: true, cookie: { key: new Uint8Array(32).fill(9) } })
    const jar = alice.at('jar')
    assert.match(await negotiate('-c', jar, web.url), /from exchange/)
    assert.equal(await curl(['-b', jar, web.url]), 'MIT.TEST\\alice by Kerberos from cookie\n200 1.1\n')
  })
})

suite('the next hop', { skip: missing('curl', 'mit-kdc', 'apache-gssapi') }, () => {
  test('a handler that acts as a client of curl’s reaches Apache with the ticket that was delegated', async () => {
    using alice = await TicketFolder.of('alice')
    const sspi = await ourServer()
    const client = createClient({ sspi })
    const { http } = apacheGssapi()
    const page = async ({ session }: HttpLogOn): Promise<string> => {
      const response = await session!.impersonate(() => client.fetch(`${http}/kerberos`))
      return response.text()
    }
    await using web = await serve({ sspi, schemes: ['Negotiate'], page })
    const args = ['--negotiate', '-u', ':', '--delegation', 'always', web.url]
    assert.match(await curl(args, alice.env), /^user=alice@MIT\.TEST\n/)
    assert.equal(web.seen[0]?.user.impersonationLevel, 'delegation')
    await client.close()
  })
})

// Chromium with everything else is in chromium.test.ts.
suite('Chromium at our server', { skip: missing('chromium', 'mit-kdc') }, () => {
  test('NTLM over http, where it must have meant this server', async () => {
    const targetNames = ['HTTP/localhost']
    const options = { schemes: ['NTLM'], extendedProtection: 'required', targetNames } as const
    await using web = await serve(options)
    await using browser = await Browser.open({ credentials: { username: 'LAB\\alice', password: PASSWORD } })
    assert.match((await browser.visit(web.url)).text, /^LAB\\alice by NTLM from /)
    await using other = await serve({ ...options, targetNames: ['HTTP/elsewhere'] })
    assert.equal((await browser.visit(other.url)).status, 401)
  })
})
