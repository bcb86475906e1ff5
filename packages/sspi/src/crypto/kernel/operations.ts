import type { DigestName } from '../digest-name.js'
import { outputBytes } from '../output-bytes.js'
import { briefSecretBytes, secretBytes, type SecretBytes } from '../secret-bytes.js'
import { kernel, sameKernel, type Kernel } from './instance.js'

// Each of these writes into the kernel's memory, makes one call, takes the result out and overwrites everything. Calls do not nest, so
// there is one memory for all. Where there is no kernel they give `undefined`, and the caller has Node do it.

interface HashFacts {
  /** The kernel's number for it. */
  readonly number: number
  readonly digestBytes: number
}

/** The hashes that the kernel has. */
export type KernelHash = Exclude<DigestName, 'sha512' | 'sha512-256'>

const HASHES: Readonly<Record<KernelHash, HashFacts>> = {
  md5: { number: 0, digestBytes: 16 },
  sha1: { number: 1, digestBytes: 20 },
  sha256: { number: 2, digestBytes: 32 },
  sha384: { number: 3, digestBytes: 48 },
}

/** Whether the kernel has a hash. */
export function isKernelHash(name: DigestName): name is KernelHash {
  return name in HASHES
}

/** The digest of parts of so many bytes, one after the other, in a new array over memory of its own. */
export function kernelDigest(name: KernelHash, parts: readonly Uint8Array[], length: number): Uint8Array | undefined {
  const k = kernel()
  if (k === undefined) return undefined
  const { number, digestBytes } = HASHES[name]
  put(k, parts, k.MESSAGE)
  k.digest(number, length)
  return take(k, k.OUTPUT, digestBytes, length)
}

/** Prepares HMAC under a key that is no longer than a block of the hash: the states behind both pads. */
export function prepareHmac(name: KernelHash, key: Uint8Array): SecretBytes | undefined {
  const k = kernel()
  if (k === undefined) return undefined
  k.bytes.set(key, k.INPUT)
  k.prepareKeys(HASHES[name].number, 0, key.length)
  return takeSecret(k, k.INNER_STATE, STATES_BYTES, 0)
}

const STATES_BYTES = 128

/** The first bytes of HMAC of parts of so many bytes, by what `prepareHmac` made, in a new array over memory of its own. */
export function kernelHmac(
  name: KernelHash,
  states: SecretBytes,
  parts: readonly Uint8Array[],
  length: number,
  macBytes: number,
): Uint8Array | undefined {
  const k = sameKernel()
  if (k === undefined) return undefined
  k.bytes.set(states, k.INNER_STATE)
  put(k, parts, k.MESSAGE)
  k.mac(HASHES[name].number, length)
  return take(k, k.OUTPUT, macBytes, length)
}

/** The first bytes of a MAC of which Node made the inner digest, a string of one character for each byte. */
export function kernelOuterMac(
  name: KernelHash,
  states: SecretBytes,
  innerDigest: string,
  macBytes: number,
): Uint8Array | undefined {
  const k = sameKernel()
  if (k === undefined) return undefined
  k.bytes.set(states, k.INNER_STATE)
  for (let i = 0; i < innerDigest.length; i++) k.bytes[k.INPUT + i] = innerDigest.charCodeAt(i)
  k.outerMac(HASHES[name].number)
  return take(k, k.OUTPUT, macBytes, 0)
}

/** Whether some bytes are the first ones of the MAC of parts of so many bytes, in constant time. */
export function kernelCheckMac(
  name: KernelHash,
  states: SecretBytes,
  parts: readonly Uint8Array[],
  length: number,
  mac: Uint8Array,
): boolean | undefined {
  const k = sameKernel()
  if (k === undefined) return undefined
  k.bytes.set(states, k.INNER_STATE)
  k.bytes.set(mac, k.SENT_MAC)
  put(k, parts, k.MESSAGE)
  const different = k.checkMac(HASHES[name].number, length, mac.length)
  overwrite(k, length)
  return different === 0
}

