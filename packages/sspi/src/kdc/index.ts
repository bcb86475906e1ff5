export { type KdcAnswer, type KdcAsk, type KdcEffectful, type KdcEffectName, type KdcEffects } from './effects.js'
export { type KdcEvent } from './events.js'
export { Kdc, MOST_REQUEST_BYTES, type KdcOptions, type KdcRun, type KdcWorld } from './kdc.js'
export { passwordKeys, type PasswordKeysOptions } from './password-keys.js'
export { type KdcHandler, type KdcPeer } from './peer.js'
export {
  DEFAULT_KDC_ENCTYPES,
  type Filled,
  type KdcPolicy,
  type KdcPolicyOptions,
  type LockoutPolicyOptions,
  type PasswordPolicyOptions,
} from './policy.js'
export { type KdcPreauthContext, type KdcPreauthMethod, type KdcPreauthOutcome } from './preauth/method.js'
export { type PrincipalDatabase } from './principal-database.js'
export {
  type KdcPrincipal,
  type LogonAttempt,
  type LogonFailures,
  type PrincipalAttributes,
  type PrincipalKey,
  type PrincipalQuery,
  type PrincipalUpdate,
} from './principal-entry.js'
export { type Turn as KdcTurn } from './turn.js'
export { Refusal as KrbRefusal, type RefusalDetails as KrbRefusalDetails } from './refusal.js'
