import { Hmac, hmac } from './hmac.js'

/**
 * HMAC-MD5 (RFC 2104) of the parts, one after the other. For keys that are derived by it, and for single MACs.
 *
 * @param key - Any length; not kept.
 * @returns 16 bytes in a new array.
 * @throws {@link SspiError} `SEC_E_UNSUPPORTED_FUNCTION` where Node refuses MD5 (FIPS).
 */
export function hmacMd5(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return hmac('md5', key, ...parts)
}

/** {@link Hmac} with MD5. Its owner calls `dispose`. */
export class HmacMd5 extends Hmac {
  /** @param key - Any length; not kept. @throws {@link SspiError} as {@link hmacMd5}, for keys of over 64 bytes. */
  constructor(key: Uint8Array) {
    super('md5', key)
  }
}
