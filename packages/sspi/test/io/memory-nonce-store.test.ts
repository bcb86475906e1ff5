import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../property.js'
import { memoryNonceStore } from '../../src/io/stores/index.js'

const at = (seconds: number): Date => new Date(1_700_000_000_000 + seconds * 1000)

test('each count of a nonce is accepted once, in any order', () => {
  const store = memoryNonceStore({ now: () => at(0) })
  for (const count of [1, 3, 2, 10, 4]) assert.equal(store.use('a', count, at(60)), true, `count ${count}`)
  for (const count of [1, 2, 3, 4, 10]) assert.equal(store.use('a', count, at(60)), false, `count ${count} again`)
  assert.equal(store.use('b', 1, at(60)), true, 'another nonce counts for itself')
})

test('a count that lies a whole window behind is refused, used or not', () => {
  const store = memoryNonceStore({ window: 8, now: () => at(0) })
  assert.equal(store.use('a', 100, at(60)), true)
  assert.equal(store.use('a', 93, at(60)), true)
  assert.equal(store.use('a', 92, at(60)), false)
  assert.equal(store.use('a', 101, at(60)), true)
  assert.equal(store.use('a', 93, at(60)), false)
  assert.equal(store.use('a', 2 ** 32 - 1, at(60)), true, 'a leap ahead')
  assert.equal(store.use('a', 101, at(60)), false)
})

test('no count is ever accepted twice', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 })), fc.integer({ min: 1, max: 64 }), (counts, window) => {
      const store = memoryNonceStore({ window, now: () => at(0) })
      const accepted = counts.filter((count) => store.use('a', count, at(60)))
      assert.equal(new Set(accepted).size, accepted.length)
    }),
  )
})

test('a store full of live nonces refuses rather than forget one', () => {
  const clock = { now: at(0) }
  const store = memoryNonceStore({ maxEntries: 2, now: () => clock.now })
  store.use('a', 1, at(60))
  store.use('b', 1, at(70))
  assert.throws(() => store.use('c', 1, at(80)), { code: 'SEC_E_INSUFFICIENT_MEMORY' })
  assert.equal(store.use('a', 2, at(60)), true, 'those that are known go on')
  clock.now = at(61)
  assert.equal(store.use('c', 1, at(80)), true)
  assert.equal(store.size, 2)
  assert.throws(() => store.use('d', 1, at(80)), { code: 'SEC_E_INSUFFICIENT_MEMORY' })
})

test('what is no bound, no count and no time is the mistake of the caller', () => {
  for (const maxEntries of [0, -1, 1.5, Infinity]) assert.throws(() => memoryNonceStore({ maxEntries }), TypeError)
  for (const window of [0, 1025, 0.5]) assert.throws(() => memoryNonceStore({ window }), TypeError)
  const store = memoryNonceStore()
  for (const count of [0, -1, 1.5, NaN]) assert.throws(() => store.use('a', count, at(1)), TypeError)
  assert.throws(() => store.use('a', 1, new Date(NaN)), TypeError)
})
