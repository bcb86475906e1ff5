import { fromCharCodes } from './char-codes.js'

/** What stands for a character that the OEM character set lacks, as Windows does it. */
const SUBSTITUTE = 0x3f

/**
 * Encodes text in the OEM character set of NTLM (MS-NLMP 2.2: peers that did not agree on Unicode).
 *
 * Which code page that is, no message says: it is the machine's. ASCII is common to all of them and is the only part
 * that interoperates for certain; the upper half is taken to be Latin-1, so that every byte string decodes and encodes
 * back to itself.
 *
 * @returns A new array of one byte for each code unit; `?` for those above U+00FF.
 */
export function oemEncode(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    bytes[i] = unit <= 0xff ? unit : SUBSTITUTE
  }
  return bytes
}

/** Decodes OEM text as {@link oemEncode} describes it: ASCII, and Latin-1 for the upper half. Any bytes will do. */
export function oemDecode(bytes: Uint8Array): string {
  return fromCharCodes(bytes)
}
