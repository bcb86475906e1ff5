/**
 * The n-fold of RFC 3961 section 5.1: stretches or shrinks bytes to a length, spreading every bit.
 *
 * Copies of the input, each rotated right by 13 bits more than the one before, are laid one after the other up to the
 * least common multiple of both lengths; then the pieces of the wanted length are added with end-around carry.
 *
 * @param data - At least one byte.
 * @param length - Bytes wanted, at least one.
 * @returns A new array over memory of its own.
 * @throws `TypeError` for empty data or a length that is none.
 */
export function nFold(data: Uint8Array, length: number): Uint8Array {
  const size = data.length
  if (size === 0 || !Number.isSafeInteger(length) || length < 1) {
    throw new TypeError(`nFold: from ${size} bytes to ${length}`)
  }
  const result = new Uint8Array(length)
  const total = (size / greatestCommonDivisor(size, length)) * length
  let carry = 0
  // From the last byte of the row to the first, so that the carry runs on from piece to piece.
  for (let at = total - 1; at >= 0; at--) {
    const sum = carry + result[at % length]! + rotatedByte(data, at)
    result[at % length] = sum
    carry = sum >>> 8
  }
  for (let at = length - 1; carry !== 0; at = (at + length - 1) % length) {
    const sum = carry + result[at]!
    result[at] = sum
    carry = sum >>> 8
  }
  return result
}

/** The byte at a place of the row of rotated copies. */
function rotatedByte(data: Uint8Array, at: number): number {
  const size = data.length
  const bits = 8 * size
  const rotation = (13 * Math.floor(at / size)) % bits
  const from = (8 * (at % size) + bits - rotation) % bits
  const first = from >>> 3
  const shift = from & 7
  const pair = (data[first]! << 8) | data[(first + 1) % size]!
  return (pair >>> (8 - shift)) & 0xff
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
