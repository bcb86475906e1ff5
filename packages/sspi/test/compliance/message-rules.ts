import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  SEC_E_OK,
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_PADDING,
  SECBUFFER_READONLY,
  SECBUFFER_READONLY_WITH_CHECKSUM,
  SECBUFFER_STREAM,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_SIZES,
  SecBuffer,
  SecBufferDesc,
} from '../../src/sspi/index.js'
import { fc } from '../property.js'
import { bytesOf, establish, holdsNothingOf, join, refused, type Pair, type Party } from './pair.js'
import type { PackageSetup } from './setup.js'

const TEXT = bytesOf('Attack at dawn, or a little later.')

/** The orders of buffers that every package takes; a letter for each: Token, Data, Empty, Read-only, Checksum only. */
const LAYOUTS = ['TD', 'DT', 'TDD', 'DTD', 'DDDT', 'ETED', 'EDETE', 'TDR', 'RDT', 'CDT', 'TDC', 'CDCDTRE'] as const

/** How messages are protected, and how they are refused. */
export function messageRules(setup: PackageSetup): void {
  for (const layout of LAYOUTS) {
    test(`makeSignature, verifySignature: buffers in the order ${layout}`, async () => {
      for (const [from, to] of bothWays(await establish(setup))) {
        const sent = buffers(layout)
        from.sign(...sent)
        for (const [index, buffer] of sent.entries()) {
          if (layout[index] !== 'T') assert.deepEqual(buffer.bytes, buffers(layout)[index]!.bytes, 'data was changed')
        }
        to.verify(...copies(sent))
        // What is signed: all data but the read-only.
        const next = buffers(layout)
        from.sign(...next)
        for (const [index, letter] of Array.from(layout).entries()) {
          if (letter !== 'D' && letter !== 'C') continue
          const changed = copies(next)
          changed[index]!.bytes[0]! ^= 1 // every data buffer has bytes
          refused(() => to.verify(...changed), `changed ${letter} at ${index}`)
        }
        const unsigned = copies(next)
        for (const [index, letter] of Array.from(layout).entries()) if (letter === 'R') unsigned[index]!.bytes.fill(0)
        to.verify(...unsigned)
      }
    })

    test(`encryptMessage, decryptMessage: buffers in the order ${layout}`, async () => {
      for (const [from, to] of bothWays(await establish(setup))) {
        const sent = buffers(layout)
        from.seal(...sent)
        for (const [index, letter] of Array.from(layout).entries()) {
          const before = buffers(layout)[index]!.bytes
          if (letter === 'D') holdsNothingOf(before, sent[index]!.bytes, `buffer ${index} after sealing`)
          if (letter === 'C' || letter === 'R') assert.deepEqual(sent[index]!.bytes, before, 'read-only was changed')
        }
        for (const [index, letter] of Array.from(layout).entries()) {
          if (letter !== 'D' && letter !== 'C') continue
          const changed = copies(sent)
          changed[index]!.bytes[0]! ^= 1
          refused(() => to.unseal(...changed), `changed ${letter} at ${index}`)
        }
        const received = copies(sent)
        to.unseal(...received)
        for (const [index, letter] of Array.from(layout).entries()) {
          if (letter === 'D') assert.deepEqual(received[index]!.bytes, buffers(layout)[index]!.bytes)
        }
      }
    })
  }

  test('a sealed message in one piece opens as a stream, in its own memory', async () => {
    for (const [from, to] of bothWays(await establish(setup))) {
      const whole = from.inOnePiece(from.sealed(TEXT))
      const plain = new SecBuffer(SECBUFFER_DATA)
      to.unseal(plain, new SecBuffer(SECBUFFER_EMPTY), new SecBuffer(SECBUFFER_STREAM, whole))
      assert.deepEqual(plain.bytes, TEXT)
      assert.equal(plain.type, SECBUFFER_DATA)
      assert.equal(plain.pvBuffer?.buffer, whole.buffer)
      assert.throws(() => to.unseal(new SecBuffer(SECBUFFER_STREAM, whole)), { code: 'SEC_E_INVALID_TOKEN' })
    }
  })

  test('a stream that is cut short or changed is refused, and the right one opens then', async () => {
    const { client, server } = await establish(setup)
    const { token, data } = client.sealed(TEXT)
    const whole = client.inOnePiece({ token, data })
    for (let length = 0; length < whole.length; length++) {
      refuseStream(server, whole.slice(0, length), `${length} bytes`)
    }
    for (let at = 0; at < whole.length; at++) {
      const changed = whole.slice()
      changed[at]! ^= 0x20 // bounded by the loop
      refuseStream(server, changed, `byte ${at}`)
    }
    assert.deepEqual(server.openedStream({ token, data }), TEXT)
  })

  test('messages of any length survive, empty ones too', async () => {
    for (const [from, to] of bothWays(await establish(setup))) {
      for (const length of [0, 1, 7, 8, 15, 16, 17, 255, 4096, 65_536]) {
        const message = new Uint8Array(length).fill(length & 0xff)
        assert.deepEqual(to.opened(from.sealed(message)), message)
        assert.deepEqual(to.openedStream(from.sealed(message)), message)
        to.check(message, from.signatureOf(message))
      }
    }
  })

  test('a change to any byte of a signed message is refused, and the right one is accepted then', async () => {
    for (const [from, to] of bothWays(await establish(setup))) {
      const signature = from.signatureOf(TEXT)
      eachByteChanged(signature, (changed, at) => refused(() => to.check(TEXT, changed), `signature, byte ${at}`))
      eachByteChanged(TEXT, (changed, at) => refused(() => to.check(changed, signature), `data, byte ${at}`))
      for (let length = 0; length < signature.length; length++) {
        refused(() => to.check(TEXT, signature.slice(0, length)), `signature of ${length} bytes`)
      }
      refused(() => to.check(TEXT.slice(1), signature), 'less data')
      refused(() => to.check(join(TEXT, TEXT), signature), 'more data')
      to.check(TEXT, signature)
    }
  })

  test('a change to any byte of a sealed message is refused, shows nothing, and the right one opens then', async () => {
    for (const [from, to] of bothWays(await establish(setup))) {
      const { token, data } = from.sealed(TEXT)
      const refuse = (badToken: Uint8Array, badData: Uint8Array, what: string): void => {
        const shown = new SecBuffer(SECBUFFER_DATA, badData.slice())
        refused(() => to.unseal(new SecBuffer(SECBUFFER_TOKEN, badToken.slice()), shown), what)
        holdsNothingOf(TEXT, shown.bytes, what)
      }
      eachByteChanged(token, (changed, at) => refuse(changed, data, `token, byte ${at}`))
      eachByteChanged(data, (changed, at) => refuse(token, changed, `data, byte ${at}`))
      for (let length = 0; length < token.length; length++) {
        refuse(token.slice(0, length), data, `token of ${length} bytes`)
      }
      refuse(token, data.slice(1), 'less data')
      assert.deepEqual(to.opened({ token, data }), TEXT)
    }
  })

  test('a message that comes again is refused, and the next is accepted', async () => {
    for (const [from, to] of bothWays(await establish(setup))) {
      const first = from.sealed(TEXT)
      assert.deepEqual(to.opened(first), TEXT)
      refused(() => to.opened(first), 'sealed, again')
      const signature = from.signatureOf(TEXT)
      to.check(TEXT, signature)
      refused(() => to.check(TEXT, signature), 'signed, again')
      refused(() => to.opened(first), 'sealed, much later')
      assert.deepEqual(to.opened(from.sealed(TEXT)), TEXT)
    }
  })

  test('messages out of order, or after a gap, are refused until the right one comes', async () => {
    for (const [from, to] of bothWays(await establish(setup))) {
      const messages = ['one', 'two', 'three', 'four'].map((word) => bytesOf(`message number ${word}`))
      const sealed = messages.map((message) => from.sealed(message))
      for (const [index, message] of messages.entries()) {
        for (let later = index + 1; later < sealed.length; later++) {
          const shown = new SecBuffer(SECBUFFER_DATA, sealed[later]!.data.slice())
          refused(
            () => to.unseal(new SecBuffer(SECBUFFER_TOKEN, sealed[later]!.token.slice()), shown),
            `${later} before ${index}`,
          )
          holdsNothingOf(messages[later]!, shown.bytes, 'out of order')
        }
        assert.deepEqual(to.opened(sealed[index]!), message)
      }
      const signatures = messages.map((message) => from.signatureOf(message))
      refused(() => to.check(messages[2]!, signatures[2]!), 'signed, after a gap')
      for (const [index, message] of messages.entries()) to.check(message, signatures[index]!)
    }
  })

  test('a message goes one way only, and as what it was made', async () => {
    const { client, server } = await establish(setup)
    refused(() => client.check(TEXT, client.signatureOf(TEXT)), 'signed, back to its sender')
    refused(() => server.opened(server.sealed(TEXT)), 'sealed, back to its sender')
    const fresh = await establish(setup)
    const sealed = fresh.client.sealed(TEXT)
    refused(() => fresh.server.check(sealed.data, sealed.token), 'sealed, taken for signed')
    assert.deepEqual(fresh.server.opened(sealed), TEXT)
    const signature = fresh.client.signatureOf(TEXT)
    refused(() => fresh.server.opened({ token: signature, data: TEXT }), 'signed, taken for sealed')
    fresh.server.check(TEXT, signature)
  })

  test('SECPKG_ATTR_SIZES are what messages need: exact room does, one byte less does not and harms nothing', async () => {
    for (const [from, to] of bothWays(await establish(setup))) {
      const { maxSignature, securityTrailer } = from.table.queryContextAttributes(from.ctx, SECPKG_ATTR_SIZES)
      const actual = { sign: from.signatureOf(TEXT), seal: from.sealed(TEXT) }
      to.check(TEXT, actual.sign)
      to.opened(actual.seal)
      assert.ok(actual.sign.length <= maxSignature && actual.seal.token.length <= securityTrailer)

      const memory = new Uint8Array(actual.sign.length + 4).fill(0x55)
      const short = new SecBuffer(SECBUFFER_TOKEN, memory.subarray(0, actual.sign.length - 1))
      assert.throws(() => from.sign(new SecBuffer(SECBUFFER_DATA, TEXT), short), { code: 'SEC_E_BUFFER_TOO_SMALL' })
      assert.ok(
        memory.every((byte) => byte === 0x55),
        'the short buffer was written to',
      )
      const data = new SecBuffer(SECBUFFER_DATA, TEXT.slice())
      const trailer = new SecBuffer(SECBUFFER_TOKEN, actual.seal.token.length - 1)
      assert.throws(() => from.seal(trailer, data), { code: 'SEC_E_BUFFER_TOO_SMALL' })
      assert.deepEqual(data.bytes, TEXT, 'data was changed')
      assert.equal(trailer.cbBuffer, actual.seal.token.length - 1)

      // A buffer's cbBuffer is its room, however much memory lies behind it; and neither is overrun.
      const large = new SecBuffer(SECBUFFER_TOKEN, new Uint8Array(maxSignature + 32).fill(0x55))
      large.cbBuffer = maxSignature
      from.sign(new SecBuffer(SECBUFFER_DATA, TEXT), large)
      assert.ok(
        large.pvBuffer!.subarray(maxSignature).every((byte) => byte === 0x55),
        'the buffer was overrun',
      )
      to.check(TEXT, large.bytes)
      const exact = new SecBuffer(SECBUFFER_TOKEN, securityTrailer)
      from.seal(data, exact)
      assert.deepEqual(to.opened({ token: exact.bytes, data: data.bytes }), TEXT)
    }
  })

  test('messages without a token or without data, with two tokens or a strange buffer are refused untouched', async () => {
    for (const [from, to] of bothWays(await establish(setup))) {
      const token = (): SecBuffer => new SecBuffer(SECBUFFER_TOKEN, 64)
      const data = (): SecBuffer => new SecBuffer(SECBUFFER_DATA, TEXT.slice())
      const wrong = [
        [data(), data()],
        [token()],
        [token(), token(), data()],
        [token(), data(), new SecBuffer(SECBUFFER_PADDING, 1), new SecBuffer(SECBUFFER_PADDING, 1)],
        [token(), data(), new SecBuffer(0x7f, 4)],
        [],
      ]
      for (const message of wrong) {
        const calls = [
          () => from.sign(...message),
          () => from.seal(...message),
          () => to.verify(...message),
          () => to.unseal(...message),
        ]
        for (const call of calls) assert.throws(call, { code: 'SEC_E_INVALID_TOKEN' })
        for (const buffer of message) if (buffer.type === SECBUFFER_DATA) assert.deepEqual(buffer.bytes, TEXT)
      }
      assert.deepEqual(to.opened(from.sealed(TEXT)), TEXT)
    }
  })

  test('a quality of protection that does not exist is refused untouched', async () => {
    for (const [from, to] of bothWays(await establish(setup))) {
      const data = new SecBuffer(SECBUFFER_DATA, TEXT.slice())
      const message = new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, 64), data])
      const error = { code: 'SEC_E_QOP_NOT_SUPPORTED' }
      assert.throws(() => from.table.makeSignature(from.ctx, 0x1234, message), error)
      assert.throws(() => from.table.encryptMessage(from.ctx, 0x1234, message), error)
      assert.deepEqual(data.bytes, TEXT)
      assert.deepEqual(to.opened(from.sealed(TEXT)), TEXT)
    }
  })

  test('any conversation survives: sealed and signed, both ways, in any pieces', async () => {
    const turn = fc.record({
      way: fc.boolean(),
      sealed: fc.boolean(),
      stream: fc.boolean(),
      parts: fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { maxLength: 30 }), async (turns) => {
        const { client, server } = await establish(setup)
        for (const { way, sealed, stream, parts } of turns) {
          const [from, to] = way ? [client, server] : [server, client]
          const token = new SecBuffer(SECBUFFER_TOKEN)
          const data = parts.map((part) => new SecBuffer(SECBUFFER_DATA, part.slice()))
          if (!sealed) {
            from.sign(token, ...data)
            to.verify(...data, token)
            continue
          }
          from.seal(...data, token)
          const text = join(...data.map((each) => each.bytes))
          const opened = stream
            ? to.openedStream({ token: token.bytes, data: text })
            : to.opened({ token: token.bytes, data: text })
          assert.deepEqual(opened, join(...parts))
        }
        client.end()
        server.end()
      }),
      { numRuns: 30, seed: 7 },
    )
  })
}

