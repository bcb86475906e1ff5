import { concatBytes, encodeAscii } from '../../bytes/index.js'
import { Hmac, secretFrom, wipe } from '../../crypto/index.js'
import { ChecksumType, Enctype } from './constants.js'
import { CtsHmac } from './cts-hmac.js'
import { kdfHmacSha2, KERBEROS, KeyPurpose, PRF, usageConstant } from './derivation.js'
import { type EncryptionProfile } from './profile.js'
import { stretch } from './stretch.js'

/** aes128-cts-hmac-sha256-128, RFC 8009. */
export const aes128Sha256 = aesSha2('sha256', {
  enctype: Enctype.AES128_CTS_HMAC_SHA256_128,
  names: ['aes128-cts-hmac-sha256-128', 'aes128-sha2'],
  keyBytes: 16,
  macBytes: 16,
  prfBytes: 32,
  checksumType: ChecksumType.HMAC_SHA256_128_AES128,
})

/** aes256-cts-hmac-sha384-192, RFC 8009. */
export const aes256Sha384 = aesSha2('sha384', {
  enctype: Enctype.AES256_CTS_HMAC_SHA384_192,
  names: ['aes256-cts-hmac-sha384-192', 'aes256-sha2'],
  keyBytes: 32,
  macBytes: 24,
  prfBytes: 48,
  checksumType: ChecksumType.HMAC_SHA384_192_AES256,
})

function aesSha2(
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
    // RFC 8009 section 5: the keys of MACs are as long as the MACs.
    openCipher(key, usage) {
      const encryptionKey = derive(key, usageConstant(usage, KeyPurpose.ENCRYPTION), keyBytes)
      const integrityKey = derive(key, usageConstant(usage, KeyPurpose.INTEGRITY), macBytes)
      return new CtsHmac({ order: 'encrypt-then-mac', hash, macBytes }, encryptionKey, integrityKey)
    },
    openMac(key, usage) {
      const checksumKey = derive(key, usageConstant(usage, KeyPurpose.CHECKSUM), macBytes)
      const mac = new Hmac(hash, checksumKey, macBytes)
      wipe(checksumKey)
      return mac
    },
    prf: (key, input) => derive(key, PRF, prfBytes, input),
  }
}
