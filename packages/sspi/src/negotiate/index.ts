// The door of Negotiate: the package, and SPNEGO's messages for those that decode tokens.

export { NegState, SPNEGO_OID } from './constants.js'
export {
  looksLikeNegotiationToken,
  readNegotiationToken,
  type NegHints,
  type NegotiationToken,
  type NegTokenInit,
  type NegTokenResp,
} from './messages.js'
export type { AvailableMechanism, NegotiateCredential, UnavailableMechanism } from './credential.js'
export type { NegotiateOptions } from './options.js'
export { negotiatePackage } from './package.js'
