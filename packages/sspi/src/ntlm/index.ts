export {
  avFlags,
  avText,
  avTimestamp,
  avValue,
  readAvPairs,
  readSingleHost,
  writeAvPairs,
  type AvPair,
  type SingleHostData,
} from './av-pairs.js'
export { AvFlag, AvId, MessageType, NegotiateFlag, NTLM_OID } from './constants.js'
export { dateToFileTime, fileTimeToDate } from '../bytes/index.js'
export { flagNames } from './flags.js'
export {
  readAuthenticate,
  readChallenge,
  readNegotiate,
  readVersion,
  withoutMic,
  writeAuthenticate,
  writeChallenge,
  writeNegotiate,
  writeVersion,
  type AuthenticateMessage,
  type ChallengeMessage,
  type NegotiateMessage,
  type Version,
} from './messages/index.js'
export {
  keyExchangeKey,
  lmowfv1,
  messageIntegrityCode,
  ntowfv1,
  ntowfv2,
  ntProofStr,
  provesV2,
  readNtResponse,
  sessionBaseKeyV2,
  type KeyExchangeParts,
  type NtResponse,
} from './responses.js'
export { sealKey, signKey, type Sender } from './session-keys.js'
export { NtlmCredential, type NtlmSecret } from './credential.js'
export type { HostNames, NtlmOptions } from './options.js'
export { ntlmPackage } from './package.js'
