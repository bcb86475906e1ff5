// AES, FIPS 197, in constant time: no address and no branch depends on a secret.
//
// Bytes are looked up in tables of 16 entries that lie in a register, by `i8x16.swizzle` (the idea is Hamburg's, CHES 2009). The
// inverse in GF(2^8) is calculated from inverses in GF(2^4), over which the larger field is an extension of degree two; blocks
// stay in that representation from round to round, and constants and changes of representation are folded into the round keys.
// `aes-tables.ts` is made by scripts/kernel/aes-tables.mjs, which shows the arithmetic.
import { TABLES } from './aes-tables'
import { DECRYPTION_KEYS, ENCRYPTION_KEYS, INPUT, WORK } from './memory'

// The tables, in their order. A pair is indexed by the two halves that the inversion gives.
const INVERSE: usize = TABLES
const TIMES_A_INVERSE: usize = TABLES + 16
const ENTER: usize = TABLES + 32
const SBOX_1: usize = TABLES + 64
const SBOX_2: usize = TABLES + 96
const LAST_SBOX: usize = TABLES + 128
const ENTER_INVERSE: usize = TABLES + 160
const INVERSE_14: usize = TABLES + 192
const INVERSE_11: usize = TABLES + 224
const INVERSE_13: usize = TABLES + 256
const INVERSE_9: usize = TABLES + 288
const LAST_INVERSE: usize = TABLES + 320

/** ShiftRows, turned by 0 to 3 rows for MixColumns; then the inverse. */
// prettier-ignore
const SHIFTED: usize = memory.data<u8>([
  0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11,
  5, 10, 15, 0, 9, 14, 3, 4, 13, 2, 7, 8, 1, 6, 11, 12,
  10, 15, 0, 5, 14, 3, 4, 9, 2, 7, 8, 13, 6, 11, 12, 1,
  15, 0, 5, 10, 3, 4, 9, 14, 7, 8, 13, 2, 11, 12, 1, 6,
  0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3,
  13, 10, 7, 0, 1, 14, 11, 4, 5, 2, 15, 8, 9, 6, 3, 12,
  10, 7, 0, 13, 14, 11, 4, 1, 2, 15, 8, 5, 6, 3, 12, 9,
  7, 0, 13, 10, 11, 4, 1, 14, 15, 8, 5, 2, 3, 12, 9, 6,
], 16)
const UNSHIFTED: usize = SHIFTED + 64

/** Rows turned by 1, 2 and 3, for the round keys of decryption. */
// prettier-ignore
const TURNED: usize = memory.data<u8>([
  1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12,
  2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13,
  3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14,
], 16)

const LOW_NIBBLES: usize = memory.data<u8>([15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15], 16)

/** Encrypts one block. */
export function encrypted(block: v128, rounds: u32): v128 {
  // In locals before the loop: constants in the code would be made anew in every round.
  const nibbles = v128.load(LOW_NIBBLES)
  const inverse = v128.load(INVERSE)
  const timesA = v128.load(TIMES_A_INVERSE)
  const once0 = v128.load(SBOX_1)
  const once1 = v128.load(SBOX_1, 16)
  const twice0 = v128.load(SBOX_2)
  const twice1 = v128.load(SBOX_2, 16)
  const row0 = v128.load(SHIFTED)
  const row1 = v128.load(SHIFTED, 16)
  const row2 = v128.load(SHIFTED, 32)
  const row3 = v128.load(SHIFTED, 48)
  let key: usize = ENCRYPTION_KEYS
  let s = v128.xor(represented(block, ENTER), v128.load(key))
  for (const end = key + 16 * (<usize>rounds - 1); key < end;) {
    key += 16
    // s = low + high * Z; 1/s comes out as two halves.
    const low = v128.and(s, nibbles)
    const high = v128.and(i16x8.shr_u(s, 4), nibbles)
    const sum = v128.xor(high, low)
    const a = i8x16.swizzle(timesA, low)
    const half0 = v128.xor(i8x16.swizzle(inverse, v128.xor(i8x16.swizzle(inverse, high), a)), sum)
    const half1 = v128.xor(i8x16.swizzle(inverse, v128.xor(i8x16.swizzle(inverse, sum), a)), high)
    // SubBytes, and twice that.
    const once = v128.xor(i8x16.swizzle(once0, half0), i8x16.swizzle(once1, half1))
    const twice = v128.xor(i8x16.swizzle(twice0, half0), i8x16.swizzle(twice1, half1))
    // ShiftRows and MixColumns.
    s = v128.xor(
      v128.xor(v128.xor(i8x16.swizzle(twice, row0), v128.load(key)), i8x16.swizzle(v128.xor(once, twice), row1)),
      v128.xor(i8x16.swizzle(once, row2), i8x16.swizzle(once, row3)),
    )
  }
  return v128.xor(i8x16.swizzle(substituted(s, LAST_SBOX), row0), v128.load(key, 16))
}

