import { SspiError } from '../status/index.js'
import { type SecBuffer, type SecBufferDesc } from './buffer.js'
import {
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_PADDING,
  SECBUFFER_STREAM,
  SECBUFFER_TOKEN,
} from './constants/index.js'

/**
 * A message in the layout of the token packages (NTLM, Kerberos, Negotiate, Digest): where the signature goes, what is
 * data, where padding goes. The data stays in the caller's order, since the signature covers it in that order.
 */
export interface MessageLayout {
  /** Where the signature is written to or read from. */
  readonly token: SecBuffer
  /** Every buffer that the signature covers: data, and read-only data with checksum. */
  readonly signed: readonly Uint8Array[]
  /** Of those, the ones that are encrypted in place: the same views, so that the others can be told from them. */
  readonly sealed: readonly Uint8Array[]
  /** The padding buffer, where there is one. */
  readonly padding: SecBuffer | undefined
}

/**
 * Finds token, data and padding among a caller's buffers, whatever their order.
 *
 * `SECBUFFER_READONLY` data is left alone altogether; `SECBUFFER_READONLY_WITH_CHECKSUM` data is signed, not encrypted.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when there is no token buffer or no data buffer, when there are two
 *   token or padding buffers, or when a buffer has a type that such a message cannot have. Nothing was changed.
 */
export function readMessageLayout(message: SecBufferDesc): MessageLayout {
  let token: SecBuffer | undefined
  let padding: SecBuffer | undefined
  let data = 0
  const signed: Uint8Array[] = []
  const sealed: Uint8Array[] = []
  for (const buffer of message.buffers) {
    switch (buffer.type) {
      case SECBUFFER_TOKEN:
        token = onlyOne(token, buffer, 'SECBUFFER_TOKEN')
        break
      case SECBUFFER_PADDING:
        padding = onlyOne(padding, buffer, 'SECBUFFER_PADDING')
        break
      case SECBUFFER_DATA:
        data++
        if (buffer.readOnly) break
        signed.push(buffer.bytes)
        if (!buffer.readOnlyWithChecksum) sealed.push(signed.at(-1)!) // just pushed
        break
      case SECBUFFER_EMPTY:
        break
      default:
        throw new SspiError('SEC_E_INVALID_TOKEN', `message: a buffer of type ${buffer.type} has no place in it`)
    }
  }
  if (token === undefined) throw new SspiError('SEC_E_INVALID_TOKEN', 'message: no buffer of type SECBUFFER_TOKEN')
  if (data === 0) throw new SspiError('SEC_E_INVALID_TOKEN', 'message: no buffer of type SECBUFFER_DATA')
  return { token, signed, sealed, padding }
}

/** A message that came as one piece: the whole in a `SECBUFFER_STREAM`, the plaintext to be shown in a `SECBUFFER_DATA`. */
export interface StreamLayout {
  /** What came, whole or not. */
  readonly stream: SecBuffer
  /** Becomes a view of the plaintext inside the stream. */
  readonly data: SecBuffer
}

/**
 * The stream form of a message, `undefined` when there is no `SECBUFFER_STREAM`.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when there is a stream buffer but no data buffer beside it.
 */
export function readStreamLayout(message: SecBufferDesc): StreamLayout | undefined {
  const stream = message.find(SECBUFFER_STREAM)
  if (stream === undefined) return undefined
  const data = message.find(SECBUFFER_DATA)
  if (data === undefined) {
    throw new SspiError('SEC_E_INVALID_TOKEN', 'message: SECBUFFER_STREAM needs a SECBUFFER_DATA beside it')
  }
  return { stream, data }
}

/**
 * The room for a signature in a message's token buffer; allocates it where the buffer has no memory.
 *
 * @throws {@link SspiError} `SEC_E_BUFFER_TOO_SMALL` when the caller's memory is too short. Nothing was changed.
 */
export function signatureRoom(token: SecBuffer, length: number): Uint8Array {
  if (token.pvBuffer === undefined) {
    token.pvBuffer = new Uint8Array(length)
    token.cbBuffer = length
  }
  const room = Math.min(token.cbBuffer, token.pvBuffer.length)
  if (room < length) {
    throw new SspiError('SEC_E_BUFFER_TOO_SMALL', `message: the token buffer has ${room} bytes, ${length} are needed`)
  }
  return token.pvBuffer.subarray(0, length)
}

function onlyOne(before: SecBuffer | undefined, buffer: SecBuffer, name: string): SecBuffer {
  if (before !== undefined) throw new SspiError('SEC_E_INVALID_TOKEN', `message: more than one buffer of type ${name}`)
  return buffer
}
