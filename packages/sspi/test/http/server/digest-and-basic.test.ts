import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { inspect } from 'node:util'
import { accountPasswords, kdcPasswords } from '../../../src/http/index.js'
import { digestHashesOf, memoryAccounts, ntHashOf } from '../../../src/io/accounts/index.js'
import { createTestDomain } from '../../../src/testing/index.js'
import { SERVICE, Site } from './site.js'
import type { WireAnswer } from './wire.js'

suite('Digest', () => {
  const open = () => Site.open({ schemes: ['Digest'] })

  /** The client's side of one request. */
  async function authorize(site: Site, answer: WireAnswer, uri: string, user = 'alice', password?: string) {
    const [challenge = ''] = answer.field('WWW-Authenticate')
    const exchange = site.domain.sspi().initiate({
      package: 'WDigest',
      credentials: { user, password: password ?? site.domain.passwordOf(user) },
      http: { method: 'GET', uri },
      mutual: true,
    })
    const { token } = await exchange.step(new Uint8Array(Buffer.from(challenge, 'latin1')))
    return { exchange, field: { Authorization: `Digest ${Buffer.from(token ?? []).toString('latin1')}` } }
  }

  test('each algorithm is offered in a field of its own, and the response proves that the server knows the password', async () => {
    await using site = await open()
    using wire = await site.connect()
    const challenge = await wire.ask({}, '/a?b=c')
    assert.deepEqual(
      challenge.field('WWW-Authenticate').map((each) => /algorithm=([\w-]+)/.exec(each)?.[1]),
      ['SHA-256', 'MD5'],
    )
    const { exchange, field } = await authorize(site, challenge, '/a?b=c')
    const answer = await wire.ask(field, '/a?b=c')
    assert.equal(answer.body, 'alice by WDigest from exchange')
    const [info = ''] = answer.field('Authentication-Info')
    assert.ok((await exchange.step(new Uint8Array(Buffer.from(info, 'latin1')))).done)
  })

  test('the same again is a replay, and asked for anew with stale', async () => {
    await using site = await open()
    using wire = await site.connect()
    const { exchange, field } = await authorize(site, await wire.ask(), '/')
    assert.equal((await wire.ask(field)).status, 200)
    const again = await wire.ask(field)
    assert.equal(again.status, 401)
    assert.match(again.field('WWW-Authenticate')[0] ?? '', /stale=true/)
    exchange[Symbol.dispose]()
  })

  test('a response for another target opens nothing: 400', async () => {
    await using site = await open()
    using wire = await site.connect()
    const { exchange, field } = await authorize(site, await wire.ask(), '/public')
    assert.equal((await wire.ask(field, '/secret')).status, 400)
    exchange[Symbol.dispose]()
  })

  test('an unknown user and a wrong password are told the same', async () => {
    await using site = await open()
    using wire = await site.connect()
    for (const user of ['alice', 'nobody']) {
      const { exchange, field } = await authorize(site, await wire.ask(), '/', user, 'wrong')
      const { status, body } = await wire.ask(field)
      assert.deepEqual({ status, body }, { status: 401, body: '401 Unauthorized\n' })
      assert.equal(site.lastRefusal, 'SEC_E_LOGON_DENIED')
      exchange[Symbol.dispose]()
    }
  })
})

const basic = (user: string, password: string) => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})
const limits = { basicRefusalMilliseconds: 1 }

