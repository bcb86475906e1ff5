import { concatBytes } from '../../bytes/index.js'
import { wipe, type SecretBytes } from '../../crypto/index.js'
import {
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
  type World,
} from '../../sspi/index.js'
import { GssFlag } from './authenticator-checksum.js'
import { sequencePolicy } from './context-flags.js'
import { totalBytes, type MessageProtection, type WrappedMessage } from './message-protection.js'
import { openProtection } from './protection.js'
import { SequenceWindow } from './sequence-window.js'
import { sessionAttribute } from './session-attributes.js'
import { writeSession } from './session-export.js'
import type { SessionParts, SessionPositions } from './session-parts.js'

const NOTHING = new Uint8Array(0)

/** An established Kerberos context: signs and seals by the tokens of RFC 4121, or the older ones of triple DES and RC4. */
export class KerberosSession implements Session {
  readonly contextAttr: number
  readonly expiry: Date
  readonly peer: Identity | undefined
  // RFC 4178 section 5 and MS-SPNG 3.3.5.1: only where another mechanism was the first choice.
  readonly mechListMic: MechListMic = { required: false }
  readonly #parts: SessionParts
  readonly #info: SecPkgInfo
  readonly #protection: MessageProtection
  readonly #window: SequenceWindow
  #sent: number
  #ended = false

