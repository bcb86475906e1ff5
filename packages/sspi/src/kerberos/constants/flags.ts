/** Flags of a ticket: RFC 4120 section 5.3; bits 15 and 16 RFC 6806 section 11 and RFC 8062 section 3. Bit 0 is the top bit. */
export const TicketFlag = {
  FORWARDABLE: 0x4000_0000,
  FORWARDED: 0x2000_0000,
  PROXIABLE: 0x1000_0000,
  PROXY: 0x0800_0000,
  MAY_POSTDATE: 0x0400_0000,
  POSTDATED: 0x0200_0000,
  INVALID: 0x0100_0000,
  RENEWABLE: 0x0080_0000,
  INITIAL: 0x0040_0000,
  PRE_AUTHENT: 0x0020_0000,
  HW_AUTHENT: 0x0010_0000,
  TRANSITED_POLICY_CHECKED: 0x0008_0000,
  OK_AS_DELEGATE: 0x0004_0000,
  ENC_PA_REP: 0x0001_0000,
  ANONYMOUS: 0x0000_8000,
} as const
/** One of the flags of a ticket. */
export type TicketFlag = (typeof TicketFlag)[keyof typeof TicketFlag]

/** Options of a request to the KDC: RFC 4120 section 5.4.1, RFC 6806 section 3, RFC 8062 section 3, MS-SFU 2.2.3. */
export const KdcOption = {
  FORWARDABLE: 0x4000_0000,
  FORWARDED: 0x2000_0000,
  PROXIABLE: 0x1000_0000,
  PROXY: 0x0800_0000,
  ALLOW_POSTDATE: 0x0400_0000,
  POSTDATED: 0x0200_0000,
  RENEWABLE: 0x0080_0000,
  OPT_HARDWARE_AUTH: 0x0010_0000,
  /** S4U2proxy: the ticket of the user is among the additional tickets. */
  CNAME_IN_ADDL_TKT: 0x0002_0000,
  CANONICALIZE: 0x0001_0000,
  REQUEST_ANONYMOUS: 0x0000_8000,
  DISABLE_TRANSITED_CHECK: 0x0000_0020,
  RENEWABLE_OK: 0x0000_0010,
  /** User-to-user: encrypt in the session key of the additional ticket. */
  ENC_TKT_IN_SKEY: 0x0000_0008,
  RENEW: 0x0000_0002,
  VALIDATE: 0x0000_0001,
} as const
/** One of the options of a request to the KDC. */
export type KdcOption = (typeof KdcOption)[keyof typeof KdcOption]

/** Options of an AP-REQ, RFC 4120 section 5.5.1. */
export const ApOption = {
  /** The ticket is under the session key of the acceptor's ticket-granting ticket: user-to-user. */
  USE_SESSION_KEY: 0x4000_0000,
  /** The initiator wants an AP-REP. */
  MUTUAL_REQUIRED: 0x2000_0000,
} as const
/** One of the options of an AP-REQ. */
export type ApOption = (typeof ApOption)[keyof typeof ApOption]

/** Options of a KrbFastReq, RFC 6113 section 5.4.2; those in bits 0 to 15 must be understood. */
export const FastOption = {
  HIDE_CLIENT_NAMES: 0x4000_0000,
  KDC_FOLLOW_REFERRALS: 0x0000_8000,
} as const
/** One of the options of a KrbFastReq. */
export type FastOption = (typeof FastOption)[keyof typeof FastOption]

/** Flags of PA-PAC-OPTIONS, MS-KILE 2.2.10 and MS-SFU 2.2.5. */
export const PacOption = {
  CLAIMS: 0x8000_0000,
  BRANCH_AWARE: 0x4000_0000,
  FORWARD_TO_FULL_DC: 0x2000_0000,
  RESOURCE_BASED_CONSTRAINED_DELEGATION: 0x1000_0000,
} as const
/** One of the flags of PA-PAC-OPTIONS. */
export type PacOption = (typeof PacOption)[keyof typeof PacOption]

/** Options of an S4UUserID, MS-SFU 2.2.2. */
export const S4uOption = {
  /** The KDC shall check the restrictions on the user's log-on hours. */
  CHECK_LOGON_HOURS: 0x4000_0000,
  /** The reply shall be signed with key usage 27. */
  USE_REPLY_KEY_USAGE: 0x2000_0000,
} as const
/** One of the options of an S4UUserID. */
export type S4uOption = (typeof S4uOption)[keyof typeof S4uOption]
