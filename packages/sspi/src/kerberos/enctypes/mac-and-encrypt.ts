import { secretBytes, secretFrom, wipe, type Cbc, type SecretBytes } from '../../crypto/index.js'
import { messageAltered } from './message-altered.js'
import {
  coveredParts,
  joined,
  paddedBytes,
  type EncryptionProfile,
  type MessageCipher,
  type MessageMac,
  type SignedOnly,
} from './profile.js'

/** What a cipher of messages needs to know of its profile. */
export type MessageShape = Pick<EncryptionProfile, 'confounderBytes' | 'paddingBytes' | 'macBytes'>

/** A mode of a block cipher that works in place, from a zero vector. */
export type ModeOfOperation = Pick<Cbc, 'encrypt' | 'decrypt' | 'dispose'>

/**
 * The simplified profile of RFC 3961 section 5.3 (and of RFC 6803): the checksum is taken over confounder and
 * plaintext, which are then encrypted.
 */
export class MacAndEncrypt implements MessageCipher {
  readonly #shape: MessageShape
  readonly #mode: ModeOfOperation
  readonly #mac: MessageMac

  /** Takes both over, and disposes of them. */
  constructor(shape: MessageShape, mode: ModeOfOperation, mac: MessageMac) {
    this.#shape = shape
    this.#mode = mode
    this.#mac = mac
  }

  encrypt(parts: readonly Uint8Array[], confounder: Uint8Array, signedOnly?: readonly SignedOnly[]): Uint8Array {
    const { out, body } = layOut(this.#shape, parts, confounder)
    out.set(this.#mac.mac(...coveredParts(body, confounder.length, signedOnly)), body.length)
    this.#mode.encrypt(body)
    return out
  }

  decrypt(parts: readonly Uint8Array[], signedOnly?: readonly SignedOnly[]): SecretBytes {
    const ciphertext = joined(parts)
    const { confounderBytes } = this.#shape
    const length = bodyBytes(this.#shape, ciphertext)
    const body = secretBytes(length)
    this.#mode.decrypt(ciphertext.subarray(0, length), body)
    const covered = coveredParts(body, confounderBytes, signedOnly)
    const good = this.#mac.matches(ciphertext.subarray(length), ...covered)
    const plaintext = good ? secretFrom(body.subarray(confounderBytes)) : undefined
    wipe(body)
    if (plaintext === undefined) throw messageAltered()
    return plaintext
  }

  dispose(): void {
    this.#mode.dispose()
    this.#mac.dispose()
  }
}

/** Lays confounder, plaintext and padding into an array that has room for the checksum after them. */
export function layOut(
  shape: MessageShape,
  parts: readonly Uint8Array[],
  confounder: Uint8Array,
): { readonly out: Uint8Array; readonly body: Uint8Array } {
  let length = 0
  for (const part of parts) length += part.length
  const padded = paddedBytes(shape, length)
  const out = new Uint8Array(padded + shape.macBytes)
  out.set(confounder)
  let at = shape.confounderBytes
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return { out, body: out.subarray(0, padded) }
}

/** Bytes of a ciphertext without its checksum. @throws `SspiError` `SEC_E_MESSAGE_ALTERED` when it cannot be one. */
export function bodyBytes(shape: MessageShape, ciphertext: Uint8Array): number {
  const length = ciphertext.length - shape.macBytes
  if (length < shape.confounderBytes || length % shape.paddingBytes !== 0) throw messageAltered()
  return length
}
