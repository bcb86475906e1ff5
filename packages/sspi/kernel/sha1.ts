// The compression function of SHA-1, FIPS 180-4 section 6.1.2.
import { WORK } from './memory'

/** Turns the bytes of each of four words round. */
const SWAP: usize = memory.data<u8>([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12], 16)
/** Moves three words down and a zero in. */
const DOWN: usize = memory.data<u8>([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 128, 128, 128, 128], 16)
/** Moves the lowest word to the top, and zeros elsewhere. */
const TO_TOP: usize = memory.data<u8>([128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 0, 1, 2, 3], 16)

export function sha1Start(state: usize): void {
  store<u32>(state, 0x67452301)
  store<u32>(state, 0xefcdab89, 4)
  store<u32>(state, 0x98badcfe, 8)
  store<u32>(state, 0x10325476, 12)
  store<u32>(state, 0xc3d2e1f0, 16)
}

export function sha1Blocks(state: usize, at: usize, blocks: u32): void {
  let h0 = load<u32>(state)
  let h1 = load<u32>(state, 4)
  let h2 = load<u32>(state, 8)
  let h3 = load<u32>(state, 12)
  let h4 = load<u32>(state, 16)
  for (; blocks != 0; blocks--) {
    schedule(at)
    let a = h0
    let b = h1
    let c = h2
    let d = h3
    let e = h4
    let w: usize = WORK
    // Five steps at a time, so that the variables change their parts and not their values.
    for (const end: usize = WORK + 80; w < end; w += 20) {
      e += rotl<u32>(a, 5) + choose(b, c, d) + 0x5a827999 + load<u32>(w)
      b = rotl<u32>(b, 30)
      d += rotl<u32>(e, 5) + choose(a, b, c) + 0x5a827999 + load<u32>(w, 4)
      a = rotl<u32>(a, 30)
      c += rotl<u32>(d, 5) + choose(e, a, b) + 0x5a827999 + load<u32>(w, 8)
      e = rotl<u32>(e, 30)
      b += rotl<u32>(c, 5) + choose(d, e, a) + 0x5a827999 + load<u32>(w, 12)
      d = rotl<u32>(d, 30)
      a += rotl<u32>(b, 5) + choose(c, d, e) + 0x5a827999 + load<u32>(w, 16)
      c = rotl<u32>(c, 30)
    }
    for (const end: usize = WORK + 160; w < end; w += 20) {
      e += rotl<u32>(a, 5) + (b ^ c ^ d) + 0x6ed9eba1 + load<u32>(w)
      b = rotl<u32>(b, 30)
      d += rotl<u32>(e, 5) + (a ^ b ^ c) + 0x6ed9eba1 + load<u32>(w, 4)
      a = rotl<u32>(a, 30)
      c += rotl<u32>(d, 5) + (e ^ a ^ b) + 0x6ed9eba1 + load<u32>(w, 8)
      e = rotl<u32>(e, 30)
      b += rotl<u32>(c, 5) + (d ^ e ^ a) + 0x6ed9eba1 + load<u32>(w, 12)
      d = rotl<u32>(d, 30)
      a += rotl<u32>(b, 5) + (c ^ d ^ e) + 0x6ed9eba1 + load<u32>(w, 16)
      c = rotl<u32>(c, 30)
    }
    for (const end: usize = WORK + 240; w < end; w += 20) {
      e += rotl<u32>(a, 5) + majority(b, c, d) + 0x8f1bbcdc + load<u32>(w)
      b = rotl<u32>(b, 30)
      d += rotl<u32>(e, 5) + majority(a, b, c) + 0x8f1bbcdc + load<u32>(w, 4)
      a = rotl<u32>(a, 30)
      c += rotl<u32>(d, 5) + majority(e, a, b) + 0x8f1bbcdc + load<u32>(w, 8)
      e = rotl<u32>(e, 30)
      b += rotl<u32>(c, 5) + majority(d, e, a) + 0x8f1bbcdc + load<u32>(w, 12)
      d = rotl<u32>(d, 30)
      a += rotl<u32>(b, 5) + majority(c, d, e) + 0x8f1bbcdc + load<u32>(w, 16)
      c = rotl<u32>(c, 30)
    }
    for (const end: usize = WORK + 320; w < end; w += 20) {
      e += rotl<u32>(a, 5) + (b ^ c ^ d) + 0xca62c1d6 + load<u32>(w)
      b = rotl<u32>(b, 30)
      d += rotl<u32>(e, 5) + (a ^ b ^ c) + 0xca62c1d6 + load<u32>(w, 4)
      a = rotl<u32>(a, 30)
      c += rotl<u32>(d, 5) + (e ^ a ^ b) + 0xca62c1d6 + load<u32>(w, 8)
      e = rotl<u32>(e, 30)
      b += rotl<u32>(c, 5) + (d ^ e ^ a) + 0xca62c1d6 + load<u32>(w, 12)
      d = rotl<u32>(d, 30)
      a += rotl<u32>(b, 5) + (c ^ d ^ e) + 0xca62c1d6 + load<u32>(w, 16)
      c = rotl<u32>(c, 30)
    }
    h0 += a
    h1 += b
    h2 += c
    h3 += d
    h4 += e
    at += 64
  }
  store<u32>(state, h0)
  store<u32>(state, h1, 4)
  store<u32>(state, h2, 8)
  store<u32>(state, h3, 12)
  store<u32>(state, h4, 16)
}

/** The message schedule of a block, four words at a time, into WORK. */
function schedule(at: usize): void {
  const swap = v128.load(SWAP)
  const down = v128.load(DOWN)
  const toTop = v128.load(TO_TOP)
  for (let i: usize = 0; i < 64; i += 16) v128.store(WORK + i, i8x16.swizzle(v128.load(at + i), swap))
  let older = v128.load(WORK, 32)
  let newer = v128.load(WORK, 48)
  let w: usize = WORK + 64
  // Each word depends on the one three before it, so the top one lacks what the lowest of the same four becomes.
  for (const end: usize = WORK + 128; w < end; w += 16) {
    const first = v128.load(w - 64)
    const mixed = v128.xor(v128.xor(first, older), v128.xor(v128.load(w - 56), i8x16.swizzle(newer, down)))
    const rough = rotated(mixed, 1)
    const next = v128.xor(rough, rotated(i8x16.swizzle(rough, toTop), 1))
    v128.store(w, next)
    older = newer
    newer = next
  }
  // Twice the recurrence: from here on only words at least six before are needed.
  for (const end: usize = WORK + 320; w < end; w += 16) {
    const sixth = v128.shuffle<u32>(older, newer, 2, 3, 4, 5)
    const mixed = v128.xor(v128.xor(sixth, v128.load(w - 64)), v128.xor(v128.load(w - 112), v128.load(w - 128)))
    const next = rotated(mixed, 2)
    v128.store(w, next)
    older = newer
    newer = next
  }
}

function rotated(words: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(words, bits), i32x4.shr_u(words, 32 - bits))
}

function choose(x: u32, y: u32, z: u32): u32 {
  return z ^ (x & (y ^ z))
}

function majority(x: u32, y: u32, z: u32): u32 {
  return (x & y) | (z & (x | y))
}
