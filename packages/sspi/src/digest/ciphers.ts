/** The ciphers of SASL's confidentiality, RFC 2831 §2.4. All are weak. */
export type CipherName = '3des' | 'rc4' | 'rc4-56' | 'des' | 'rc4-40'

/** What a cipher is. */
export interface CipherFacts {
  /** Its name in the directive `cipher`. */
  readonly name: CipherName
  /** How many bytes of H(A1) its keys are made of: export ciphers have short ones. */
  readonly keyedBytes: number
  /** Bytes of a block; 1 for a stream. */
  readonly blockBytes: number
  /** In bits, as people reckon: what `SECPKG_ATTR_KEY_INFO` says. */
  readonly keyBits: number
  /** Its number in CryptoAPI. */
  readonly algorithmId: number
}

/** Longest key first, which is what most peers pick: Cyrus SASL on OpenSSL 3 offers triple DES and then fails with it. */
export const CIPHERS: readonly CipherFacts[] = [
  { name: 'rc4', keyedBytes: 16, blockBytes: 1, keyBits: 128, algorithmId: 0x6801 },
  { name: '3des', keyedBytes: 16, blockBytes: 8, keyBits: 112, algorithmId: 0x6609 },
  { name: 'rc4-56', keyedBytes: 7, blockBytes: 1, keyBits: 56, algorithmId: 0x6801 },
  { name: 'des', keyedBytes: 16, blockBytes: 8, keyBits: 56, algorithmId: 0x6601 },
  { name: 'rc4-40', keyedBytes: 5, blockBytes: 1, keyBits: 40, algorithmId: 0x6801 },
]

/** The cipher of a name, whatever its case. */
export function findCipher(name: string): CipherFacts | undefined {
  const wanted = name.toLowerCase()
  return CIPHERS.find((each) => each.name === wanted)
}

/** The cipher of a name that is one of ours. */
export function cipherOf(name: CipherName): CipherFacts {
  return findCipher(name)! // every name of the type is in the table
}
