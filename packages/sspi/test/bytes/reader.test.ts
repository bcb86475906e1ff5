import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../property.js'
import { Reader } from '../../src/bytes/index.js'

const INVALID = { name: 'SspiError', code: 'SEC_E_INVALID_TOKEN' }
const bytes = Uint8Array.from({ length: 32 }, (_, i) => 0xf0 + i)

test('numbers are read in both byte orders, without sign', () => {
  const reader = new Reader(bytes)
  assert.equal(reader.u8('a'), 0xf0)
  assert.equal(reader.u16le('b'), 0xf2f1)
  assert.equal(reader.u16be('c'), 0xf3f4)
  assert.equal(reader.u32le('d'), 0xf8f7f6f5)
  assert.equal(reader.u32be('e'), 0xf9fafbfc)
  assert.equal(reader.u64le('f'), 0x04030201_00fffefdn)
  assert.equal(reader.u64be('g'), 0x05060708_090a0b0cn)
  assert.equal(reader.offset, 29)
  assert.equal(reader.remaining, 3)
})

test('take and at give views, not copies', () => {
  const own = bytes.slice()
  const reader = new Reader(own)
  const taken = reader.take(4, 'x')
  const absolute = reader.at(0, 4, 'x')
  own[0] = 0x55
  assert.equal(taken[0], 0x55)
  assert.equal(absolute[0], 0x55)
  assert.equal(reader.offset, 4)
})

test('a read past the end names its field and leaves the cursor', () => {
  const reader = new Reader(bytes.subarray(0, 7))
  reader.u8('first')
  assert.throws(() => reader.u64le('target name'), { ...INVALID, message: 'target name: 8 bytes wanted, 6 left' })
  assert.throws(() => reader.u64be('x'), INVALID)
  assert.throws(() => reader.take(7, 'x'), INVALID)
  assert.equal(reader.offset, 1)
  assert.equal(reader.take(6, 'rest').length, 6)
})

test('lengths and offsets that are no counts are refused, not clamped', () => {
  const reader = new Reader(bytes)
  for (const bad of [-1, 33, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.throws(() => reader.take(bad, 'x'), INVALID)
    assert.throws(() => reader.skip(bad, 'x'), INVALID)
    assert.throws(() => reader.seek(bad, 'x'), INVALID)
    assert.throws(() => reader.at(bad, 0, 'x'), INVALID)
    assert.throws(() => reader.at(0, bad, 'x'), INVALID)
  }
  assert.throws(() => reader.at(30, 3, 'x'), INVALID)
  assert.equal(reader.at(32, 0, 'empty at the end').length, 0)
  assert.equal(reader.offset, 0)
})

test('seek moves anywhere up to the end; end wants nothing left', () => {
  const reader = new Reader(bytes)
  reader.seek(31, 'x')
  assert.throws(() => reader.end('message'), { ...INVALID, message: 'message: 1 bytes left over' })
  reader.seek(32, 'x')
  reader.end('message')
  reader.seek(0, 'x')
  assert.equal(reader.u8('x'), 0xf0)
})

test('over any input, any sequence of reads either fails with SspiError or stays inside', () => {
  const operation = fc.tuple(
    fc.constantFrom('u8', 'u16le', 'u32le', 'u64le', 'u16be', 'u32be', 'u64be', 'take', 'skip', 'seek', 'at'),
    fc.integer({ min: -2, max: 40 }),
    fc.integer({ min: -2, max: 40 }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 32 }), fc.array(operation, { maxLength: 20 }), (input, operations) => {
      const reader = new Reader(input)
      for (const [name, a, b] of operations) {
        const before = reader.offset
        try {
          if (name === 'at') assert.deepEqual(reader.at(a, b, 'x'), input.slice(a, a + b))
          else if (name === 'take') assert.deepEqual(reader.take(a, 'x'), input.slice(before, before + a))
          else if (name === 'skip' || name === 'seek') reader[name](a, 'x')
          else reader[name]('x')
        } catch (error) {
          assert.ok(error instanceof Error)
          assert.equal(error.name, 'SspiError')
          assert.equal(reader.offset, before)
        }
        assert.ok(reader.offset >= 0 && reader.remaining >= 0 && reader.offset + reader.remaining === input.length)
      }
    }),
  )
})