suite('Basic', () => {
  test('is neither offered nor taken without TLS', async () => {
    const passwords = accountPasswords(memoryAccounts([{ user: 'carol', password: 'secret' }]))
    await using site = await Site.open({ schemes: ['Negotiate', 'Basic'], passwords, limits })
    using wire = await site.connect()
    assert.deepEqual((await wire.ask()).field('WWW-Authenticate'), ['Negotiate'])
    const taken = await wire.ask(basic('carol', 'secret'))
    assert.equal(taken.status, 401)
    assert.deepEqual(taken.field('WWW-Authenticate'), ['Negotiate'])
    await using alone = await Site.open({ schemes: ['Basic'], passwords, limits })
    using other = await alone.connect()
    assert.equal((await other.ask()).status, 403)
    assert.equal((await other.ask(basic('carol', 'secret'))).status, 403)
  })

  test('checks any account of a database, in whichever form it has its password', async () => {
    const accounts = memoryAccounts([
      { user: 'carol', password: 'secret' },
      { user: 'CONTOSO\\dave', ntHash: ntHashOf('secret') },
      { user: 'erin', digest: digestHashesOf('erin', 'here', 'secret') },
      { user: 'frank', password: 'secret', enabled: false },
    ])
    await using site = await Site.open({
      schemes: ['Basic'],
      tls: 'server',
      basicRealm: 'our "realm"',
      passwords: accountPasswords(accounts),
      limits,
    })
    using wire = await site.connect()
    assert.deepEqual((await wire.ask()).field('WWW-Authenticate'), ['Basic realm="our \\"realm\\"", charset="UTF-8"'])
    for (const user of ['carol', 'CONTOSO\\dave', 'erin']) {
      const { body } = await wire.ask(basic(user, 'secret'))
      assert.equal(body, `${user.replace('CONTOSO\\', '')} by Basic from exchange`)
      assert.equal((await wire.ask(basic(user, 'Secret'))).status, 401)
    }
    assert.equal((await wire.ask()).status, 401)
    for (const [user, password] of [
      ['frank', 'secret'],
      ['nobody', 'secret'],
      ['nobody', ''],
      ['', ''],
    ] as const) {
      const { status, body } = await wire.ask(basic(user, password))
      assert.deepEqual({ status, body }, { status: 401, body: '401 Unauthorized\n' })
    }
    assert.equal((await wire.ask({ Authorization: 'Basic Y2Fyb2w=' })).status, 401) // no colon in it
    assert.equal((await wire.ask({ Authorization: 'Basic !' })).status, 400)
    assert.equal(site.authenticator.halfOpen, 0)
    assert.doesNotMatch(inspect(site.refusals, { depth: 9 }), /secret/i)
  })

  test('no refusal comes sooner than the limit, whoever it is', async () => {
    const passwords = accountPasswords(memoryAccounts([{ user: 'carol', password: 'secret' }]))
    await using site = await Site.open({ schemes: ['Basic'], tls: 'server', passwords })
    for (const user of ['carol', 'nobody']) {
      using wire = await site.connect()
      const asked = performance.now()
      assert.equal((await wire.ask(basic(user, 'wrong'))).status, 401)
      const milliseconds = performance.now() - asked
      assert.ok(milliseconds >= 499, `${milliseconds} ms`) // Node's timers count whole ones
    }
  })

  suite('at the KDC', () => {
    async function open() {
      const domain = createTestDomain({ users: ['alice'], services: [SERVICE] })
      const sspi = domain.sspi()
      const passwords = kdcPasswords({
        sspi,
        credentials: domain.serviceCredential(SERVICE),
        service: SERVICE,
        realms: ['EXAMPLE.TEST'],
      })
      const site = await Site.open({ schemes: ['Basic'], tls: 'server', passwords, limits })
      return { domain, site, right: domain.passwordOf('alice') }
    }

    test('a right password lets the user in, with a context', async () => {
      const { domain, site, right } = await open()
      await using _domain = domain
      await using _site = site
      using wire = await site.connect()
      for (const user of ['alice', 'alice@EXAMPLE.TEST', 'example.test\\alice']) {
        assert.equal((await wire.ask(basic(user, right))).body, 'alice by Kerberos from exchange', user)
      }
      assert.ok(site.seen.every(({ session, user }) => session !== undefined && user.user.source === 'verified'))
    })

    test('a wrong one, an unknown user and a foreign realm are told the same', async () => {
      const { domain, site, right } = await open()
      await using _domain = domain
      await using _site = site
      using wire = await site.connect()
      for (const user of ['alice', 'nobody', 'alice@ELSEWHERE.TEST', 'ELSEWHERE\\alice']) {
        const { status, body } = await wire.ask(basic(user, user === 'alice' ? 'wrong' : right))
        assert.deepEqual({ status, body }, { status: 401, body: '401 Unauthorized\n' }, user)
      }
      assert.ok(site.refusals.length > 0)
      assert.ok(!inspect(site.refusals, { depth: 9 }).includes(right))
    })

    test('somebody who answers in the KDC’s place is found out by the keytab', async () => {
      const { domain, site, right } = await open()
      await using _domain = domain
      await using _site = site
      using wire = await site.connect()
      domain.faults.impostor = 'knows-passwords'
      assert.equal((await wire.ask(basic('alice', right))).status, 401)
      domain.faults.reset()
      assert.equal((await wire.ask(basic('alice', right))).status, 200)
    })

    test('where no KDC answers nobody can say: 503', async () => {
      const { domain, site, right } = await open()
      await using _domain = domain
      await using _site = site
      using wire = await site.connect()
      domain.faults.down = true
      assert.equal((await wire.ask(basic('alice', right))).status, 503)
      assert.equal(site.lastRefusal, 'SEC_E_NO_AUTHENTICATING_AUTHORITY')
    })
  })
})