/** Decrypts one block. */
export function decrypted(block: v128, rounds: u32): v128 {
  const row0 = v128.load(UNSHIFTED)
  const row1 = v128.load(UNSHIFTED, 16)
  const row2 = v128.load(UNSHIFTED, 32)
  const row3 = v128.load(UNSHIFTED, 48)
  let key: usize = DECRYPTION_KEYS
  let s = v128.xor(represented(block, ENTER_INVERSE), v128.load(key))
  for (const end = key + 16 * (<usize>rounds - 1); key < end;) {
    key += 16
    const nibbles = v128.load(LOW_NIBBLES)
    const inverse = v128.load(INVERSE)
    const low = v128.and(s, nibbles)
    const high = v128.and(i16x8.shr_u(s, 4), nibbles)
    const sum = v128.xor(high, low)
    const a = i8x16.swizzle(v128.load(TIMES_A_INVERSE), low)
    const half0 = v128.xor(i8x16.swizzle(inverse, v128.xor(i8x16.swizzle(inverse, high), a)), sum)
    const half1 = v128.xor(i8x16.swizzle(inverse, v128.xor(i8x16.swizzle(inverse, sum), a)), high)
    // InvMixColumns after the other steps, by the four multiples that it takes; the inverse S-box is folded in.
    s = v128.xor(
      v128.xor(
        v128.xor(i8x16.swizzle(pair(INVERSE_14, half0, half1), row0), v128.load(key)),
        i8x16.swizzle(pair(INVERSE_11, half0, half1), row1),
      ),
      v128.xor(i8x16.swizzle(pair(INVERSE_13, half0, half1), row2), i8x16.swizzle(pair(INVERSE_9, half0, half1), row3)),
    )
  }
  return v128.xor(i8x16.swizzle(substituted(s, LAST_INVERSE), row0), v128.load(key, 16))
}

/** Decrypts two blocks in place, step by step together: each waits for itself alone, so two take hardly longer than one. */
function decryptPair(at: usize, rounds: u32): void {
  const row0 = v128.load(UNSHIFTED)
  const row1 = v128.load(UNSHIFTED, 16)
  const row2 = v128.load(UNSHIFTED, 32)
  const row3 = v128.load(UNSHIFTED, 48)
  let key: usize = DECRYPTION_KEYS
  let s = v128.xor(represented(v128.load(at), ENTER_INVERSE), v128.load(key))
  let t = v128.xor(represented(v128.load(at, 16), ENTER_INVERSE), v128.load(key))
  for (const end = key + 16 * (<usize>rounds - 1); key < end;) {
    key += 16
    const nibbles = v128.load(LOW_NIBBLES)
    const inverse = v128.load(INVERSE)
    const timesA = v128.load(TIMES_A_INVERSE)
    const lowS = v128.and(s, nibbles)
    const lowT = v128.and(t, nibbles)
    const highS = v128.and(i16x8.shr_u(s, 4), nibbles)
    const highT = v128.and(i16x8.shr_u(t, 4), nibbles)
    const sumS = v128.xor(highS, lowS)
    const sumT = v128.xor(highT, lowT)
    const aS = i8x16.swizzle(timesA, lowS)
    const aT = i8x16.swizzle(timesA, lowT)
    const s0 = v128.xor(i8x16.swizzle(inverse, v128.xor(i8x16.swizzle(inverse, highS), aS)), sumS)
    const t0 = v128.xor(i8x16.swizzle(inverse, v128.xor(i8x16.swizzle(inverse, highT), aT)), sumT)
    const s1 = v128.xor(i8x16.swizzle(inverse, v128.xor(i8x16.swizzle(inverse, sumS), aS)), highS)
    const t1 = v128.xor(i8x16.swizzle(inverse, v128.xor(i8x16.swizzle(inverse, sumT), aT)), highT)
    const roundKey = v128.load(key)
    s = v128.xor(i8x16.swizzle(pair(INVERSE_14, s0, s1), row0), roundKey)
    t = v128.xor(i8x16.swizzle(pair(INVERSE_14, t0, t1), row0), roundKey)
    s = v128.xor(s, i8x16.swizzle(pair(INVERSE_11, s0, s1), row1))
    t = v128.xor(t, i8x16.swizzle(pair(INVERSE_11, t0, t1), row1))
    s = v128.xor(s, i8x16.swizzle(pair(INVERSE_13, s0, s1), row2))
    t = v128.xor(t, i8x16.swizzle(pair(INVERSE_13, t0, t1), row2))
    s = v128.xor(s, i8x16.swizzle(pair(INVERSE_9, s0, s1), row3))
    t = v128.xor(t, i8x16.swizzle(pair(INVERSE_9, t0, t1), row3))
  }
  const last = v128.load(key, 16)
  v128.store(at, v128.xor(i8x16.swizzle(substituted(s, LAST_INVERSE), row0), last))
  v128.store(at + 16, v128.xor(i8x16.swizzle(substituted(t, LAST_INVERSE), row0), last))
}

