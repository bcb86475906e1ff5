import { md5, sha1 } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import { ChecksumType } from './constants.js'
import { type EncryptionProfile, type MessageMac } from './profile.js'
import { encryptionProfiles } from './profiles.js'
import { openHmacMd5, openMd5Hmac } from './rc4.js'

/** A checksum under a key, RFC 3961 section 4. */
export interface KeyedChecksumProfile {
  readonly kind: 'keyed'
  /** The number of the registry. */
  readonly type: number
  /** The length of the checksum. */
  readonly bytes: number
  /** The encryption type that its keys must be of; `undefined` for any. */
  readonly enctype: number | undefined
  /** Makes checksums under a key for a usage. The key is not kept. */
  open(key: Uint8Array, usage: number): MessageMac
}

/** A digest, which anyone can make: it protects nothing unless it is itself protected. */
export interface UnkeyedChecksumProfile {
  readonly kind: 'unkeyed'
  readonly type: number
  readonly bytes: number
  /** The checksum of the parts one behind the other. */
  digest(...parts: readonly Uint8Array[]): Uint8Array
}

/** A checksum type: what RFC 3961 section 4 calls a checksum profile. */
export type ChecksumProfile = KeyedChecksumProfile | UnkeyedChecksumProfile

/** The checksum types that are known, by number. */
export const checksumProfiles: ReadonlyMap<number, ChecksumProfile> = new Map(
  [
    ...[...encryptionProfiles.values()]
      .filter(({ checksumType }) => checksumType !== ChecksumType.HMAC_MD5)
      .map(ofKeys),
    // MS-SFU 2.2.1 signs PA-FOR-USER by this, whatever type the key is of.
    { kind: 'keyed', type: ChecksumType.HMAC_MD5, bytes: 16, enctype: undefined, open: openHmacMd5 } as const,
    { kind: 'keyed', type: ChecksumType.MD5_HMAC, bytes: 16, enctype: undefined, open: openMd5Hmac } as const,
    { kind: 'unkeyed', type: ChecksumType.RSA_MD5, bytes: 16, digest: md5 } as const,
    { kind: 'unkeyed', type: ChecksumType.SHA1, bytes: 20, digest: sha1 } as const,
  ].map((profile) => [profile.type, profile]),
)

/**
 * The checksum type of a number.
 *
 * @throws {@link SspiError} `SEC_E_UNSUPPORTED_FUNCTION` for one that is not known here.
 */
export function checksumProfile(type: number): ChecksumProfile {
  const profile = checksumProfiles.get(type)
  if (profile === undefined) {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `Kerberos: checksum type ${type} is not supported`)
  }
  return profile
}

function ofKeys(profile: EncryptionProfile): KeyedChecksumProfile {
  return {
    kind: 'keyed',
    type: profile.checksumType,
    bytes: profile.macBytes,
    enctype: profile.enctype,
    open: (key, usage) => profile.openMac(key, usage),
  }
}
