export {
  checksumProfile,
  checksumProfiles,
  type ChecksumProfile,
  type KeyedChecksumProfile,
  type UnkeyedChecksumProfile,
} from './checksum-types.js'
export { ChecksumType, Enctype } from './constants.js'
export { KerberosKey } from './kerberos-key.js'
export { KeyUsage } from './key-usage.js'
export { krbFxCf2 } from './krb-fx-cf2.js'
export { messageAltered } from './message-altered.js'
export {
  ciphertextBytes,
  type Derivation,
  type EncryptionProfile,
  type MessageCipher,
  type MessageMac,
  type Parts,
  type SignedOnly,
  type StretchQuery,
} from './profile.js'
export { encryptionProfile, encryptionProfileByName, encryptionProfiles } from './profiles.js'
export { stringToKey, type IterationLimits } from './string-to-key.js'
