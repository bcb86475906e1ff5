import { concatBytes, encodeAscii } from '../../bytes/index.js'
import { CbcCts, Cmac, secretFrom, wipe } from '../../crypto/index.js'
import { ChecksumType, Enctype } from './constants.js'
import { kdfFeedbackCmac, KERBEROS, KeyPurpose, PRF, usageConstant } from './derivation.js'
import { MacAndEncrypt } from './mac-and-encrypt.js'
import { type EncryptionProfile } from './profile.js'
import { stretch } from './stretch.js'

/** camellia128-cts-cmac, RFC 6803. */
export const camellia128Cmac = camelliaCmac('camellia128', 16, {
  enctype: Enctype.CAMELLIA128_CTS_CMAC,
  names: ['camellia128-cts-cmac', 'camellia128-cts'],
  checksumType: ChecksumType.CMAC_CAMELLIA128,
})

/** camellia256-cts-cmac, RFC 6803. */
export const camellia256Cmac = camelliaCmac('camellia256', 32, {
  enctype: Enctype.CAMELLIA256_CTS_CMAC,
  names: ['camellia256-cts-cmac', 'camellia256-cts'],
  checksumType: ChecksumType.CMAC_CAMELLIA256,
})

function camelliaCmac(
  cipher: 'camellia128' | 'camellia256',
  keyBytes: number,
  numbers: Pick<EncryptionProfile, 'enctype' | 'names' | 'checksumType'>,
): EncryptionProfile {
  const derive = kdfFeedbackCmac(cipher)
  const shape = { confounderBytes: 16, paddingBytes: 1, macBytes: 16 }
  const saltPrefix = concatBytes(encodeAscii(numbers.names[0]), new Uint8Array(1))
  const openKeyedMac = (key: Uint8Array, constant: Uint8Array): Cmac => {
    const usageKey = derive(key, constant, keyBytes)
    const mac = new Cmac(cipher, usageKey)
    wipe(usageKey)
    return mac
  }
  return {
    ...numbers,
    ...shape,
    weak: false,
    keyBytes,
    seedBytes: keyBytes,
    defaultIterations: 32_768,
    randomToKey: secretFrom,
    stringToKey: (password, salt, iterations) =>
      // RFC 6803: the name of the type goes before the salt.
      stretch('sha1', password, concatBytes(saltPrefix, salt), iterations, keyBytes, (stretched) =>
        derive(stretched, KERBEROS, keyBytes),
      ),
    openCipher(key, usage) {
      const encryptionKey = derive(key, usageConstant(usage, KeyPurpose.ENCRYPTION), keyBytes)
      const mode = new CbcCts(cipher, encryptionKey)
      wipe(encryptionKey)
      return new MacAndEncrypt(shape, mode, openKeyedMac(key, usageConstant(usage, KeyPurpose.INTEGRITY)))
    },
    openMac: (key, usage) => openKeyedMac(key, usageConstant(usage, KeyPurpose.CHECKSUM)),
    prf(key, input) {
      const mac = openKeyedMac(key, PRF)
      const given = mac.mac(input)
      mac.dispose()
      const output = secretFrom(given)
      wipe(given)
      return output
    },
  }
}
