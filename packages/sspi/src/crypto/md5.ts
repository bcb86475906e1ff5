import { digest } from './digest.js'

/**
 * MD5 (RFC 1321) of the parts, one after the other.
 *
 * @returns 16 bytes in a new array.
 * @throws {@link SspiError} `SEC_E_UNSUPPORTED_FUNCTION` where Node refuses MD5 (FIPS): there is no way round it.
 */
export function md5(...parts: readonly Uint8Array[]): Uint8Array {
  return digest('md5', parts)
}
