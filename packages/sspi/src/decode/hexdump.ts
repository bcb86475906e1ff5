const WIDTH = 16

/** Bytes as people read them: offset, sixteen bytes in hexadecimal, the printable ones once more. One line each. */
export function hexdump(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += WIDTH) {
    const row = [...bytes.subarray(at, at + WIDTH)]
    const digits = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const letters = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${at.toString(16).padStart(4, '0')}  ${digits.padEnd(WIDTH * 3 - 1)}  ${letters}`)
  }
  return lines.join('\n')
}
