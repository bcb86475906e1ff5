// RC4, with its state widened to words, which are faster to index. Its look-ups depend on the key: not constant time.
import { INPUT, MESSAGE, WORK } from './memory'

/**
 * XORs the message with the key stream.
 *
 * INPUT has the state, and gets what it becomes: the permutation in 256 bytes, then the two indices.
 */
export function rc4(length: u32): void {
  for (let n: usize = 0; n < 256; n++) store<u32>(WORK + 4 * n, <u32>load<u8>(INPUT + n))
  let i: u32 = load<u8>(INPUT, 256)
  let j: u32 = load<u8>(INPUT, 257)
  let at: usize = MESSAGE
  const end = MESSAGE + length
  // Eight bytes of key stream are gathered for one XOR.
  for (; at + 8 <= end; at += 8) {
    let stream: u64 = 0
    for (let shift: u64 = 0; shift < 64; shift += 8) {
      i = (i + 1) & 255
      const a = load<u32>(WORK + 4 * i)
      j = (j + a) & 255
      const b = load<u32>(WORK + 4 * j)
      store<u32>(WORK + 4 * i, b)
      store<u32>(WORK + 4 * j, a)
      stream |= (<u64>load<u32>(WORK + 4 * ((a + b) & 255))) << shift
    }
    store<u64>(at, load<u64>(at) ^ stream)
  }
  for (; at < end; at++) {
    i = (i + 1) & 255
    const a = load<u32>(WORK + 4 * i)
    j = (j + a) & 255
    const b = load<u32>(WORK + 4 * j)
    store<u32>(WORK + 4 * i, b)
    store<u32>(WORK + 4 * j, a)
    store<u8>(at, load<u8>(at) ^ load<u8>(WORK + 4 * ((a + b) & 255)))
  }
  for (let n: usize = 0; n < 256; n++) store<u8>(INPUT + n, <u8>load<u32>(WORK + 4 * n))
  store<u8>(INPUT, <u8>i, 256)
  store<u8>(INPUT, <u8>j, 257)
}
