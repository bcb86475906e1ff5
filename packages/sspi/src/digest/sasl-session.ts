import { wipe, type SecretBytes } from '../crypto/index.js'
import {
  never,
  readMessageLayout,
  readStreamLayout,
  SECQOP_WRAP_NO_ENCRYPT,
  signatureRoom,
  SspiError,
  type ContextAttribute,
  type ContextAttributes,
  type Identity,
  type MessageLayout,
  type SecBufferDesc,
  type SecPkgInfo,
  type Session,
  type Unsealed,
} from '../sspi/index.js'
import { MessageStream, START, TOKEN_LENGTH, type StreamPosition } from './message-stream.js'
import { saslAttributes } from './session-attributes.js'
import { writeSession } from './session-export.js'
import type { SaslParts, SessionPositions } from './session-parts.js'

/** An established SASL context: signs, and seals where a cipher was agreed on. */
export class SaslSession implements Session {
  readonly contextAttr: number
  readonly expiry: Date = never()
  readonly peer: Identity | undefined
  readonly #parts: SaslParts
  readonly #info: SecPkgInfo
  /** `undefined` where messages are not protected. */
  #streams: Streams | undefined
  #ended = false

  /** @param at - for an imported session, where it goes on. Default: the start. */
  constructor(parts: SaslParts, info: SecPkgInfo, at: SessionPositions = { sent: START, received: START }) {
    this.#parts = parts
    this.#info = info
    this.contextAttr = parts.contextAttr
    this.peer = parts.peer
    this.#streams = parts.qop === 'auth' ? undefined : openStreams(parts, at)
  }

  /** @throws `SspiError` `SEC_E_QOP_NOT_SUPPORTED` for any `qop` but 0, and where integrity was not negotiated. */
  sign(message: SecBufferDesc, qop: number): void {
    if (qop !== 0) throw badQop(qop)
    this.#sign(readMessageLayout(message))
  }

  verify(message: SecBufferDesc): number {
    const { token, signed } = readMessageLayout(message)
    this.#live('received').verify(signed, token.bytes)
    return 0
  }

