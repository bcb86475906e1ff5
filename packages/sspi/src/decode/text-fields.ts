import { oemDecode, toHex, utf16leDecode } from '../bytes/index.js'
import { SspiError } from '../sspi/index.js'
import type { About } from './node.js'

/** Text in UTF-16LE or in the peer's code page, as a node's value; bytes that are no such text are shown in hexadecimal. */
export function textOf(bytes: Uint8Array, encoding: 'utf-16le' | 'oem', what: string): About {
  try {
    return { value: printable(encoding === 'oem' ? oemDecode(bytes) : utf16leDecode(bytes, what)) }
  } catch (error) {
    if (!(error instanceof SspiError)) throw error
    return { value: toHex(bytes), error: error.message }
  }
}

/** Text of a peer with control characters escaped, so that it cannot steer the terminal it is printed on. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`, // a match is never empty
  )
}
