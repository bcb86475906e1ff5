// Our client of HTTP at servers and proxies of others.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { before, suite, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { initSecurityInterface, passwordCredential, type PasswordCredential } from 'sspi'
import { authenticationOf, createClient, type HttpClient, type HttpClientOptions, type HttpScheme } from 'sspi/http'
import { loadKrb5Conf, type KerberosConfig } from 'sspi/krb5'
import {
  apacheGssapi,
  commandOf,
  GSS_DOMAIN,
  localhostIdentity,
  missing,
  mitKdc,
  NtlmWeb,
  PASSWORD,
  squid,
  UTF8_PASSWORD,
  WINBIND_DOMAIN,
} from '../src/index.js'

const timeouts = { connectSeconds: 60, headersSeconds: 60 }

function clientOf(t: TestContext, krb5: KerberosConfig | undefined, options: Partial<HttpClientOptions>): HttpClient {
  const client = createClient({ sspi: initSecurityInterface({ krb5 }), timeouts, ...options })
  t.after(() => client.close())
  return client
}

const ofRealm = (user: string, password = PASSWORD): PasswordCredential =>
  passwordCredential({ user: `${user}@MIT.TEST`, password, packageList: '!ntlm' })
const ofDomain = (domain: string, user = 'alice', password = PASSWORD): PasswordCredential =>
  passwordCredential({ user, domain, password })

/** The answer, which says who came: `user=…`, in lines. */
async function ask(client: HttpClient, url: string, init?: Parameters<HttpClient['fetch']>[1]) {
  const response = await client.fetch(url, init)
  const text = await response.text()
  const said = Object.fromEntries(text.split('\n').map((line) => line.split('=', 2) as [string, string]))
  return { status: response.status, text, said, ...authenticationOf(response) }
}

