import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../src/level-one.js'

test('the level 1 example establishes a context and sends a message through it', async () => {
  assert.equal(await run(), 'CONTOSO\\alice says: attack at dawn')
})
