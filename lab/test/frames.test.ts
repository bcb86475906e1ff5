import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import {
  FrameDecoder,
  GssPeerError,
  StreamChannel,
  answerMessages,
  askInfo,
  askMessages,
  decodeIov,
  encodeFrame,
  encodeIov,
  establish,
  pattern,
  quit,
  type Frame,
  type MessageSession,
} from '../src/index.js'

const frames: readonly Frame[] = [
  { type: 'T', payload: pattern(300) },
  { type: 'Q', payload: new Uint8Array() },
  { type: 'N', payload: pattern(1) },
]

test('frames come out whole, however the stream is cut', () => {
  const bytes = Buffer.concat(frames.map(encodeFrame))
  for (const size of [1, 4, 5, 7, 305, bytes.length]) {
    const decoder = new FrameDecoder()
    const got: Frame[] = []
    for (let at = 0; at < bytes.length; at += size) got.push(...decoder.push(bytes.subarray(at, at + size)))
    assert.deepEqual(got, frames)
    assert.equal(decoder.pendingLength, 0)
  }
})

test('an unknown type and an absurd length are refused', () => {
  assert.throws(() => new FrameDecoder().push(Uint8Array.of(0x7a, 0, 0, 0, 0)), /unknown frame type 0x7a/)
  assert.throws(() => new FrameDecoder().push(Uint8Array.of(0x54, 0xff, 0, 0, 0)), /frame of 4278190080 bytes/)
})

test('a stream that ends inside a frame is an error, and after a frame an end', async () => {
  const readable = new PassThrough()
  const channel = new StreamChannel({ readable, writable: new PassThrough() }, { timeoutMilliseconds: 30_000 })
  readable.end(Buffer.concat([encodeFrame(frames[0]!), encodeFrame(frames[0]!).subarray(0, 9)]))
  assert.deepEqual(await channel.receive(), frames[0])
  await assert.rejects(channel.receive(), /the stream ended inside a frame/)
})

test('the fields of an IOV message come back', () => {
  const message = { confidential: true, before: pattern(24), data: pattern(0), after: pattern(8), header: pattern(60) }
  assert.deepEqual(decodeIov(encodeIov(message)), message)
  assert.throws(() => decodeIov(encodeIov(message).subarray(0, 90)), /no 4 fields in 89 bytes/)
})

test('both ends of the message phase understand each other', async () => {
  const { initiator, acceptor } = pair()
  const answered = answerMessages(acceptor, masked, { info: () => ({ mech: 'mask' }) })
  assert.equal((await askInfo(initiator)).mech, 'mask')
  assert.equal(await askMessages(initiator, masked, { kinds: 'WwMAaIi', sizes: [0, 1, 1000] }), 21)
  initiator.send('W', new Uint8Array())
  const refusal = await initiator.receive()
  assert.equal(refusal?.type, 'E')
  await quit(initiator)
  assert.deepEqual(await answered, { messages: 21, refused: ['no token'], quit: true })
})

test('a side that fails in the context phase tells the other why', async () => {
  const { initiator, acceptor } = pair()
  const accepting = establish(acceptor, 'acceptor', () => {
    throw new Error('I do not know you')
  })
  await Promise.all([
    assert.rejects(accepting, /I do not know you/),
    assert.rejects(
      establish(initiator, 'initiator', () => ({ token: pattern(3), done: false })),
      GssPeerError,
    ),
  ])
})

function pair(): { readonly initiator: StreamChannel; readonly acceptor: StreamChannel } {
  const [there, back] = [new PassThrough(), new PassThrough()]
  const options = { timeoutMilliseconds: 30_000 }
  return {
    initiator: new StreamChannel({ readable: back, writable: there }, options),
    acceptor: new StreamChannel({ readable: there, writable: back }, options),
  }
}

/** Protects nothing, but notices what was mixed up. */
const masked: MessageSession = {
  wrap: (message, confidential) => Uint8Array.of(confidential ? 1 : 0, ...message.map(mask)),
  unwrap: (token) => {
    if (token.length === 0) throw new Error('no token')
    return { message: token.slice(1).map(mask), confidential: token[0] === 1 }
  },
  mic: (message) => Uint8Array.of(message.length & 0xff),
  verifyMic: (message, mic) => assert.equal(mic[0], message.length & 0xff),
  wrapAead: (message, associatedData) => Uint8Array.of(associatedData.length, ...message.map(mask)),
  unwrapAead: ({ token, associatedData }) => {
    assert.equal(token[0], associatedData.length)
    return token.slice(1).map(mask)
  },
  wrapIov: (parts) => ({ ...parts, data: parts.data.map(mask), header: Uint8Array.of(parts.after.length) }),
  unwrapIov: ({ data, after, header }) => {
    assert.equal(header[0], after.length)
    return data.map(mask)
  },
}

function mask(byte: number): number {
  return byte ^ 0x5a
}
