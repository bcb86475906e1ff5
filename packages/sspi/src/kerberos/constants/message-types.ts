/** `pvno`, `tkt-vno` and `authenticator-vno` of every message, RFC 4120 section 5.1. */
export const KERBEROS_VERSION = 5

/** Message types, RFC 4120 section 7.5.7; the application tags of the messages are the same numbers. */
export const MessageType = {
  KRB_AS_REQ: 10,
  KRB_AS_REP: 11,
  KRB_TGS_REQ: 12,
  KRB_TGS_REP: 13,
  KRB_AP_REQ: 14,
  KRB_AP_REP: 15,
  /** `KRB_RESERVED16` of RFC 4120, for user-to-user. */
  KRB_TGT_REQUEST: 16,
  /** `KRB_RESERVED17` of RFC 4120, for user-to-user. */
  KRB_TGT_REPLY: 17,
  KRB_SAFE: 20,
  KRB_PRIV: 21,
  KRB_CRED: 22,
  KRB_ERROR: 30,
} as const
/** One of the message types. */
export type MessageType = (typeof MessageType)[keyof typeof MessageType]
