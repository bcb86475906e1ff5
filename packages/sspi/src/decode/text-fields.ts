import { oemDecode, toHex, utf16leDecode } from '../bytes/index.js'
import { SspiError } from '../sspi/index.js'
import type { About } from './node.js'
import { printable } from './printable.js'

/** Text in UTF-16LE or in the peer's code page, as a node's value; bytes that are no such text are shown in hexadecimal. */
export function textOf(bytes: Uint8Array, encoding: 'utf-16le' | 'oem', what: string): About {
  try {
    return { value: printable(encoding === 'oem' ? oemDecode(bytes) : utf16leDecode(bytes, what)) }
  } catch (error) {
    if (!(error instanceof SspiError)) throw error
    return { value: toHex(bytes), error: error.message }
  }
}
