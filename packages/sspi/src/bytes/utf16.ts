import { SspiError } from '../status/index.js'
import { fromCharCodes } from './char-codes.js'

/**
 * Encodes text as UTF-16, least significant byte first, without a byte order mark or a terminator.
 *
 * Every code unit is written as it is, lone surrogates included: Windows names and passwords may hold them.
 *
 * @returns A new array of two bytes for each code unit.
 */
export function utf16leEncode(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    bytes[2 * i] = unit
    bytes[2 * i + 1] = unit >>> 8
  }
  return bytes
}

/**
 * Decodes UTF-16, least significant byte first. Every code unit is kept as it is, a byte order mark, terminators and
 * lone surrogates included, so that encoding the text again gives the same bytes.
 *
 * @param what - The name of the field, for the error.
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` for an odd number of bytes.
 */
export function utf16leDecode(bytes: Uint8Array, what: string): string {
  if (bytes.length % 2 !== 0) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: ${bytes.length} bytes of UTF-16, an odd number`)
  }
  const units = new Uint16Array(bytes.length / 2)
  for (let i = 0; i < units.length; i++) units[i] = bytes[2 * i]! | (bytes[2 * i + 1]! << 8)
  return fromCharCodes(units)
}