/** Client to server, then server to client, over the same pair. */
function bothWays({ client, server }: Pair): readonly (readonly [Party, Party])[] {
  return [
    [client, server],
    [server, client],
  ]
}

function buffers(layout: string): readonly SecBuffer[] {
  return Array.from(layout).map((letter, index) => {
    const data = bytesOf(`buffer number ${index} of the message`)
    switch (letter) {
      case 'T':
        return new SecBuffer(SECBUFFER_TOKEN)
      case 'E':
        return new SecBuffer(SECBUFFER_EMPTY)
      case 'R':
        return new SecBuffer(SECBUFFER_DATA | SECBUFFER_READONLY, data)
      case 'C':
        return new SecBuffer(SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, data)
      default:
        return new SecBuffer(SECBUFFER_DATA, data)
    }
  })
}

function copies(message: readonly SecBuffer[]): readonly SecBuffer[] {
  return message.map((buffer) =>
    buffer.type === SECBUFFER_EMPTY
      ? new SecBuffer(SECBUFFER_EMPTY)
      : new SecBuffer(buffer.bufferType, buffer.bytes.slice()),
  )
}

function eachByteChanged(bytes: Uint8Array, look: (changed: Uint8Array, at: number) => void): void {
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice()
    changed[at]! ^= 1 << (at % 8) // bounded by the loop
    look(changed, at)
  }
}

/** A stream must be refused, or be found to be incomplete; its memory shows nothing then. */
function refuseStream(to: Party, whole: Uint8Array, what: string): void {
  const message = new SecBufferDesc([new SecBuffer(SECBUFFER_STREAM, whole), new SecBuffer(SECBUFFER_DATA)])
  refused(() => {
    const { status } = to.table.decryptMessage(to.ctx, message)
    assert.equal(status, SEC_E_OK, what)
  }, what)
  holdsNothingOf(TEXT, whole.subarray(Math.max(0, whole.length - TEXT.length)), what)
}
