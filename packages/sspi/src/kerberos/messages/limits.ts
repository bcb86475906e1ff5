/**
 * How many elements a list in a message may have: the bound on what one message makes us allocate.
 *
 * Depth needs no number: the codecs go as deep as the types of RFC 4120 do, and none of these contains itself. The one
 * exception, authorization data in authorization data, is a chain of OCTET STRINGs that `findAuthorizationData` follows
 * up to `AUTHORIZATION_DATA_DEPTH`.
 */
export const Limit = {
  /** Components of one principal name. */
  NAME_COMPONENTS: 64,
  /** Addresses of one ticket or request. */
  ADDRESSES: 256,
  /** PA-DATA of one message, METHOD-DATA and TYPED-DATA included. */
  PADATA: 256,
  /** Elements of one AuthorizationData. */
  AUTHORIZATION_DATA: 256,
  /** How deep AD-IF-RELEVANT may lie within AD-IF-RELEVANT. */
  AUTHORIZATION_DATA_DEPTH: 8,
  /** Encryption types, or groups, or keys, of one list. */
  ETYPES: 256,
  /** Tickets of one KRB-CRED or request. */
  TICKETS: 64,
  /** Entries of one LastReq. */
  LAST_REQ: 64,
  /** Second factors of one SPAKE challenge. */
  FACTORS: 64,
  /** Verifiers of one AD-CAMMAC. */
  VERIFIERS: 64,
  /** Tokens of one OTP challenge. */
  OTP: 64,
  /** Algorithms, certifiers or checksums of one list of OTP, PKINIT and SAM-2. */
  ALGORITHMS: 64,
} as const
