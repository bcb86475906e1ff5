import { digest, digestText, lengthOf } from './digest.js'
import type { DigestName } from './digest-name.js'
import { KernelLimit } from './kernel/limits.js'
import {
  isKernelHash,
  kernelCheckMac,
  kernelHmac,
  kernelOuterMac,
  prepareHmac,
  type KernelHash,
} from './kernel/operations.js'
import { constantTimeEqual, secretBytes, secretFrom, wipe, type SecretBytes } from './secret-bytes.js'

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
  const keyed = new Hmac(name, key)
  try {
    return keyed.macOfSecret(parts)
  } finally {
    keyed.dispose()
  }
}

/**
 * HMAC under one key for many messages: what comes of the key alone is made once, for each of the two engines when it is
 * wanted first.
 *
 * Its owner calls `dispose`. MACs pass through strings, which cannot be wiped; use {@link hmac} to derive keys.
 */
export class Hmac {
  readonly #name: DigestName
  readonly #facts: HmacFacts
  /** The bytes that the MAC is cut to. */
  readonly #cut: number
  /** The key, hashed if it is longer than a block; `undefined` once disposed of. */
  #key: SecretBytes | undefined
  /** For the kernel: the states behind both pads. */
  #states: SecretBytes | undefined
  /** For Node: the key under the inner pad. */
  #inner: SecretBytes | undefined
  /** For Node: the key under the outer pad, then room for the inner digest. */
  #outer: SecretBytes | undefined

  /**
   * @param key - Any length; not kept.
   * @param macBytes - How many bytes of the MAC are given, the first ones (RFC 2104 section 5). Default: all.
   * @throws `SspiError` as {@link hmac}, for keys longer than a block.
   */
  constructor(name: DigestName, key: Uint8Array, macBytes?: number) {
    const facts = hmacs[name]
    this.#cut = macBytes ?? facts.macBytes
    this.#name = name
    this.#facts = facts
    const hashed = key.length > facts.blockBytes ? digest(name, [key]) : undefined
    this.#key = secretFrom(hashed ?? key)
    wipe(hashed)
  }

  /**
   * The MAC of the parts, one after the other.
   *
   * @returns The MAC in a new array.
   * @throws `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` where Node refuses the digest; `TypeError` once disposed of.
   */
  mac(...parts: readonly Uint8Array[]): Uint8Array {
    const short = this.#byKernel(parts)
    if (short !== undefined) return short
    const innerDigest = digestText(this.#name, [this.#innerPad, ...parts])
    const finished = this.#finishByKernel(innerDigest)
    if (finished !== undefined) return finished
    const outer = this.#outerPad
    putLatin1(outer, this.#facts.blockBytes, innerDigest)
    const mac = new Uint8Array(this.#cut)
    putLatin1(mac, 0, digestText(this.#name, [outer]).slice(0, this.#cut))
    return mac
  }

  /** Whether a MAC is that of the parts, in constant time. Errors as for `mac`. */
  matches(mac: Uint8Array, ...parts: readonly Uint8Array[]): boolean {
    const name = this.#name
    const length = lengthOf(parts)
    if (mac.length === this.#cut && isKernelHash(name) && length <= KernelLimit.mac[name]) {
      const states = this.#preparedFor(name)
      const matches = states && kernelCheckMac(name, states, parts, length, mac)
      if (matches !== undefined) return matches
    }
    return constantTimeEqual(this.mac(...parts), mac)
  }

  /** As `mac`, for a MAC that is a key: it passes through no string. @internal */
  macOfSecret(parts: readonly Uint8Array[]): Uint8Array {
    const short = this.#byKernel(parts)
    if (short !== undefined) return short
    const outer = this.#outerPad
    const innerDigest = digest(this.#name, [this.#innerPad, ...parts])
    outer.set(innerDigest, this.#facts.blockBytes)
    wipe(innerDigest)
    const mac = digest(this.#name, [outer])
    return this.#cut === mac.length ? mac : mac.slice(0, this.#cut)
  }

  /** Overwrites what was made of the key. Calling it again is harmless. */
  dispose(): void {
    for (const secret of [this.#key, this.#states, this.#inner, this.#outer]) wipe(secret)
    this.#key = undefined
    this.#states = undefined
    this.#inner = undefined
    this.#outer = undefined
  }

  #byKernel(parts: readonly Uint8Array[]): Uint8Array | undefined {
    const name = this.#name
    const length = lengthOf(parts)
    if (!isKernelHash(name) || length > KernelLimit.mac[name]) return undefined
    const states = this.#preparedFor(name)
    return states && kernelHmac(name, states, parts, length, this.#cut)
  }

  /** One block for the kernel, which costs it half of what a call costs Node. */
  #finishByKernel(innerDigest: string): Uint8Array | undefined {
    const name = this.#name
    if (!isKernelHash(name)) return undefined
    const states = this.#preparedFor(name)
    return states && kernelOuterMac(name, states, innerDigest, this.#cut)
  }

  #preparedFor(name: KernelHash): SecretBytes | undefined {
    return (this.#states ??= prepareHmac(name, this.#live()))
  }

  get #innerPad(): SecretBytes {
    const { blockBytes } = this.#facts
    return (this.#inner ??= padded(this.#live(), 0x36, blockBytes, blockBytes))
  }

  get #outerPad(): SecretBytes {
    const { blockBytes, macBytes } = this.#facts
    return (this.#outer ??= padded(this.#live(), 0x5c, blockBytes, blockBytes + macBytes))
  }

  #live(): SecretBytes {
    if (this.#key === undefined) throw new TypeError('Hmac: used after dispose')
    return this.#key
  }
}

/** A block of one byte over and over with the key XORed in, at the beginning of an array of a length. */
function padded(key: Uint8Array, pad: number, blockBytes: number, length: number): SecretBytes {
  const bytes = secretBytes(length)
  bytes.fill(pad, 0, blockBytes)
  for (let i = 0; i < key.length; i++) bytes[i]! ^= key[i]!
  return bytes
}

function putLatin1(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
}