/** DR of RFC 3961 section 5.1 by AES: a block, encrypted over and over, to so many bytes, no more than the key has (16 or 32). */
export function kernelDeriveKey(key: Uint8Array, block: Uint8Array, length: number): SecretBytes | undefined {
  const k = kernel()
  if (k === undefined) return undefined
  k.bytes.set(key, k.INPUT)
  k.bytes.set(block, k.INPUT + key.length)
  k.deriveKey(key.length)
  return takeSecret(k, k.OUTPUT, length, 0)
}

/** What a checksum covers, and when: the plaintext (RFC 3961 section 5.3), or vector and ciphertext (RFC 8009 section 5). */
export type ProtectionOrder = 'mac-and-encrypt' | 'encrypt-then-mac'

/** How messages are protected by AES in CTS mode and HMAC. */
export interface CtsHmacFacts {
  readonly order: ProtectionOrder
  readonly hash: KernelHash
  /** The bytes that the checksum is cut to. */
  readonly macBytes: number
}

/** Expands an AES key, of 16 or 32 bytes, and one of HMAC, no longer than a block of the hash. */
export function prepareCtsHmac(
  { hash }: CtsHmacFacts,
  cipherKey: Uint8Array,
  macKey: Uint8Array,
): SecretBytes | undefined {
  const k = kernel()
  if (k === undefined) return undefined
  k.bytes.set(cipherKey, k.INPUT)
  k.bytes.set(macKey, k.INPUT + cipherKey.length)
  k.prepareKeys(HASHES[hash].number, cipherKey.length, macKey.length)
  return takeSecret(k, k.KEYS, k.KEYS_BYTES, 0)
}

/** Protects parts of so many bytes, 16 or more. @returns ciphertext and checksum, in output bytes. */
export function kernelEncrypt(
  { order, hash, macBytes }: CtsHmacFacts,
  rounds: number,
  expanded: SecretBytes,
  parts: readonly Uint8Array[],
  length: number,
): Uint8Array | undefined {
  const k = sameKernel()
  if (k === undefined) return undefined
  k.bytes.set(expanded, k.KEYS)
  put(k, parts, k.MESSAGE)
  if (order === 'mac-and-encrypt') k.macAndEncrypt(HASHES[hash].number, rounds, length, macBytes)
  else k.encryptThenMac(HASHES[hash].number, rounds, length, macBytes)
  const sealed = outputBytes(length + macBytes)
  sealed.set(k.bytes.subarray(k.MESSAGE, k.MESSAGE + length + macBytes))
  overwrite(k, length)
  return sealed
}

/**
 * Opens what `kernelEncrypt` made of so many bytes, the checksum not counted.
 *
 * @returns All of it but the first bytes, to be wiped soon; 'altered' when the checksum is wrong.
 */
export function kernelDecrypt(
  { order, hash, macBytes }: CtsHmacFacts,
  rounds: number,
  expanded: SecretBytes,
  parts: readonly Uint8Array[],
  length: number,
  leftOut: number,
): SecretBytes | 'altered' | undefined {
  const k = sameKernel()
  if (k === undefined) return undefined
  k.bytes.set(expanded, k.KEYS)
  put(k, parts, k.MESSAGE)
  const different =
    order === 'mac-and-encrypt'
      ? k.decryptAndCheck(HASHES[hash].number, rounds, length, macBytes)
      : k.checkThenDecrypt(HASHES[hash].number, rounds, length, macBytes)
  const opened = different === 0 ? briefSecretBytes(length - leftOut) : 'altered'
  if (opened !== 'altered') opened.set(k.bytes.subarray(k.MESSAGE + leftOut, k.MESSAGE + length))
  overwrite(k, length)
  return opened
}

/** Expands an AES key, of 16 or 32 bytes, for GCM: the round keys, and the key of its hash. */
export function prepareGcm(key: Uint8Array): SecretBytes | undefined {
  const k = kernel()
  if (k === undefined) return undefined
  k.bytes.set(key, k.INPUT)
  k.prepareGcm(key.length, key.length / 4 + 6)
  return takeSecret(k, k.KEYS, GCM_KEY_BYTES, 0)
}

