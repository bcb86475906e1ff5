import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constantTimeEqual, outputBytes, randomBytes, secretBytes, secretFrom, wipe } from '../../src/crypto/index.js'
import { briefSecretBytes } from '../../src/crypto/secret-bytes.js'

test('secret bytes share no memory with anything', () => {
  const source = Uint8Array.of(1, 2, 3)
  const secret = secretFrom(source)
  assert.equal(secret.buffer.byteLength, 3)
  assert.equal(secretBytes(16).buffer.byteLength, 16)
  wipe(secret)
  assert.deepEqual([...secret], [0, 0, 0])
  assert.deepEqual([...source], [1, 2, 3])
  wipe(undefined)
})

test('secrets are compared over their whole length', () => {
  assert.ok(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2)))
  assert.ok(!constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(2, 2)))
  assert.ok(!constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0)))
  assert.ok(constantTimeEqual(new Uint8Array(0), new Uint8Array(0)))
})

test('random bytes are as many as asked for, never handed out twice, over memory of their own', () => {
  const seen = new Set<string>()
  for (const length of [16, 0, 1, 500, 512, 513, 5000]) {
    for (let round = 0; round < 20; round++) {
      const bytes = randomBytes(length)
      assert.equal(bytes.length, length)
      assert.equal(bytes.buffer.byteLength, length)
      if (length >= 16) {
        const text = bytes.toString()
        assert.ok(!seen.has(text))
        seen.add(text)
        // Zeros would be bytes of the pool that were handed out before.
        assert.ok(bytes.some((byte) => byte !== 0))
      }
    }
  }
  for (let round = 0; round < 2000; round++) {
    const text = randomBytes(16).toString()
    assert.ok(!seen.has(text))
    seen.add(text)
  }
})

test('a length that is no count is a TypeError', () => {
  for (const length of [-1, 1.5, Number.NaN]) assert.throws(() => randomBytes(length), TypeError)
})

test('brief secrets are zero when they are made, and no two of them overlap', () => {
  const made = Array.from({ length: 2000 }, (_, i) => briefSecretBytes(i % 300))
  for (const [i, secret] of made.entries()) {
    assert.deepEqual(secret, new Uint8Array(i % 300))
    secret.fill(i)
  }
  for (const [i, secret] of made.entries()) assert.ok(secret.every((byte) => byte === (i & 0xff)))
  for (const secret of made) wipe(secret)
  assert.equal(briefSecretBytes(100_000).length, 100_000)
})

test('brief secrets go on when somebody has transferred the memory of one', () => {
  const before = briefSecretBytes(10)
  structuredClone(before, { transfer: [before.buffer as ArrayBuffer] })
  assert.equal(before.length, 0)
  assert.deepEqual(briefSecretBytes(10), new Uint8Array(10))
})

test('output bytes are as many as asked for, and no two overlap', () => {
  const made = Array.from({ length: 500 }, (_, i) => outputBytes(i).fill(i))
  for (const [i, bytes] of made.entries()) {
    assert.equal(bytes.length, i)
    assert.ok(!Buffer.isBuffer(bytes))
    assert.ok(bytes.every((byte) => byte === (i & 0xff)))
  }
})
