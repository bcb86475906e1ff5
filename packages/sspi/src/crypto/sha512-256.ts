import { digest } from './digest.js'

/**
 * SHA-512/256 (FIPS 180-4 §5.3.6.2) of the parts, one after the other: with an initial value of its own, so it is not a
 * SHA-512 cut short.
 *
 * @returns 32 bytes in a new array.
 */
export function sha512Of256Bits(...parts: readonly Uint8Array[]): Uint8Array {
  return digest('sha512-256', parts)
}
