import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { fc } from '../property.js'
import { FrameChannel } from '../../src/net/frame-channel.js'
import { FrameType, writeFrame, type Frame } from '../../src/net/framing.js'

/** What a channel makes of chunks. */
async function framesOf(chunks: readonly Uint8Array[], maxPayload = 1000): Promise<Frame[]> {
  const transport = new PassThrough()
  const channel = new FrameChannel(transport, maxPayload)
  const frames: Frame[] = []
  const done = new Promise<void>((resolve, reject) => {
    const look = () => {
      try {
        for (let frame = channel.next(); frame !== undefined; frame = channel.next()) frames.push(frame)
        if (channel.state === 'ended') resolve()
      } catch (error) {
        const failure = error as Error
        reject(failure)
      }
    }
    channel.listener = { readable: look, failed: look }
    look()
  })
  for (const chunk of chunks) transport.write(chunk)
  transport.end()
  await done
  return frames
}

const frame = fc.record({
  type: fc.constantFrom(...Object.values(FrameType)),
  payload: fc.uint8Array({ maxLength: 300 }),
})

test('frames come out as they went in, wherever the transport cuts them', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(frame, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 50 })),
      async (sent, cuts) => {
        let rest = Buffer.concat(sent.map(({ type, payload }) => writeFrame(type, payload)))
        const chunks: Buffer[] = []
        for (let i = 0; rest.length > 0; i++) {
          const length = cuts[i % Math.max(cuts.length, 1)] ?? rest.length
          chunks.push(rest.subarray(0, length))
          rest = rest.subarray(length)
        }
        const plain = sent.map(({ type, payload }) => ({ type, payload: Uint8Array.from(payload) }))
        assert.deepEqual(await framesOf(chunks), plain)
      },
    ),
    { numRuns: 200 },
  )
})

test('a frame is length, type, payload', () => {
  assert.equal(
    Buffer.from(writeFrame(FrameType.SEALED, Buffer.from('ab'), Buffer.from('c'))).toString('hex'),
    '0000000302616263',
  )
})

test('a frame that is too long is refused by its header, before anything of it is kept', async () => {
  await assert.rejects(framesOf([Buffer.from('ffffffff01', 'hex')]), { code: 'SEC_E_INVALID_TOKEN' })
  await assert.rejects(framesOf([Buffer.from('000003e901', 'hex')]), { code: 'SEC_E_INVALID_TOKEN' })
  assert.equal((await framesOf([writeFrame(FrameType.TOKEN, new Uint8Array(1000))])).length, 1)
})

test('a type that nobody knows is refused', async () => {
  for (const type of ['00', '05', 'ff']) {
    await assert.rejects(framesOf([Buffer.from(`00000000${type}`, 'hex')]), { code: 'SEC_E_INVALID_TOKEN' })
  }
})

test('other protocols are refused by their first bytes', async () => {
  const greetings = [
    'GET / HTTP/1.1\r\n',
    'SSH-2.0-OpenSSH_9.6\r\n',
    '\x16\x03\x01\x02\x00\x01',
    'EHLO a\r\n',
    '\r\n\r\n\r\n',
  ]
  for (const greeting of greetings) {
    await assert.rejects(framesOf([Buffer.from(greeting, 'latin1')], 65_536), { code: 'SEC_E_INVALID_TOKEN' })
  }
})

test('a frame cut short is no frame, at every length', async () => {
  const whole = writeFrame(FrameType.TOKEN, Buffer.from('abcdef'))
  for (let length = 0; length < whole.length; length++) {
    assert.deepEqual(await framesOf([whole.subarray(0, length)]), [])
  }
})

test('a payload has no slice that shares its memory', async () => {
  const [first] = await framesOf([writeFrame(FrameType.TOKEN, Buffer.from('ab'))])
  assert.ok(first !== undefined && !Buffer.isBuffer(first.payload))
})

test('a transport that carries no bytes is the caller’s mistake', () => {
  assert.throws(() => new FrameChannel(new PassThrough({ objectMode: true }), 1000), TypeError)
  assert.throws(() => new FrameChannel(new PassThrough().setEncoding('utf8'), 1000), TypeError)
})