const GCM_KEY_BYTES = 256
const GCM_NONCE_PLACE = 16

/** What a message of GCM is protected with besides. */
export interface GcmFacts {
  readonly rounds: number
  /** 12 bytes. */
  readonly nonce: Uint8Array
  /** 16 bytes at most. */
  readonly associatedData: Uint8Array
}

/** Encrypts parts of so many bytes in place, one after the other, and writes the tag. @returns whether it was done. */
export function kernelSealGcm(
  facts: GcmFacts,
  expanded: SecretBytes,
  parts: readonly Uint8Array[],
  length: number,
  tag: Uint8Array,
): boolean {
  const k = sameKernel()
  if (k === undefined) return false
  const { bytes, MESSAGE, OUTPUT } = k
  putGcm(k, facts, expanded)
  put(k, parts, MESSAGE)
  k.sealGcm(facts.rounds, facts.associatedData.length, length)
  let at = MESSAGE
  for (const part of parts) {
    part.set(bytes.subarray(at, at + part.length))
    at += part.length
  }
  tag.set(bytes.subarray(OUTPUT, OUTPUT + 16))
  overwrite(k, length)
  return true
}

/** Decrypts in place. @returns 'altered', with nothing done, when the tag is wrong; `undefined` where there is no kernel. */
export function kernelOpenGcm(
  facts: GcmFacts,
  expanded: SecretBytes,
  body: Uint8Array,
  tag: Uint8Array,
): 'opened' | 'altered' | undefined {
  const k = sameKernel()
  if (k === undefined) return undefined
  const { bytes, MESSAGE } = k
  putGcm(k, facts, expanded)
  bytes.set(tag, k.SENT_MAC)
  bytes.set(body, MESSAGE)
  const different = k.openGcm(facts.rounds, facts.associatedData.length, body.length)
  if (different === 0) body.set(bytes.subarray(MESSAGE, MESSAGE + body.length))
  overwrite(k, body.length)
  return different === 0 ? 'opened' : 'altered'
}

function putGcm({ bytes, KEYS, INPUT }: Kernel, { nonce, associatedData }: GcmFacts, expanded: SecretBytes): void {
  bytes.set(expanded, KEYS)
  bytes.set(nonce, INPUT)
  bytes.set(associatedData, INPUT + GCM_NONCE_PLACE)
}

/** XORs data with the key stream of a state (the permutation and two indices), which moves on. @returns whether it was done. */
export function kernelRc4(state: Uint8Array, data: Uint8Array, out: Uint8Array): boolean {
  const k = kernel()
  if (k === undefined) return false
  const { bytes, MESSAGE, MESSAGE_BYTES, INPUT } = k
  bytes.set(state, INPUT)
  for (let at = 0; at < data.length; at += MESSAGE_BYTES) {
    const length = Math.min(MESSAGE_BYTES, data.length - at)
    bytes.set(data.subarray(at, at + length), MESSAGE)
    k.rc4(length)
    out.set(bytes.subarray(MESSAGE, MESSAGE + length), at)
  }
  state.set(bytes.subarray(INPUT, INPUT + state.length))
  overwrite(k, Math.min(MESSAGE_BYTES, data.length))
  return true
}

function put({ bytes }: Kernel, parts: readonly Uint8Array[], start: number): void {
  let at = start
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
}

/** Copies a result out and overwrites everything, with a message of so many bytes. */
function take(k: Kernel, at: number, length: number, messageBytes: number): Uint8Array {
  const result = k.bytes.slice(at, at + length)
  overwrite(k, messageBytes)
  return result
}

function takeSecret(k: Kernel, at: number, length: number, messageBytes: number): SecretBytes {
  const result = secretBytes(length)
  result.set(k.bytes.subarray(at, at + length))
  overwrite(k, messageBytes)
  return result
}

function overwrite({ bytes, SECRETS, MESSAGE, BEHIND_BYTES }: Kernel, messageBytes: number): void {
  bytes.fill(0, SECRETS, MESSAGE + messageBytes + BEHIND_BYTES)
}
