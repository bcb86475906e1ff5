const BLOCK = 64

/** The words of the block at work. Calls are synchronous and do not nest, so one will do; it is zero between them. */
const words = new Int32Array(16)

/** The last one or two blocks of a message, with its padding; zero between calls. */
const tail = new Uint8Array(2 * BLOCK)

/** The four words of the chaining value. */
const chain = new Int32Array(4)

/**
 * MD4 (RFC 1320), which Node no longer offers: the NT hash is MD4 of the password. Not for anything new.
 *
 * @param data - The message; read in place.
 * @returns 16 bytes in a new array.
 */
export function md4(data: Uint8Array): Uint8Array {
  chain[0] = 0x6745_2301
  chain[1] = 0xefcd_ab89
  chain[2] = 0x98ba_dcfe
  chain[3] = 0x1032_5476
  const whole = data.length - (data.length % BLOCK)
  for (let at = 0; at < whole; at += BLOCK) compress(data, at)

  const rest = data.length - whole
  tail.set(data.subarray(whole))
  tail[rest] = 0x80
  const end = rest < BLOCK - 8 ? BLOCK : 2 * BLOCK
  // The length in bits: two words, least significant first.
  putWord(tail, end - 8, (data.length << 3) | 0)
  putWord(tail, end - 4, Math.floor(data.length / 0x2000_0000))
  for (let at = 0; at < end; at += BLOCK) compress(tail, at)

  const digest = new Uint8Array(16)
  for (let i = 0; i < 4; i++) putWord(digest, 4 * i, chain[i]!)
  words.fill(0)
  tail.fill(0)
  chain.fill(0)
  return digest
}

/** Mixes one block into the chaining value, RFC 1320 section 3.4. The names A, B, C, D and X are the RFC's. */
function compress(bytes: Uint8Array, at: number): void {
  const X = words
  for (let i = 0; i < 16; i++) {
    const p = at + 4 * i
    X[i] = bytes[p]! | (bytes[p + 1]! << 8) | (bytes[p + 2]! << 16) | (bytes[p + 3]! << 24)
  }
  let A = chain[0]!
  let B = chain[1]!
  let C = chain[2]!
  let D = chain[3]!
  for (let k = 0; k < 16; k += 4) {
    A = rotate(A + ((B & C) | (~B & D)) + X[k]!, 3)
    D = rotate(D + ((A & B) | (~A & C)) + X[k + 1]!, 7)
    C = rotate(C + ((D & A) | (~D & B)) + X[k + 2]!, 11)
    B = rotate(B + ((C & D) | (~C & A)) + X[k + 3]!, 19)
  }
  for (let k = 0; k < 4; k++) {
    A = rotate(A + ((B & C) | (B & D) | (C & D)) + X[k]! + 0x5a82_7999, 3)
    D = rotate(D + ((A & B) | (A & C) | (B & C)) + X[k + 4]! + 0x5a82_7999, 5)
    C = rotate(C + ((D & A) | (D & B) | (A & B)) + X[k + 8]! + 0x5a82_7999, 9)
    B = rotate(B + ((C & D) | (C & A) | (D & A)) + X[k + 12]! + 0x5a82_7999, 13)
  }
  // The third round takes the words in the order of their index's four bits reversed.
  for (let step = 0; step < 4; step++) {
    const k = ((step & 1) << 1) | (step >> 1)
    A = rotate(A + (B ^ C ^ D) + X[k]! + 0x6ed9_eba1, 3)
    D = rotate(D + (A ^ B ^ C) + X[k + 8]! + 0x6ed9_eba1, 9)
    C = rotate(C + (D ^ A ^ B) + X[k + 4]! + 0x6ed9_eba1, 11)
    B = rotate(B + (C ^ D ^ A) + X[k + 12]! + 0x6ed9_eba1, 15)
  }
  chain[0] = chain[0]! + A
  chain[1] = chain[1]! + B
  chain[2] = chain[2]! + C
  chain[3] = chain[3]! + D
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

function putWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}
