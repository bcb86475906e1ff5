import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../property.js'
import { Reader, toHex, Writer } from '../../src/bytes/index.js'

test('numbers are written in both byte orders', () => {
  const writer = new Writer(1)
  writer.u8(1).u16le(0x0203).u16be(0x0203).u32le(0xf4050607).u32be(0xf4050607)
  writer.u64le(0xf8090a0b_0c0d0e0fn).u64be(0xf8090a0b_0c0d0e0fn)
  assert.equal(writer.length, 29)
  assert.equal(toHex(writer.finish()), '0103020203070605f4f40506070f0e0d0c0b0a09f8f8090a0b0c0d0e0f')
})

test('what is written is read back, whatever the reserved size', () => {
  const field = fc.oneof(
    fc.record({ kind: fc.constantFrom('u8' as const), value: fc.nat(0xff) }),
    fc.record({ kind: fc.constantFrom('u16le' as const, 'u16be' as const), value: fc.nat(0xffff) }),
    fc.record({ kind: fc.constantFrom('u32le' as const, 'u32be' as const), value: fc.nat(0xffff_ffff) }),
  )
  const wide = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  fc.assert(
    fc.property(fc.nat(64), fc.array(field), wide, fc.uint8Array(), (capacity, fields, big, tail) => {
      const writer = new Writer(capacity)
      for (const { kind, value } of fields) writer[kind](value)
      const message = writer.u64le(big).u64be(big).bytes(tail).finish()
      const reader = new Reader(message)
      for (const { kind, value } of fields) assert.equal(reader[kind]('x'), value)
      assert.equal(reader.u64le('x'), big)
      assert.equal(reader.u64be('x'), big)
      assert.deepEqual(reader.take(tail.length, 'x'), tail)
      reader.end('x')
    }),
  )
})

test('what finish hands out has memory of its own, and the writer starts anew', () => {
  for (const capacity of [0, 4, 5, 64]) {
    const writer = new Writer(capacity)
    const first = writer.u32be(0x01020304).finish()
    assert.equal(first.buffer.byteLength, 4)
    assert.equal(writer.length, 0)
    const second = writer.zeros(4).u8(9).finish()
    assert.equal(toHex(first), '01020304')
    assert.equal(toHex(second), '0000000009')
  }
})

test('fields can be patched inside of what is written only', () => {
  const writer = new Writer().zeros(8)
  writer.setU16le(0, 0x0102).setU32le(2, 0x03040506).setBytes(6, Uint8Array.of(7, 8))
  assert.throws(() => writer.setU16le(7, 1), TypeError)
  assert.throws(() => writer.setU32le(-1, 1), TypeError)
  assert.throws(() => writer.setBytes(8, Uint8Array.of(1)), TypeError)
  assert.equal(toHex(writer.finish()), '0201060504030708')
})

test('numbers that do not fit are a TypeError, not cut off', () => {
  const writer = new Writer()
  assert.throws(() => writer.u8(256), TypeError)
  assert.throws(() => writer.u8(-1), TypeError)
  assert.throws(() => writer.u16le(0x1_0000), TypeError)
  assert.throws(() => writer.u16be(1.5), TypeError)
  assert.throws(() => writer.u32le(0x8000_0000 | 0), TypeError)
  assert.throws(() => writer.u32be(2 ** 32), TypeError)
  assert.throws(() => writer.u64le(-1n), TypeError)
  assert.throws(() => writer.u64be(2n ** 64n), TypeError)
  for (const value of [-1, 0.5, 2 ** 53, Number.NaN]) assert.throws(() => writer.u53be(value), TypeError)
  assert.throws(() => writer.zeros(-1), TypeError)
  assert.throws(() => writer.zeros(Number.NaN), TypeError)
  assert.equal(writer.length, 0)
})

test('a count of 53 bits reads as a number of 64', () => {
  for (const value of [0, 1, 0xffff_ffff, 0x1_0000_0000, 0x12_3456_789a, Number.MAX_SAFE_INTEGER]) {
    assert.equal(new Reader(new Writer().u53be(value).finish()).u64be('x'), BigInt(value))
  }
})
