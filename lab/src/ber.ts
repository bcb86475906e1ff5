/** One element of BER: its tag (numbers below 31 only) and what it holds. */
export interface BerElement {
  readonly tag: number
  readonly content: Uint8Array
}

/** Writes an element. */
export function ber(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0)
  return new Uint8Array(Buffer.concat([berHeader(tag, length), ...content]))
}

function berHeader(tag: number, length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(tag, length)
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Uint8Array.of(tag, 0x80 | bytes.length, ...bytes)
}

/** Writes an INTEGER, or something else of a number that is not negative and has at most 31 bits. */
export function berInteger(value: number, tag = 0x02): Uint8Array {
  const bytes = [value & 0xff]
  for (let rest = value >> 8; rest > 0; rest >>= 8) bytes.unshift(rest & 0xff)
  if (bytes[0]! >= 0x80) bytes.unshift(0)
  return ber(tag, Uint8Array.from(bytes))
}

/** Writes an OCTET STRING, or something else that holds UTF-8. */
export function berString(text: string, tag = 0x04): Uint8Array {
  return ber(tag, new TextEncoder().encode(text))
}

/** Reads elements that stand one after the other. @throws Error when the last one is not whole. */
export function readBer(bytes: Uint8Array): readonly BerElement[] {
  const elements: BerElement[] = []
  for (let at = 0; at < bytes.length;) {
    const header = readBerHeader(bytes.subarray(at))
    const end = header === undefined ? Infinity : at + header.headerLength + header.contentLength
    if (header === undefined || end > bytes.length) throw new Error(`BER: ${bytes.length - at} bytes are no element`)
    elements.push({ tag: bytes[at]!, content: bytes.subarray(at + header.headerLength, end) })
    at = end
  }
  return elements
}

/** The lengths of the element that begins here; `undefined` when that takes more bytes to tell. */
export function readBerHeader(
  bytes: Uint8Array,
): { readonly headerLength: number; readonly contentLength: number } | undefined {
  const first = bytes[1]
  if (first === undefined) return undefined
  if (first < 0x80) return { headerLength: 2, contentLength: first }
  const headerLength = 2 + (first & 0x7f)
  if (headerLength === 2 || headerLength > 6) throw new Error(`BER: a length of ${headerLength - 2} bytes`)
  if (bytes.length < headerLength) return undefined
  const contentLength = bytes.subarray(2, headerLength).reduce((sum, byte) => sum * 256 + byte, 0)
  return { headerLength, contentLength }
}

/** The number in an INTEGER or ENUMERATED. */
export function readBerInteger(element: BerElement): number {
  return element.content.reduce((sum, byte) => sum * 256 + byte, 0)
}

/** The text in an OCTET STRING. */
export function readBerString(element: BerElement): string {
  return new TextDecoder().decode(element.content)
}
