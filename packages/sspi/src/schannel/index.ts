export type { RecordCipherName } from '../crypto/index.js'
export { alertName } from './alerts.js'
export { CIPHER_SUITES, type CipherSuite } from './cipher-suites.js'
export {
  ContentType,
  HandshakeType,
  MAX_RECORD_BODY,
  SCH_CRED_AUTO_CRED_VALIDATION,
  SCH_CRED_DISABLE_RECONNECTS,
  SCH_CRED_MANUAL_CRED_VALIDATION,
  SCH_CRED_NO_DEFAULT_CREDS,
  SCH_CRED_NO_SERVERNAME_CHECK,
  SCH_CRED_NO_SYSTEM_MAPPER,
  SCH_CRED_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT,
  SCH_USE_STRONG_CRYPTO,
  SCHANNEL_ALERT,
  SCHANNEL_RENEGOTIATE,
  SCHANNEL_SESSION,
  SCHANNEL_SHUTDOWN,
  SP_PROT_DTLS1_X,
  SP_PROT_OTHERS,
  SP_PROT_TLS1_2,
  SP_PROT_TLS1_2_CLIENT,
  SP_PROT_TLS1_2_SERVER,
  SP_PROT_TLS1_3,
  SP_PROT_TLS1_3_CLIENT,
  SP_PROT_TLS1_3_SERVER,
  SSL_SESSION_DISABLE_RECONNECTS,
  SSL_SESSION_ENABLE_RECONNECTS,
  SSL_SESSION_RECONNECT,
  TLS1_ALERT_FATAL,
  TLS1_ALERT_WARNING,
} from './constants.js'
export { SchannelCredential, type PeerPolicy } from './credential.js'
export { ExtensionType, isRetryRandom } from './messages/index.js'
export { schannelPackage } from './package.js'
