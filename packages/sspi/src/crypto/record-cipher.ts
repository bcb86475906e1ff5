import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { SspiError } from '../status/index.js'
import { wipe } from './secret-bytes.js'

/** The ciphers of `RecordCipher`, all of them AEADs with a nonce of 12 bytes and a tag of 16. */
export type RecordCipherName = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305'

/** How long the tag of every {@link RecordCipher} is, in bytes. */
export const RECORD_TAG_BYTES = 16
/** How long the nonce of every {@link RecordCipher} is, in bytes. */
export const RECORD_NONCE_BYTES = 12

/**
 * An AEAD under one key for many records, each with a nonce of its own, worked in place. The caller sees to it that no nonce
 * comes twice.
 *
 * Node keeps the key in an object of its own, which cannot be wiped: it goes with this one.
 */
export class RecordCipher {
  /** Which one it is. */
  readonly name: RecordCipherName
  readonly #key: KeyObject

  /** @param key - 16 bytes for AES-128, 32 for the others; not kept. */
  constructor(name: RecordCipherName, key: Uint8Array) {
    this.name = name
    this.#key = createSecretKey(key)
  }

  /**
   * Encrypts the parts, one after the other, each in place.
   *
   * @param associatedData - What the opener must know besides.
   * @param tag - 16 bytes to be written.
   */
  seal(nonce: Uint8Array, associatedData: Uint8Array, parts: readonly Uint8Array[], tag: Uint8Array): void {
    // The three names differ in types only where a mode has more to say (CCM); a stream of CipherGCM serves all of them.
    const cipher = createCipheriv(this.name as 'aes-256-gcm', this.#key, nonce, { authTagLength: RECORD_TAG_BYTES })
    cipher.setAAD(associatedData)
    for (const part of parts) if (part.length > 0) part.set(cipher.update(part))
    cipher.final()
    tag.set(cipher.getAuthTag())
  }

  /**
   * Decrypts in place, when the tag is right.
   *
   * @throws {@link SspiError} `SEC_E_MESSAGE_ALTERED` when it is not; the bytes are as they were then.
   */
  open(nonce: Uint8Array, associatedData: Uint8Array, body: Uint8Array, tag: Uint8Array): void {
    const decipher = createDecipheriv(this.name as 'aes-256-gcm', this.#key, nonce, { authTagLength: RECORD_TAG_BYTES })
    decipher.setAAD(associatedData)
    decipher.setAuthTag(tag)
    const plaintext = decipher.update(body)
    try {
      decipher.final()
    } catch {
      // Node's error says no more than that the tag is wrong, so it is not kept as the cause.
      wipe(plaintext)
      throw new SspiError('SEC_E_MESSAGE_ALTERED', 'record: it was altered, or its place or key is another')
    }
    body.set(plaintext)
    wipe(plaintext)
  }
}