  /**
   * Padding goes into the padding buffer, where there is one, else into the token in front of the rest of it.
   *
   * @param qop - 0, or `SECQOP_WRAP_NO_ENCRYPT` to sign only, in contexts without a cipher: in others the peer could not tell.
   * @throws `SspiError` `SEC_E_QOP_NOT_SUPPORTED` where confidentiality was not negotiated.
   */
  seal(message: SecBufferDesc, qop: number): void {
    if (qop !== 0 && qop !== SECQOP_WRAP_NO_ENCRYPT) throw badQop(qop)
    const layout = readMessageLayout(message)
    if (qop === SECQOP_WRAP_NO_ENCRYPT) {
      if (this.#parts.cipher !== undefined) throw badQop(qop)
      this.#sign(layout)
      return
    }
    const stream = this.#sealing('sent')
    const padding = stream.paddingLength(lengthOf(layout.sealed))
    this.#checkLength(lengthOf(layout.sealed) + padding + TOKEN_LENGTH)
    if (layout.padding === undefined) {
      const room = signatureRoom(layout.token, padding + TOKEN_LENGTH)
      stream.seal(layout, [room])
      layout.token.cbBuffer = room.length
      return
    }
    const between = signatureRoom(layout.padding, padding)
    const room = signatureRoom(layout.token, TOKEN_LENGTH)
    stream.seal(layout, [between, room])
    layout.padding.cbBuffer = padding
    layout.token.cbBuffer = TOKEN_LENGTH
  }

  /**
   * As {@link SaslSession.seal}. In the stream form, the stream is a packet of RFC 2831 without its length: data, padding, token. Where
   * messages are signed only, their quality of protection is `SECQOP_WRAP_NO_ENCRYPT`.
   */
  unseal(message: SecBufferDesc): Unsealed {
    const stream = readStreamLayout(message)
    if (stream === undefined) {
      const { token, signed, sealed, padding } = readMessageLayout(message)
      const behind = padding === undefined ? [token.bytes] : [padding.bytes, token.bytes]
      this.#sealing('received').unseal({ signed, sealed }, behind, 'parts')
      return { kind: 'message', qop: 0 }
    }
    const { bytes } = stream.stream
    if (bytes.length < TOKEN_LENGTH) {
      throw new SspiError(
        'SEC_E_INVALID_TOKEN',
        `Digest: a protected message of ${bytes.length} bytes, the token alone has ${TOKEN_LENGTH}`,
      )
    }
    if (this.#parts.cipher === undefined) {
      const data = bytes.subarray(0, -TOKEN_LENGTH)
      this.#live('received').verify([data], bytes.subarray(-TOKEN_LENGTH))
      stream.data.become(stream.data.bufferType, data)
      return { kind: 'message', qop: SECQOP_WRAP_NO_ENCRYPT }
    }
    const sealed = [bytes.subarray(0, -NUMBER_LENGTH)]
    const behind = [bytes.subarray(-NUMBER_LENGTH)]
    const length = this.#sealing('received').unseal({ signed: sealed, sealed }, behind, 'stream')
    stream.data.become(stream.data.bufferType, bytes.subarray(0, length))
    return { kind: 'message', qop: 0 }
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    if (this.#ended) return undefined
    return saslAttributes(this.#parts, this.#info)[attribute]?.()
  }

  /** The session as bytes; it is ended. */
  export(): SecretBytes {
    if (this.#ended) throw ended()
    const blob = writeSession(this.#parts, {
      sent: positionOf(this.#streams?.sent),
      received: positionOf(this.#streams?.received),
    })
    this.dispose()
    return blob
  }

  /** Wipes every key. Calling it again is harmless. */
  dispose(): void {
    this.#ended = true
    this.#streams?.sent.dispose()
    this.#streams?.received.dispose()
    this.#streams = undefined
    wipe(this.#parts.ha1)
  }

  #sign(layout: MessageLayout): void {
    const stream = this.#live('sent')
    this.#checkLength(lengthOf(layout.signed) + TOKEN_LENGTH)
    const room = signatureRoom(layout.token, TOKEN_LENGTH)
    stream.sign(layout.signed, room)
    layout.token.cbBuffer = TOKEN_LENGTH
    if (layout.padding !== undefined) layout.padding.cbBuffer = 0
  }

  /** RFC 2831 §2.1.1: the peer has said how long a packet may be. */
  #checkLength(length: number): void {
    if (length <= this.#parts.peerMaxbuf) return
    throw new SspiError(
      'SEC_E_INSUFFICIENT_MEMORY',
      `Digest: a packet of ${length} bytes, the peer reads at most ${this.#parts.peerMaxbuf}: send less at once`,
    )
  }

  #sealing(direction: keyof Streams): MessageStream {
    const stream = this.#live(direction)
    if (this.#parts.cipher !== undefined) return stream
    throw new SspiError(
      'SEC_E_QOP_NOT_SUPPORTED',
      'Digest: confidentiality was not negotiated, messages cannot be encrypted; SECQOP_WRAP_NO_ENCRYPT signs only',
    )
  }

  #live(direction: keyof Streams): MessageStream {
    if (this.#ended) throw ended()
    if (this.#streams !== undefined) return this.#streams[direction]
    throw new SspiError('SEC_E_QOP_NOT_SUPPORTED', 'Digest: neither integrity nor confidentiality was negotiated')
  }
}

/** Version and number of a token, which are never encrypted. */
const NUMBER_LENGTH = 6

interface Streams {
  readonly sent: MessageStream
  readonly received: MessageStream
}

function openStreams({ side, ha1, cipher }: SaslParts, at: SessionPositions): Streams {
  const peer = side === 'initiator' ? 'acceptor' : 'initiator'
  return {
    sent: new MessageStream({ ha1, cipher, sender: side }, at.sent),
    received: new MessageStream({ ha1, cipher, sender: peer }, at.received),
  }
}

function positionOf(stream: MessageStream | undefined): StreamPosition {
  return stream === undefined ? START : { sequence: stream.sequence, cipherState: stream.exportState() }
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}

function badQop(qop: number): SspiError {
  return new SspiError(
    'SEC_E_QOP_NOT_SUPPORTED',
    `Digest: there is no quality of protection 0x${(qop >>> 0).toString(16)} here`,
  )
}

function ended(): SspiError {
  return new SspiError('SEC_E_INVALID_HANDLE', 'Digest: the session has ended')
}
