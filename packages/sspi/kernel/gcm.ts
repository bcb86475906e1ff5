// AES-GCM, NIST SP 800-38D, in constant time, for the records of TLS: a nonce of 12 bytes, associated data of a block at most.
//
// GHASH multiplies in GF(2^128). A multiplication of integers is one of polynomials over GF(2) where nothing carries: with three
// zeros between the bits of the factors, sums of up to fifteen ones stay in the gap (the idea is Pornin's, in BearSSL). The
// upper half of a product is the lower half of the product of the factors with their bits reversed.
import { encrypted, expandKey } from './aes'
import { HASH_KEY, INPUT, MESSAGE, OUTPUT, SENT_MAC } from './memory'

/** Associated data, behind the nonce and a counter. */
const ASSOCIATED: usize = INPUT + 16

/** Expands the key of 16 or 32 bytes at INPUT to KEYS, with the hash key H behind the round keys. */
export function prepareGcm(keyBytes: u32, rounds: u32): void {
  expandKey(keyBytes, false)
  v128.store(HASH_KEY, encrypted(i32x4.splat(0), rounds))
}

/** Encrypts the message under the nonce at INPUT, and writes the tag to OUTPUT. */
export function sealGcm(rounds: u32, associatedBytes: u32, length: u32): void {
  applyCounters(length, rounds)
  makeTag(rounds, associatedBytes, length)
}

/** The inverse of `sealGcm`. @returns zero if the tag at SENT_MAC is right; otherwise nothing is decrypted. */
export function openGcm(rounds: u32, associatedBytes: u32, length: u32): u32 {
  makeTag(rounds, associatedBytes, length)
  const different = v128.any_true(v128.xor(v128.load(OUTPUT), v128.load(SENT_MAC)))
  if (!different) applyCounters(length, rounds)
  return different
}

/** The counter block of a number, which begins with the nonce. */
function counterBlock(number: u32): v128 {
  return i32x4.replace_lane(v128.load(INPUT), 3, bswap<u32>(number))
}

/** XORs the message with the encrypted counters from 2 on; what lies behind it in its last block becomes zero. */
function applyCounters(length: usize, rounds: u32): void {
  const end = MESSAGE + length
  let number: u32 = 2
  for (let at = MESSAGE; at < end; at += 16) {
    v128.store(at, v128.xor(v128.load(at), encrypted(counterBlock(number++), rounds)))
  }
  memory.fill(end, 0, (16 - (length & 15)) & 15)
}

// The state of GHASH, and its key with what is made of that, each in halves: `high` has the first eight bytes.
let high: u64 = 0
let low: u64 = 0
let keyHigh: u64 = 0
let keyLow: u64 = 0

/** The tag of associated data and ciphertext, both padded with zeros, to OUTPUT. */
function makeTag(rounds: u32, associatedBytes: u32, length: u32): void {
  high = low = 0
  keyHigh = bswap<u64>(load<u64>(HASH_KEY))
  keyLow = bswap<u64>(load<u64>(HASH_KEY, 8))
  absorb(load<u64>(ASSOCIATED), load<u64>(ASSOCIATED, 8))
  for (let at = MESSAGE, end = MESSAGE + <usize>length; at < end; at += 16) absorb(load<u64>(at), load<u64>(at, 8))
  absorb(bswap<u64>((<u64>associatedBytes) << 3), bswap<u64>((<u64>length) << 3))
  const mask = encrypted(counterBlock(1), rounds)
  const hash = i64x2.replace_lane(i64x2.splat(bswap<u64>(high)), 1, bswap<u64>(low))
  v128.store(OUTPUT, v128.xor(hash, mask))
  high = low = keyHigh = keyLow = 0
}

/** One step of GHASH: adds a block, and multiplies by the key. */
function absorb(first: u64, second: u64): void {
  const a1 = high ^ bswap<u64>(first)
  const a0 = low ^ bswap<u64>(second)
  const b1 = keyHigh
  const b0 = keyLow
  const r1 = reversed(a1)
  const r0 = reversed(a0)
  const s1 = reversed(b1)
  const s0 = reversed(b0)
  // Karatsuba: three products for four, lower halves and upper halves.
  const p0 = product(a0, b0)
  const p1 = product(a1, b1)
  const pm = product(a0 ^ a1, b0 ^ b1) ^ p0 ^ p1
  const q0 = product(r0, s0)
  const q1 = product(r1, s1)
  const qm = product(r0 ^ r1, s0 ^ s1) ^ q0 ^ q1
  const u0 = reversed(q0) >>> 1
  const u1 = reversed(q1) >>> 1
  const um = reversed(qm) >>> 1
  const w0 = p0
  const w1 = u0 ^ pm
  const w2 = p1 ^ um
  const w3 = u1
  // Bits are in reverse order in GCM, so that the product lies one bit too low.
  const v3 = (w3 << 1) | (w2 >>> 63)
  const v2 = (w2 << 1) | (w1 >>> 63)
  const v1 = (w1 << 1) | (w0 >>> 63)
  const v0 = w0 << 1
  // Reduction by x^128 + x^7 + x^2 + x + 1.
  const m1 = v1 ^ (v0 << 63) ^ (v0 << 62) ^ (v0 << 57)
  const m2 = v2 ^ v0 ^ (v0 >>> 1) ^ (v0 >>> 2) ^ (v0 >>> 7)
  low = m2 ^ (m1 << 63) ^ (m1 << 62) ^ (m1 << 57)
  high = v3 ^ m1 ^ (m1 >>> 1) ^ (m1 >>> 2) ^ (m1 >>> 7)
}

/** The lower 64 bits of the product of two polynomials over GF(2). */
function product(a: u64, b: u64): u64 {
  const a0 = a & 0x1111111111111111
  const a1 = a & 0x2222222222222222
  const a2 = a & 0x4444444444444444
  const a3 = a & 0x8888888888888888
  const b0 = b & 0x1111111111111111
  const b1 = b & 0x2222222222222222
  const b2 = b & 0x4444444444444444
  const b3 = b & 0x8888888888888888
  return (
    (((a0 * b0) ^ (a1 * b3) ^ (a2 * b2) ^ (a3 * b1)) & 0x1111111111111111) |
    (((a0 * b1) ^ (a1 * b0) ^ (a2 * b3) ^ (a3 * b2)) & 0x2222222222222222) |
    (((a0 * b2) ^ (a1 * b1) ^ (a2 * b0) ^ (a3 * b3)) & 0x4444444444444444) |
    (((a0 * b3) ^ (a1 * b2) ^ (a2 * b1) ^ (a3 * b0)) & 0x8888888888888888)
  )
}

/** The bits in reverse order. */
function reversed(x: u64): u64 {
  x = ((x & 0x5555555555555555) << 1) | ((x >>> 1) & 0x5555555555555555)
  x = ((x & 0x3333333333333333) << 2) | ((x >>> 2) & 0x3333333333333333)
  x = ((x & 0x0f0f0f0f0f0f0f0f) << 4) | ((x >>> 4) & 0x0f0f0f0f0f0f0f0f)
  return bswap<u64>(x)
}
