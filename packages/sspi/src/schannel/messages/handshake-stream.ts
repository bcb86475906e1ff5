import { concatBytes } from '../../bytes/index.js'
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

/** Puts handshake messages together from the contents of records, which may split or join them. */
export class HandshakeStream {
  #rest: Uint8Array = NOTHING

  /** Whether a message is under way. */
  get midMessage(): boolean {
    return this.#rest.length > 0
  }

  /** Takes a record's content; gives the messages that are whole by it. @throws {@link SspiError} `SEC_E_ILLEGAL_MESSAGE`. */
  take(content: Uint8Array): readonly HandshakeMessage[] {
    const bytes = this.#rest.length === 0 ? content : concatBytes(this.#rest, content)
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
    this.#rest = at === bytes.length ? NOTHING : bytes.slice(at)
    return messages
  }
}
