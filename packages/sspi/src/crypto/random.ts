import { randomFillSync } from 'node:crypto'

const POOL_BYTES = 4096

/** Random bytes that nobody has yet: those from `at` on. The ones before are zero. */
const pool = new Uint8Array(POOL_BYTES)
let at = POOL_BYTES

/**
 * Draws random bytes that may serve as keys and nonces.
 *
 * Filling 4 KiB costs as much as asking for 16 bytes, so small requests are served from a pool; each byte is handed
 * out once and overwritten in the pool at once.
 *
 * @returns A new array over memory of its own.
 * @throws `TypeError` when `length` is not a number of bytes.
 */
export function randomBytes(length: number): Uint8Array {
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new TypeError(`randomBytes: ${length} is not a number of bytes`)
  }
  if (length > POOL_BYTES / 8) return randomFillSync(new Uint8Array(length))
  if (length > POOL_BYTES - at) {
    randomFillSync(pool)
    at = 0
  }
  const bytes = pool.slice(at, at + length)
  pool.fill(0, at, at + length)
  at += length
  return bytes
}
