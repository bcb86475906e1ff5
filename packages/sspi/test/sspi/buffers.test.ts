import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  readMessageLayout,
  readStreamLayout,
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_EXTRA,
  SECBUFFER_PADDING,
  SECBUFFER_READONLY,
  SECBUFFER_READONLY_WITH_CHECKSUM,
  SECBUFFER_STREAM,
  SECBUFFER_TOKEN,
  SecBuffer,
  SecBufferDesc,
  signatureRoom,
} from '../../src/sspi/index.js'

suite('SecBuffer', () => {
  test('is a view of the caller’s memory, as long as cbBuffer says', () => {
    const memory = Uint8Array.of(1, 2, 3, 4)
    const buffer = new SecBuffer(SECBUFFER_DATA, memory.subarray(1))
    assert.equal(buffer.cbBuffer, 3)
    buffer.cbBuffer = 2
    assert.deepEqual(buffer.bytes, Uint8Array.of(2, 3))
    buffer.bytes[0] = 9
    assert.equal(memory[1], 9)
  })

  test('allocates so many bytes, or has none', () => {
    assert.equal(new SecBuffer(SECBUFFER_TOKEN, 12).pvBuffer?.length, 12)
    const none = new SecBuffer(SECBUFFER_TOKEN)
    assert.equal(none.pvBuffer, undefined)
    assert.equal(none.bytes.length, 0)
    none.cbBuffer = 64 // no memory, but a length
    assert.equal(none.bytes.length, 0)
  })

  test('shows a Buffer’s memory as a plain array', () => {
    const buffer = new SecBuffer(SECBUFFER_DATA, Buffer.from([1, 2, 3]))
    assert.ok(!Buffer.isBuffer(buffer.bytes))
    const copy = buffer.bytes.slice()
    copy[0] = 9
    assert.equal(buffer.bytes[0], 1)
  })

  test('refuses a cbBuffer that is no length within its memory', () => {
    const buffer = new SecBuffer(SECBUFFER_DATA, 4)
    for (const cbBuffer of [-1, 5, 1.5, NaN, Infinity]) {
      buffer.cbBuffer = cbBuffer
      assert.throws(() => buffer.bytes, TypeError, `cbBuffer ${cbBuffer}`)
    }
  })

  test('keeps the attributes in the top bits apart from the type', () => {
    const readOnly = new SecBuffer(SECBUFFER_DATA | SECBUFFER_READONLY, 1)
    assert.equal(readOnly.type, SECBUFFER_DATA)
    assert.ok(readOnly.readOnly && !readOnly.readOnlyWithChecksum)
    const checked = new SecBuffer(SECBUFFER_TOKEN | SECBUFFER_READONLY_WITH_CHECKSUM, 1)
    assert.equal(checked.type, SECBUFFER_TOKEN)
    assert.ok(!checked.readOnly && checked.readOnlyWithChecksum)
    assert.equal(checked.bufferType, SECBUFFER_TOKEN | SECBUFFER_READONLY_WITH_CHECKSUM)
  })

  test('becomes another', () => {
    const buffer = new SecBuffer(SECBUFFER_EMPTY)
    buffer.become(SECBUFFER_EXTRA, Uint8Array.of(1))
    assert.equal(buffer.bufferType, SECBUFFER_EXTRA)
    assert.equal(buffer.cbBuffer, 1)
  })

  test('is found by its type, the first of several', () => {
    const buffers = [SECBUFFER_EMPTY, SECBUFFER_DATA, SECBUFFER_DATA].map((type) => new SecBuffer(type, 1))
    const message = new SecBufferDesc(buffers)
    assert.equal(message.cBuffers, 3)
    assert.equal(message.ulVersion, 0)
    assert.equal(message.find(SECBUFFER_DATA), buffers[1])
    assert.equal(message.find(SECBUFFER_TOKEN), undefined)
  })
})

suite('the layout of a message', () => {
  const data = (value: number, attribute = 0): SecBuffer =>
    new SecBuffer(SECBUFFER_DATA | attribute, Uint8Array.of(value))

  test('keeps data in the caller’s order, and tells what is only signed by its view', () => {
    const token = new SecBuffer(SECBUFFER_TOKEN, 4)
    const padding = new SecBuffer(SECBUFFER_PADDING, 1)
    const layout = readMessageLayout(
      new SecBufferDesc([
        data(1),
        new SecBuffer(SECBUFFER_EMPTY),
        data(2, SECBUFFER_READONLY_WITH_CHECKSUM),
        token,
        data(3, SECBUFFER_READONLY),
        padding,
        data(4),
      ]),
    )
    assert.equal(layout.token, token)
    assert.equal(layout.padding, padding)
    assert.deepEqual(
      layout.signed.map((part) => part[0]),
      [1, 2, 4],
    )
    assert.deepEqual(
      layout.sealed.map((part) => part[0]),
      [1, 4],
    )
    assert.deepEqual(
      layout.signed.filter((part) => !layout.sealed.includes(part)),
      [Uint8Array.of(2)],
    )
  })

  test('in one piece needs a data buffer beside it', () => {
    const stream = new SecBuffer(SECBUFFER_STREAM, 4)
    const shown = new SecBuffer(SECBUFFER_DATA)
    assert.deepEqual(readStreamLayout(new SecBufferDesc([shown, stream])), { stream, data: shown })
    assert.equal(readStreamLayout(new SecBufferDesc([shown])), undefined)
    assert.throws(() => readStreamLayout(new SecBufferDesc([stream])), { code: 'SEC_E_INVALID_TOKEN' })
  })

  test('gives a signature the caller’s memory, or its own where there is none', () => {
    const memory = new Uint8Array(8)
    const token = new SecBuffer(SECBUFFER_TOKEN, memory)
    assert.equal(signatureRoom(token, 6).buffer, memory.buffer)
    assert.throws(() => signatureRoom(token, 9), { code: 'SEC_E_BUFFER_TOO_SMALL' })
    token.cbBuffer = 5
    assert.throws(() => signatureRoom(token, 6), { code: 'SEC_E_BUFFER_TOO_SMALL' })
    const none = new SecBuffer(SECBUFFER_TOKEN)
    assert.equal(signatureRoom(none, 6).length, 6)
    assert.equal(none.cbBuffer, 6)
  })
})
