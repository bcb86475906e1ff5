import { SspiError } from '../../status/index.js'
import { aes128Sha1, aes256Sha1 } from './aes-sha1.js'
import { aes128Sha256, aes256Sha384 } from './aes-sha2.js'
import { camellia128Cmac, camellia256Cmac } from './camellia.js'
import { des3Sha1 } from './des3.js'
import { type EncryptionProfile } from './profile.js'
import { rc4Hmac, rc4HmacExp } from './rc4.js'

/** The encryption types that are known, by number. Which of them may be used is for policy above to say. */
export const encryptionProfiles: ReadonlyMap<number, EncryptionProfile> = new Map(
  [
    aes256Sha384,
    aes128Sha256,
    aes256Sha1,
    aes128Sha1,
    camellia256Cmac,
    camellia128Cmac,
    rc4Hmac,
    rc4HmacExp,
    des3Sha1,
  ].map((profile) => [profile.enctype, profile]),
)

const byName: ReadonlyMap<string, EncryptionProfile> = new Map(
  [...encryptionProfiles.values()].flatMap((profile) => profile.names.map((name) => [name, profile])),
)

/**
 * The encryption type of a number.
 *
 * @throws {@link SspiError} `SEC_E_KDC_UNKNOWN_ETYPE` for one that is not known here.
 */
export function encryptionProfile(enctype: number): EncryptionProfile {
  const profile = encryptionProfiles.get(enctype)
  if (profile === undefined) {
    throw new SspiError('SEC_E_KDC_UNKNOWN_ETYPE', `Kerberos: encryption type ${enctype} is not supported`)
  }
  return profile
}

/** The encryption type that a configuration file calls so (`aes256-cts`, in either case); `undefined` for none. */
export function encryptionProfileByName(name: string): EncryptionProfile | undefined {
  return byName.get(name.toLowerCase())
}
