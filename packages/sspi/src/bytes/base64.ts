import { SspiError } from '../status/index.js'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The value of each ASCII character, 255 for those outside the alphabet. */
const VALUES = new Uint8Array(128).fill(255)
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i

/** Writes bytes as base64 with padding, without line breaks (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  const whole = bytes.length - (bytes.length % 3)
  let text = ''
  for (let i = 0; i < whole; i += 3) {
    const group = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!
    text += digit(group >>> 18) + digit(group >>> 12) + digit(group >>> 6) + digit(group)
  }
  // The loop stopped at a whole number of groups, so one or two bytes are left, or none.
  if (bytes.length - whole === 1) {
    const group = bytes[whole]! << 16
    text += `${digit(group >>> 18)}${digit(group >>> 12)}==`
  } else if (bytes.length - whole === 2) {
    const group = (bytes[whole]! << 16) | (bytes[whole + 1]! << 8)
    text += `${digit(group >>> 18)}${digit(group >>> 12)}${digit(group >>> 6)}=`
  }
  return text
}

/**
 * Reads base64 as {@link toBase64} writes it: with padding, without white space, unused bits zero (RFC 4648
 * sections 3.2, 3.3 and 3.5), so that one value has one spelling.
 *
 * @param what - The name of the field, for the error.
 * @returns A new array.
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` for anything else. The text is not in the message.
 */
export function fromBase64(text: string, what = 'base64'): Uint8Array {
  if (text.length % 4 !== 0) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: ${text.length} base64 characters, not a multiple of 4`)
  }
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const digits = text.length - padding
  const bytes = new Uint8Array((text.length / 4) * 3 - padding)
  let at = 0
  let group = 0
  for (let i = 0; i < digits; i++) {
    const value = VALUES[text.charCodeAt(i)] ?? 255
    if (value === 255) throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: no base64 character at ${i}`)
    group = (group << 6) | value
    if (i % 4 === 3) {
      bytes[at++] = group >>> 16
      bytes[at++] = group >>> 8
      bytes[at++] = group
      group = 0
    }
  }
  const unused = padding === 2 ? group & 0x0f : padding === 1 ? group & 0x03 : 0
  if (unused !== 0) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: unused bits of the last base64 character are set`)
  }
  if (padding === 2) bytes[at] = group >>> 4
  if (padding === 1) {
    bytes[at] = group >>> 10
    bytes[at + 1] = group >>> 2
  }
  return bytes
}

function digit(value: number): string {
  return ALPHABET.charAt(value & 63)
}
