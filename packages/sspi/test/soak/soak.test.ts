import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KINDS } from './kinds.js'
import { soak } from './soak.js'

// A fixed number of contexts, so that it takes as long as the machine needs. `npm run soak` goes on for as long as you like.

const SEED = 20_260_203
const MOST_GROWTH = 16 * 1_048_576

test('hundreds of contexts of every package live, fail and move side by side, and nothing of them is left or mixed up', async (t) => {
  const figures = await soak({ seed: SEED, contexts: 400 })
  t.diagnostic(JSON.stringify(figures))
  for (const { name } of KINDS) assert.ok((figures.byKind[name] ?? 0) > 20, `${name} was there`)
  for (const [outcome, count] of Object.entries(figures.outcomes)) assert.ok(count > 0, `${outcome} was there`)
  assert.ok(figures.messages > 300 && figures.refusedMessages > 50 && figures.moves > 20 && figures.secrets > 1000)
  const growth = figures.heapAfter - figures.heapBefore
  assert.ok(growth < MOST_GROWTH, `the heap has grown by ${growth} bytes since the second batch`)
})
