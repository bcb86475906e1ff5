import { digest } from './digest.js'

/**
 * SHA-384 (FIPS 180-4) of the parts, one after the other.
 *
 * @returns 48 bytes in a new array.
 */
export function sha384(...parts: readonly Uint8Array[]): Uint8Array {
  return digest('sha384', parts)
}
