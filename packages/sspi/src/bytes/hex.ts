import { SspiError } from '../status/index.js'

const DIGITS = '0123456789abcdef'

/** Writes bytes as lower-case hexadecimal digits, two for each byte, without separators. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += DIGITS.charAt(byte >>> 4) + DIGITS.charAt(byte & 15)
  return text
}

/**
 * Reads hexadecimal digits of either case, two for each byte, without separators.
 *
 * @param what - The name of the field, for the error.
 * @returns A new array.
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` for an odd number of digits and for anything that is not a digit.
 *   The text itself is not in the message, as it may be a key.
 */
export function fromHex(text: string, what = 'hex'): Uint8Array {
  if (text.length % 2 !== 0) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: ${text.length} hex digits, an odd number`)
  }
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    const high = digitValue(text.charCodeAt(2 * i))
    const low = digitValue(text.charCodeAt(2 * i + 1))
    if (high < 0 || low < 0) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: no hex digit at ${2 * i + (high < 0 ? 0 : 1)}`)
    }
    bytes[i] = (high << 4) | low
  }
  return bytes
}

function digitValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
