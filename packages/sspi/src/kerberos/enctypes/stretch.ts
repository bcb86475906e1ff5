import { encodeUtf8 } from '../../bytes/index.js'
import { wipe, type Pbkdf2Hash, type SecretBytes } from '../../crypto/index.js'
import { type Derivation } from './profile.js'

/** Asks for a password to be stretched, and makes a key of the answer; password and answer are overwritten then. */
export function stretch(
  hash: Pbkdf2Hash,
  password: string,
  salt: Uint8Array,
  iterations: number,
  length: number,
  keyOf: (stretched: Uint8Array) => SecretBytes,
): Derivation<SecretBytes> {
  const encoded = encodeUtf8(password)
  return {
    kind: 'stretch',
    query: { hash, password: encoded, salt, iterations, length },
    finish(stretched) {
      if (stretched.length !== length) throw new TypeError(`stretch: ${stretched.length} bytes, ${length} asked for`)
      try {
        return keyOf(stretched)
      } finally {
        wipe(stretched)
        wipe(encoded)
      }
    },
  }
}
