import { encodeAscii } from '../../bytes/index.js'
import {
  Cbc,
  Cmac,
  hmac,
  kernelDeriveKey,
  nFold,
  secretBytes,
  wipe,
  type BlockCipherName,
  type SecretBytes,
} from '../../crypto/index.js'

/** What a usage key is for: the last byte of the constant that it is derived by, RFC 3961 section 5.3. */
export const KeyPurpose = { CHECKSUM: 0x99, ENCRYPTION: 0xaa, INTEGRITY: 0x55 } as const
export type KeyPurpose = (typeof KeyPurpose)[keyof typeof KeyPurpose]

/** The constant of the key that passwords end in. */
export const KERBEROS: Uint8Array = encodeAscii('kerberos')
/** The constant of the pseudo-random functions. */
export const PRF: Uint8Array = encodeAscii('prf')

/** A function from key and constant to as many bytes as asked for. */
export type DeriveBytes = (key: Uint8Array, constant: Uint8Array, length: number) => SecretBytes

/**
 * The constant of a usage key: the number, most significant byte first, and the purpose. RFC 3961 section 5.3. Each is
 * made once: the usages are the few that the code of the protocol names; no peer can add to them.
 */
export function usageConstant(usage: number, purpose: KeyPurpose): Uint8Array {
  const name = usage * 256 + purpose
  let constant = usageConstants.get(name)
  if (constant === undefined) {
    constant = Uint8Array.of(usage >>> 24, usage >>> 16, usage >>> 8, usage, purpose)
    usageConstants.set(name, constant)
  }
  return constant
}

const usageConstants = new Map<number, Uint8Array>()

/** DR of RFC 3961 section 5.1: the folded constant, encrypted over and over. */
export function deriveRandom(name: BlockCipherName): DeriveBytes {
  return (key, constant, length) => {
    const derived = isAes(name) && length <= key.length ? kernelDeriveKey(key, folded(constant, 16), length) : undefined
    if (derived !== undefined) return derived
    const cbc = new Cbc(name, key)
    const size = cbc.blockBytes
    const block = secretBytes(size)
    block.set(folded(constant, size))
    const result = secretBytes(length)
    for (let at = 0; at < length; at += size) {
      cbc.encrypt(block)
      result.set(block.subarray(0, length - at), at)
    }
    wipe(block)
    cbc.dispose()
    return result
  }
}

/** Whether the kernel has the cipher. */
export function isAes(name: BlockCipherName): boolean {
  return name === 'aes128' || name === 'aes256'
}

/** KDF-FEEDBACK-CMAC of RFC 6803 section 3. */
export function kdfFeedbackCmac(name: Exclude<BlockCipherName, 'des3'>): DeriveBytes {
  return (key, constant, length) => {
    const cmac = new Cmac(name, key)
    const result = secretBytes(length)
    let block = new Uint8Array(16)
    for (let at = 0, counter = 1; at < length; at += 16, counter++) {
      const next = cmac.mac(block, u32be(counter), constant, ZERO, u32be(8 * length))
      wipe(block)
      block = new Uint8Array(next)
      wipe(next)
      result.set(block.subarray(0, length - at), at)
    }
    wipe(block)
    cmac.dispose()
    return result
  }
}

/** KDF-HMAC-SHA2 of RFC 8009 section 3, for lengths up to the one of the digest. The context goes after the label. */
export function kdfHmacSha2(
  hash: 'sha256' | 'sha384',
): (key: Uint8Array, label: Uint8Array, length: number, context?: Uint8Array) => SecretBytes {
  return (key, label, length, context = NOTHING) => {
    const mac = hmac(hash, key, u32be(1), label, ZERO, context, u32be(8 * length))
    const result = secretBytes(length)
    result.set(mac.subarray(0, length))
    wipe(mac)
    return result
  }
}

const NOTHING = new Uint8Array(0)
const ZERO = new Uint8Array(1)

function u32be(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

/**
 * Folded constants by block size and constant, of which each is one array. An n-fold costs as much as many derivations, so
 * each is made once per process.
 */
const foldedConstants: ReadonlyMap<number, WeakMap<Uint8Array, Uint8Array>> = new Map([
  [8, new WeakMap()],
  [16, new WeakMap()],
])

function folded(constant: Uint8Array, size: number): Uint8Array {
  const known = foldedConstants.get(size)
  let result = known?.get(constant)
  if (result === undefined) {
    result = nFold(constant, size)
    known?.set(constant, result)
  }
  return result
}
