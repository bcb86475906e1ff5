// Calculates the tables of the AES kernel, packages/sspi/kernel/aes-tables.ts, and checks them for all 256 bytes.
// usage: node scripts/kernel/aes-tables.mjs (writes the file); imported by the test, which compares.
//
// AES looks bytes up in a table of 256, at an address that depends on a secret. The kernel has tables of 16, which fit into a vector
// register. For that a byte is written as low + high * Z, two elements of GF(16) inside of GF(256), where Z solves
// Z^2 + a Z + a = 0. With k = low, i = high and j = i + k, the inverse of the byte is a linear function of
//
//   half0 = 1 / (1/i + a/k) + j     and     half1 = 1 / (1/j + a/k) + i
//
// taken nibble by nibble. 1/0 is infinite: it is marked by the top bit, for which a swizzle gives zero, and that comes out right.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const INFINITE = 0x80

/** Multiplies in GF(2^8), FIPS 197 section 4.2. */
function times(a, b) {
  let product = 0
  for (let x = a, y = b; y !== 0; y >>= 1) {
    if (y & 1) product ^= x
    x = (x << 1) ^ (x & 0x80 ? 0x11b : 0)
  }
  return product
}

function power(base, exponent) {
  let result = 1
  for (let i = 0; i < exponent; i++) result = times(result, base)
  return result
}

const bytes = Array.from({ length: 256 }, (_, x) => x)
const inverses = bytes.map((x) => power(x, 254)) // of zero it is zero

/** The linear part of the S-box, FIPS 197 section 5.1.1; the constant 63 is added to the round keys. */
function mixedBits(x) {
  const turned = (bits) => ((x << bits) | (x >> (8 - bits))) & 0xff
  return x ^ turned(1) ^ turned(2) ^ turned(3) ^ turned(4)
}
const unmixedBits = bytes.map((x) => bytes.find((y) => mixedBits(y) === x))

/** The elements of GF(16) by nibbles, so that adding nibbles is adding elements. */
function nibblesOfSubfield() {
  const subfield = bytes.filter((x) => power(x, 16) === x)
  const elements = [0]
  for (const x of subfield) if (!elements.includes(x)) elements.push(...elements.map((y) => x ^ y))
  return elements
}
const elements = nibblesOfSubfield()
const nibbleOf = (x) => elements.indexOf(x)

/** A table that is looked up by `i8x16.swizzle`. */
const look = (table, index) => (index & INFINITE ? 0 : table[index & 15])

/** The representation for one `a` and `Z`; `undefined` when the inversion does not come out right for every byte. */
function representation(a, z) {
  const inverse = elements.map((x) => (x === 0 ? INFINITE : nibbleOf(inverses[x])))
  const timesAInverse = elements.map((x) => (x === 0 ? INFINITE : nibbleOf(times(a, inverses[x]))))
  const toStandard = bytes.map((x) => elements[x & 15] ^ times(z, elements[x >> 4]))
  const represented = (x) => toStandard.indexOf(x)
  const inverseOfA = inverses[a]
  const factor0 = 1 ^ times(z, inverseOfA) ^ times(z, times(inverseOfA, inverseOfA))
  const factor1 = times(z, times(inverseOfA, inverseOfA))
  /** Two tables that give a linear function of the inverse from its two halves. */
  const pair = (linear) =>
    [factor0, factor1].map((factor) => elements.map((x) => (x === 0 ? 0 : linear(times(factor, inverses[x])))))
  const [identity0, identity1] = pair((x) => x)
  const right = bytes.every((x) => {
    const [low, high] = [represented(x) & 15, represented(x) >> 4]
    const sum = low ^ high
    const q = look(timesAInverse, low)
    const half0 = look(inverse, look(inverse, high) ^ q) ^ sum
    const half1 = look(inverse, look(inverse, sum) ^ q) ^ high
    return (look(identity0, half0) ^ look(identity1, half1)) === inverses[x]
  })
  return right ? { inverse, timesAInverse, represented, pair } : undefined
}

function findRepresentation() {
  for (const a of elements.filter((x) => x !== 0)) {
    for (const z of bytes.filter((x) => !elements.includes(x))) {
      if ((times(z, z) ^ times(a, z) ^ a) !== 0) continue
      const found = representation(a, z)
      if (found !== undefined) return found
    }
  }
  throw new Error('no representation of GF(256) over GF(16) is right')
}

/** The tables by name, in the order in which the kernel has them. */
export function aesTables() {
  const { inverse, timesAInverse, represented, pair } = findRepresentation()
  /** Two tables that bring a byte somewhere, one for each of its nibbles. */
  const entry = (linear) => [elements.map((_, n) => linear(n)), elements.map((_, n) => linear(n << 4))]
  // Decryption works on bytes before the S-box: its inverse is an inversion behind the inverse of the linear part.
  const beforeSbox = (x) => represented(unmixedBits[x])
  return [
    ['INVERSE', [inverse]],
    ['TIMES_A_INVERSE', [timesAInverse]],
    ['ENTER', entry(represented)],
    ['SBOX_1', pair((x) => represented(mixedBits(x)))],
    ['SBOX_2', pair((x) => represented(times(2, mixedBits(x))))],
    ['LAST_SBOX', pair(mixedBits)],
    ['ENTER_INVERSE', entry(beforeSbox)],
    ['INVERSE_14', pair((x) => beforeSbox(times(14, x)))],
    ['INVERSE_11', pair((x) => beforeSbox(times(11, x)))],
    ['INVERSE_13', pair((x) => beforeSbox(times(13, x)))],
    ['INVERSE_9', pair((x) => beforeSbox(times(9, x)))],
    ['LAST_INVERSE', pair((x) => x)],
  ]
}

/** The text of packages/sspi/kernel/aes-tables.ts. */
export function aesTablesText() {
  const rows = aesTables().flatMap(([name, tables]) => [
    `  // ${name}`,
    ...tables.map((table) => `  ${table.join(', ')},`),
  ])
  return [
    '// Made by scripts/kernel/aes-tables.mjs, which says what they mean; see aes.ts for their use.',
    '',
    '/** Tables of 16 bytes, one behind the other. */',
    '// prettier-ignore',
    'export const TABLES: usize = memory.data<u8>([',
    ...rows,
    '], 16)',
    '',
  ].join('\n')
}

export const AES_TABLES_FILE = fileURLToPath(new URL('../../packages/sspi/kernel/aes-tables.ts', import.meta.url))

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(AES_TABLES_FILE, aesTablesText())
