import { digest } from './digest.js'

/**
 * SHA-1 (FIPS 180-4) of the parts, one after the other. Broken against collisions: for what old protocols ask.
 *
 * @returns 20 bytes in a new array.
 */
export function sha1(...parts: readonly Uint8Array[]): Uint8Array {
  return digest('sha1', parts)
}
