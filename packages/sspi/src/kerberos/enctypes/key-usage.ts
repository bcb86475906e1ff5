/**
 * Key usage numbers: each place of the protocol derives keys of its own.
 *
 * RFC 4120 section 7.5.1, where no other is named. Some numbers were given out twice: 22 to 25 are those of GSS tokens
 * (RFC 4121 section 2), and 26 and 27 belong to S4U2self as well as to single-use mechanisms.
 */
export const KeyUsage = {
  AS_REQ_PA_ENC_TIMESTAMP: 1,
  KDC_REP_TICKET: 2,
  AS_REP_ENCPART: 3,
  TGS_REQ_AUTHDATA_SESSION_KEY: 4,
  TGS_REQ_AUTHDATA_SUBKEY: 5,
  TGS_REQ_AUTHENTICATOR_CHKSUM: 6,
  TGS_REQ_AUTHENTICATOR: 7,
  TGS_REP_ENCPART_SESSION_KEY: 8,
  TGS_REP_ENCPART_SUBKEY: 9,
  AP_REQ_AUTHENTICATOR_CHKSUM: 10,
  AP_REQ_AUTHENTICATOR: 11,
  AP_REP_ENCPART: 12,
  KRB_PRIV_ENCPART: 13,
  KRB_CRED_ENCPART: 14,
  KRB_SAFE_CHKSUM: 15,
  /** `KERB_NON_KERB_SALT` of Windows; left to applications by RFC 4120. */
  NON_KERB_SALT: 16,
  /** `KERB_NON_KERB_CKSUM_SALT` of Windows: signatures of the PAC (MS-PAC 2.8) and PA-FOR-USER (MS-SFU 2.2.1). */
  NON_KERB_CKSUM_SALT: 17,
  AD_KDC_ISSUED_CHKSUM: 19,
  /** Wrap tokens from the acceptor, encrypted or only with a checksum, RFC 4121 section 2. */
  GSS_ACCEPTOR_SEAL: 22,
  /** MIC tokens from the acceptor, RFC 4121 section 2. */
  GSS_ACCEPTOR_SIGN: 23,
  /** As 22, from the initiator. */
  GSS_INITIATOR_SEAL: 24,
  /** As 23, from the initiator. */
  GSS_INITIATOR_SIGN: 25,
  /** PA-S4U-X509-USER in the request, MS-SFU 2.2.2. */
  PA_S4U_X509_USER_REQUEST: 26,
  /** PA-S4U-X509-USER in the reply, MS-SFU 2.2.2. */
  PA_S4U_X509_USER_REPLY: 27,
  /** IAKERB's finished message. */
  IAKERB_FINISHED: 42,
  /** PA-PKINIT-KX, RFC 8062. */
  PA_PKINIT_KX: 44,
  /** PA-OTP-REQUEST, RFC 6560. */
  PA_OTP_REQUEST: 45,
  /** FAST, RFC 6113 section 5.4: 50 to 53. */
  FAST_REQ_CHKSUM: 50,
  FAST_ENC: 51,
  FAST_REP: 52,
  FAST_FINISHED: 53,
  /** Encrypted challenge, RFC 6113 section 5.4.6. */
  ENC_CHALLENGE_CLIENT: 54,
  ENC_CHALLENGE_KDC: 55,
  /** The checksum of the AS-REQ that the KDC sends back, RFC 6806 section 11. */
  AS_REQ: 56,
  /** AD-CAMMAC, RFC 7751. */
  CAMMAC: 64,
  /** SPAKE, RFC 9588. */
  SPAKE: 65,
} as const
export type KeyUsage = (typeof KeyUsage)[keyof typeof KeyUsage]

/** What RC4 takes for usages where Windows had given out numbers before, RFC 4757 section 3. */
const rc4Usages: ReadonlyMap<number, number> = new Map([
  [KeyUsage.AS_REP_ENCPART, 8],
  [KeyUsage.GSS_ACCEPTOR_SIGN, 13],
])

/**
 * The message type of RC4 for a key usage, RFC 4757 section 3.
 *
 * The RFC has 8 for a TGS-REP under a subkey (usage 9) as well; Windows, MIT and Heimdal take 9, so this does too, and
 * decryption tries 8 afterwards.
 */
export function rc4MessageType(usage: number): number {
  return rc4Usages.get(usage) ?? usage
}
