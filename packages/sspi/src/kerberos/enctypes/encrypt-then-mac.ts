import { secretBytes, secretFrom, wipe, type SecretBytes } from '../../crypto/index.js'
import { bodyBytes, layOut, type MessageShape, type ModeOfOperation } from './mac-and-encrypt.js'
import { messageAltered } from './message-altered.js'
import { coveredParts, joined, type MessageCipher, type MessageMac, type SignedOnly } from './profile.js'

/** The initial vector, which the checksum covers. */
const IV = new Uint8Array(16)

/** RFC 8009 section 5: confounder and plaintext are encrypted, and the checksum is taken over vector and ciphertext. */
export class EncryptThenMac implements MessageCipher {
  readonly #shape: MessageShape
  readonly #mode: ModeOfOperation
  readonly #mac: MessageMac

  constructor(shape: MessageShape, mode: ModeOfOperation, mac: MessageMac) {
    this.#shape = shape
    this.#mode = mode
    this.#mac = mac
  }

  encrypt(parts: readonly Uint8Array[], confounder: Uint8Array, signedOnly?: readonly SignedOnly[]): Uint8Array {
    const { out, body } = layOut(this.#shape, parts, confounder)
    this.#mode.encrypt(body)
    out.set(this.#mac.mac(IV, ...coveredParts(body, confounder.length, signedOnly)), body.length)
    return out
  }

  decrypt(parts: readonly Uint8Array[], signedOnly?: readonly SignedOnly[]): SecretBytes {
    const ciphertext = joined(parts)
    const length = bodyBytes(this.#shape, ciphertext)
    const encrypted = ciphertext.subarray(0, length)
    const covered = coveredParts(encrypted, this.#shape.confounderBytes, signedOnly)
    if (!this.#mac.matches(ciphertext.subarray(length), IV, ...covered)) throw messageAltered()
    const body = secretBytes(length)
    this.#mode.decrypt(encrypted, body)
    const plaintext = secretFrom(body.subarray(this.#shape.confounderBytes))
    wipe(body)
    return plaintext
  }

  dispose(): void {
    this.#mode.dispose()
    this.#mac.dispose()
  }
}
