import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { SEC_E_OK, SspiError, type AuthenticationEvent } from '../../src/sspi/index.js'
import { ASK, FakeSession, finished, SlowDriver, type Script } from './fake-package.js'
import { Bench, tokenIn } from './table.js'

const TOKEN = tokenIn(Uint8Array.of(1))
const goOn = { kind: 'continue', token: Uint8Array.of(1), consumed: 0 } as const
const twoSteps: Script = (_, call) => (call === 0 ? goOn : finished(undefined, undefined, 1))

/** A clock that stands until it is moved. */
function clock(): { now: () => Date; pass: (seconds: number) => void } {
  let time = Date.parse('2026-02-03T12:00:00Z')
  return { now: () => new Date(time), pass: (seconds) => (time += 1000 * seconds) }
}

suite('half-open contexts', () => {
  test('are limited in number, whatever became of those before', async () => {
    const { now } = clock()
    const bench = new Bench(
      {
        server: (_, call) => {
          if (call === 0) return goOn
          throw new SspiError('SEC_E_LOGON_DENIED', 'no')
        },
        client: twoSteps,
      },
      { now, limits: { maxHalfOpen: 2 } },
    )
    for (let round = 0; round < 5; round++) {
      const one = await bench.initiate()
      const two = await bench.accept()
      await assert.rejects(bench.initiate(), { code: 'SEC_E_INSUFFICIENT_MEMORY' })
      await assert.rejects(bench.accept(), { code: 'SEC_E_INSUFFICIENT_MEMORY' })
      // One is done, fails or is deleted: each makes room for another.
      if (round % 2 === 0) assert.equal((await bench.initiate({ context: one.context, input: TOKEN })).status, SEC_E_OK)
      else bench.table.deleteSecurityContext(one.context)
      await assert.rejects(bench.accept({ context: two.context, input: TOKEN }), { code: 'SEC_E_LOGON_DENIED' })
    }
    const begun = bench.fake.exchanges
    assert.ok(begun.every((exchange) => exchange.disposals === 1))
  })

  test('do not hold the credential when the limit keeps them out', async () => {
    const bench = new Bench({ client: twoSteps }, { limits: { maxHalfOpen: 1 } })
    const { context } = await bench.initiate()
    await assert.rejects(bench.initiate(), { code: 'SEC_E_INSUFFICIENT_MEMORY' })
    bench.table.deleteSecurityContext(context)
    bench.table.freeCredentialsHandle(await bench.credential())
    assert.equal(bench.fake.credentials[0]!.disposals, 1)
  })

  test('end when they take too long, and say so from then on', async () => {
    const { now, pass } = clock()
    const events: AuthenticationEvent[] = []
    const bench = new Bench({ client: twoSteps }, { now, onEvent: (event) => events.push(event) })
    const { context } = await bench.initiate()
    pass(120)
    const inTime = await bench.initiate()
    assert.equal((await bench.initiate({ context, input: TOKEN })).status, SEC_E_OK)
    pass(121)
    for (let call = 0; call < 2; call++) {
      const late = bench.initiate({ context: inTime.context, input: TOKEN })
      await assert.rejects(late, { code: 'SEC_E_CONTEXT_EXPIRED' })
    }
    assert.deepEqual(
      events.map((event) => event.kind),
      ['context-established', 'context-refused'],
    )
    bench.table.deleteSecurityContext(inTime.context)
  })

  test('that are overdue make room for new ones, and end even while they wait', async () => {
    const { now, pass } = clock()
    const driver = new SlowDriver()
    const session = new FakeSession()
    const bench = new Bench(
      { client: (_, call) => (call === 0 ? ASK : finished(session)) },
      { now, driver, limits: { maxHalfOpen: 1 } },
    )
    await bench.credential()
    const waiting = bench.initiate()
    await Promise.resolve()
    pass(121)
    const next = bench.initiate()
    const lost = assert.rejects(waiting, { code: 'SEC_E_CONTEXT_EXPIRED' })
    await Promise.resolve()
    await Promise.resolve()
    assert.equal(bench.fake.exchanges[0]!.disposals, 1)
    driver.reply()
    await lost
    assert.equal(bench.fake.exchanges[0]!.inputs.length, 1, 'a disposed exchange was called')
    driver.reply()
    assert.equal((await next).status, SEC_E_OK)
    assert.equal(session.disposals, 0)
  })

  test('that stand are not counted, and do not grow old', async () => {
    const { now, pass } = clock()
    const bench = new Bench({}, { now, limits: { maxHalfOpen: 1 } })
    const { context } = await bench.initiate()
    await bench.initiate()
    pass(86_400)
    bench.table.deleteSecurityContext(context)
  })
})
