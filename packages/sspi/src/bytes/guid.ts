import { toHex } from './hex.js'

/** A GUID of 16 bytes as text: its first three parts stand least significant byte first, the other two as they are read (MS-DTYP 2.3.4.2). */
export function guidText(bytes: Uint8Array): string {
  const part = (start: number, end: number): string => toHex(bytes.slice(start, end).reverse())
  return `${part(0, 4)}-${part(4, 6)}-${part(6, 8)}-${toHex(bytes.subarray(8, 10))}-${toHex(bytes.subarray(10))}`
}
