import type { CipherSuite } from './cipher-suites.js'

// CryptoAPI's numbers (ALG_ID), wincrypt.h; ChaCha20 has none.

/** AES with 128 bits. */
export const CALG_AES_128 = 0x660e
/** AES with 256 bits. */
export const CALG_AES_256 = 0x6610
/** Ephemeral Diffie-Hellman on a curve. */
export const CALG_ECDH_EPHEM = 0xae06
/** RSA signatures. */
export const CALG_RSA_SIGN = 0x2400
/** ECDSA signatures. */
export const CALG_ECDSA = 0x2203
/** SHA-256. */
export const CALG_SHA_256 = 0x800c
/** SHA-384. */
export const CALG_SHA_384 = 0x800d

/** Of a suite's cipher, in bits. */
export function cipherStrength({ keyLength }: CipherSuite): number {
  return 8 * keyLength
}

/** The number of a suite's cipher; 0 for none. */
export function cipherNumber({ cipher, keyLength }: CipherSuite): number {
  if (cipher === 'chacha20-poly1305') return 0
  return keyLength === 16 ? CALG_AES_128 : CALG_AES_256
}

/** The numbers of all that a suite uses: cipher, hash, key exchange, and the signatures that go with it. */
export function suiteAlgorithms(suite: CipherSuite): readonly number[] {
  const cipher = cipherNumber(suite)
  const signatures = { RSA: [CALG_RSA_SIGN], ECDSA: [CALG_ECDSA], '': [CALG_RSA_SIGN, CALG_ECDSA] }[suite.certificate]
  const hash = suite.hash === 'sha256' ? CALG_SHA_256 : CALG_SHA_384
  return [...(cipher === 0 ? [] : [cipher]), hash, CALG_ECDH_EPHEM, ...signatures]
}
