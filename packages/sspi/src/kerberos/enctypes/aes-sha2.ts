import { concatBytes, encodeAscii } from '../../bytes/index.js'
import { CbcCts, constantTimeEqual, Hmac, secretBytes, secretFrom, wipe, type SecretBytes } from '../../crypto/index.js'
import { ChecksumType, Enctype } from './constants.js'
import { kdfHmacSha2, KERBEROS, KeyPurpose, PRF, usageConstant } from './derivation.js'
import { bodyBytes, layOut, truncated, type MessageShape, type ModeOfOperation } from './mac-and-encrypt.js'
import { messageAltered } from './message-altered.js'
import {
  coveredParts,
  type EncryptionProfile,
  type MessageCipher,
  type MessageMac,
  type SignedOnly,
} from './profile.js'
import { stretch } from './stretch.js'

/** aes128-cts-hmac-sha256-128, RFC 8009. */
export const aes128Sha256 = aesSha2('aes128', 'sha256', {
  enctype: Enctype.AES128_CTS_HMAC_SHA256_128,
  names: ['aes128-cts-hmac-sha256-128', 'aes128-sha2'],
  keyBytes: 16,
  macBytes: 16,
  prfBytes: 32,
  checksumType: ChecksumType.HMAC_SHA256_128_AES128,
})

/** aes256-cts-hmac-sha384-192, RFC 8009. */
export const aes256Sha384 = aesSha2('aes256', 'sha384', {
  enctype: Enctype.AES256_CTS_HMAC_SHA384_192,
  names: ['aes256-cts-hmac-sha384-192', 'aes256-sha2'],
  keyBytes: 32,
  macBytes: 24,
  prfBytes: 48,
  checksumType: ChecksumType.HMAC_SHA384_192_AES256,
})

function aesSha2(
  cipher: 'aes128' | 'aes256',
  hash: 'sha256' | 'sha384',
  facts: Pick<EncryptionProfile, 'enctype' | 'names' | 'keyBytes' | 'macBytes' | 'checksumType'> & {
    readonly prfBytes: number
  },
): EncryptionProfile {
  const { prfBytes, ...numbers } = facts
  const { keyBytes, macBytes } = numbers
  const derive = kdfHmacSha2(hash)
  const shape = { confounderBytes: 16, paddingBytes: 1, macBytes }
  const saltPrefix = concatBytes(encodeAscii(numbers.names[0]), new Uint8Array(1))
  const openKeyedMac = (key: Uint8Array, usage: number, purpose: KeyPurpose) => {
    // RFC 8009 section 5: the keys of MACs are as long as the MACs.
    const usageKey = derive(key, usageConstant(usage, purpose), macBytes)
    const mac = truncated(new Hmac(hash, usageKey), macBytes)
    wipe(usageKey)
    return mac
  }
  return {
    ...numbers,
    ...shape,
    weak: false,
    seedBytes: keyBytes,
    defaultIterations: 32_768,
    randomToKey: secretFrom,
    stringToKey: (password, salt, iterations) =>
      // RFC 8009 section 4
      stretch(hash, password, concatBytes(saltPrefix, salt), iterations, keyBytes, (stretched) =>
        derive(stretched, KERBEROS, keyBytes),
      ),
    openCipher(key, usage) {
      const encryptionKey = derive(key, usageConstant(usage, KeyPurpose.ENCRYPTION), keyBytes)
      const mode = new CbcCts(cipher, encryptionKey)
      wipe(encryptionKey)
      return new EncryptThenMac(shape, mode, openKeyedMac(key, usage, KeyPurpose.INTEGRITY))
    },
    openMac: (key, usage) => openKeyedMac(key, usage, KeyPurpose.CHECKSUM),
    prf: (key, input) => derive(key, PRF, prfBytes, input),
  }
}

/** The initial vector, which the checksum covers. */
const IV = new Uint8Array(16)

/** RFC 8009 section 5: confounder and plaintext are encrypted, and the checksum is taken over vector and ciphertext. */
class EncryptThenMac implements MessageCipher {
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

  decrypt(ciphertext: Uint8Array, signedOnly?: readonly SignedOnly[]): SecretBytes {
    const length = bodyBytes(this.#shape, ciphertext)
    const encrypted = ciphertext.subarray(0, length)
    const covered = coveredParts(encrypted, this.#shape.confounderBytes, signedOnly)
    if (!constantTimeEqual(this.#mac.mac(IV, ...covered), ciphertext.subarray(length))) throw messageAltered()
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
