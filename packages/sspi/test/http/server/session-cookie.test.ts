import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { accountPasswords, type HttpCookieOptions } from '../../../src/http/index.js'
import { observeSecrets } from '../../../src/crypto/secret-bytes.js'
import { memoryAccounts } from '../../../src/io/accounts/index.js'
import { logOn } from './client.js'
import { Site, type SiteOptions } from './site.js'

const KEY = new Uint8Array(32).fill(7)
const open = (cookie: Partial<HttpCookieOptions> = {}, more: SiteOptions = {}) =>
  Site.open({ tls: 'server', cookie: { key: KEY, ...cookie }, ...more })

/** Logs on, and gives what a browser would keep. */
async function cookieOf(site: Site): Promise<string> {
  using wire = await site.connect()
  const [field = ''] = (await logOn(site, wire)).field('Set-Cookie')
  return field.split(';', 1)[0] ?? ''
}

/** What a token says, whether what it does not say is left out or undefined. */
function said(user: object): unknown {
  return JSON.parse(
    JSON.stringify(user, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  )
}

suite('the session cookie', () => {
  test('is for this host, TLS and HTTP alone, and lets its user in over any connection', async () => {
    await using site = await open()
    using wire = await site.connect()
    const [field = ''] = (await logOn(site, wire)).field('Set-Cookie')
    assert.match(field, /^__Host-sspi=[\w-]+; Max-Age=900; Path=\/; HttpOnly; SameSite=Strict; Secure$/)
    using other = await site.connect()
    const answer = await other.ask({ Cookie: `a=b; ${field.split(';', 1)[0] ?? ''}; c=d` })
    assert.equal(answer.body, 'alice by Kerberos from cookie')
    const [first, second] = site.seen
    assert.ok(second)
    assert.deepEqual(said(second.user), said({ ...first?.user, impersonationLevel: 'identification' }))
    assert.ok(second.mutual)
    assert.equal(second.session, undefined)
  })

  test('holds nothing that can be read or changed', async () => {
    await using site = await open()
    const cookie = await cookieOf(site)
    using wire = await site.connect()
    const [name = '', value = ''] = cookie.split('=')
    const sealed = Buffer.from(value, 'base64url')
    assert.doesNotMatch(sealed.toString('latin1'), /alice|Kerberos/)
    for (let at = 0; at < sealed.length; at += 4) {
      const changed = Buffer.from(sealed)
      changed[at]! ^= 1
      assert.equal((await wire.ask({ Cookie: `${name}=${changed.toString('base64url')}` })).status, 401, `byte ${at}`)
    }
    for (const value of ['__Host-sspi=', '__Host-sspi=AAAA', `${cookie}; ${cookie}`]) {
      assert.equal((await wire.ask({ Cookie: value })).status, 401)
    }
  })

  test('is bound to the name that the server was called by, and to its key', async () => {
    await using site = await open()
    const cookie = await cookieOf(site)
    using wire = await site.connect()
    assert.equal((await wire.ask({ Cookie: cookie, Host: 'other.example.test' })).status, 401)
    assert.equal((await wire.ask({ Cookie: cookie, Host: 'WWW.example.test' })).status, 200)
    const newer = new Uint8Array(32).fill(8)
    await using changed = await open({ key: newer })
    using there = await changed.connect()
    assert.equal((await there.ask({ Cookie: cookie })).status, 401)
    await using both = await open({ key: [newer, KEY] })
    using here = await both.connect()
    assert.equal((await here.ask({ Cookie: cookie })).status, 200)
  })

  test('ends, with the log-on at the latest', async () => {
    await using site = await open({ seconds: 60 })
    site.domain.clock.hold()
    const cookie = await cookieOf(site)
    using wire = await site.connect()
    site.domain.clock.advance(59)
    assert.equal((await wire.ask({ Cookie: cookie })).status, 200)
    site.domain.clock.advance(1)
    assert.equal((await wire.ask({ Cookie: cookie })).status, 401)
    await using long = await open({ seconds: 30 * 86_400 })
    const lasting = await cookieOf(long)
    long.domain.clock.advance(7 * 86_400)
    using there = await long.connect()
    assert.equal((await there.ask({ Cookie: lasting })).status, 401)
  })

  test('counts as long as the application says', async () => {
    let valid = true
    await using site = await open({ stillValid: ({ user }) => valid && user.name === 'alice' })
    const cookie = await cookieOf(site)
    using wire = await site.connect()
    assert.equal((await wire.ask({ Cookie: cookie })).status, 200)
    valid = false
    assert.equal((await wire.ask({ Cookie: cookie })).status, 401)
  })

  test('does not stand in the way of other credentials', async () => {
    await using site = await open({}, { schemes: ['Negotiate', 'NTLM'] })
    const Cookie = await cookieOf(site)
    using wire = await site.connect()
    const bob = await logOn(site, wire, { scheme: 'NTLM', user: 'bob', fields: { Cookie } })
    assert.equal(bob.body, 'bob by NTLM from exchange')
    assert.equal((await wire.ask({ Cookie, Authorization: 'Negotiate AAAA' })).status, 401)
  })

  test('is neither given nor taken without TLS, unless that is asked for by its name', async () => {
    await using site = await Site.open({ cookie: { key: KEY } })
    using wire = await site.connect()
    assert.deepEqual((await logOn(site, wire)).field('Set-Cookie'), [])
    await using lax = await Site.open({ cookie: { key: KEY, insecureAllowWithoutTls: true, sameSite: 'Lax' } })
    using there = await lax.connect()
    const [field = ''] = (await logOn(lax, there)).field('Set-Cookie')
    assert.match(field, /^sspi=[\w-]+; Max-Age=900; Path=\/; HttpOnly; SameSite=Lax$/)
    assert.equal((await there.ask({ Cookie: field.split(';', 1)[0] ?? '' })).status, 200)
  })

  test('of a client in too many groups is not given: browsers would not keep it', async () => {
    const groups = (count: number) => Array.from({ length: count }, (_, index) => `S-1-5-21-1-2-3-${1000 + index}`)
    const accounts = memoryAccounts([
      { user: 'few', password: 'secret', groups: groups(100) },
      { user: 'many', password: 'secret', groups: groups(200) },
    ])
    const passwords = accountPasswords(accounts)
    await using site = await open({}, { schemes: ['Basic'], passwords })
    using wire = await site.connect()
    for (const [user, cookies] of [
      ['few', 1],
      ['many', 0],
    ] as const) {
      const credentials = Buffer.from(`${user}:secret`).toString('base64')
      const answer = await wire.ask({ Authorization: `Basic ${credentials}` })
      assert.equal(answer.status, 200)
      assert.equal(answer.field('Set-Cookie').length, cookies, user)
    }
  })

  test('leaves no key behind when its authenticator is disposed', async () => {
    const made: Uint8Array[] = []
    const stop = observeSecrets((secret) => made.push(secret))
    const site = await open({ key: [KEY, new Uint8Array(32).fill(8)] }).finally(stop)
    const keys = made.filter(
      (secret) => secret.length === 32 && [7, 8].some((of) => secret.every((byte) => byte === of)),
    )
    await site[Symbol.asyncDispose]()
    assert.equal(keys.length, 2)
    assert.ok(keys.every((key) => key.every((byte) => byte === 0)))
  })

  test('is ended in the browser by an empty one', async () => {
    await using site = await open()
    assert.equal(
      site.authenticator.logOffCookie(),
      '__Host-sspi=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict; Secure',
    )
    await using without = await Site.open()
    assert.equal(without.authenticator.logOffCookie(), undefined)
  })
})
