import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { suite, test } from 'node:test'
import {
  chosenCredential,
  keytabCredential,
  passwordCredential,
  type CredentialValue,
} from '../../../src/sspi/index.js'
import { initSecurityInterface } from '../../../src/system/index.js'
import { createTestDomain, type TestDomain } from '../../../src/testing/index.js'
import { authorization, initiate, logOn, tokenIn } from './client.js'
import { SERVICE, Site } from './site.js'

suite('Negotiate with Kerberos', () => {
  test('a request without credentials is answered 401 with the bare scheme', async () => {
    await using site = await Site.open()
    using wire = await site.connect()
    const answer = await wire.ask()
    assert.equal(answer.status, 401)
    assert.deepEqual(answer.field('WWW-Authenticate'), ['Negotiate'])
    assert.deepEqual(answer.field('Cache-Control'), ['no-store'])
    assert.equal(answer.body, '401 Unauthorized\n')
  })

  test('one leg lets the client in, and the final response proves the server', async () => {
    await using site = await Site.open()
    using wire = await site.connect()
    using client = initiate(site)
    const answer = await wire.ask({ Authorization: authorization('Negotiate', (await client.step()).token) })
    assert.equal(answer.status, 200)
    assert.equal(answer.body, 'alice by Kerberos from exchange')
    const last = await client.step(tokenIn(answer, 'Negotiate'))
    assert.ok(last.done)
    assert.ok(client.session.achieved.includes('mutual authentication'))
    const [seen] = site.seen
    assert.equal(seen?.user.user.domain, 'EXAMPLE.TEST')
    assert.equal(seen.user.packageName, 'Kerberos')
    assert.ok(seen.mutual)
    assert.ok(!seen.channelBound)
  })

  test('the log-on is the request’s alone, and says so', async () => {
    await using site = await Site.open()
    using wire = await site.connect()
    const answer = await logOn(site, wire)
    assert.deepEqual(answer.field('Persistent-Auth'), ['false'])
    assert.equal((await wire.ask()).status, 401)
  })

  test('with persist: all it is the connection’s, as of IIS with authPersistNonNTLM, and of no other connection', async () => {
    await using site = await Site.open({ persist: 'all' })
    using wire = await site.connect()
    const answer = await logOn(site, wire)
    assert.deepEqual(answer.field('Persistent-Auth'), ['true'])
    assert.equal((await wire.ask()).body, 'alice by Kerberos from connection')
    using other = await site.connect()
    assert.equal((await other.ask()).status, 401)
  })

  test('a log-on of the connection ends with the ticket', async () => {
    await using site = await Site.open({ persist: 'all' })
    using wire = await site.connect()
    await logOn(site, wire)
    site.domain.clock.advance(7 * 86_400)
    assert.equal((await wire.ask()).status, 401)
  })

  test('a token that was accepted before is refused, with what Kerberos has to say', async () => {
    await using site = await Site.open()
    using wire = await site.connect()
    using client = initiate(site)
    const fields = { Authorization: authorization('Negotiate', (await client.step()).token) }
    assert.equal((await wire.ask(fields)).status, 200)
    using thief = await site.connect()
    const answer = await thief.ask(fields)
    assert.equal(answer.status, 401)
    assert.equal(site.lastRefusal, 'SEC_E_LOGON_DENIED')
    // NegTokenResp: [1] { … }, RFC 4178 §4.2.2.
    assert.equal(tokenIn(answer, 'Negotiate')?.[0], 0xa1)
  })

  test('a ticket that has ended is refused', async () => {
    await using site = await Site.open()
    using wire = await site.connect()
    using client = initiate(site)
    const fields = { Authorization: authorization('Negotiate', (await client.step()).token) }
    site.domain.clock.advance(7 * 86_400)
    assert.equal((await wire.ask(fields)).status, 401)
  })

  test('a key that is newer than what was read is read at once', async () => {
    let keytab: Uint8Array | undefined
    await using site = await Site.open({ credentials: keytabCredential({ keytab: () => keytab ?? new Uint8Array() }) })
    keytab = await site.domain.keytab(SERVICE)
    using wire = await site.connect()
    assert.equal((await logOn(site, wire)).status, 200)
    await site.domain.rekey(SERVICE)
    keytab = await site.domain.keytab(SERVICE)
    site.domain.clock.advance(2)
    assert.equal((await logOn(site, wire)).status, 200)
    assert.deepEqual(site.refusals, [])
  })

  test('a keytab that cannot be read is no fault of the client: 503', async () => {
    const keytab = () => Promise.reject(new Error('the disk is gone'))
    await using site = await Site.open({ credentials: keytabCredential({ keytab }) })
    using wire = await site.connect()
    const answer = await logOn(site, wire)
    assert.equal(answer.status, 503)
    assert.deepEqual(answer.field('Retry-After'), ['1'])
    assert.doesNotMatch(answer.body, /disk/)
  })

  test('a client that waits to be told to go on is not, before it is let in', async () => {
    await using site = await Site.open()
    site.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      void site.authenticator.authenticate(request, response).then((client) => {
        if (client === undefined) return
        response.writeContinue()
        request.on('data', (chunk: Buffer) => response.end(`${client.user.user.name} sent ${chunk.length}`))
      })
    })
    using wire = await site.connect()
    const fields = { Expect: '100-continue', 'Content-Length': '4' }
    assert.equal((await wire.ask(fields, '/', 'POST')).status, 401)
    using other = await site.connect()
    using client = initiate(site)
    const Authorization = authorization('Negotiate', (await client.step()).token)
    assert.equal((await other.ask({ ...fields, Authorization }, '/', 'POST')).status, 100)
    other.socket.write('body')
    assert.equal((await other.answer()).body, 'alice sent 4')
  })

  test('what is no token is refused', async () => {
    await using site = await Site.open()
    using wire = await site.connect()
    for (const [value, status] of [
      ['Negotiate', 401],
      ['Negotiate ****', 400],
      ['Negotiate AAAA', 401],
      ['Negotiate a="b"', 400],
      ['Negotiate YA==', 401],
      ['"', 400],
      ['Bearer abc', 401],
      ['NTLM TlRMTVNTUAABAAAA', 401],
    ] as const) {
      assert.equal((await wire.ask({ Authorization: value })).status, status, value)
    }
    assert.equal(site.authenticator.halfOpen, 0)
  })
})

