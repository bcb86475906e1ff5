import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  passwordCredential,
  SECPKG_CRED_OUTBOUND,
  type AcceptorExchange,
  type InitiatorExchange,
} from '../../src/sspi/index.js'
import { createTestDomain } from '../../src/testing/index.js'
import { ASK, FakeSession, finished, SlowDriver, type Script } from './fake-package.js'
import { Bench } from './table.js'

const TOKEN = Uint8Array.of(1, 2, 3)
const goOn = { kind: 'continue', token: TOKEN, consumed: 3 } as const
const twoSteps: Script = (_, call) => (call === 0 ? goOn : finished(undefined, undefined, 3))

suite('level 2', () => {
  const initiate = ({ table }: Bench): InitiatorExchange => table.initiate({ package: 'Fake' })
  const accept = ({ table }: Bench): AcceptorExchange => table.accept({ package: 'Fake' })

  test('acquires its own credential once, and frees it when done', async () => {
    const bench = new Bench({ client: twoSteps })
    const exchange = initiate(bench)
    assert.deepEqual(await exchange.step(), { token: TOKEN, done: false, incomplete: false, extra: undefined })
    assert.throws(() => exchange.session, { code: 'SEC_E_OUT_OF_SEQUENCE' })
    assert.deepEqual(await exchange.step(TOKEN), { token: undefined, done: true, incomplete: false, extra: undefined })
    assert.equal(bench.fake.credentials.length, 1)
    assert.equal(bench.fake.credentials[0]!.disposals, 1)
    exchange[Symbol.dispose]()
    assert.equal(exchange.session.mechanism, 'Fake', 'the session lives on')
  })

  test('tells which package is at work, before it is done and afterwards', async (t) => {
    const domain = createTestDomain({ users: ['alice'], services: ['HTTP/www.example.test'] })
    t.after(() => domain[Symbol.asyncDispose]())
    const target = 'HTTP/www.example.test'
    const credentials = domain.credential('alice')
    const begin = (packageName: string, to: string): InitiatorExchange =>
      domain.sspi().initiate({ package: packageName, credentials, target: to })
    const negotiate = begin('Negotiate', target)
    assert.equal(negotiate.mechanism, 'Negotiate', 'it has not begun')
    const { token } = await negotiate.step()
    assert.equal(negotiate.mechanism, 'Kerberos')
    const server = domain.sspi().accept({ package: 'Negotiate', credentials: domain.serviceCredential(target) })
    await negotiate.step((await server.step(token)).token)
    assert.deepEqual([negotiate.mechanism, server.mechanism], ['Kerberos', 'Kerberos'])
    const byAddress = begin('Negotiate', 'HTTP/192.0.2.1')
    await byAddress.step()
    assert.equal(byAddress.mechanism, 'NTLM')
    const direct = begin('NTLM', target)
    await direct.step()
    assert.equal(direct.mechanism, 'NTLM')
  })

  test('uses a handle that is given and leaves it to its owner, who may free it at once', async () => {
    const bench = new Bench({ client: twoSteps })
    const request = { package: 'Fake', credentialUse: SECPKG_CRED_OUTBOUND }
    const { credential } = await bench.table.acquireCredentialsHandle(request)
    const exchange = bench.table.initiate({ package: 'Fake', credentials: credential })
    await exchange.step()
    bench.table.freeCredentialsHandle(credential)
    assert.ok((await exchange.step(TOKEN)).done)
    const other = bench.table.initiate({ package: 'Fake', credentials: credential })
    await assert.rejects(other.step(), { code: 'SEC_E_INVALID_HANDLE' })
  })

  test('names what came behind the last token, and says when a token is not whole', async () => {
    const bench = new Bench({
      server: (_, call) => (call === 0 ? { kind: 'incomplete', missing: 1 } : finished(undefined, undefined, 3)),
    })
    const exchange = accept(bench)
    assert.equal((await exchange.step(TOKEN.slice(0, 2))).incomplete, true)
    const step = await exchange.step(Uint8Array.of(...TOKEN, 7, 8))
    assert.deepEqual(step.extra, Uint8Array.of(7, 8))
    assert.ok(step.done)
  })

  test('refuses a context without the protection that was asked for, and wipes it', async () => {
    const session = Object.assign(new FakeSession(), { contextAttr: 0 })
    const bench = new Bench({ client: () => finished(session) })
    const exchange = initiate(bench)
    await assert.rejects(exchange.step(), {
      code: 'SEC_E_SECURITY_QOS_FAILED',
      message: /integrity and confidentiality/,
    })
    assert.equal(session.disposals, 1)
    assert.equal(bench.fake.credentials[0]!.disposals, 1)
    assert.throws(() => exchange.session, { code: 'SEC_E_OUT_OF_SEQUENCE' })
    await assert.rejects(exchange.step(), { code: 'SEC_E_OUT_OF_SEQUENCE' })
  })

  test('a package without sizes has sessions, which protect no messages', async () => {
    const exchange = new Bench().table.initiate({ package: 'Fake', integrity: false, confidentiality: false })
    assert.ok((await exchange.step()).done)
    assert.throws(() => exchange.session.seal(TOKEN), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
    exchange.session[Symbol.dispose]()
  })

  test('a token that needs its message cannot be finished here', async () => {
    const bench = new Bench({ client: () => ({ kind: 'complete', token: TOKEN, consumed: 0 }) })
    await assert.rejects(initiate(bench).step(), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
    assert.equal(bench.fake.exchanges[0]!.disposals, 1)
  })

  test('disposed during its first step, it leaves nothing behind', async () => {
    const driver = new SlowDriver()
    const session = new FakeSession()
    const bench = new Bench({ client: (_, call) => (call === 0 ? ASK : finished(session)) }, { driver })
    const exchange = initiate(bench)
    const running = exchange.step()
    await driver.untilAsked()
    exchange[Symbol.dispose]()
    driver.reply()
    await assert.rejects(running, { code: 'SEC_E_OUT_OF_SEQUENCE' })
    assert.equal(session.disposals, 1)
    assert.equal(bench.fake.credentials[0]!.disposals, 1)
    assert.throws(() => exchange.session, { code: 'SEC_E_OUT_OF_SEQUENCE' })
  })

  test('disposed while its secret is fetched, it frees the credential that comes late', async () => {
    const bench = new Bench()
    let give: (password: string) => void = () => undefined
    const password = new Promise<string>((resolve) => (give = resolve))
    const credentials = passwordCredential({ user: 'alice', password: () => password })
    const exchange = bench.table.initiate({ package: 'Fake', credentials })
    const running = exchange.step()
    exchange[Symbol.dispose]()
    give('secret')
    await assert.rejects(running, { code: 'SEC_E_OUT_OF_SEQUENCE' })
    assert.equal(bench.fake.credentials[0]!.disposals, 1)
    assert.equal(bench.fake.exchanges.length, 0)
  })

  test('a second step at the same time, of whatever kind, does not disturb the first', async () => {
    const driver = new SlowDriver()
    const bench = new Bench({ client: (_, call) => (call === 0 ? ASK : finished()) }, { driver })
    const exchange = initiate(bench)
    const running = exchange.step()
    await assert.rejects(exchange.step(), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    await driver.untilAsked()
    await assert.rejects(exchange.step(TOKEN), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    driver.reply()
    assert.ok((await running).done)
    assert.equal(bench.fake.credentials.length, 1)
  })

  test('an argument of the wrong type ends it without a trace', async () => {
    const bench = new Bench()
    const channelBindings = { applicationData: 'text' as never }
    const exchange = bench.table.initiate({ package: 'Fake', channelBindings })
    await assert.rejects(exchange.step())
    assert.equal(bench.fake.credentials[0]!.disposals, 1)
  })
})
