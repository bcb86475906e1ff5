import { Hmac, secretFrom, wipe } from '../../crypto/index.js'
import { ChecksumType, Enctype } from './constants.js'
import { CtsHmac } from './cts-hmac.js'
import { deriveRandom, KERBEROS, KeyPurpose, usageConstant } from './derivation.js'
import { type EncryptionProfile } from './profile.js'
import { prfByEncryption } from './prf-by-encryption.js'
import { stretch } from './stretch.js'

const MAC_BYTES = 12

/** aes128-cts-hmac-sha1-96, RFC 3962. */
export const aes128Sha1 = aesSha1('aes128', 16, {
  enctype: Enctype.AES128_CTS_HMAC_SHA1_96,
  names: ['aes128-cts-hmac-sha1-96', 'aes128-cts', 'aes128-sha1'],
  checksumType: ChecksumType.HMAC_SHA1_96_AES128,
})

/** aes256-cts-hmac-sha1-96, RFC 3962. */
export const aes256Sha1 = aesSha1('aes256', 32, {
  enctype: Enctype.AES256_CTS_HMAC_SHA1_96,
  names: ['aes256-cts-hmac-sha1-96', 'aes256-cts', 'aes256-sha1'],
  checksumType: ChecksumType.HMAC_SHA1_96_AES256,
})

function aesSha1(
  cipher: 'aes128' | 'aes256',
  keyBytes: number,
  numbers: Pick<EncryptionProfile, 'enctype' | 'names' | 'checksumType'>,
): EncryptionProfile {
  const derive = deriveRandom(cipher)
  const shape = { confounderBytes: 16, paddingBytes: 1, macBytes: MAC_BYTES }
  return {
    ...numbers,
    ...shape,
    weak: false,
    keyBytes,
    seedBytes: keyBytes,
    defaultIterations: 4096,
    randomToKey: secretFrom,
    stringToKey: (password, salt, iterations) =>
      // RFC 3962 section 4
      stretch('sha1', password, salt, iterations, keyBytes, (stretched) => derive(stretched, KERBEROS, keyBytes)),
    openCipher(key, usage) {
      const encryptionKey = derive(key, usageConstant(usage, KeyPurpose.ENCRYPTION), keyBytes)
      const integrityKey = derive(key, usageConstant(usage, KeyPurpose.INTEGRITY), keyBytes)
      return new CtsHmac({ order: 'mac-and-encrypt', hash: 'sha1', macBytes: MAC_BYTES }, encryptionKey, integrityKey)
    },
    openMac(key, usage) {
      const checksumKey = derive(key, usageConstant(usage, KeyPurpose.CHECKSUM), keyBytes)
      const mac = new Hmac('sha1', checksumKey, MAC_BYTES)
      wipe(checksumKey)
      return mac
    },
    prf: (key, input) => prfByEncryption(cipher, (constant) => derive(key, constant, keyBytes), input),
  }
}
