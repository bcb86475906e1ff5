// The door of SASL: Windows' functions, and client and server of a mechanism for people in a hurry.

export type { Authorize } from './authorization.js'
export {
  DEFAULT_SASL_SIZE,
  Sasl_AuthZIDForbidden,
  Sasl_AuthZIDProcessed,
  SASL_OPTION_AUTHZ_PROCESSING,
  SASL_OPTION_AUTHZ_STRING,
  SASL_OPTION_RECV_SIZE,
  SASL_OPTION_SEND_SIZE,
} from './constants.js'
export {
  SaslClient,
  saslClient,
  SaslServer,
  saslServer,
  type SaslClientOptions,
  type SaslExchangeOptions,
  type SaslServerOptions,
  type SaslStep,
} from './exchange.js'
export { acceptSaslExternal, saslExternalResponse, type AcceptExternalOptions } from './external.js'
export { saslAcceptSecurityContext, saslInitializeSecurityContext, type SaslCallOptions } from './functions.js'
export type { SaslLayerName } from './layer.js'
export { saslGetContextOption, saslSetContextOption, type SaslOption, type SaslOptions } from './options.js'
export { saslEnumerateProfiles, saslGetProfilePackage, saslIdentifyPackage, type SaslProfileName } from './profiles.js'
export { SaslSession } from './session.js'
