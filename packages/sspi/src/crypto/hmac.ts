import { digest, digestText, type DigestName } from './digest.js'
import { secretBytes, wipe, type SecretBytes } from './secret-bytes.js'

interface HmacFacts {
  readonly blockBytes: number
  readonly macBytes: number
}

const hmacs: Readonly<Record<DigestName, HmacFacts>> = {
  md5: { blockBytes: 64, macBytes: 16 },
  sha1: { blockBytes: 64, macBytes: 20 },
  sha256: { blockBytes: 64, macBytes: 32 },
  sha384: { blockBytes: 128, macBytes: 48 },
  sha512: { blockBytes: 128, macBytes: 64 },
  'sha512-256': { blockBytes: 128, macBytes: 32 },
}

/**
 * HMAC (RFC 2104) of the parts, one after the other. For keys that are derived by it, and for single MACs.
 *
 * @param key - Any length; not kept.
 * @returns The whole MAC in a new array over memory of its own, which the caller wipes if it is a key.
 * @throws `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` where Node refuses the digest (MD5 under FIPS).
 */
export function hmac(name: DigestName, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const inner = keyedPad(name, key, 0x36)
  const outer = keyedPad(name, key, 0x5c)
  const innerDigest = digest(name, [inner, ...parts])
  const mac = digest(name, [outer, innerDigest])
  wipe(inner)
  wipe(outer)
  wipe(innerDigest)
  return mac
}

/**
 * HMAC under one key for many messages: the two padded blocks are made once.
 *
 * Its owner calls `dispose`. MACs pass through strings, which cannot be wiped; use {@link hmac} to derive keys.
 */
export class Hmac {
  readonly #name: DigestName
  readonly #facts: HmacFacts
  /** The key under the inner pad; `undefined` once disposed of. */
  #inner: SecretBytes | undefined
  /** The key under the outer pad, then room for the inner digest. */
  readonly #outer: SecretBytes

  /** @param key - Any length; not kept. @throws `SspiError` as {@link hmac}, for keys longer than a block. */
  constructor(name: DigestName, key: Uint8Array) {
    const facts = hmacs[name]
    this.#name = name
    this.#facts = facts
    this.#inner = keyedPad(name, key, 0x36)
    this.#outer = secretBytes(facts.blockBytes + facts.macBytes)
    const pad = keyedPad(name, key, 0x5c)
    this.#outer.set(pad)
    wipe(pad)
  }

  /**
   * The MAC of the parts, one after the other.
   *
   * @returns The whole MAC in a new array.
   * @throws `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` where Node refuses the digest; `TypeError` once disposed of.
   */
  mac(...parts: readonly Uint8Array[]): Uint8Array {
    if (this.#inner === undefined) throw new TypeError('Hmac: used after dispose')
    const outer = this.#outer
    putLatin1(outer, this.#facts.blockBytes, digestText(this.#name, [this.#inner, ...parts]))
    const mac = new Uint8Array(this.#facts.macBytes)
    putLatin1(mac, 0, digestText(this.#name, [outer]))
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
function keyedPad(name: DigestName, key: Uint8Array, pad: number): SecretBytes {
  const block = secretBytes(hmacs[name].blockBytes)
  const short = key.length > block.length ? digest(name, [key]) : key
  block.fill(pad)
  for (let i = 0; i < short.length; i++) block[i]! ^= short[i]!
  if (short !== key) wipe(short)
  return block
}

function putLatin1(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
}
