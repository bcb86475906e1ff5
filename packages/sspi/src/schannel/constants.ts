// Numbers of schannel.h, with Windows' names, and of the TLS protocol.

/** Versions of TLS in `enabledProtocols` (grbitEnabledProtocols). The others of Windows are known by {@link SP_PROT_OTHERS} only. */
export const SP_PROT_TLS1_2_SERVER = 0x0000_0400
/** TLS 1.2, for a client. */
export const SP_PROT_TLS1_2_CLIENT = 0x0000_0800
/** TLS 1.2, for both. */
export const SP_PROT_TLS1_2 = SP_PROT_TLS1_2_SERVER | SP_PROT_TLS1_2_CLIENT
/** TLS 1.3, for a server. */
export const SP_PROT_TLS1_3_SERVER = 0x0000_1000
/** TLS 1.3, for a client. */
export const SP_PROT_TLS1_3_CLIENT = 0x0000_2000
/** TLS 1.3, for both. */
export const SP_PROT_TLS1_3 = SP_PROT_TLS1_3_SERVER | SP_PROT_TLS1_3_CLIENT
/** PCT, SSL 2.0 and 3.0, TLS 1.0 and 1.1, which are not spoken here. */
export const SP_PROT_OTHERS = 0x0000_03ff
/** DTLS, which is not spoken here. */
export const SP_PROT_DTLS1_X = 0x000f_0000

/** Client certificates are not mapped to accounts. The default here: see `mapToAccount`. */
export const SCH_CRED_NO_SYSTEM_MAPPER = 0x0000_0002
/** DANGEROUS: the server's name is not compared with its certificate. */
export const SCH_CRED_NO_SERVERNAME_CHECK = 0x0000_0004
/** DANGEROUS: the same as `manualValidation`. */
export const SCH_CRED_MANUAL_CRED_VALIDATION = 0x0000_0008
/** No client certificate is looked for. Always so here. */
export const SCH_CRED_NO_DEFAULT_CREDS = 0x0000_0010
/** The peer's certificate is checked. The default. */
export const SCH_CRED_AUTO_CRED_VALIDATION = 0x0000_0020
/** Sessions are not gone on with. */
export const SCH_CRED_DISABLE_RECONNECTS = 0x0000_0080
/** Every certificate of a chain but the root is looked up in the revocation lists: needs `crls`. */
export const SCH_CRED_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT = 0x0000_0400
/** Weak algorithms are refused. Always so here. */
export const SCH_USE_STRONG_CRYPTO = 0x0040_0000

/** Control token: asks for a new handshake, which is refused here. */
export const SCHANNEL_RENEGOTIATE = 0
/** Control token: the next step gives a close_notify. */
export const SCHANNEL_SHUTDOWN = 1
/** Control token: the next step gives an alert. Behind it: its kind ({@link TLS1_ALERT_WARNING}, {@link TLS1_ALERT_FATAL}) and number. */
export const SCHANNEL_ALERT = 2
/** Control token: behind it, whether the session may be gone on with ({@link SSL_SESSION_ENABLE_RECONNECTS}). */
export const SCHANNEL_SESSION = 3

/** The alert does not end the connection. */
export const TLS1_ALERT_WARNING = 1
/** The alert ends the connection. */
export const TLS1_ALERT_FATAL = 2

/** In `SessionInfo.flags`: a former session went on. */
export const SSL_SESSION_RECONNECT = 1
/** Of {@link SCHANNEL_SESSION}: the session may be gone on with. */
export const SSL_SESSION_ENABLE_RECONNECTS = 1
/** Of {@link SCHANNEL_SESSION}: it may not. */
export const SSL_SESSION_DISABLE_RECONNECTS = 2

/** What a record holds, RFC 8446 §5.1. */
export const ContentType = {
  CHANGE_CIPHER_SPEC: 20,
  ALERT: 21,
  HANDSHAKE: 22,
  APPLICATION_DATA: 23,
} as const
/** What a record holds. */
export type ContentType = (typeof ContentType)[keyof typeof ContentType]

/** Handshake messages, RFC 8446 §4. */
export const HandshakeType = {
  HELLO_REQUEST: 0,
  CLIENT_HELLO: 1,
  SERVER_HELLO: 2,
  NEW_SESSION_TICKET: 4,
  END_OF_EARLY_DATA: 5,
  ENCRYPTED_EXTENSIONS: 8,
  CERTIFICATE: 11,
  SERVER_KEY_EXCHANGE: 12,
  CERTIFICATE_REQUEST: 13,
  SERVER_HELLO_DONE: 14,
  CERTIFICATE_VERIFY: 15,
  CLIENT_KEY_EXCHANGE: 16,
  FINISHED: 20,
  CERTIFICATE_STATUS: 22,
  KEY_UPDATE: 24,
} as const
/** A handshake message. */
export type HandshakeType = (typeof HandshakeType)[keyof typeof HandshakeType]

/** TLS 1.2 as the protocol writes it. */
export const TLS_1_2 = 0x0303
/** TLS 1.3 as the protocol writes it. */
export const TLS_1_3 = 0x0304

/** The longest plaintext of a record, RFC 8446 §5.1, in bytes. */
export const MAX_PLAINTEXT = 0x4000
/** The longest body of a record in any version, RFC 5246 §6.2.3, in bytes: 2 KiB more than its plaintext. */
export const MAX_RECORD_BODY = MAX_PLAINTEXT + 2048
/** The header of a record, in bytes. */
export const RECORD_HEADER = 5
/** What a token buffer should hold, as Windows says (cbMaxToken); chains of many certificates need more. */
export const MAX_TOKEN = 0x6000
/** The longest token that is read: records of the application may follow the handshake's. */
export const MAX_INPUT_TOKEN = 0x10_0000
/** A peer that sends more than this before the handshake is done is refused, in bytes. */
export const MAX_HANDSHAKE_BYTES = 0x8_0000
/** So many messages of the protocol's own (tickets, key updates, warnings) a peer may send in a row, without data in between. */
export const MAX_OWN_MESSAGES = 32
