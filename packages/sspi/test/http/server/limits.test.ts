import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createHttpAuthenticator, type HttpAuthenticatorOptions } from '../../../src/http/index.js'
import { keytabCredential, SECPKG_CRED_ATTR_NAMES, type CredHandle } from '../../../src/sspi/index.js'
import { initSecurityInterface } from '../../../src/system/index.js'
import { createTestDomain } from '../../../src/testing/index.js'
import { authorization, initiate, tokenIn } from './client.js'
import { SERVICE, Site, type SiteOptions } from './site.js'
import type { Wire } from './wire.js'

const NTLM = { scheme: 'NTLM' } as const
const open = (limits: SiteOptions['limits'], more: SiteOptions = {}) =>
  Site.open({ schemes: ['NTLM'], limits: limits ?? {}, ...more })

/** Begins an exchange and leaves it: the function takes it to its end. */
async function begin(
  site: Site,
  wire: Wire,
  fields: Readonly<Record<string, string>> = {},
): Promise<() => Promise<number>> {
  const client = initiate(site, NTLM)
  const second = await wire.ask({ ...fields, Authorization: authorization('NTLM', (await client.step()).token) })
  const { token } = await client.step(tokenIn(second, 'NTLM'))
  client[Symbol.dispose]()
  return async () => (await wire.ask({ ...fields, Authorization: authorization('NTLM', token) })).status
}

suite('a client can make an authenticator spend', () => {
  test('so many half-open exchanges: of too many, the one that has waited longest goes', async () => {
    await using site = await open({ maxHalfOpen: 2 })
    using first = await site.connect()
    using second = await site.connect()
    using third = await site.connect()
    const one = await begin(site, first)
    const two = await begin(site, second)
    const three = await begin(site, third)
    assert.equal(site.authenticator.halfOpen, 2)
    assert.equal(await two(), 200)
    assert.equal(await three(), 200)
    assert.equal(await one(), 401)
  })

  test('so many of one address: others have their own', async () => {
    const addressOf: HttpAuthenticatorOptions['addressOf'] = ({ headers }) => String(headers['x-test-address'])
    await using site = await open({ maxHalfOpenPerAddress: 1 }, { addressOf })
    using first = await site.connect()
    using second = await site.connect()
    using third = await site.connect()
    const one = await begin(site, first, { 'X-Test-Address': 'a' })
    const other = await begin(site, second, { 'X-Test-Address': 'b' })
    const two = await begin(site, third, { 'X-Test-Address': 'a' })
    assert.equal(site.authenticator.halfOpen, 2)
    assert.equal(await two(), 200)
    assert.equal(await one(), 401)
    assert.equal(await other(), 200)
  })

  test('so many of one network of IPv6, as whoever has one of its addresses has them all', async () => {
    const addressOf: HttpAuthenticatorOptions['addressOf'] = ({ headers }) => String(headers['x-test-address'])
    await using site = await open({ maxHalfOpenPerAddress: 1 }, { addressOf })
    using first = await site.connect()
    using second = await site.connect()
    using third = await site.connect()
    const one = await begin(site, first, { 'X-Test-Address': '2001:db8:1:2::1' })
    const other = await begin(site, second, { 'X-Test-Address': '2001:db8:1:3::1' })
    const two = await begin(site, third, { 'X-Test-Address': '2001:0db8:1:2:ffff::9' })
    assert.equal(site.authenticator.halfOpen, 2)
    assert.equal(await two(), 200)
    assert.equal(await one(), 401)
    assert.equal(await other(), 200)
  })

  test('so much time for the next leg', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    await using site = await open({ authenticationSeconds: 30 })
    using wire = await site.connect()
    const end = await begin(site, wire)
    t.mock.timers.tick(29_999)
    assert.equal(site.authenticator.halfOpen, 1)
    t.mock.timers.tick(1)
    assert.equal(site.authenticator.halfOpen, 0)
    assert.equal(await end(), 401)
  })

  test('so much time for a KDC or a database that does not answer: 503', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const passwords = () => new Promise<never>(() => {})
    await using site = await Site.open({
      schemes: ['Basic'],
      tls: 'server',
      passwords: (_user, _password, signal) => Promise.race([passwords(), abortedBy(signal)]),
    })
    using wire = await site.connect()
    const answer = wire.ask({ Authorization: 'Basic YTpi' })
    while (site.authenticator.halfOpen === 0) await new Promise((resolve) => setImmediate(resolve))
    t.mock.timers.tick(30_000)
    assert.equal((await answer).status, 503)
  })

  test('so long a field', async () => {
    await using site = await open({ maxAuthorizationLength: 100 })
    using wire = await site.connect()
    assert.equal((await wire.ask({ Authorization: `NTLM ${'A'.repeat(92)}` })).status, 401) // no token of NTLM
    assert.equal((await wire.ask({ Authorization: `NTLM ${'A'.repeat(96)}` })).status, 400)
  })

  test('so much of the body of a refused request, whose length was told or not', async () => {
    await using site = await open({ maxDiscardedBytes: 1000 })
    using exact = await site.connect()
    assert.equal((await exact.ask({ 'Content-Length': '1000' }, '/', 'POST', 'x'.repeat(1000))).status, 401)
    assert.equal((await exact.ask()).status, 401)
    for (const fields of [{ 'Content-Length': '1001' }, { 'Transfer-Encoding': 'chunked' }]) {
      using wire = await site.connect()
      assert.equal((await wire.ask(fields, '/', 'POST')).status, 401)
      const body = 'x'.repeat(1001)
      wire.socket.write('Content-Length' in fields ? body : `${body.length.toString(16)}\r\n${body}\r\n`)
      await wire.closed()
    }
  })

  test('so much time for it', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    await using site = await open({ discardSeconds: 10 })
    using wire = await site.connect()
    assert.equal((await wire.ask({ 'Content-Length': '5' }, '/', 'POST', 'slow')).status, 401)
    t.mock.timers.tick(10_000)
    await wire.closed()
  })

  test('so many requests that wait for each other', async () => {
    let letIn = (): void => {}
    const passwords = () => new Promise<never>((_, reject) => (letIn = () => reject(new TypeError('never mind'))))
    const refused = { type: 'text/plain', body: '' }
    await using site = await Site.open({
      schemes: ['Basic'],
      tls: 'server',
      passwords: (_user, _password, signal) => Promise.race([passwords(), abortedBy(signal)]),
      limits: { maxPipelined: 3, authenticationSeconds: 1000 },
      refusalPage: () => refused,
    })
    using wire = await site.connect()
    wire.send({ Authorization: 'Basic YTpi' })
    for (let count = 0; count < 3; count++) wire.send()
    while (site.refusals.length === 0) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(site.lastRefusal, 'SEC_E_INSUFFICIENT_MEMORY')
    assert.equal(site.refusals.length, 1)
    assert.ok(letIn)
  })
})

