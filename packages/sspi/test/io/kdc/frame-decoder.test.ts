import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../../property.js'
import { concatBytes } from '../../../src/bytes/index.js'
import { FrameDecoder, FrameRefused } from '../../../src/io/kdc/frame-decoder.js'
import { framed } from './messages.js'

function decode(chunks: readonly Uint8Array[]): Uint8Array[] {
  const decoder = new FrameDecoder('message', 100_000)
  const messages: Uint8Array[] = []
  for (const chunk of chunks) {
    decoder.push(chunk)
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) messages.push(next)
  }
  return messages
}

test('messages come out as they went in, however the bytes are cut', () => {
  const property = fc.property(
    fc.array(fc.uint8Array({ minLength: 1, maxLength: 9000 }), { maxLength: 5 }),
    fc.array(fc.nat(), { maxLength: 20 }),
    (messages, cuts) => {
      const whole = concatBytes(...messages.map((each) => framed(each)))
      const places = cuts.map((cut) => cut % (whole.length + 1)).sort((a, b) => a - b)
      const edges = [0, ...places, whole.length]
      const chunks = edges.slice(1).map((end, at) => whole.subarray(edges[at], end))
      assert.deepEqual(decode(chunks), messages)
    },
  )
  fc.assert(property)
})

test('a message cut short at any length does not come out', () => {
  const whole = framed(Uint8Array.of(1, 2, 3))
  for (let length = 0; length < whole.length; length++) {
    const decoder = new FrameDecoder('message', 100)
    decoder.push(whole.subarray(0, length))
    assert.equal(decoder.next(), undefined)
    assert.equal(decoder.midFrame, length > 0)
  }
})

test('a length that no message has is refused, and which', () => {
  for (const [length, problem] of [
    [0, 'empty'],
    [101, 'too long'],
    [0x7fff_ffff, 'too long'],
    [0x8000_0000, 'reserved bit'],
    [0xffff_ffff, 'reserved bit'],
  ] as const) {
    const decoder = new FrameDecoder('message', 100)
    decoder.push(framed(new Uint8Array(0), length))
    assert.throws(
      () => decoder.next(),
      (error) => error instanceof FrameRefused && error.problem === problem,
    )
  }
})
