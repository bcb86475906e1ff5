import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryReplayCache } from '../../src/io/stores/index.js'

const at = (seconds: number) => new Date(1_700_000_000_000 + seconds * 1000)
const key = (...bytes: number[]) => Uint8Array.from(bytes)

function cacheAt(maxEntries?: number) {
  const clock = { now: at(0) }
  return { clock, cache: memoryReplayCache({ maxEntries, now: () => clock.now }) }
}

test('a key is accepted once', () => {
  const { cache } = cacheAt()
  assert.equal(cache.remember(key(1, 2), at(60)), true)
  assert.equal(cache.remember(key(1, 2), at(60)), false)
  assert.equal(cache.remember(key(1, 3), at(60)), true)
})

test('a key is remembered up to and including its time', () => {
  const { cache, clock } = cacheAt()
  cache.remember(key(1), at(60))
  clock.now = at(60)
  assert.equal(cache.remember(key(1), at(120)), false)
})

test('a replay that claims to live longer is remembered longer', () => {
  const { cache, clock } = cacheAt()
  cache.remember(key(1), at(60))
  assert.equal(cache.remember(key(1), at(120)), false)
  clock.now = at(100)
  assert.equal(cache.remember(key(1), at(120)), false)
})

test('after its time a key may come again', () => {
  const { cache, clock } = cacheAt()
  cache.remember(key(1), at(60))
  clock.now = at(61)
  assert.equal(cache.remember(key(1), at(120)), true)
  assert.equal(cache.remember(key(1), at(120)), false)
})

test('a clock that goes backwards forgets nothing', () => {
  const { cache, clock } = cacheAt()
  cache.remember(key(1), at(60))
  clock.now = at(-3600)
  assert.equal(cache.remember(key(1), at(60)), false)
})

test('a cache full of live keys refuses rather than forget one', () => {
  const { cache, clock } = cacheAt(3)
  for (let i = 0; i < 3; i++) assert.equal(cache.remember(key(i), at(60 + i)), true)
  assert.throws(() => cache.remember(key(9), at(60)), { code: 'SEC_E_INSUFFICIENT_MEMORY' })
  assert.equal(cache.remember(key(0), at(60)), false)
  clock.now = at(61) // the first key has expired
  assert.equal(cache.remember(key(9), at(120)), true)
  assert.throws(() => cache.remember(key(10), at(120)), { code: 'SEC_E_INSUFFICIENT_MEMORY' })
  clock.now = at(62)
  assert.equal(cache.remember(key(10), at(120)), true)
})

test('a full cache takes back the place of an expired key of the same name', () => {
  const { cache, clock } = cacheAt(1)
  cache.remember(key(1), at(10))
  clock.now = at(11)
  assert.equal(cache.remember(key(1), at(20)), true)
})

test('a full cache answers quickly, again and again', () => {
  const { cache } = cacheAt(50_000)
  const numbered = (i: number) => key(i >>> 16, i >>> 8, i)
  for (let i = 0; i < 50_000; i++) cache.remember(numbered(i), at(60))
  // Were the cache searched each time, this would be 2.5 thousand million steps.
  for (let i = 50_000; i < 100_000; i++) {
    assert.throws(() => cache.remember(numbered(i), at(60)), { code: 'SEC_E_INSUFFICIENT_MEMORY' })
  }
})

test('long keys are told apart, from each other and from short ones', () => {
  const { cache } = cacheAt()
  const long = new Uint8Array(100_000)
  assert.equal(cache.remember(long, at(60)), true)
  assert.equal(cache.remember(long, at(60)), false)
  const other = long.slice()
  other[99_999] = 1
  assert.equal(cache.remember(other, at(60)), true)
})

test('a key is not kept by reference', () => {
  const { cache } = cacheAt()
  const mine = key(1, 2, 3)
  cache.remember(mine, at(60))
  mine.fill(0)
  assert.equal(cache.remember(key(1, 2, 3), at(60)), false)
})

test('a time that is none is the caller’s mistake, not a key that is never remembered', () => {
  const { cache, clock } = cacheAt()
  assert.throws(() => cache.remember(key(1), new Date(NaN)), TypeError)
  clock.now = new Date(NaN)
  assert.throws(() => cache.remember(key(1), at(60)), TypeError)
})

test('a bound that is none is refused', () => {
  for (const maxEntries of [0, -1, NaN, 1.5, Infinity]) {
    assert.throws(() => memoryReplayCache({ maxEntries }), TypeError)
  }
})
