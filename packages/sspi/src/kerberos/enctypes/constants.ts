/** Encryption types with a profile here, by the numbers of the registry (RFC 3961 section 8; RFC 6803; RFC 8009). */
export const Enctype = {
  DES3_CBC_SHA1_KD: 16,
  AES128_CTS_HMAC_SHA1_96: 17,
  AES256_CTS_HMAC_SHA1_96: 18,
  AES128_CTS_HMAC_SHA256_128: 19,
  AES256_CTS_HMAC_SHA384_192: 20,
  RC4_HMAC: 23,
  RC4_HMAC_EXP: 24,
  CAMELLIA128_CTS_CMAC: 25,
  CAMELLIA256_CTS_CMAC: 26,
} as const
export type Enctype = (typeof Enctype)[keyof typeof Enctype]

/** Checksum types known here (RFC 3961 section 8; RFC 4757 section 4; RFC 6803; RFC 8009). */
export const ChecksumType = {
  RSA_MD5: 7,
  HMAC_SHA1_DES3_KD: 12,
  SHA1: 14,
  HMAC_SHA1_96_AES128: 15,
  HMAC_SHA1_96_AES256: 16,
  CMAC_CAMELLIA128: 17,
  CMAC_CAMELLIA256: 18,
  HMAC_SHA256_128_AES128: 19,
  HMAC_SHA384_192_AES256: 20,
  /** MD5, then HMAC under the key itself: `KERB_CHECKSUM_MD5_HMAC`. */
  MD5_HMAC: -137,
  /** `KERB_CHECKSUM_HMAC_MD5`, RFC 4757 section 4: the checksum of RC4 keys, and of PA-FOR-USER under any key. */
  HMAC_MD5: -138,
} as const
export type ChecksumType = (typeof ChecksumType)[keyof typeof ChecksumType]