  constructor(parts: SessionParts, at: SessionPositions, info: SecPkgInfo, world: Pick<World, 'random'>) {
    this.#parts = parts
    this.#info = info
    this.contextAttr = parts.contextAttr
    this.expiry = parts.ticket.endTime
    this.peer = parts.peer
    this.#protection = openProtection({
      side: parts.side,
      key: parts.key,
      acceptorSubkey: parts.acceptorSubkey,
      dceStyle: (parts.flags & GssFlag.DCE_STYLE) !== 0,
      random: (length) => world.random(length),
    })
    this.#window = new SequenceWindow(parts.datagram ? 'any' : sequencePolicy(parts.flags), at.received)
    this.#sent = at.sent
  }

  /** Writes a MIC token. @throws `SspiError` `SEC_E_QOP_NOT_SUPPORTED` for any `qop` but 0. */
  sign(message: SecBufferDesc, qop: number, sequence: number): void {
    if (qop !== 0) throw badQop(qop)
    const layout = readMessageLayout(message)
    const protection = this.#live()
    const room = signatureRoom(layout.token, protection.sizes.signature)
    room.set(protection.sign(layout.signed, this.#sendNumber(sequence)))
    layout.token.cbBuffer = room.length
    if (layout.padding !== undefined) layout.padding.cbBuffer = 0
    this.#countSent()
  }

  verify(message: SecBufferDesc, sequence: number): number {
    const { token, signed } = readMessageLayout(message)
    const number = this.#live().verify(signed, token.bytes)
    this.#acceptNumber(number, sequence)
    return 0
  }

  /**
   * Writes a Wrap token: token, data in its place, padding where the encryption type has it.
   *
   * @param qop - 0, or `SECQOP_WRAP_NO_ENCRYPT` to sign only; the token tells the peer which.
   * @throws `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` when confidentiality was not asked for; `SEC_E_BUFFER_TOO_SMALL` for a
   *   token or padding buffer without room; `SEC_E_QOP_NOT_SUPPORTED`.
   */
  seal(message: SecBufferDesc, qop: number, sequence: number): void {
    if (qop !== 0 && qop !== SECQOP_WRAP_NO_ENCRYPT) throw badQop(qop)
    const layout = readMessageLayout(message)
    const encrypt = qop === 0
    const protection = this.#live()
    if (encrypt) this.#requireConfidentiality()
    const lengths = protection.wrapLengths(totalBytes(layout.sealed), encrypt)
    const paddingRoom = roomForPadding(layout.padding, lengths.padding)
    const room = signatureRoom(layout.token, lengths.token)
    const wrapped = protection.wrap(layout, encrypt, this.#sendNumber(sequence))
    putPieces(wrapped.token, room)
    layout.token.cbBuffer = room.length
    scatter(wrapped.data, layout.sealed)
    paddingRoom.set(wrapped.padding)
    if (layout.padding !== undefined) layout.padding.cbBuffer = paddingRoom.length
    this.#countSent()
  }

  unseal(message: SecBufferDesc, sequence: number): Unsealed {
    const stream = readStreamLayout(message)
    if (stream !== undefined) {
      const { bytes } = stream.stream
      const { plaintext, qop } = this.#open({ whole: bytes, parts: undefined }, sequence)
      const place = bytes.subarray(bytes.length - plaintext.length)
      place.set(plaintext)
      wipe(plaintext)
      stream.data.become(stream.data.bufferType, place)
      return { kind: 'message', qop }
    }
    const layout = readMessageLayout(message)
    const whole = concatBytes(layout.token.bytes, ...layout.sealed, layout.padding?.bytes ?? NOTHING)
    const { plaintext, qop } = this.#open({ whole, parts: layout }, sequence)
    scatter(plaintext, layout.sealed)
    wipe(plaintext)
    return { kind: 'message', qop }
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    if (this.#ended) return undefined
    return sessionAttribute(attribute, { parts: this.#parts, sizes: this.#protection.sizes, info: this.#info })
  }

  /** The session as bytes; it is ended. */
  export(): SecretBytes {
    this.#live()
    const blob = writeSession(this.#parts, { sent: this.#sent, received: this.#window.position })
    this.dispose()
    return blob
  }

  /** Wipes the key. Calling it again is harmless. */
  dispose(): void {
    this.#ended = true
    this.#protection.dispose()
    this.#parts.key.dispose()
    wipe(this.#parts.delegated)
  }

  /** Opens a message that has its right place among the others; the plaintext is the caller's to wipe. */
  #open(message: WrappedMessage, sequence: number): { readonly plaintext: Uint8Array; readonly qop: number } {
    const opened = this.#live().unwrap(message)
    try {
      this.#acceptNumber(opened.sequence, sequence)
    } catch (error) {
      wipe(opened.plaintext)
      throw error
    }
    return { plaintext: opened.plaintext, qop: opened.encrypted ? 0 : SECQOP_WRAP_NO_ENCRYPT }
  }

  #sendNumber(sequence: number): number {
    if (this.#parts.datagram) return sequence >>> 0
    return this.#protection.sequenceBits === 32 ? this.#sent % TWO_32 : this.#sent
  }

  #countSent(): void {
    if (!this.#parts.datagram) this.#sent++
  }

  #acceptNumber(number: number, sequence: number): void {
    if (this.#parts.datagram) {
      if (number === sequence >>> 0) return
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `Kerberos: message ${number}, the caller expects ${sequence >>> 0}`)
    }
    const { next } = this.#window
    // 32 bits wrap: the number nearest to the one expected is meant.
    const meant = this.#protection.sequenceBits === 32 ? next + ((number - (next % TWO_32)) | 0) : number
    this.#window.accept(meant)
  }

  #requireConfidentiality(): void {
    if ((this.#parts.flags & GssFlag.CONFIDENTIALITY) !== 0) return
    throw new SspiError(
      'SEC_E_UNSUPPORTED_FUNCTION',
      'Kerberos: confidentiality was not asked for when the context was made, messages cannot be encrypted',
    )
  }

  #live(): MessageProtection {
    if (this.#ended) throw new SspiError('SEC_E_INVALID_HANDLE', 'Kerberos: the session has ended')
    return this.#protection
  }
}

const TWO_32 = 0x1_0000_0000

/** Puts pieces into memory one after the other. */
function putPieces(pieces: readonly Uint8Array[], room: Uint8Array): void {
  let at = 0
  for (const piece of pieces) {
    room.set(piece, at)
    at += piece.length
  }
}

/** Puts bytes into the pieces one after the other. */
function scatter(bytes: Uint8Array, pieces: MessageLayout['sealed']): void {
  let at = 0
  for (const piece of pieces) {
    piece.set(bytes.subarray(at, at + piece.length))
    at += piece.length
  }
}

/** @throws `SspiError` `SEC_E_BUFFER_TOO_SMALL` when there is no such buffer, or too little room in it. */
function roomForPadding(padding: SecBuffer | undefined, length: number): Uint8Array {
  if (length === 0) return NOTHING
  if (padding !== undefined && padding.pvBuffer === undefined) {
    padding.pvBuffer = new Uint8Array(length)
    padding.cbBuffer = length
  }
  const room = Math.min(padding?.cbBuffer ?? 0, padding?.pvBuffer?.length ?? 0)
  if (padding?.pvBuffer === undefined || room < length) {
    throw new SspiError(
      'SEC_E_BUFFER_TOO_SMALL',
      `message: this encryption type pads; a SECBUFFER_PADDING of ${length} bytes is needed, there are ${room}`,
    )
  }
  return padding.pvBuffer.subarray(0, length)
}

function badQop(qop: number): SspiError {
  return new SspiError(
    'SEC_E_QOP_NOT_SUPPORTED',
    `Kerberos: there is no quality of protection 0x${(qop >>> 0).toString(16)} here`,
  )
}
