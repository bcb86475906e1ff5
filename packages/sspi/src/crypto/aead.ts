import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'
import { SspiError } from '../status/index.js'
import { randomBytes } from './random.js'
import { secretBytes, wipe, type SecretBytes } from './secret-bytes.js'

const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Seals bytes by AES-256-GCM under a key, bound to associated data that is not in the result.
 *
 * @param key - 32 bytes. With random nonces one key is good for 2^32 blobs (NIST SP 800-38D section 8.3).
 * @param plaintext - Read in place; left as it is.
 * @param associatedData - What the opener must know besides the key, such as a header.
 * @param nonce - 12 bytes; random by default. The same one twice under one key gives everything away: for tests.
 * @returns Nonce, ciphertext and 16-byte tag, in a new array.
 * @throws `TypeError` for a key or nonce of another length.
 */
export function sealBlob(
  key: Uint8Array,
  plaintext: Uint8Array,
  associatedData: Uint8Array,
  nonce: Uint8Array = randomBytes(NONCE_BYTES),
): Uint8Array {
  checkKey(key)
  if (nonce.length !== NONCE_BYTES) throw new TypeError(`a nonce has ${NONCE_BYTES} bytes, not ${nonce.length}`)
  const cipher = createCipheriv(CIPHER, createSecretKey(key), nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(associatedData)
  const blob = new Uint8Array(NONCE_BYTES + plaintext.length + TAG_BYTES)
  blob.set(nonce)
  blob.set(cipher.update(plaintext), NONCE_BYTES)
  cipher.final()
  blob.set(cipher.getAuthTag(), NONCE_BYTES + plaintext.length)
  return blob
}

/**
 * Opens what {@link sealBlob} sealed.
 *
 * @returns The plaintext in a new array, which the caller wipes if it is secret.
 * @throws {@link SspiError} `SEC_E_MESSAGE_ALTERED` when key, associated data or blob are not those of the sealing, with
 *   one message for all of them; `TypeError` for a key of another length.
 */
export function openBlob(key: Uint8Array, blob: Uint8Array, associatedData: Uint8Array): SecretBytes {
  checkKey(key)
  const length = blob.length - NONCE_BYTES - TAG_BYTES
  if (length < 0) throw altered()
  const end = NONCE_BYTES + length
  const nonce = blob.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv(CIPHER, createSecretKey(key), nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(associatedData)
  decipher.setAuthTag(blob.subarray(end))
  const given = decipher.update(blob.subarray(NONCE_BYTES, end))
  const plaintext = secretBytes(length)
  plaintext.set(given)
  wipe(given)
  try {
    decipher.final()
  } catch {
    // Node's error says no more than that the tag is wrong, so it is not kept as the cause.
    wipe(plaintext)
    throw altered()
  }
  return plaintext
}

function checkKey(key: Uint8Array): void {
  if (key.length !== KEY_BYTES) throw new TypeError(`a key has ${KEY_BYTES} bytes, not ${key.length}`)
}

function altered(): SspiError {
  return new SspiError('SEC_E_MESSAGE_ALTERED', 'sealed blob: it was altered, or the key is another')
}
