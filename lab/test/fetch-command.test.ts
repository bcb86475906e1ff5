// `sspi fetch` at Apache, at ntlm_auth and through Squid.
import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import {
  apacheGssapi,
  commandOf,
  missing,
  mitKdc,
  NtlmWeb,
  PASSWORD,
  runSspi,
  squid,
  TicketFolder,
  WINBIND_DOMAIN,
  type Ended,
} from '../src/index.js'

type Event = Readonly<Record<string, unknown>>

suite('sspi fetch', { skip: missing('mit-kdc', 'apache-gssapi') }, () => {
  let alice: TicketFolder

  before(async () => {
    alice = await TicketFolder.of('alice')
  })
  after(() => {
    alice[Symbol.dispose]()
  })

  const run = (args: readonly string[], input = ''): Promise<Ended> =>
    runSspi(['fetch', ...args], { env: alice.env, input })
  const fetched = async (args: readonly string[], input?: string): Promise<string> => {
    const { code, stdout, stderr } = await run(args, input)
    assert.equal(code, 0, stderr)
    return stdout
  }
  const by = (user: string, packages: string): readonly string[] => [
    ...['--user', user, '--password-fd', '0', '--package', packages],
  ]

  suite('at Apache', () => {
    test('it is who the ticket cache says, and goes on being that on the connection or anew', async () => {
      const { http } = apacheGssapi()
      for (const place of ['kerberos', 'bound', 'negotiate', 'session']) {
        assert.match(
          await fetched([`${http}/${place}`]),
          /^user=alice@MIT\.TEST\ntype=Negotiate\nmech=Negotiate\/krb5\n/,
        )
      }
      assert.equal(await fetched([http]), 'public\n')
    })

    test('it is who a keytab, a named cache or a password says', async () => {
      const url = `${apacheGssapi().http}/kerberos`
      const keytab = join(mitKdc().keytab, '..', 'alice.keytab')
      assert.match(await fetched(['--keytab', keytab, url]), /^user=alice@/)
      assert.match(await fetched(['--ccache', `FILE:${alice.at('cache')}`, url]), /^user=alice@/)
      assert.match(await fetched([...by('bob@MIT.TEST', 'Kerberos'), url], `${PASSWORD}\n`), /^user=bob@/)
    })

    test('over https it trusts whom it is told to, and delegates to whom it is told to', async () => {
      const { https, ca } = apacheGssapi()
      const url = `${https}/delegated`
      assert.match(await fetched(['--cacert', ca, url]), /\nhttps=on\n.*\ndelegated=\n/)
      const delegating = await fetched(['--cacert', ca, '--delegation', 'localhost', url])
      assert.match(delegating, /\ndelegated=alice@MIT\.TEST\n/)
      const { code, stderr } = await run([url])
      assert.equal(code, 3)
      assert.match(stderr, /SEC_E_UNTRUSTED_ROOT/)
      const careless = await run(['--insecure', url])
      assert.equal(careless.code, 0)
      assert.match(careless.stderr, /INSECURE/)
    })

    test('a body of three million bytes arrives, from a file and from a pipe', async () => {
      const url = `${apacheGssapi().http}/kerberos`
      const body = 'sspi '.repeat(600_000)
      const digest = new RegExp(`\nsha256=${createHash('sha256').update(body).digest('hex')}\n`)
      assert.match(await fetched(['-d', `@${alice.write('body', body)}`, url]), digest)
      assert.match(await fetched(['-d', '@-', url], body), digest)
    })

    test('a redirect is shown, or followed', async () => {
      const url = `${apacheGssapi().http}/moved/kerberos`
      assert.match(await fetched(['-i', url]), /^HTTP\/1\.1 302 Found\r\n/)
      assert.match(await fetched(['-L', url]), /^user=alice@/)
    })

    test('-v shows each leg, decoded, and how it ended', async () => {
      const { code, stderr } = await run(['-v', `${apacheGssapi().http}/kerberos`])
      assert.equal(code, 0)
      assert.match(
        stderr,
        /^< leg 1 from localhost:\d+, 401: Negotiate, without a token\n> leg 2 to localhost:\d+: Negotiate, /i,
      )
      assert.match(stderr, /AP-REQ/)
      assert.match(stderr, /AP-REP/)
      assert.match(stderr, /knows you by Negotiate \(Kerberos\), as HTTP\/localhost, has proven itself; 200 OK/)
    })

    test('--json tells the legs, the head, the body and the end', async () => {
      const stdout = await fetched(['-v', '--json', `${apacheGssapi().http}/kerberos`])
      const events = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Event)
      const names = events.map(({ event }) => event)
      assert.deepEqual([...new Set(names)], ['leg', 'response', 'data', 'closed'])
      assert.equal(events.find(({ event }) => event === 'response')?.['status'], 200)
      const body = events
        .filter(({ event }) => event === 'data')
        .map(({ base64 }) => Buffer.from(String(base64), 'base64'))
      assert.match(Buffer.concat(body).toString(), /^user=alice@/)
      assert.equal(events.at(-1)?.['bytesRead'], Buffer.concat(body).length)
    })

    test('a place that takes another service, and one that takes only https, refuse', async () => {
      const { http } = apacheGssapi()
      const { code, stderr } = await run(['--target', 'host/localhost', `${http}/kerberos`])
      assert.equal(code, 3, stderr)
      assert.equal((await run([`${http}/tls-only`])).code, 3)
    })

    test('NTLM is taken in its own field, and in SPNEGO', async () => {
      const { http } = apacheGssapi()
      const ntlm = await fetched([...by('LAB\\alice', 'NTLM'), `${http}/ntlm`], `${PASSWORD}\n`)
      assert.match(ntlm, /^user=LAB\\alice\ntype=NTLM\nmech=NTLM\/NTLM\n/)
      const spnego = await fetched([...by('LAB\\alice', 'Negotiate'), `${http}/negotiate`], `${PASSWORD}\n`)
      assert.match(spnego, /^user=LAB\\alice\ntype=Negotiate\nmech=Negotiate\/NTLM\n/)
      const wrong = await run([...by('LAB\\alice', 'NTLM'), `${http}/ntlm`], 'wrong\n')
      assert.equal(wrong.code, 3, wrong.stderr)
    })
  })

  test('at Apache with Digest it is let in, or refused', { skip: missing('apache') }, async () => {
    const url = `http://${commandOf('apache')}/digest/`
    const file = alice.at('page')
    assert.equal(await fetched([...by('alice', 'Digest'), '-o', file, url], `${PASSWORD}\n`), '')
    assert.equal(readFileSync(file, 'utf8'), 'protected\n')
    const { code, stderr } = await run([...by('alice', 'Digest'), url], 'wrong\n')
    assert.equal(code, 3)
    assert.match(stderr, /refused you \(Digest/)
  })

  test('at ntlm_auth it binds to the channel of https', { skip: missing('winbind', 'tls') }, async () => {
    await using web = await NtlmWeb.start({ tls: true })
    const ca = join(commandOf('tls'), 'ca.crt')
    const user = `${WINBIND_DOMAIN}\\alice`
    const answer = await fetched([...by(user, 'NTLM'), '--cacert', ca, `${web.url}/ntlm`], `${PASSWORD}\n`)
    assert.match(answer, /^user=LABWB\\alice\n/)
    assert.equal(web.connections, 1)
    const [seen] = web.seen
    assert.ok(seen?.mic)
    assert.equal(seen.target, 'HTTP/localhost')
    const { raw } = new X509Certificate(readFileSync(join(commandOf('tls'), 'localhost.crt')))
    assert.deepEqual(seen.channelBindings, bindingsHashOf(raw))
  })

  suite('through Squid', { skip: missing('squid', 'winbind') }, () => {
    const origins = (): readonly string[] => [`${apacheGssapi().http}/kerberos`, `${apacheGssapi().https}/kerberos`]
    const through = (...args: readonly string[]): readonly string[] => [
      ...['--proxy', squid().url, '--cacert', apacheGssapi().ca, ...args],
    ]

    for (const [scheme, user] of [
      ['NTLM', `${WINBIND_DOMAIN}\\alice`],
      ['Digest', 'alice'],
    ] as const) {
      test(`the proxy takes ${scheme} of one user, and the server behind it Kerberos of another`, async () => {
        const proxyUser = ['--proxy-user', user, '--proxy-password-fd', '0', '--proxy-package', scheme]
        for (const url of origins()) {
          assert.match(await fetched([...through(...proxyUser), url], `${PASSWORD}\n`), /^user=alice@MIT\.TEST\n/)
        }
        const { code } = await run([...through(...proxyUser), apacheGssapi().http], 'wrong\n')
        assert.equal(code, 3)
      })
    }

    test('both take Kerberos', async () => {
      for (const url of origins()) {
        assert.match(await fetched([...through('--proxy-package', 'Kerberos'), url]), /^user=alice@MIT\.TEST\n/)
      }
    })

    test('the environment is asked for a proxy where that is wanted', async () => {
      const env = { ...alice.env, http_proxy: squid().url, no_proxy: '' }
      const args = [...by('alice', 'Digest'), '-i', '-I', apacheGssapi().http]
      const asked = await runSspi(['fetch', '--proxy', 'environment', ...args], { env, input: `${PASSWORD}\n` })
      assert.match(asked.stdout, /\r\nvia: .*squid/)
      const not = await runSspi(['fetch', ...args], { env, input: `${PASSWORD}\n` })
      assert.doesNotMatch(not.stdout, /\r\nvia:/)
    })
  })
})

/** RFC 5929 §4 and RFC 4121 §4.1.1.2, by hand: an MD5 over empty addresses and the hash of the certificate. */
function bindingsHashOf(certificate: Uint8Array): Uint8Array {
  const hash = createHash('sha256').update(certificate).digest()
  const data = Buffer.concat([Buffer.from('tls-server-end-point:'), hash])
  const bindings = Buffer.alloc(20)
  bindings.writeUInt32LE(data.length, 16)
  return new Uint8Array(createHash('md5').update(bindings).update(data).digest())
}
