import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  ISC_REQ_DELEGATE,
  SECPKG_ATTR_ACCESS_TOKEN,
  SECPKG_ATTR_DELEGATED_TICKETS,
  SECPKG_ATTR_KERBEROS_TICKET,
  ticketCacheCredential,
} from '../../src/index.js'
import { Enctype } from '../../src/kerberos/index.js'
import { createTestDomain, type TestDomainOptions } from '../../src/testing/index.js'
import { establish, WWW } from './exchange.js'

const OPTIONS: TestDomainOptions = {
  users: ['alice', { name: 'bob', password: 'correct horse', groups: ['Staff'] }],
  services: [WWW, 'cifs/files.example.test'],
}

suite('a test domain', () => {
  for (const name of ['Kerberos', 'Negotiate', 'NTLM']) {
    test(`establishes ${name} between a user and a service, and says who it is`, async () => {
      await using domain = createTestDomain(OPTIONS)
      using sessions = await establish(domain, { package: name, credentials: domain.credential('bob') })
      assert.equal(sessions.server.peer?.name, 'bob')
      const sealed = sessions.client.seal(new TextEncoder().encode('hello'))
      assert.equal(new TextDecoder().decode(sessions.server.unseal(sealed)), 'hello')
    })
  }

  test('gives NTLM the SIDs of user and groups', async () => {
    await using domain = createTestDomain(OPTIONS)
    using sessions = await establish(domain, { package: 'NTLM', credentials: domain.credential('bob') })
    const { user } = sessions.server.attribute(SECPKG_ATTR_ACCESS_TOKEN)
    assert.equal(user.sid, domain.userSid('bob'))
    assert.deepEqual(user.groups, [domain.groupSid('Domain Users'), domain.groupSid('staff')])
    assert.match(domain.groupSid('Domain Users'), /^S-1-5-21-\d+-\d+-\d+-513$/)
    assert.notEqual(domain.userSid('alice'), domain.userSid('bob'))
  })

  test('delegates: the service reaches another one in the name of the user', async () => {
    await using domain = createTestDomain(OPTIONS)
    using first = await establish(domain, { flags: ISC_REQ_DELEGATE })
    const { cache } = first.server.attribute(SECPKG_ATTR_DELEGATED_TICKETS)
    using next = await establish(domain, {
      credentials: ticketCacheCredential({ cache }),
      target: 'cifs/files.example.test',
      serverCredentials: domain.serviceCredential('cifs/files.example.test'),
    })
    assert.equal(next.server.peer?.name, 'alice')
  })

  test('logs users on for those who want tickets alone', async () => {
    await using domain = createTestDomain(OPTIONS)
    using sessions = await establish(domain, { credentials: domain.ticketCredential('alice') })
    assert.equal(sessions.server.peer?.name, 'alice')
  })

  test('has a clock that ends tickets when it is moved on', async () => {
    await using domain = createTestDomain(OPTIONS)
    const cache = await domain.ticketCache('alice', { lifetimeSeconds: 3600 })
    using before = await establish(domain, { credentials: ticketCacheCredential({ cache }) })
    const { endTime } = before.client.attribute(SECPKG_ATTR_KERBEROS_TICKET)
    domain.clock.advance(3601)
    assert.ok(endTime < domain.clock.now())
    await assert.rejects(establish(domain, { credentials: ticketCacheCredential({ cache }) }), {
      code: 'SEC_E_NO_CREDENTIALS',
    })
  })

  test('can stand at any time', async () => {
    const now = new Date('2040-02-03T04:05:06Z')
    await using domain = createTestDomain({ ...OPTIONS, now })
    using sessions = await establish(domain)
    assert.deepEqual(sessions.client.attribute(SECPKG_ATTR_KERBEROS_TICKET).authTime, now)
  })

  test('changes passwords for every package at once', async () => {
    await using domain = createTestDomain(OPTIONS)
    const old = domain.credential('bob')
    await domain.setPassword('bob', 'battery staple')
    for (const name of ['Kerberos', 'NTLM']) {
      await assert.rejects(establish(domain, { package: name, credentials: old }), { code: 'SEC_E_LOGON_DENIED' })
      using sessions = await establish(domain, { package: name, credentials: domain.credential('bob') })
      assert.equal(sessions.server.peer?.name, 'bob')
    }
  })

  test('knows nobody who was removed', async () => {
    await using domain = createTestDomain(OPTIONS)
    const credentials = domain.credential('alice')
    domain.removeUser('alice')
    for (const name of ['Kerberos', 'NTLM']) {
      await assert.rejects(establish(domain, { package: name, credentials }), { code: 'SEC_E_LOGON_DENIED' })
    }
    assert.throws(() => domain.passwordOf('alice'), { code: 'SEC_E_INVALID_PARAMETER' })
  })

  test('shows no password and no key when it is printed', async () => {
    const { inspect } = await import('node:util')
    await using domain = createTestDomain(OPTIONS)
    await establish(domain, { credentials: domain.credential('bob') })
    assert.ok(!inspect(domain, { depth: 12, showHidden: true }).includes('correct horse'))
  })
})

