import { digest } from './digest.js'

/**
 * SHA-512 (FIPS 180-4) of the parts, one after the other.
 *
 * @returns 64 bytes in a new array.
 */
export function sha512(...parts: readonly Uint8Array[]): Uint8Array {
  return digest('sha512', parts)
}
