import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../property.js'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { Rc4 } from '../../src/crypto/index.js'
import { readVectors } from '../vectors.js'

interface Input {
  readonly key: string
  readonly plaintext?: string
  readonly chunks?: readonly string[]
}
interface Expected {
  readonly ciphertext?: string
  readonly chunks?: readonly string[]
  readonly keystream?: Readonly<Record<string, string>>
}

for (const { name, input, expected } of readVectors<Input, Expected>('crypto/rc4.json').cases) {
  test(`RC4: ${name}`, () => {
    const key = fromHex(input.key)
    let checked = 0
    if (input.plaintext !== undefined) {
      assert.equal(toHex(new Rc4(key).apply(fromHex(input.plaintext))), expected.ciphertext)
      checked++
    }
    if (input.chunks !== undefined) {
      const rc4 = new Rc4(key)
      assert.deepEqual(
        input.chunks.map((chunk) => toHex(rc4.apply(fromHex(chunk)))),
        expected.chunks,
      )
      checked++
    }
    for (const [offset, bytes] of Object.entries(expected.keystream ?? {})) {
      const rc4 = new Rc4(key)
      rc4.skip(Number(offset))
      assert.equal(toHex(rc4.apply(new Uint8Array(bytes.length / 2))), bytes)
      checked++
    }
    assert.ok(checked > 0)
  })
}

const keys = fc.uint8Array({ minLength: 1, maxLength: 256 })

test('running backwards undoes any number of steps exactly', () => {
  fc.assert(
    fc.property(keys, fc.nat(2000), fc.nat(2000), (key, before, count) => {
      const rc4 = new Rc4(key)
      rc4.skip(before)
      const state = rc4.exportState()
      rc4.apply(new Uint8Array(count))
      rc4.rewind(count)
      assert.deepEqual(rc4.exportState(), state)
    }),
  )
})

test('running back to the start gives the stream from its beginning', () => {
  const rc4 = new Rc4(Uint8Array.of(1, 2, 3))
  const first = rc4.apply(new Uint8Array(1000)).slice()
  rc4.rewind(1000)
  assert.deepEqual(rc4.apply(new Uint8Array(1000)), first)
})

test('the stream is the same however it is cut, and skipping is applying', () => {
  fc.assert(
    fc.property(keys, fc.uint8Array({ maxLength: 600 }), fc.nat(600), (key, data, place) => {
      const at = Math.min(place, data.length)
      const whole = new Rc4(key).apply(data.slice())
      const cut = new Rc4(key)
      const out = new Uint8Array(data.length)
      cut.apply(data.subarray(0, at), out)
      cut.apply(data.subarray(at), out.subarray(at))
      assert.deepEqual(out, whole)
      const skipped = new Rc4(key)
      skipped.skip(at)
      assert.deepEqual(skipped.apply(data.slice(at)), whole.subarray(at))
      assert.deepEqual(new Rc4(key).apply(whole), data)
    }),
  )
})

test('clones and imported states go on at the same place, independently', () => {
  fc.assert(
    fc.property(keys, fc.nat(700), (key, before) => {
      const rc4 = new Rc4(key)
      rc4.skip(before)
      const clone = rc4.clone()
      const state = rc4.exportState()
      const imported = Rc4.fromState(state)
      state.fill(0)
      const next = rc4.apply(new Uint8Array(64))
      assert.deepEqual(clone.apply(new Uint8Array(64)), next)
      rc4.dispose()
      assert.deepEqual(imported.apply(new Uint8Array(64)), next)
    }),
  )
})

test('data is encrypted in place unless there is an output', () => {
  const data = new Uint8Array(8)
  const out = new Uint8Array(10)
  assert.equal(new Rc4(Uint8Array.of(1)).apply(data, out), out)
  assert.ok(data.every((byte) => byte === 0))
  assert.deepEqual(out.subarray(8), new Uint8Array(2))
  assert.equal(new Rc4(Uint8Array.of(1)).apply(data), data)
  assert.deepEqual(data, out.subarray(0, 8))
})

test('an output that is too short is refused before the stream moves', () => {
  const rc4 = new Rc4(Uint8Array.of(1))
  const state = rc4.exportState()
  assert.throws(() => rc4.apply(new Uint8Array(8), new Uint8Array(7)), TypeError)
  assert.deepEqual(rc4.exportState(), state)
})

test('keys of no or over 256 bytes, and counts that are none, are a TypeError', () => {
  assert.throws(() => new Rc4(new Uint8Array(0)), TypeError)
  assert.throws(() => new Rc4(new Uint8Array(257)), TypeError)
  const rc4 = new Rc4(new Uint8Array(256))
  for (const count of [-1, 0.5, Number.NaN]) {
    assert.throws(() => rc4.skip(count), TypeError)
    assert.throws(() => rc4.rewind(count), TypeError)
  }
})

test('bytes that are no state are refused', () => {
  const state = new Rc4(Uint8Array.of(1)).exportState()
  const twice = state.slice()
  twice[3] = twice[4]!
  const invalid = { name: 'SspiError', code: 'SEC_E_INVALID_TOKEN' }
  for (const bytes of [twice, state.subarray(0, 257), new Uint8Array(0), new Uint8Array(259), new Uint8Array(258)]) {
    assert.throws(() => Rc4.fromState(bytes), invalid)
  }
})

test('after its end a generator does nothing any more', () => {
  const rc4 = new Rc4(Uint8Array.of(1))
  rc4.dispose()
  rc4.dispose()
  assert.throws(() => rc4.apply(new Uint8Array(1)), TypeError)
  assert.throws(() => rc4.skip(1), TypeError)
  assert.throws(() => rc4.rewind(1), TypeError)
  assert.throws(() => rc4.clone(), TypeError)
  assert.throws(() => rc4.exportState(), TypeError)
})
