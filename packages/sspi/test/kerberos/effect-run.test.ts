import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { EffectRun, perform, type Effectful } from '../../src/kerberos/effect-run.js'
import { TimestampSource } from '../../src/kerberos/timestamps.js'

const query = { realm: 'R', service: 'kdc', request: new Uint8Array(1) } as const
const reply = { effect: 'kdc', value: new Uint8Array([7]) } as const

function* once(ended: () => void = () => undefined): Effectful<number> {
  try {
    const answer = yield* perform('kdc', query)
    return answer[0]!
  } finally {
    ended()
  }
}

suite('a run', () => {
  test('asks, and ends with the value', () => {
    const run = new EffectRun(once())
    assert.deepEqual(run.step(), { kind: 'ask', ask: { effect: 'kdc', query } })
    assert.deepEqual(run.step(reply), { kind: 'value', value: 7 })
  })

  test('takes no answer that nobody asked for, and wants the one that was', () => {
    const sequence = { code: 'SEC_E_OUT_OF_SEQUENCE' }
    assert.throws(() => new EffectRun(once()).step(reply), sequence)
    const run = new EffectRun(once())
    run.step()
    assert.throws(() => run.step(), sequence)
    assert.throws(() => run.step(reply), sequence)
    const other = new EffectRun(once())
    other.step()
    assert.throws(() => other.step({ effect: 'replay', value: true }), sequence)
  })

  test('that is given up cleans up behind itself, once', () => {
    let ended = 0
    const run = new EffectRun(once(() => ended++))
    run.step()
    run.dispose()
    run.dispose()
    assert.equal(ended, 1)
    assert.throws(() => run.step(reply), { code: 'SEC_E_OUT_OF_SEQUENCE' })
  })
})

test('no two timestamps are the same, however fast they come', () => {
  const source = new TimestampSource()
  const now = new Date('2026-11-22T12:00:00.999Z')
  const seen = Array.from({ length: 2000 }, () => source.next(now))
  assert.deepEqual(seen[0], { seconds: new Date('2026-11-22T12:00:00Z'), microseconds: 999_000 })
  assert.deepEqual(seen[1000], { seconds: new Date('2026-11-22T12:00:01Z'), microseconds: 0 })
  assert.equal(new Set(seen.map(({ seconds, microseconds }) => seconds.getTime() * 1e3 + microseconds)).size, 2000)
  const ahead = source.next(now, 60_000)
  assert.equal(ahead.seconds.getTime(), new Date('2026-11-22T12:01:00Z').getTime())
})

test('timestamps follow a clock that is set back, and are still not the same', () => {
  const source = new TimestampSource()
  const now = new Date('2026-11-22T12:00:00Z')
  source.next(now, 86_400_000)
  assert.equal(source.next(now).seconds.getTime(), now.getTime(), 'not a day ahead for ever')
  const seen = new Set<number>()
  for (let i = 0; i < 100; i++) {
    for (const offset of [0, 86_400_000]) {
      const { seconds, microseconds } = source.next(now, offset)
      seen.add(seconds.getTime() * 1e3 + microseconds)
    }
  }
  assert.equal(seen.size, 200)
})
