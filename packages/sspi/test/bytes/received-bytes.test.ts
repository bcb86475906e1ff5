import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fc } from '../property.js'
import { ReceivedBytes } from '../../src/bytes/index.js'

suite('bytes that came', () => {
  test('wait in their order, whatever is appended and dropped in between', () => {
    const step = fc.record({ append: fc.uint8Array({ maxLength: 300 }), drop: fc.nat(300) })
    const property = fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const received = new ReceivedBytes()
      let expected: number[] = []
      for (const { append, drop } of steps) {
        received.append(append)
        expected.push(...append)
        assert.deepEqual([...received.bytes], expected)
        const count = Math.min(drop, expected.length)
        received.drop(count)
        expected = expected.slice(count)
        assert.deepEqual([...received.bytes], expected)
      }
    })
    fc.assert(property)
  })

  test('are a copy: what they came in may change', () => {
    const received = new ReceivedBytes()
    const chunk = Uint8Array.of(1, 2, 3)
    received.append(chunk)
    chunk.fill(0)
    assert.deepEqual([...received.bytes], [1, 2, 3])
  })

  test('may come one by one and be many', () => {
    const received = new ReceivedBytes()
    for (let i = 0; i < 200_000; i++) received.append(Uint8Array.of(i))
    assert.equal(received.bytes.length, 200_000)
    assert.equal(received.bytes[199_999], 199_999 % 256)
    received.clear()
    assert.equal(received.bytes.length, 0)
    assert.equal(received.bytes.buffer.byteLength, 0, 'large memory is given back')
  })
})
