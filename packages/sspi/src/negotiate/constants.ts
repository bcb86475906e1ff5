/** The object identifier of SPNEGO itself, RFC 4178 §3: names the frame of a first token. */
export const SPNEGO_OID = '1.3.6.1.5.5.2'

/** NegTokenResp.negState, RFC 4178 §4.2.2. */
export const NegState = { ACCEPT_COMPLETED: 0, ACCEPT_INCOMPLETE: 1, REJECT: 2, REQUEST_MIC: 3 } as const
export type NegState = (typeof NegState)[keyof typeof NegState]

/** What a server that speaks first puts where older ones named their principal, MS-SPNG 2.2.1. */
export const HINT_NAME = 'not_defined_in_RFC4178@please_ignore'

/** How many mechanisms a peer may list, where the options do not say. Windows lists four at most. */
export const DEFAULT_MAX_MECH_TYPES = 64
