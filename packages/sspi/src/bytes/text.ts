import { SspiError } from '../status/index.js'

const encoder = new TextEncoder()
// A byte order mark is a character like any other here: decoding and encoding again must give the same bytes.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A surrogate without its other half, which UTF-8 has no bytes for. */
const LONE_SURROGATE = /\p{Surrogate}/u

/** Decodes UTF-8. @throws {@link SspiError} `SEC_E_INVALID_TOKEN` for bytes that are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array, what: string): string {
  // Names are short and ASCII nearly always; below this length a loop beats the decoder's fixed price.
  if (bytes.length <= 64) {
    const ascii = decodeIfAscii(bytes)
    if (ascii !== undefined) return ascii
  }
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: not UTF-8`, { cause })
  }
}

/** Encodes UTF-8 into a new array. @throws `TypeError` for lone surrogates, which would silently become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  // As above: for short ASCII a loop beats the encoder's fixed price.
  if (text.length <= 64) {
    const ascii = encodeIfAscii(text)
    if (ascii !== undefined) return ascii
  }
  if (LONE_SURROGATE.test(text)) throw new TypeError('text with a lone surrogate has no UTF-8 form')
  return encoder.encode(text)
}

/** Decodes ASCII. @throws {@link SspiError} `SEC_E_INVALID_TOKEN` for bytes above 7f. */
export function decodeAscii(bytes: Uint8Array, what: string): string {
  const text = decodeIfAscii(bytes)
  if (text === undefined) throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: not ASCII`)
  return text
}

/** Encodes ASCII into a new array. @throws `TypeError` for characters above U+007F. */
export function encodeAscii(text: string): Uint8Array {
  const bytes = encodeIfAscii(text)
  if (bytes === undefined) throw new TypeError('text with characters outside of ASCII')
  return bytes
}

function encodeIfAscii(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) return undefined
    bytes[i] = unit
  }
  return bytes
}

function decodeIfAscii(bytes: Uint8Array): string | undefined {
  let text = ''
  for (const byte of bytes) {
    if (byte > 0x7f) return undefined
    text += String.fromCharCode(byte)
  }
  return text
}