/** Brings bytes into the representation that the rounds work in. */
function represented(bytes: v128, table: usize): v128 {
  const nibbles = v128.load(LOW_NIBBLES)
  return v128.xor(
    i8x16.swizzle(v128.load(table), v128.and(bytes, nibbles)),
    i8x16.swizzle(v128.load(table, 16), v128.and(i16x8.shr_u(bytes, 4), nibbles)),
  )
}

/** A function of the inverse of each byte, by a pair of tables. */
function substituted(s: v128, table: usize): v128 {
  const nibbles = v128.load(LOW_NIBBLES)
  const inverse = v128.load(INVERSE)
  const low = v128.and(s, nibbles)
  const high = v128.and(i16x8.shr_u(s, 4), nibbles)
  const sum = v128.xor(high, low)
  const a = i8x16.swizzle(v128.load(TIMES_A_INVERSE), low)
  const half0 = v128.xor(i8x16.swizzle(inverse, v128.xor(i8x16.swizzle(inverse, high), a)), sum)
  const half1 = v128.xor(i8x16.swizzle(inverse, v128.xor(i8x16.swizzle(inverse, sum), a)), high)
  return pair(table, half0, half1)
}

function pair(table: usize, half0: v128, half1: v128): v128 {
  return v128.xor(i8x16.swizzle(v128.load(table), half0), i8x16.swizzle(v128.load(table, 16), half1))
}

/** Rounds under a key of so many bytes. */
export function roundsOf(keyBytes: u32): u32 {
  return (keyBytes >>> 2) + 6
}

/** Expands the key of 16 or 32 bytes at INPUT: the round keys of encryption, and those of decryption if asked for. */
export function expandKey(keyBytes: u32, both: bool): void {
  expandWords(keyBytes)
  const rounds: usize = roundsOf(keyBytes)
  const constant = i8x16.splat(0x63)
  for (let round: usize = 0; round <= rounds; round++) {
    const key = v128.load(WORK + 16 * round)
    // The constant of the S-box goes into the round key behind it.
    const withConstant = v128.xor(key, constant)
    v128.store(
      ENCRYPTION_KEYS + 16 * round,
      round == 0 ? represented(key, ENTER) : round == rounds ? withConstant : represented(withConstant, ENTER),
    )
    if (!both) continue
    const mixed = round == 0 || round == rounds ? key : inverseMixed(key)
    v128.store(
      DECRYPTION_KEYS + 16 * (rounds - round),
      round == 0 ? key : represented(v128.xor(mixed, constant), ENTER_INVERSE),
    )
  }
}

