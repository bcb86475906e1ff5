/** As many arguments as `String.fromCharCode` can safely be given at once. */
const CHUNK = 4096

/** Makes a string of code units, however many. */
export function fromCharCodes(units: Uint16Array | Uint8Array): string {
  let text = ''
  for (let i = 0; i < units.length; i += CHUNK) text += String.fromCharCode(...units.subarray(i, i + CHUNK))
  return text
}
