import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { SspiError } from '../status/index.js'
import { KernelLimit } from './kernel/limits.js'
import { kernelOpenGcm, kernelSealGcm, prepareGcm, type GcmFacts } from './kernel/operations.js'
import { wipe, type SecretBytes } from './secret-bytes.js'

/** The ciphers of `RecordCipher`, all of them AEADs with a nonce of 12 bytes and a tag of 16. */
export type RecordCipherName = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305'

/** How long the tag of every {@link RecordCipher} is, in bytes. */
export const RECORD_TAG_BYTES = 16
/** How long the nonce of every {@link RecordCipher} is, in bytes. */
export const RECORD_NONCE_BYTES = 12

/** How long the associated data of a {@link RecordCipher} may be, in bytes: TLS has 13 at most. */
const MAX_ASSOCIATED = 16

/**
 * An AEAD under one key for many records, each with a nonce of its own, worked in place. The caller sees to it that no nonce
 * comes twice. Node wants an object for each record, which takes longer than a short record does: those of AES-GCM go to the
 * kernel. Its owner calls `dispose`.
 *
 * Node keeps the key in an object of its own, which cannot be wiped: it goes with this one.
 */
export class RecordCipher {
  /** Which one it is. */
  readonly name: RecordCipherName
  readonly #key: KeyObject
  readonly #rounds: number
  /** For the kernel; `undefined` where it has no such cipher, or is not there. */
  readonly #expanded: SecretBytes | undefined
  #disposed = false

  /** @param key - 16 bytes for AES-128, 32 for the others; not kept. */
  constructor(name: RecordCipherName, key: Uint8Array) {
    this.name = name
    this.#key = createSecretKey(key)
    this.#rounds = key.length / 4 + 6
    this.#expanded = name === 'chacha20-poly1305' ? undefined : prepareGcm(key)
  }

  /**
   * Encrypts the parts, one after the other, each in place.
   *
   * @param associatedData - What the opener must know besides: 16 bytes at most.
   * @param tag - 16 bytes to be written.
   */
  seal(nonce: Uint8Array, associatedData: Uint8Array, parts: readonly Uint8Array[], tag: Uint8Array): void {
    let length = 0
    for (const part of parts) length += part.length
    const expanded = this.#briefly(length)
    const facts = this.#facts(nonce, associatedData)
    if (expanded !== undefined && kernelSealGcm(facts, expanded, parts, length, tag)) return
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
    const expanded = this.#briefly(body.length)
    if (expanded !== undefined) {
      const opened = kernelOpenGcm(this.#facts(nonce, associatedData), expanded, body, tag)
      if (opened === 'altered') throw altered()
      if (opened === 'opened') return
    }
    const decipher = createDecipheriv(this.name as 'aes-256-gcm', this.#key, nonce, { authTagLength: RECORD_TAG_BYTES })
    decipher.setAAD(associatedData)
    decipher.setAuthTag(tag)
    const plaintext = decipher.update(body)
    try {
      decipher.final()
    } catch {
      // Node's error says no more than that the tag is wrong, so it is not kept as the cause.
      wipe(plaintext)
      throw altered()
    }
    body.set(plaintext)
    wipe(plaintext)
  }

  /** Wipes what can be wiped of the key. Calling it again is harmless. */
  dispose(): void {
    wipe(this.#expanded)
    this.#disposed = true
  }

  /** The key for the kernel, for what is short enough to go there. */
  #briefly(length: number): SecretBytes | undefined {
    if (this.#disposed) throw new TypeError('RecordCipher: it has been disposed of')
    return length <= KernelLimit.gcm ? this.#expanded : undefined
  }

  #facts(nonce: Uint8Array, associatedData: Uint8Array): GcmFacts {
    if (nonce.length !== RECORD_NONCE_BYTES || associatedData.length > MAX_ASSOCIATED) {
      throw new TypeError(`RecordCipher: a nonce of ${nonce.length} bytes, ${associatedData.length} associated ones`)
    }
    return { rounds: this.#rounds, nonce, associatedData }
  }
}

function altered(): SspiError {
  return new SspiError('SEC_E_MESSAGE_ALTERED', 'record: it was altered, or its place or key is another')
}
