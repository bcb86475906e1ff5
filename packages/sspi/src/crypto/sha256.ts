import { digest } from './digest.js'

/**
 * SHA-256 (FIPS 180-4) of the parts, one after the other.
 *
 * @returns 32 bytes in a new array.
 */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return digest('sha256', parts)
}
