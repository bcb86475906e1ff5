import { concatBytes } from '../bytes/index.js'
import { SEC_E_OK, SEC_I_CONTEXT_EXPIRED, SEC_I_RENEGOTIATE, SspiError } from '../status/index.js'
import type { StreamSizes } from './attributes.js'
import { SecBuffer, SecBufferDesc } from './buffer.js'
import {
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_EXTRA,
  SECBUFFER_STREAM_HEADER,
  SECBUFFER_STREAM_TRAILER,
  SECBUFFER_TOKEN,
} from './constants/index.js'
import type { CtxtHandle } from './handles.js'
import type { LevelOne } from './level-one.js'

// Messages of packages whose messages are records in a stream (Schannel), for the second level.

/** A message as records, one behind the other; at least one. What the protocol itself has to say first stands in front. */
export function sealRecords(
  table: LevelOne,
  context: CtxtHandle,
  sizes: StreamSizes,
  message: Uint8Array,
  qop: number,
): Uint8Array {
  const records: Uint8Array[] = []
  let at = 0
  do {
    const piece = message.subarray(at, at + sizes.maximumMessage)
    at += piece.length
    const end = sizes.header + piece.length
    const out = new Uint8Array(end + sizes.trailer)
    out.set(piece, sizes.header)
    const first = new SecBuffer(SECBUFFER_TOKEN)
    const parts = [
      new SecBuffer(SECBUFFER_STREAM_HEADER, out.subarray(0, sizes.header)),
      new SecBuffer(SECBUFFER_DATA, out.subarray(sizes.header, end)),
      new SecBuffer(SECBUFFER_STREAM_TRAILER, out.subarray(end)),
    ]
    table.encryptMessage(context, qop, new SecBufferDesc([first, ...parts]))
    if (first.cbBuffer > 0) records.push(first.bytes)
    const length = parts.reduce((sum, part) => sum + part.cbBuffer, 0)
    records.push(out.subarray(0, length))
  } while (at < message.length)
  return records.length === 1 ? records[0]! : concatBytes(...records)
}

/** Opens whole records in their own memory; the message in them, which is a copy where there are several. */
export function unsealRecords(table: LevelOne, context: CtxtHandle, records: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = []
  let rest: Uint8Array | undefined = records
  while (rest !== undefined) {
    const buffers = [SECBUFFER_DATA, SECBUFFER_EMPTY, SECBUFFER_EMPTY, SECBUFFER_EMPTY].map(
      (type) => new SecBuffer(type),
    )
    buffers[0]!.become(SECBUFFER_DATA, rest) // four of them
    const message = new SecBufferDesc(buffers)
    const { status } = table.decryptMessage(context, message)
    if (status === SEC_I_CONTEXT_EXPIRED) {
      throw new SspiError('SEC_E_CONTEXT_EXPIRED', 'the peer has closed its side: there are no more messages')
    }
    // SEC_I_RENEGOTIATE: what is to be said to the peer goes in front of the next message.
    if (status !== SEC_E_OK && status !== SEC_I_RENEGOTIATE) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `a sealed message ends in a record of ${rest.length} bytes, not whole`)
    }
    const data = message.find(SECBUFFER_DATA)
    if (data !== undefined) pieces.push(data.bytes)
    rest = message.find(SECBUFFER_EXTRA)?.bytes
  }
  return pieces.length === 1 ? pieces[0]! : concatBytes(...pieces)
}
