/**
 * Memory for output that is no secret: what goes out over the wire. In V8 an array of more than 64 bytes costs ten times as much as a
 * shorter one, so this is a view of the pool that Node keeps for its own output.
 *
 * What is in it is anything: every byte must be written. Its `buffer` is shared with other output.
 */
export function outputBytes(length: number): Uint8Array {
  const { buffer, byteOffset } = Buffer.allocUnsafe(length)
  return new Uint8Array(buffer, byteOffset, length)
}