/** The key schedule, FIPS 197 section 5.2, into WORK. */
function expandWords(keyBytes: u32): void {
  const words: usize = keyBytes >>> 2
  const end = WORK + 16 * (<usize>roundsOf(keyBytes) + 1)
  const step: usize = words << 2
  memory.copy(WORK, INPUT, keyBytes)
  let constant: u32 = 1
  for (let at = WORK + step, n: usize = 0; at < end; at += 4, n++) {
    let word = load<u32>(at - 4)
    if (n % words == 0) {
      word = substitutedWord(rotr<u32>(word, 8)) ^ constant
      // A public number, so the branch tells nothing.
      constant = (constant << 1) ^ (constant & 0x80 ? 0x11b : 0)
    } else if (words == 8 && n % words == 4) word = substitutedWord(word)
    store<u32>(at, load<u32>(at - step) ^ word)
  }
}

function substitutedWord(word: u32): u32 {
  const s = substituted(represented(i32x4.splat(word), ENTER), LAST_SBOX)
  return (<u32>i32x4.extract_lane(s, 0)) ^ 0x63636363
}

/** InvMixColumns of a round key, by doubling. */
function inverseMixed(x: v128): v128 {
  const x2 = doubled(x)
  const x4 = doubled(x2)
  const x8 = doubled(x4)
  const x9 = v128.xor(x8, x)
  const x11 = v128.xor(x9, x2)
  const x13 = v128.xor(x9, x4)
  const x14 = v128.xor(v128.xor(x8, x4), x2)
  return v128.xor(
    v128.xor(x14, i8x16.swizzle(x11, v128.load(TURNED))),
    v128.xor(i8x16.swizzle(x13, v128.load(TURNED, 16)), i8x16.swizzle(x9, v128.load(TURNED, 32))),
  )
}

function doubled(x: v128): v128 {
  return v128.xor(i8x16.shl(x, 1), v128.and(i8x16.shr_s(x, 7), i8x16.splat(0x1b)))
}

/** CBC from a zero vector, in place. */
export function cbcEncrypt(at: usize, length: usize, rounds: u32): void {
  let chain = i32x4.splat(0)
  for (const end = at + length; at < end; at += 16) {
    chain = encrypted(v128.xor(chain, v128.load(at)), rounds)
    v128.store(at, chain)
  }
}

/** CBC from a zero vector, in place. */
export function cbcDecrypt(at: usize, length: usize, rounds: u32): void {
  let chain = i32x4.splat(0)
  const end = at + length
  for (; at + 32 <= end; at += 32) {
    const first = v128.load(at)
    const second = v128.load(at, 16)
    decryptPair(at, rounds)
    v128.store(at, v128.xor(v128.load(at), chain))
    v128.store(at + 16, v128.xor(v128.load(at, 16), first))
    chain = second
  }
  if (at < end) v128.store(at, v128.xor(decrypted(v128.load(at), rounds), chain))
}

/**
 * CBC with ciphertext stealing from a zero vector, in place: the last two blocks change places (RFC 3962 section 5). 16 bytes or
 * more; up to 15 bytes behind them are overwritten.
 */
export function ctsEncrypt(at: usize, length: usize, rounds: u32): void {
  const whole = (length + 15) & ~15
  memory.fill(at + length, 0, whole - length)
  cbcEncrypt(at, whole, rounds)
  if (whole == 16) return
  const last = v128.load(at + whole - 16)
  v128.store(at + whole - 16, v128.load(at + whole - 32))
  v128.store(at + whole - 32, last)
}

/** Sixteen bytes that are kept, then sixteen that are not. */
// prettier-ignore
const KEEP: usize = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
], 16)

/** The inverse of `ctsEncrypt`; zeros are written up to the end of the block. */
export function ctsDecrypt(at: usize, length: usize, rounds: u32): void {
  const whole = (length + 15) & ~15
  if (whole > 16) {
    const last = at + whole - 16
    const kept = v128.load(KEEP + whole - length)
    // What the last block of CBC decrypts to ends in the end of the block before, as that was padded with zeros.
    const opened = decrypted(v128.load(last - 16), rounds)
    const before = v128.bitselect(v128.load(last), opened, kept)
    v128.store(last, v128.xor(opened, before))
    v128.store(last - 16, before)
    cbcDecrypt(at, whole - 16, rounds)
  } else cbcDecrypt(at, 16, rounds)
}