suite('two test domains', () => {
  test('that trust each other: a user of one reaches a service of the other', async () => {
    await using here = createTestDomain({ realm: 'HERE.TEST', users: ['alice'] })
    await using there = createTestDomain({ realm: 'THERE.TEST', services: ['HTTP/www.there.test'] })
    here.trust(there)
    const ends = { target: 'HTTP/www.there.test', serverCredentials: there.serviceCredential('HTTP/www.there.test') }
    for (const name of ['Kerberos', 'Negotiate']) {
      using sessions = await establish(here, { ...ends, package: name, server: there.sspi() })
      assert.equal(sessions.server.peer?.name, 'alice')
      assert.equal(sessions.server.peer.domain, 'HERE.TEST')
    }
  })

  test('that do not: there is no way', async () => {
    await using here = createTestDomain({ realm: 'HERE.TEST', users: ['alice'] })
    await using there = createTestDomain({ realm: 'THERE.TEST', services: ['HTTP/www.there.test'] })
    const serverCredentials = there.serviceCredential('HTTP/www.there.test')
    const ends = { target: 'HTTP/www.there.test', serverCredentials, server: there.sspi() }
    await assert.rejects(establish(here, ends), { code: 'SEC_E_TARGET_UNKNOWN' })
  })

  test('of one name know nothing of each other', async () => {
    await using one = createTestDomain(OPTIONS)
    await using other = createTestDomain(OPTIONS)
    await assert.rejects(establish(one, { server: other.sspi(), serverCredentials: other.serviceCredential(WWW) }), {
      code: 'SEC_E_MESSAGE_ALTERED',
    })
  })
})

test('a hundred domains stand side by side in one process, and are gone afterwards', async () => {
  const enctypes = [Enctype.AES256_CTS_HMAC_SHA1_96]
  const domains = Array.from({ length: 100 }, (_, at) =>
    createTestDomain({ realm: `D${at}.TEST`, users: [`user${at}`], services: [`HTTP/www.d${at}.test`], enctypes }),
  )
  await Promise.all(
    domains.map(async (domain, at) => {
      const target = `HTTP/www.d${at}.test`
      using sessions = await establish(domain, {
        credentials: domain.credential(`user${at}`),
        target,
        serverCredentials: domain.serviceCredential(target),
      })
      assert.equal(sessions.server.peer?.name, `user${at}`)
      assert.equal(sessions.server.peer.domain, `D${at}.TEST`)
    }),
  )
  for (const domain of domains) await domain[Symbol.asyncDispose]()
  assert.deepEqual(
    domains.map(({ accounts }) => accounts.size),
    domains.map(() => 0),
  )
})
