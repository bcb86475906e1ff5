// The compression function of SHA-256, FIPS 180-4 section 6.2.2.
import { WORK } from './memory'

/** FIPS 180-4 section 4.2.2. */
// prettier-ignore
const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
], 16)

/** FIPS 180-4 section 5.3.3. */
export function sha256Start(state: usize): void {
  store<u32>(state, 0x6a09e667)
  store<u32>(state, 0xbb67ae85, 4)
  store<u32>(state, 0x3c6ef372, 8)
  store<u32>(state, 0xa54ff53a, 12)
  store<u32>(state, 0x510e527f, 16)
  store<u32>(state, 0x9b05688c, 20)
  store<u32>(state, 0x1f83d9ab, 24)
  store<u32>(state, 0x5be0cd19, 28)
}

export function sha256Blocks(state: usize, at: usize, blocks: u32): void {
  let h0 = load<u32>(state)
  let h1 = load<u32>(state, 4)
  let h2 = load<u32>(state, 8)
  let h3 = load<u32>(state, 12)
  let h4 = load<u32>(state, 16)
  let h5 = load<u32>(state, 20)
  let h6 = load<u32>(state, 24)
  let h7 = load<u32>(state, 28)
  for (; blocks != 0; blocks--) {
    schedule(at)
    let a = h0
    let b = h1
    let c = h2
    let d = h3
    let e = h4
    let f = h5
    let g = h6
    let h = h7
    // Eight steps at a time, so that the variables change their parts and not their values.
    for (let i: usize = 0; i < 256; i += 32) {
      const w = WORK + i
      const k = K + i
      h += sum1(e) + choose(e, f, g) + load<u32>(k) + load<u32>(w)
      d += h
      h += sum0(a) + majority(a, b, c)
      g += sum1(d) + choose(d, e, f) + load<u32>(k, 4) + load<u32>(w, 4)
      c += g
      g += sum0(h) + majority(h, a, b)
      f += sum1(c) + choose(c, d, e) + load<u32>(k, 8) + load<u32>(w, 8)
      b += f
      f += sum0(g) + majority(g, h, a)
      e += sum1(b) + choose(b, c, d) + load<u32>(k, 12) + load<u32>(w, 12)
      a += e
      e += sum0(f) + majority(f, g, h)
      d += sum1(a) + choose(a, b, c) + load<u32>(k, 16) + load<u32>(w, 16)
      h += d
      d += sum0(e) + majority(e, f, g)
      c += sum1(h) + choose(h, a, b) + load<u32>(k, 20) + load<u32>(w, 20)
      g += c
      c += sum0(d) + majority(d, e, f)
      b += sum1(g) + choose(g, h, a) + load<u32>(k, 24) + load<u32>(w, 24)
      f += b
      b += sum0(c) + majority(c, d, e)
      a += sum1(f) + choose(f, g, h) + load<u32>(k, 28) + load<u32>(w, 28)
      e += a
      a += sum0(b) + majority(b, c, d)
    }
    h0 += a
    h1 += b
    h2 += c
    h3 += d
    h4 += e
    h5 += f
    h6 += g
    h7 += h
    at += 64
  }
  store<u32>(state, h0)
  store<u32>(state, h1, 4)
  store<u32>(state, h2, 8)
  store<u32>(state, h3, 12)
  store<u32>(state, h4, 16)
  store<u32>(state, h5, 20)
  store<u32>(state, h6, 24)
  store<u32>(state, h7, 28)
}

/** The message schedule of a block, into WORK. */
function schedule(at: usize): void {
  for (let i: usize = 0; i < 64; i += 4) store<u32>(WORK + i, bswap<u32>(load<u32>(at + i)))
  for (let w: usize = WORK + 64, end: usize = WORK + 256; w < end; w += 4) {
    const older = load<u32>(w - 60)
    const newer = load<u32>(w - 8)
    const small0 = rotr<u32>(older, 7) ^ rotr<u32>(older, 18) ^ (older >>> 3)
    const small1 = rotr<u32>(newer, 17) ^ rotr<u32>(newer, 19) ^ (newer >>> 10)
    store<u32>(w, small1 + load<u32>(w - 28) + small0 + load<u32>(w - 64))
  }
}

function sum0(x: u32): u32 {
  return rotr<u32>(x, 2) ^ rotr<u32>(x, 13) ^ rotr<u32>(x, 22)
}

function sum1(x: u32): u32 {
  return rotr<u32>(x, 6) ^ rotr<u32>(x, 11) ^ rotr<u32>(x, 25)
}

function choose(x: u32, y: u32, z: u32): u32 {
  return z ^ (x & (y ^ z))
}

function majority(x: u32, y: u32, z: u32): u32 {
  return (x & y) | (z & (x | y))
}
