/** Types of authorization data: RFC 4120 section 7.5.4, RFC 4537, 6113, 7751, 8129, and MS-KILE 2.2.4 to 2.2.6, 3.2.5.8. */
export const AuthorizationDataType = {
  AD_IF_RELEVANT: 1,
  AD_INTENDED_FOR_SERVER: 2,
  AD_INTENDED_FOR_APPLICATION_CLASS: 3,
  AD_KDC_ISSUED: 4,
  AD_AND_OR: 5,
  AD_MANDATORY_TICKET_EXTENSIONS: 6,
  AD_IN_TICKET_EXTENSIONS: 7,
  AD_MANDATORY_FOR_KDC: 8,
  AD_INITIAL_VERIFIED_CAS: 9,
  OSF_DCE: 64,
  SESAME: 65,
  AD_OSF_DCE_PKI_CERTID: 66,
  AD_AUTHENTICATION_STRENGTH: 70,
  AD_FX_FAST_ARMOR: 71,
  AD_FX_FAST_USED: 72,
  AD_CAMMAC: 96,
  AD_AUTHENTICATION_INDICATOR: 97,
  AD_WIN2K_PAC: 128,
  AD_ETYPE_NEGOTIATION: 129,
  KERB_AUTH_DATA_TOKEN_RESTRICTIONS: 141,
  KERB_LOCAL: 142,
  AD_AUTH_DATA_AP_OPTIONS: 143,
  KERB_AUTH_DATA_CLIENT_TARGET: 144,
  /** MIT's signature of S4U2proxy tickets before there were PAC ticket signatures. */
  AD_SIGNTICKET: 512,
} as const
/** One of the types of authorization data that we know. */
export type AuthorizationDataType = (typeof AuthorizationDataType)[keyof typeof AuthorizationDataType]

/** Address types, RFC 4120 section 7.5.3. */
export const AddressType = {
  IPV4: 2,
  /** Which side sends, where that is all there is to say of addresses. */
  DIRECTIONAL: 3,
  CHAOSNET: 5,
  XNS: 6,
  ISO: 7,
  DECNET_PHASE_IV: 12,
  APPLETALK_DDP: 16,
  /** Sixteen characters, padded with spaces. */
  NETBIOS: 20,
  IPV6: 24,
} as const
/** One of the address types that we know. */
export type AddressType = (typeof AddressType)[keyof typeof AddressType]

/** Transited encodings, RFC 4120 section 3.3.3.2. */
export const TransitedType = { DOMAIN_X500_COMPRESS: 1 } as const
/** One of the transited encodings. */
export type TransitedType = (typeof TransitedType)[keyof typeof TransitedType]

/** Types of LastReq, RFC 4120 section 5.4.2; below zero they speak of the answering KDC alone. */
export const LastReqType = {
  NONE: 0,
  LAST_INITIAL_TGT_REQUEST: 1,
  LAST_INITIAL_REQUEST: 2,
  NEWEST_TGT_ISSUED: 3,
  LAST_RENEWAL: 4,
  LAST_REQUEST: 5,
  PASSWORD_EXPIRES: 6,
  ACCOUNT_EXPIRES: 7,
} as const
/** One of the types of LastReq that we know. */
export type LastReqType = (typeof LastReqType)[keyof typeof LastReqType]

/** Types of KERB-ERROR-DATA, MS-KILE 2.2.2. */
export const KerbErrorDataType = {
  KERB_AP_ERR_TYPE_NTSTATUS: 1,
  /** The server has found its clock wrong, and asks to try again. */
  KERB_AP_ERR_TYPE_SKEW_RECOVERY: 2,
  /** The value is a KERB-EXT-ERROR. */
  KERB_ERR_TYPE_EXTENDED: 3,
} as const
/** One of the types of KERB-ERROR-DATA. */
export type KerbErrorDataType = (typeof KerbErrorDataType)[keyof typeof KerbErrorDataType]

/** Result codes of password requests, RFC 3244 section 2. */
export const PasswordResultCode = {
  KRB5_KPASSWD_SUCCESS: 0,
  KRB5_KPASSWD_MALFORMED: 1,
  KRB5_KPASSWD_HARDERROR: 2,
  KRB5_KPASSWD_AUTHERROR: 3,
  /** The new password is against the policy. */
  KRB5_KPASSWD_SOFTERROR: 4,
  KRB5_KPASSWD_ACCESSDENIED: 5,
  KRB5_KPASSWD_BAD_VERSION: 6,
  KRB5_KPASSWD_INITIAL_FLAG_NEEDED: 7,
} as const
/** One of the result codes of password requests. */
export type PasswordResultCode = (typeof PasswordResultCode)[keyof typeof PasswordResultCode]
