// The compression function of MD5, RFC 1321 section 3.4.

/** The table T of RFC 1321. */
// prettier-ignore
const T: usize = memory.data<u32>([
  0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
  0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
  0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
  0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
  0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
  0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
  0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
  0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
], 16)

export function md5Start(state: usize): void {
  store<u32>(state, 0x67452301)
  store<u32>(state, 0xefcdab89, 4)
  store<u32>(state, 0x98badcfe, 8)
  store<u32>(state, 0x10325476, 12)
}

export function md5Blocks(state: usize, at: usize, blocks: u32): void {
  let h0 = load<u32>(state)
  let h1 = load<u32>(state, 4)
  let h2 = load<u32>(state, 8)
  let h3 = load<u32>(state, 12)
  for (; blocks != 0; blocks--) {
    let a = h0
    let b = h1
    let c = h2
    let d = h3
    // `k` is 4 times the number of the word; the four rounds take them by steps of 1, 5, 3 and 7.
    for (let i: usize = 0; i < 64; i += 16) {
      const t = T + i
      const k = at + i
      a = b + rotl<u32>(a + (d ^ (b & (c ^ d))) + load<u32>(t) + load<u32>(k), 7)
      d = a + rotl<u32>(d + (c ^ (a & (b ^ c))) + load<u32>(t, 4) + load<u32>(k, 4), 12)
      c = d + rotl<u32>(c + (b ^ (d & (a ^ b))) + load<u32>(t, 8) + load<u32>(k, 8), 17)
      b = c + rotl<u32>(b + (a ^ (c & (d ^ a))) + load<u32>(t, 12) + load<u32>(k, 12), 22)
    }
    for (let i: usize = 0; i < 64; i += 16) {
      const t = T + 64 + i
      const k: usize = <usize>5 * i
      a = b + rotl<u32>(a + (c ^ (d & (b ^ c))) + load<u32>(t) + load<u32>(at + ((k + 4) & 63)), 5)
      d = a + rotl<u32>(d + (b ^ (c & (a ^ b))) + load<u32>(t, 4) + load<u32>(at + ((k + 24) & 63)), 9)
      c = d + rotl<u32>(c + (a ^ (b & (d ^ a))) + load<u32>(t, 8) + load<u32>(at + ((k + 44) & 63)), 14)
      b = c + rotl<u32>(b + (d ^ (a & (c ^ d))) + load<u32>(t, 12) + load<u32>(at + ((k + 64) & 63)), 20)
    }
    for (let i: usize = 0; i < 64; i += 16) {
      const t = T + 128 + i
      const k: usize = <usize>3 * i
      a = b + rotl<u32>(a + (b ^ c ^ d) + load<u32>(t) + load<u32>(at + ((k + 20) & 63)), 4)
      d = a + rotl<u32>(d + (a ^ b ^ c) + load<u32>(t, 4) + load<u32>(at + ((k + 32) & 63)), 11)
      c = d + rotl<u32>(c + (d ^ a ^ b) + load<u32>(t, 8) + load<u32>(at + ((k + 44) & 63)), 16)
      b = c + rotl<u32>(b + (c ^ d ^ a) + load<u32>(t, 12) + load<u32>(at + ((k + 56) & 63)), 23)
    }
    for (let i: usize = 0; i < 64; i += 16) {
      const t = T + 192 + i
      const k: usize = <usize>7 * i
      a = b + rotl<u32>(a + (c ^ (b | ~d)) + load<u32>(t) + load<u32>(at + (k & 63)), 6)
      d = a + rotl<u32>(d + (b ^ (a | ~c)) + load<u32>(t, 4) + load<u32>(at + ((k + 28) & 63)), 10)
      c = d + rotl<u32>(c + (a ^ (d | ~b)) + load<u32>(t, 8) + load<u32>(at + ((k + 56) & 63)), 15)
      b = c + rotl<u32>(b + (d ^ (c | ~a)) + load<u32>(t, 12) + load<u32>(at + ((k + 84) & 63)), 21)
    }
    h0 += a
    h1 += b
    h2 += c
    h3 += d
    at += 64
  }
  store<u32>(state, h0)
  store<u32>(state, h1, 4)
  store<u32>(state, h2, 8)
  store<u32>(state, h3, 12)
}