test('an authenticator that was disposed ends what is under way, and lets nobody in any more', async () => {
  await using site = await open({})
  using established = await site.connect()
  const whole = await begin(site, established)
  assert.equal(await whole(), 200)
  using wire = await site.connect()
  const end = await begin(site, wire)
  site.authenticator[Symbol.dispose]()
  assert.equal(site.authenticator.halfOpen, 0)
  assert.equal(await end(), 503)
  assert.equal((await established.ask()).status, 503)
})

test('a keytab that comes when its authenticator was disposed is not kept', async () => {
  await using domain = createTestDomain({ users: ['alice'], services: [SERVICE] })
  const keytab = await domain.keytab(SERVICE)
  const sspi = domain.sspi()
  const handles: CredHandle[] = []
  let letCome = (): void => {}
  const coming = new Promise<Uint8Array>((resolve) => (letCome = () => resolve(keytab)))
  await using site = await Site.open({
    domain,
    sspi: {
      acquireCredentialsHandle: async (request) => {
        const acquired = await sspi.acquireCredentialsHandle(request)
        handles.push(acquired.credential)
        return acquired
      },
      accept: (options) => sspi.accept(options),
      hasAccounts: true,
    },
    credentials: keytabCredential({ keytab: () => coming }),
  })
  using wire = await site.connect()
  using client = initiate(site)
  const answer = wire.ask({ Authorization: authorization('Negotiate', (await client.step()).token) })
  while (site.authenticator.halfOpen === 0) await new Promise((resolve) => setImmediate(resolve))
  site.authenticator[Symbol.dispose]()
  letCome()
  assert.equal((await answer).status, 503)
  const [handle] = handles
  assert.ok(handle)
  assert.throws(() => sspi.queryCredentialsAttributes(handle, SECPKG_CRED_ATTR_NAMES), { code: 'SEC_E_INVALID_HANDLE' })
})

test('options that cannot be are a mistake of the caller', () => {
  const sspi = initSecurityInterface()
  const wrong: readonly Partial<HttpAuthenticatorOptions>[] = [
    { schemes: [] },
    { schemes: ['NTLM', 'NTLM'] },
    { schemes: ['Bearer' as 'NTLM'] },
    { schemes: ['Basic'] },
    { basicRealm: 'a\r\nSet-Cookie: b=c' },
    { basicRealm: '領域' },
    { limits: { maxHalfOpen: -1 } },
    { limits: { discardSeconds: Infinity } },
    { cookie: { key: new Uint8Array(31) } },
    { cookie: { key: [] } },
    { cookie: { key: new Uint8Array(32), seconds: 0 } },
    { cookie: { key: new Uint8Array(32), name: 'a b' } },
  ]
  for (const options of wrong) assert.throws(() => createHttpAuthenticator({ sspi, ...options }), TypeError)
})

function abortedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error))
  })
}
