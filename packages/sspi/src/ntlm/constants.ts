/** The eight bytes that every message begins with: `NTLMSSP` and a zero. */
export const SIGNATURE: Uint8Array = Uint8Array.of(0x4e, 0x54, 0x4c, 0x4d, 0x53, 0x53, 0x50, 0x00)

/** The object identifier by which SPNEGO knows NTLM (MS-SPNG 3.1.5.2). */
export const NTLM_OID = '1.3.6.1.4.1.311.2.2.10'

/** Message types, MS-NLMP 2.2.1. */
export const MessageType = { NEGOTIATE: 1, CHALLENGE: 2, AUTHENTICATE: 3 } as const
export type MessageType = (typeof MessageType)[keyof typeof MessageType]

/** NegotiateFlags, MS-NLMP 2.2.2.5, by their names without the prefix `NTLMSSP_`. */
export const NegotiateFlag = {
  NEGOTIATE_UNICODE: 0x0000_0001,
  NEGOTIATE_OEM: 0x0000_0002,
  REQUEST_TARGET: 0x0000_0004,
  NEGOTIATE_SIGN: 0x0000_0010,
  NEGOTIATE_SEAL: 0x0000_0020,
  NEGOTIATE_DATAGRAM: 0x0000_0040,
  NEGOTIATE_LM_KEY: 0x0000_0080,
  NEGOTIATE_NTLM: 0x0000_0200,
  ANONYMOUS: 0x0000_0800,
  NEGOTIATE_OEM_DOMAIN_SUPPLIED: 0x0000_1000,
  NEGOTIATE_OEM_WORKSTATION_SUPPLIED: 0x0000_2000,
  NEGOTIATE_ALWAYS_SIGN: 0x0000_8000,
  TARGET_TYPE_DOMAIN: 0x0001_0000,
  TARGET_TYPE_SERVER: 0x0002_0000,
  NEGOTIATE_EXTENDED_SESSIONSECURITY: 0x0008_0000,
  NEGOTIATE_IDENTIFY: 0x0010_0000,
  REQUEST_NON_NT_SESSION_KEY: 0x0040_0000,
  NEGOTIATE_TARGET_INFO: 0x0080_0000,
  NEGOTIATE_VERSION: 0x0200_0000,
  NEGOTIATE_128: 0x2000_0000,
  NEGOTIATE_KEY_EXCH: 0x4000_0000,
  NEGOTIATE_56: 0x8000_0000,
} as const
export type NegotiateFlag = (typeof NegotiateFlag)[keyof typeof NegotiateFlag]

/** The ids of AV pairs, MS-NLMP 2.2.2.1. */
export const AvId = {
  MsvAvEOL: 0,
  MsvAvNbComputerName: 1,
  MsvAvNbDomainName: 2,
  MsvAvDnsComputerName: 3,
  MsvAvDnsDomainName: 4,
  MsvAvDnsTreeName: 5,
  MsvAvFlags: 6,
  MsvAvTimestamp: 7,
  MsvAvSingleHost: 8,
  MsvAvTargetName: 9,
  MsvAvChannelBindings: 10,
} as const
export type AvId = (typeof AvId)[keyof typeof AvId]

/** The bits of MsvAvFlags, MS-NLMP 2.2.2.1. */
export const AvFlag = {
  /** The account is constrained. */
  CONSTRAINED: 0x1,
  /** The AUTHENTICATE message carries a MIC. */
  MIC_PRESENT: 0x2,
  /** The client has its target's name from a source that it does not trust. */
  UNTRUSTED_TARGET_NAME: 0x4,
} as const
export type AvFlag = (typeof AvFlag)[keyof typeof AvFlag]

/**
 * The Version that is sent, MS-NLMP 2.2.2.10: Windows 10.0 build 17763, NTLM revision 15, whose behaviour is followed.
 * It is always sent: gss-ntlmssp refuses messages without it.
 */
export const OUR_VERSION: Uint8Array = Uint8Array.of(0x0a, 0x00, 0x63, 0x45, 0x00, 0x00, 0x00, 0x0f)

/** The longest token that this side sends, in bytes, as Windows has it. */
export const MAX_TOKEN = 2888

/** How long a message signature is, in bytes. */
export const SIGNATURE_LENGTH = 16