suite('Apache with mod_auth_gssapi', { skip: missing('mit-kdc', 'apache-gssapi') }, () => {
  let krb5: KerberosConfig

  before(async () => {
    krb5 = await loadKrb5Conf(mitKdc().krb5Conf)
  })

  for (const scheme of ['Negotiate', 'Kerberos'] as const) {
    test(`${scheme}: lets us in with each request, and proves itself`, async (t) => {
      const client = clientOf(t, krb5, { credentials: ofRealm('alice'), schemes: [scheme] })
      for (let i = 0; i < 3; i++) {
        const { status, said, origin } = await ask(client, `${apacheGssapi().http}/kerberos`)
        assert.equal(status, 200)
        assert.equal(said['user'], 'alice@MIT.TEST')
        assert.ok(origin?.state === 'authenticated')
        assert.deepEqual([origin.mechanism, origin.mutual, origin.perConnection], ['Kerberos', true, false])
      }
    })
  }

  test('over https it lets us in as well, bound to the channel', async (t) => {
    const { https, ca } = apacheGssapi()
    const client = clientOf(t, krb5, { credentials: ofRealm('utf8user', UTF8_PASSWORD), tls: { ca: readFileSync(ca) } })
    const { said } = await ask(client, `${https}/tls-only`)
    assert.deepEqual([said['user'], said['https']], ['utf8user@MIT.TEST', 'on'])
  })

  test('a connection that it says is authenticated needs no further token', async (t) => {
    let sent = 0
    const onLeg: HttpClientOptions['onLeg'] = ({ direction }) => {
      if (direction === 'sent') sent++
    }
    const client = clientOf(t, krb5, { credentials: ofRealm('alice'), onLeg })
    for (let i = 0; i < 3; i++) {
      const { said, origin } = await ask(client, `${apacheGssapi().http}/bound`)
      assert.equal(said['user'], 'alice@MIT.TEST')
      assert.ok(origin?.state === 'authenticated' && origin.perConnection)
    }
    assert.equal(sent, 1)
  })

  test('tickets are delegated where the client says so, and nowhere else', async (t) => {
    const url = `${apacheGssapi().http}/delegated`
    const delegating = clientOf(
      t,
      { ...krb5, forwardable: true },
      {
        credentials: ofRealm('alice'),
        delegateTo: ['localhost'],
      },
    )
    const { said, origin } = await ask(delegating, url)
    assert.equal(said['delegated'], 'alice@MIT.TEST')
    assert.ok(origin?.state === 'authenticated' && origin.delegated)
    const keeping = await ask(clientOf(t, { ...krb5, forwardable: true }, { credentials: ofRealm('alice') }), url)
    assert.equal(keeping.said['delegated'], '')
  })

  test('bodies come whole: bytes, a stream that can be made again, and one that cannot', async (t) => {
    const file = fileURLToPath(import.meta.url)
    const expected = createHash('sha256').update(readFileSync(file)).digest('hex')
    const client = clientOf(t, krb5, { credentials: ofRealm('alice') })
    for (const body of [
      new Uint8Array(readFileSync(file)),
      () => createReadStream(file),
      Readable.from([readFileSync(file)]),
    ]) {
      const { said } = await ask(client, `${apacheGssapi().http}/kerberos`, { method: 'POST', body })
      assert.equal(said['sha256'], expected)
    }
  })

  test('a redirect to what it protects is followed, and authenticated', async (t) => {
    const client = clientOf(t, krb5, { credentials: ofRealm('alice') })
    const { said } = await ask(client, `${apacheGssapi().http}/moved/kerberos`)
    assert.equal(said['user'], 'alice@MIT.TEST')
  })

  test('many requests at once, of two identities, are each answered to the right one', async (t) => {
    const client = clientOf(t, krb5, { credentials: ofRealm('alice'), limits: { maxConnections: 3 } })
    const bob = ofRealm('bob')
    const users = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const init = i % 2 === 0 ? {} : { identity: bob }
        return (await ask(client, `${apacheGssapi().http}/${i % 3 === 0 ? 'bound' : 'kerberos'}`, init)).said['user']
      }),
    )
    assert.deepEqual(
      users,
      users.map((_, i) => `${i % 2 === 0 ? 'alice' : 'bob'}@MIT.TEST`),
    )
  })

  test('NTLM, in SPNEGO, by gss-ntlmssp', async (t) => {
    const client = clientOf(t, undefined, { credentials: ofDomain(GSS_DOMAIN) })
    for (let i = 0; i < 2; i++) {
      const { status, said, origin } = await ask(client, `${apacheGssapi().http}/negotiate`)
      assert.equal(status, 200)
      assert.equal(said['user'], `${GSS_DOMAIN}\\alice`)
      assert.ok(origin?.state === 'authenticated')
      assert.equal(origin.mechanism, 'NTLM')
    }
  })

  test('a password goes inside of TLS, where it was asked for', async (t) => {
    const { http, https, ca } = apacheGssapi()
    const credentials = passwordCredential({ user: 'alice', password: PASSWORD })
    const client = clientOf(t, krb5, { credentials, schemes: ['Basic'], tls: { ca: readFileSync(ca) } })
    assert.equal((await ask(client, `${https}/basic`)).said['user'], 'alice@MIT.TEST')
    await assert.rejects(ask(client, `${http}/basic`), { code: 'SEC_E_NO_CREDENTIALS' })
  })

  test('who is not wanted is told so: a wrong password by the KDC, another scheme by the server', async (t) => {
    const url = `${apacheGssapi().http}/kerberos`
    const wrong = clientOf(t, krb5, { credentials: ofRealm('alice', 'wrong') })
    await assert.rejects(ask(wrong, url), { code: 'SEC_E_LOGON_DENIED' })
    const nobody = clientOf(t, krb5, { schemes: ['NTLM'], credentials: ofRealm('alice') })
    assert.equal((await ask(nobody, url)).status, 401)
  })
})

suite('ntlm_auth of Samba', { skip: missing('winbind', 'tls') }, () => {
  for (const [path, scheme] of [
    ['/ntlm', 'NTLM'],
    ['/negotiate', 'Negotiate'],
  ] as const) {
    for (const tls of [false, true]) {
      test(`${scheme}${tls ? ' in TLS, bound to the channel' : ''}: one exchange for a connection`, async (t) => {
        await using web = await NtlmWeb.start({ tls })
        const credentials = ofDomain(WINBIND_DOMAIN)
        const client = clientOf(t, undefined, { credentials, ...(tls ? { tls: { ca: localhostIdentity().ca } } : {}) })
        for (let i = 0; i < 3; i++) {
          const { status, said } = await ask(client, web.url + path, { method: 'POST', body: 'x'.repeat(5000) })
          assert.equal(status, 200)
          assert.deepEqual([said['user'], said['length']], [`${WINBIND_DOMAIN}\\alice`, '5000'])
        }
        assert.equal(web.connections, 1)
        assert.equal(web.seen.length, 1)
        const [seen] = web.seen
        assert.ok(seen?.mic)
        assert.equal(seen.target, 'HTTP/localhost')
        assert.equal(
          seen.channelBindings?.some((byte) => byte !== 0),
          tls,
        )
      })
    }
  }

  test('a wrong password is a 401', async (t) => {
    await using web = await NtlmWeb.start()
    const client = clientOf(t, undefined, { credentials: ofDomain(WINBIND_DOMAIN, 'alice', 'wrong') })
    const { status, origin } = await ask(client, `${web.url}/ntlm`)
    assert.equal(status, 401)
    assert.equal(origin?.state, 'refused')
  })
})

