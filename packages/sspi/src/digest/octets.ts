import { decodeUtf8, encodeUtf8, oemDecode, oemEncode } from '../bytes/index.js'
import { secretBytes, type SecretBytes } from '../crypto/index.js'
import { SspiError } from '../sspi/index.js'

// Digest hashes what stands on the wire, byte for byte, while names are texts. Inside of this room a token and what is cut
// out of it are `octets`: strings of one character for each byte, U+0000 to U+00FF.

/** Bytes as octets. */
export function octetsOf(bytes: Uint8Array): string {
  return oemDecode(bytes)
}

/** Octets as bytes. */
export function bytesOf(octets: string): Uint8Array {
  return oemEncode(octets)
}

/** Whether every character is one of ISO 8859-1, so that a text has octets without UTF-8. */
export function isLatin1(text: string): boolean {
  return !/[^\u0000-\u00ff]/.test(text) // eslint-disable-line no-control-regex -- octets are all of these
}

/** The text that octets stand for: UTF-8 where they are UTF-8, else ISO 8859-1, as peers send both without saying which. */
export function textOf(octets: string): string {
  try {
    return decodeUtf8(bytesOf(octets), 'text')
  } catch (error) {
    if (error instanceof SspiError) return octets
    throw error
  }
}

/** What a peer said, for an error: short, and without what would steer the terminal that it is printed on. */
export function shown(octets: string): string {
  const text = textOf(octets).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

/** A text as octets of its UTF-8 form. @throws `SspiError` `SEC_E_CANNOT_PACK` for half a surrogate pair. */
export function utf8Octets(text: string): string {
  return octetsOf(utf8Bytes(text))
}

/** As {@link utf8Octets}, as bytes. */
export function utf8Bytes(text: string): Uint8Array {
  if (/\p{Surrogate}/u.test(text)) {
    throw new SspiError('SEC_E_CANNOT_PACK', 'Digest: half a surrogate pair has no UTF-8 form')
  }
  return encodeUtf8(text)
}

const DIGITS = bytesOf('0123456789abcdef')

/** Bytes as lower-case hexadecimal digits, for secrets: never a string. */
export function hexBytes(bytes: Uint8Array): SecretBytes {
  const digits = secretBytes(2 * bytes.length)
  for (let i = 0; i < bytes.length; i++) {
    digits[2 * i] = DIGITS[bytes[i]! >>> 4]! // bounded by the loop and by 15
    digits[2 * i + 1] = DIGITS[bytes[i]! & 15]!
  }
  return digits
}
