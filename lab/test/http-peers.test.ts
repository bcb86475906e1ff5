// That the peers of HTTP are what the tests of our client and our server take them for: each with curl, or with Chromium.
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import {
  apacheGssapi,
  Browser,
  commandOf,
  missing,
  NtlmWeb,
  PASSWORD,
  runProgram,
  squid,
  TicketFolder,
  WINBIND_DOMAIN,
} from '../src/index.js'

const WINBIND_USER = `${WINBIND_DOMAIN}\\alice`

/** Runs curl. @returns what it says, with the status in the last line. */
async function curl(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const common = ['-sS', '--max-time', '60', '-w', '\\n%{http_code}']
  const { code, stdout, stderr } = await runProgram(commandOf('curl'), [...common, ...args], { env })
  assert.equal(code, 0, stderr)
  return stdout
}

suite('Apache with mod_auth_gssapi', { skip: missing('mit-kdc', 'apache-gssapi', 'curl') }, () => {
  let alice: TicketFolder

  before(async () => {
    alice = await TicketFolder.of('alice')
  })
  after(() => {
    alice[Symbol.dispose]()
  })

  const negotiate = (args: readonly string[]): Promise<string> => curl(['--negotiate', '-u', ':', ...args], alice.env)

  test('it takes Kerberos, and says so', async () => {
    const { http } = apacheGssapi()
    assert.match(await negotiate([`${http}/kerberos`]), /^user=alice@MIT\.TEST\ntype=Negotiate\nmech=Negotiate\/krb5\n/)
    assert.match(await curl([`${http}/kerberos`]), /\n401$/)
    assert.match(await curl([http]), /^public\n/)
  })

  test('it takes Kerberos over https, where some places want it', async () => {
    const { http, https, ca } = apacheGssapi()
    assert.match(await negotiate(['--cacert', ca, `${https}/tls-only`]), /\nhttps=on\n/)
    assert.match(await negotiate([`${http}/tls-only`]), /\n401$/)
  })

  test('a ticket comes along where the client delegates', async () => {
    const url = `${apacheGssapi().http}/delegated`
    assert.match(await negotiate(['--delegation', 'always', url]), /\ndelegated=alice@MIT\.TEST\n/)
    assert.match(await negotiate([url]), /\ndelegated=\n/)
  })

  test('a body comes whole, and a redirection is followed', async () => {
    const { http } = apacheGssapi()
    const sha256OfHello = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'
    assert.match(
      await negotiate(['-d', 'hello', `${http}/kerberos`]),
      new RegExp(`\nlength=5\nsha256=${sha256OfHello}`),
    )
    assert.match(await negotiate(['-L', `${http}/moved/kerberos`]), /^user=alice@MIT\.TEST\n/)
  })

  test('it takes NTLM in SPNEGO of gss-ntlmssp, and a password that the KDC checks', async () => {
    const { http } = apacheGssapi()
    const users = alice.write('users', `LAB:alice:${PASSWORD}\n`)
    const env = { ...alice.env, KRB5CCNAME: `FILE:${alice.at('none')}`, NTLM_USER_FILE: users, NTLMUSER: 'alice' }
    const answer = await curl(['--negotiate', '-u', ':', `${http}/negotiate`], env)
    assert.match(answer, /^user=LAB\\alice\ntype=Negotiate\nmech=Negotiate\/NTLM\n/)
    assert.match(await curl(['-u', `alice:${PASSWORD}`, `${http}/basic`]), /\nmech=Basic\/krb5\n/)
  })
})

suite('the server before ntlm_auth', { skip: missing('winbind', 'curl') }, () => {
  test('it takes NTLM with a body, and refuses a wrong password', async () => {
    await using web = await NtlmWeb.start()
    const answer = await curl(['--ntlm', '-u', `${WINBIND_USER}:${PASSWORD}`, '-d', 'hello', `${web.url}/ntlm`])
    assert.equal(answer, `user=${WINBIND_USER}\nmethod=POST\nlength=5\n\n200`)
    assert.equal(web.connections, 1)
    // curl's AUTHENTICATE has neither
    assert.deepEqual(web.seen, [{ mic: false, target: undefined, channelBindings: undefined }])
    assert.match(await curl(['--ntlm', '-u', `${WINBIND_USER}:wrong`, `${web.url}/ntlm`]), /\n401$/)
  })
})

suite('Squid', { skip: missing('mit-kdc', 'winbind', 'squid', 'apache-gssapi', 'curl') }, () => {
  let alice: TicketFolder

  before(async () => {
    alice = await TicketFolder.of('alice')
  })
  after(() => {
    alice[Symbol.dispose]()
  })

  const schemes: readonly (readonly [string, readonly string[]])[] = [
    ['Negotiate', ['--proxy-negotiate', '-U', ':']],
    ['NTLM', ['--proxy-ntlm', '-U', `${WINBIND_USER}:${PASSWORD}`]],
    ['Digest', ['--proxy-digest', '-U', `alice:${PASSWORD}`]],
  ]
  for (const [scheme, args] of schemes) {
    test(`it takes ${scheme}, for a request and for a tunnel`, async () => {
      const { http, https, ca } = apacheGssapi()
      const through = ['-x', squid().url, '--cacert', ca, ...args]
      assert.equal(await curl([...through, http], alice.env), 'public\n\n200')
      assert.equal(await curl([...through, https], alice.env), 'public\n\n200')
    })
  }

  test('it refuses those who say nothing, or something wrong', async () => {
    const { http } = apacheGssapi()
    assert.match(await curl(['-x', squid().url, http]), /\n407$/)
    assert.match(await curl(['-x', squid().url, '--proxy-ntlm', '-U', `${WINBIND_USER}:wrong`, http]), /\n407$/)
  })

  test('the proxy and the origin both take Negotiate', async () => {
    const both = ['--proxy-negotiate', '-U', ':', '--negotiate', '-u', ':']
    assert.match(await curl(['-x', squid().url, ...both, `${apacheGssapi().http}/kerberos`], alice.env), /^user=alice@/)
  })
})

suite('Chromium', { skip: missing('chromium', 'mit-kdc', 'apache-gssapi', 'winbind', 'tls') }, () => {
  test('it speaks Kerberos with those that it is allowed to', async () => {
    using alice = await TicketFolder.of('alice')
    const { http } = apacheGssapi()
    await using browser = await Browser.open({ env: alice.env, negotiateWith: 'localhost' })
    const { status, text } = await browser.visit(`${http}/kerberos`)
    assert.equal(status, 200)
    assert.match(text, /^user=alice@MIT\.TEST\ntype=Negotiate\nmech=Negotiate\/krb5\n/)
    await using shy = await Browser.open({ env: alice.env })
    assert.equal((await shy.visit(`${http}/kerberos`)).status, 401)
  })

  test('it speaks NTLM with a MIC and the name of the service, over https with channel bindings', async () => {
    const credentials = { username: WINBIND_USER, password: PASSWORD }
    for (const tls of [false, true]) {
      await using web = await NtlmWeb.start({ tls })
      await using browser = await Browser.open({ credentials })
      assert.match((await browser.visit(`${web.url}/ntlm`)).text, /^user=LABWB\\alice\n/)
      assert.match((await browser.post(`${web.url}/ntlm`, 'x'.repeat(5000))).text, /\nmethod=POST\nlength=5000\n/)
      const [seen] = web.seen
      assert.ok(seen?.mic)
      assert.equal(seen.target, `HTTP/${new URL(web.url).host}`)
      assert.equal(
        seen.channelBindings?.some((byte) => byte !== 0),
        tls,
      )
    }
  })
})