suite('Apache with mod_auth_digest', { skip: missing('apache') }, () => {
  for (const place of ['digest', 'strict']) {
    test(`/${place}/: each request is signed, and the server proves itself`, async (t) => {
      const credentials = passwordCredential({ user: 'alice', password: PASSWORD })
      const client = clientOf(t, undefined, { credentials, mutual: true })
      for (let i = 0; i < 3; i++) {
        const response = await client.fetch(`http://${commandOf('apache')}/${place}/`)
        assert.equal(response.status, 200)
        await response.text()
        const { origin } = authenticationOf(response)
        assert.ok(origin?.state === 'authenticated' && origin.mutual)
        assert.equal(origin.scheme, 'Digest')
      }
      const wrong = clientOf(t, undefined, { credentials: passwordCredential({ user: 'alice', password: 'wrong' }) })
      assert.equal((await wrong.fetch(`http://${commandOf('apache')}/${place}/`)).status, 401)
    })
  }
})

suite('Squid', { skip: missing('mit-kdc', 'winbind', 'squid', 'apache-gssapi') }, () => {
  let krb5: KerberosConfig

  before(async () => {
    krb5 = await loadKrb5Conf(mitKdc().krb5Conf)
  })

  const ways: readonly (readonly [string, HttpScheme, () => PasswordCredential, string])[] = [
    // Its helper for Negotiate hands NTLM on only where no SPNEGO is around it, which Windows' clients alone leave out.
    ['Negotiate', 'Negotiate', () => ofRealm('alice'), 'Kerberos'],
    ['NTLM', 'NTLM', () => ofDomain(WINBIND_DOMAIN), 'NTLM'],
    ['Digest', 'Digest', () => passwordCredential({ user: 'alice', password: PASSWORD }), 'WDigest'],
  ]
  for (const [what, scheme, credentials, mechanism] of ways) {
    const options = (): Partial<HttpClientOptions> => ({
      proxy: { url: squid().url, credentials: credentials(), schemes: [scheme] },
      tls: { ca: readFileSync(apacheGssapi().ca) },
    })
    for (const kind of ['http', 'https'] as const) {
      test(`${what}: lets ${kind === 'http' ? 'a plain request' : 'a tunnel'} through`, async (t) => {
        const client = clientOf(t, krb5, options())
        for (let i = 0; i < 3; i++) {
          const { status, text, proxy, origin } = await ask(client, `${apacheGssapi()[kind]}/`)
          assert.deepEqual([status, text], [200, 'public\n'])
          assert.ok(proxy?.state === 'authenticated')
          assert.deepEqual([proxy.scheme, proxy.mechanism], [scheme, mechanism])
          assert.equal(origin, undefined)
        }
      })

      test(`${what}: and the server behind it is authenticated to, by Kerberos, for ${kind}`, async (t) => {
        const client = clientOf(t, krb5, { ...options(), credentials: ofRealm('bob') })
        const { said, proxy, origin } = await ask(client, `${apacheGssapi()[kind]}/kerberos`, {
          method: 'POST',
          body: 'a=b',
        })
        assert.deepEqual([said['user'], said['length']], ['bob@MIT.TEST', '3'])
        assert.deepEqual([proxy?.state, origin?.state], ['authenticated', 'authenticated'])
      })
    }
  }

  test('it refuses a wrong password, and the client says so', async (t) => {
    const proxy = {
      url: squid().url,
      credentials: ofDomain(WINBIND_DOMAIN, 'alice', 'wrong'),
      schemes: ['NTLM'] as const,
    }
    const client = clientOf(t, undefined, { proxy })
    assert.equal((await ask(client, apacheGssapi().http)).status, 407)
    await assert.rejects(ask(client, apacheGssapi().https), { code: 'SEC_E_LOGON_DENIED' })
  })
})
