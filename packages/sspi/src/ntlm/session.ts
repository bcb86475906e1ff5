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
  type MechListMic,
  type MessageLayout,
  type SecBuffer,
  type SecBufferDesc,
  type SecPkgInfo,
  type Session,
  type Unsealed,
} from '../sspi/index.js'
import { NegotiateFlag, SIGNATURE_LENGTH } from './constants.js'
import { hasFlag } from './flags.js'
import {
  DatagramStream,
  ExtendedStream,
  OldStream,
  type MessageStream,
  type StreamPosition,
} from './message-streams.js'
import { sessionAttributes } from './session-attributes.js'
import { writeSession } from './session-export.js'
import { sealKey, signKey, type Sender } from './session-keys.js'
import type { SessionParts, SessionPositions } from './session-parts.js'

const START: SessionPositions = {
  sent: { sequence: 0, rc4State: undefined },
  received: { sequence: 0, rc4State: undefined },
}

/** What stands in for a signature where none was negotiated, as on Windows: version 1, the rest zero. */
const DUMMY_SIGNATURE = new Uint8Array(SIGNATURE_LENGTH)
DUMMY_SIGNATURE[0] = 1

/** An established NTLM context: signs and seals. */
export class NtlmSession implements Session {
  readonly contextAttr: number
  readonly expiry: Date = never()
  readonly peer: Identity | undefined
  readonly mechListMic: MechListMic
  readonly #parts: SessionParts
  readonly #info: SecPkgInfo
  /** `undefined` where neither signing nor sealing was negotiated. */
  #streams: Streams | undefined
  #ended = false

  /** @param at - for an imported session, where it goes on. Default: the start. */
  constructor(parts: SessionParts, info: SecPkgInfo, at: SessionPositions = START) {
    this.#parts = parts
    this.#info = info
    this.contextAttr = parts.contextAttr
    this.peer = parts.peer
    this.#streams = openStreams(parts, at)
    this.mechListMic = {
      // MS-SPNG 3.3.5.1 and Samba: whoever uses a MIC expects it, if it can be made at all.
      required: parts.micUsed && this.#negotiated(NegotiateFlag.NEGOTIATE_SIGN),
      resetKeys: (direction) => this.#streams?.[direction].restart(),
    }
  }

  /** @throws `SspiError` `SEC_E_QOP_NOT_SUPPORTED` for any `qop` but 0. */
  sign(message: SecBufferDesc, qop: number, sequence: number): void {
    if (qop !== 0) throw badQop(qop)
    this.#sign(readMessageLayout(message), sequence)
  }

  verify(message: SecBufferDesc, sequence: number): number {
    const { token, signed } = readMessageLayout(message)
    const signature = wholeSignature(token)
    if (this.#negotiated(NegotiateFlag.NEGOTIATE_SIGN)) {
      this.#live('received').unprotect({ signed, sealed: [] }, signature, sequence)
    } else if (!signature.every((byte, index) => byte === DUMMY_SIGNATURE[index])) {
      throw new SspiError(
        'SEC_E_MESSAGE_ALTERED',
        'NTLM: signing was not negotiated, and this is not the signature that stands in',
      )
    }
    return 0
  }

  /**
   * @param qop - 0, or `SECQOP_WRAP_NO_ENCRYPT` to sign only: the peer must `verify` such a message, as nothing in it
   *   tells it from a sealed one.
   * @throws `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` when sealing was not negotiated.
   */
  seal(message: SecBufferDesc, qop: number, sequence: number): void {
    if (qop !== 0 && qop !== SECQOP_WRAP_NO_ENCRYPT) throw badQop(qop)
    const layout = readMessageLayout(message)
    if (qop === SECQOP_WRAP_NO_ENCRYPT && this.#negotiated(NegotiateFlag.NEGOTIATE_SIGN)) {
      this.#sign(layout, sequence)
      return
    }
    this.#requireSealing()
    const room = signatureRoom(layout.token, SIGNATURE_LENGTH)
    this.#live('sent').protect(layout, room, sequence)
    finishToken(layout)
  }

