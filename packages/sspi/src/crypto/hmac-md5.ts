import { digest, digestText } from './digest.js'
import { md5 } from './md5.js'
import { secretBytes, wipe, type SecretBytes } from './secret-bytes.js'

const BLOCK = 64
const SIZE = 16

/**
 * HMAC-MD5 (RFC 2104) of the parts, one after the other. For keys that are derived by it, and for single MACs.
 *
 * @param key - Any length; not kept.
 * @returns 16 bytes in a new array.
 * @throws {@link SspiError} `SEC_E_UNSUPPORTED_FUNCTION` where Node refuses MD5 (FIPS).
 */
export function hmacMd5(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const inner = keyedPad(key, 0x36)
  const outer = keyedPad(key, 0x5c)
  const innerDigest = digest('md5', [inner, ...parts])
  const mac = digest('md5', [outer, innerDigest])
  wipe(inner)
  wipe(outer)
  wipe(innerDigest)
  return mac
}

/**
 * HMAC-MD5 under one key for many messages: the two padded blocks are made once.
 *
 * Its owner calls `dispose`. MACs pass through strings, which cannot be wiped; use {@link hmacMd5} to derive keys.
 */
export class HmacMd5 {
  /** The key under the inner pad; `undefined` once disposed of. */
  #inner: SecretBytes | undefined
  /** The key under the outer pad, then room for the inner digest. */
  readonly #outer: SecretBytes

  /** @param key - Any length; not kept. @throws {@link SspiError} as {@link hmacMd5}, for keys of over 64 bytes. */
  constructor(key: Uint8Array) {
    this.#inner = keyedPad(key, 0x36)
    this.#outer = secretBytes(BLOCK + SIZE)
    const pad = keyedPad(key, 0x5c)
    this.#outer.set(pad)
    wipe(pad)
  }

  /**
   * The MAC of the parts, one after the other.
   *
   * @returns 16 bytes in a new array.
   * @throws {@link SspiError} `SEC_E_UNSUPPORTED_FUNCTION` where Node refuses MD5 (FIPS); `TypeError` once disposed of.
   */
  mac(...parts: readonly Uint8Array[]): Uint8Array {
    if (this.#inner === undefined) throw new TypeError('HmacMd5: used after dispose')
    const outer = this.#outer
    putLatin1(outer, BLOCK, digestText('md5', [this.#inner, ...parts]))
    const mac = new Uint8Array(SIZE)
    putLatin1(mac, 0, digestText('md5', [outer]))
    return mac
  }

  /** Overwrites what was made of the key. Calling it again is harmless. */
  dispose(): void {
    wipe(this.#inner)
    wipe(this.#outer)
    this.#inner = undefined
  }
}

/** The key, hashed if it is longer than a block, XORed into a block of one byte over and over. */
function keyedPad(key: Uint8Array, pad: number): SecretBytes {
  const short = key.length > BLOCK ? md5(key) : key
  const block = secretBytes(BLOCK).fill(pad) // fill returns the array that it filled
  for (let i = 0; i < short.length; i++) block[i]! ^= short[i]!
  if (short !== key) wipe(short)
  return block
}

function putLatin1(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
}
