import { SspiError } from '../../sspi/index.js'

/** A handshake message, RFC 8446 §4. */
export interface HandshakeMessage {
  readonly type: number
  /** A view. */
  readonly body: Uint8Array
}

const HEADER = 4
/** Longer messages are refused, in bytes. OpenSSL allows certificates 100 KiB. */
export const MAX_HANDSHAKE_MESSAGE = 0x2_0000
const NOTHING = new Uint8Array(0)

/**
 * Puts handshake messages together from the contents of records, which may split or join them. A peer that sends a long message byte
 * by byte costs hardly more than another: what has come is not copied for each piece, but when the room for it doubles.
 */
export class HandshakeStream {
  /** What has come of the message that is under way, and room for more of it. */
  #room: Uint8Array = NOTHING
  #held = 0

  /** Whether a message is under way. */
  get midMessage(): boolean {
    return this.#held > 0
  }

  /** Takes a record's content; gives the messages that are whole by it. @throws {@link SspiError} `SEC_E_ILLEGAL_MESSAGE`. */
  take(content: Uint8Array): readonly HandshakeMessage[] {
    if (this.#held > 0) this.#hold(content)
    const bytes = this.#held > 0 ? this.#room.subarray(0, this.#held) : content
    const messages: HandshakeMessage[] = []
    let at = 0
    while (bytes.length - at >= HEADER) {
      const length = (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]! // there is a header
      if (length > MAX_HANDSHAKE_MESSAGE) {
        throw new SspiError('SEC_E_ILLEGAL_MESSAGE', `TLS: a handshake message of ${length} bytes`)
      }
      if (bytes.length - at < HEADER + length) break
      messages.push({ type: bytes[at]!, body: bytes.subarray(at + HEADER, at + HEADER + length) })
      at += HEADER + length
    }
    if (at === 0 && this.#held > 0) return messages
    // What was given out are views of the room: the next message has another.
    this.#room = NOTHING
    this.#held = 0
    this.#hold(bytes.subarray(at))
    return messages
  }

  #hold(piece: Uint8Array): void {
    const held = this.#held + piece.length
    if (held > this.#room.length) {
      const room = new Uint8Array(Math.max(held, 2 * this.#room.length))
      room.set(this.#room.subarray(0, this.#held))
      this.#room = room
    }
    this.#room.set(piece, this.#held)
    this.#held = held
  }
}