  /** As {@link NtlmSession.seal}. In the stream form, the stream is the signature and the data behind it. */
  unseal(message: SecBufferDesc, sequence: number): Unsealed {
    const stream = readStreamLayout(message)
    if (stream === undefined) {
      const { token, signed, sealed } = readMessageLayout(message)
      const signature = wholeSignature(token)
      this.#requireSealing()
      this.#live('received').unprotect({ signed, sealed }, signature, sequence)
      return { kind: 'message', qop: 0 }
    }
    const { bytes } = stream.stream
    if (bytes.length < SIGNATURE_LENGTH) {
      throw new SspiError(
        'SEC_E_INVALID_TOKEN',
        `NTLM: a sealed message of ${bytes.length} bytes, the signature alone has 16`,
      )
    }
    this.#requireSealing()
    const data = bytes.subarray(SIGNATURE_LENGTH)
    const parts = { signed: [data], sealed: [data] }
    this.#live('received').unprotect(parts, bytes.subarray(0, SIGNATURE_LENGTH), sequence)
    stream.data.become(stream.data.bufferType, data)
    return { kind: 'message', qop: 0 }
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    if (this.#ended) return undefined
    return sessionAttributes(this.#parts, this.#info)[attribute]?.()
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
    wipe(this.#parts.exportedSessionKey)
  }

  #sign(layout: MessageLayout, sequence: number): void {
    const room = signatureRoom(layout.token, SIGNATURE_LENGTH)
    if (this.#negotiated(NegotiateFlag.NEGOTIATE_SIGN)) {
      this.#live('sent').protect({ signed: layout.signed, sealed: [] }, room, sequence)
    } else {
      // It neither counts nor uses key stream, as on Windows.
      room.set(DUMMY_SIGNATURE)
    }
    finishToken(layout)
  }

  #negotiated(flag: NegotiateFlag): boolean {
    return hasFlag(this.#parts.flags, flag)
  }

  #live(direction: keyof Streams): MessageStream {
    if (this.#streams === undefined) throw ended()
    return this.#streams[direction]
  }

  #requireSealing(): void {
    if (this.#negotiated(NegotiateFlag.NEGOTIATE_SEAL)) return
    throw new SspiError(
      'SEC_E_UNSUPPORTED_FUNCTION',
      'NTLM: confidentiality was not negotiated, messages cannot be encrypted',
    )
  }
}

interface Streams {
  readonly sent: MessageStream
  readonly received: MessageStream
}

function openStreams(parts: SessionParts, at: SessionPositions): Streams | undefined {
  const { side, flags, exportedSessionKey } = parts
  if ((flags & (NegotiateFlag.NEGOTIATE_SIGN | NegotiateFlag.NEGOTIATE_SEAL)) === 0) return undefined
  const keyExchange = hasFlag(flags, NegotiateFlag.NEGOTIATE_KEY_EXCH)
  const open = (sender: Sender, position: StreamPosition): MessageStream => {
    const sign = signKey(flags, exportedSessionKey, sender)
    const seal = sealKey(flags, exportedSessionKey, sender)
    if (sign === undefined) return new OldStream(seal, position)
    if (hasFlag(flags, NegotiateFlag.NEGOTIATE_DATAGRAM)) return new DatagramStream({ sign, seal }, keyExchange)
    return new ExtendedStream({ sign, seal }, keyExchange, position)
  }
  const sent = open(side === 'initiator' ? 'client' : 'server', at.sent)
  if (sent instanceof OldStream) return { sent, received: sent }
  return { sent, received: open(side === 'initiator' ? 'server' : 'client', at.received) }
}

function positionOf(stream: MessageStream | undefined): StreamPosition {
  return { sequence: stream?.sequence ?? 0, rc4State: stream?.exportState() }
}

function wholeSignature(token: SecBuffer): Uint8Array {
  const { bytes } = token
  if (bytes.length === SIGNATURE_LENGTH) return bytes
  throw new SspiError('SEC_E_INVALID_TOKEN', `NTLM: a signature of ${bytes.length} bytes, ${SIGNATURE_LENGTH} expected`)
}

function finishToken(layout: MessageLayout): void {
  layout.token.cbBuffer = SIGNATURE_LENGTH
  if (layout.padding !== undefined) layout.padding.cbBuffer = 0
}

function badQop(qop: number): SspiError {
  return new SspiError(
    'SEC_E_QOP_NOT_SUPPORTED',
    `NTLM: there is no quality of protection 0x${(qop >>> 0).toString(16)} here`,
  )
}

function ended(): SspiError {
  return new SspiError('SEC_E_INVALID_HANDLE', 'NTLM: the session has ended')
}
