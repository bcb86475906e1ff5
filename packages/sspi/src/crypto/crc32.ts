/** The remainders of the 256 bytes by the polynomial 04c11db7, bits reflected. */
const TABLE = new Int32Array(256)
for (let byte = 0; byte < 256; byte++) {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb8_8320 : 0)
  TABLE[byte] = value
}

/**
 * CRC-32 of the parts, one after the other (the one of Ethernet and ZIP, as MS-NLMP 3.4.4.1 signs by it).
 *
 * @returns A number without sign.
 */
export function crc32(...parts: readonly Uint8Array[]): number {
  let crc = -1
  // The index is a byte and the table has an entry for each.
  for (const part of parts) for (const byte of part) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 255]!
  return ~crc >>> 0
}