suite('a keytab without accounts', () => {
  const withoutAccounts = (domain: TestDomain, credentials: CredentialValue = domain.serviceCredential(SERVICE)) =>
    Site.open({ domain, sspi: initSecurityInterface({ now: domain.clock.now }), credentials })

  test('lets clients of Kerberos in, and has no NTLM to choose', async () => {
    await using domain = createTestDomain({ users: ['alice'], services: [SERVICE] })
    await using site = await withoutAccounts(domain)
    using wire = await site.connect()
    assert.equal((await logOn(site, wire)).status, 200)
    for (const [name, packageList, reason] of [
      ['Negotiate', 'ntlm', 'SEC_E_UNSUPPORTED_FUNCTION'],
      ['NTLM', undefined, 'SEC_E_INVALID_TOKEN'],
    ] as const) {
      using client = domain.sspi().initiate({
        package: name,
        credentials: passwordCredential({ user: 'alice', password: 'not asked', packageList }),
        target: SERVICE,
      })
      const answer = await wire.ask({ Authorization: authorization('Negotiate', (await client.step()).token) })
      assert.equal(answer.status, 401)
      assert.deepEqual(
        answer.field('WWW-Authenticate').map((each) => each.split(' ')[0]),
        ['Negotiate'],
      )
      assert.equal(site.lastRefusal, reason)
    }
    assert.equal(site.authenticator.halfOpen, 0)
  })

  test('is not used for what its own package list forbids, whoever chooses it', async () => {
    await using domain = createTestDomain({ users: ['alice'], services: [SERVICE] })
    const keytab = await domain.keytab(SERVICE)
    const inner = keytabCredential({ keytab: () => keytab, packageList: '!kerberos' })
    await using site = await withoutAccounts(domain, chosenCredential({ choose: () => inner }))
    using wire = await site.connect()
    assert.equal((await logOn(site, wire)).status, 503)
    assert.equal(site.lastRefusal, 'SEC_E_NO_CREDENTIALS')
  })
})

suite('Negotiate with NTLM within', () => {
  test('three legs let the client in, for the connection', async () => {
    await using site = await Site.open({ credentials: undefined })
    using wire = await site.connect()
    // Raw NTLM in the scheme Negotiate, as Windows sends it to servers outside of any domain.
    const answer = await logOn(site, wire, { package: 'NTLM' })
    assert.equal(answer.body, 'alice by NTLM from exchange')
    assert.deepEqual(answer.field('Persistent-Auth'), ['true'])
    assert.equal((await wire.ask()).body, 'alice by NTLM from connection')
    assert.equal(site.authenticator.halfOpen, 0)
  })

  test('a package list without NTLM shuts it out', async () => {
    let keytab = new Uint8Array()
    await using site = await Site.open({
      credentials: keytabCredential({ keytab: () => keytab, packageList: '!ntlm' }),
    })
    keytab = new Uint8Array(await site.domain.keytab(SERVICE))
    using wire = await site.connect()
    using client = initiate(site, { package: 'NTLM' })
    const answer = await wire.ask({ Authorization: authorization('Negotiate', (await client.step()).token) })
    assert.equal(answer.status, 401)
    assert.equal(site.authenticator.halfOpen, 0)
    assert.equal((await logOn(site, wire)).status, 200)
  })
})
