/** As many arguments as `String.fromCharCode` can safely be given at once. */
const CHUNK = 4096

/** Makes a string of code units, however many. */
export function fromCharCodes(units: Uint16Array | Uint8Array): string {
  let text = ''
  for (let i = 0; i < units.length; i += CHUNK) {
    const chunk: ArrayLike<number> = units.subarray(i, i + CHUNK)
    // Spread, it would go through an iterator, which takes eight times as long. All that `apply` needs is an array-like.
    text += String.fromCharCode.apply(undefined, chunk as number[])
  }
  return text
}
