import { createHash, hash } from 'node:crypto'
import { SspiError } from '../status/index.js'
import type { DigestName } from './digest-name.js'
import { KernelLimit } from './kernel/limits.js'
import { isKernelHash, kernelDigest } from './kernel/operations.js'

/**
 * Up to this many bytes, copying the parts together for one native call is cheaper than feeding a hash object part by
 * part: measured, 2 times at 64 bytes and even at 64 KiB.
 */
const GATHER_LIMIT = 16_384

/** Where parts are gathered. Calls are synchronous and do not nest, so one will do; it is zero between them. */
const scratch = new Uint8Array(GATHER_LIMIT)

/** The digest of the parts one after the other, in a new array over memory of its own (it may be a key). */
export function digest(name: DigestName, parts: readonly Uint8Array[]): Uint8Array {
  if (isKernelHash(name)) {
    const length = lengthOf(parts)
    const short = length <= KernelLimit.digest[name] ? kernelDigest(name, parts, length) : undefined
    if (short !== undefined) return short
  }
  return run(name, parts, bufferOf, streamed)
}

/**
 * The same as a string of one character for each byte: much faster on short input, but it cannot be wiped, so it is
 * for MACs and other bytes that go out anyway.
 */
export function digestText(name: DigestName, parts: readonly Uint8Array[]): string {
  return run(name, parts, textOf, streamedText)
}

function run<T>(
  name: DigestName,
  parts: readonly Uint8Array[],
  oneShot: (name: DigestName, data: Uint8Array) => T,
  stream: (name: DigestName, parts: readonly Uint8Array[]) => T,
): T {
  const length = lengthOf(parts)
  const only = parts.length === 1 ? parts[0] : undefined
  try {
    if (only !== undefined) return oneShot(name, only)
    if (length > GATHER_LIMIT) return stream(name, parts)
    let at = 0
    for (const part of parts) {
      scratch.set(part, at)
      at += part.length
    }
    return oneShot(name, scratch.subarray(0, length))
  } catch (cause) {
    if (cause instanceof TypeError) throw cause // the caller's parts were no bytes
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${name}: not available in this build of Node (FIPS mode?)`, {
      cause,
    })
  } finally {
    if (length <= GATHER_LIMIT) scratch.fill(0, 0, length)
  }
}

/** The bytes of all parts. */
export function lengthOf(parts: readonly Uint8Array[]): number {
  let length = 0
  for (const part of parts) length += part.length
  return length
}

function bufferOf(name: DigestName, data: Uint8Array): Uint8Array {
  return ownCopy(hash(name, data, 'buffer'))
}

function textOf(name: DigestName, data: Uint8Array): string {
  return hash(name, data, 'binary')
}

function streamed(name: DigestName, parts: readonly Uint8Array[]): Uint8Array {
  return ownCopy(hasher(name, parts).digest())
}

function streamedText(name: DigestName, parts: readonly Uint8Array[]): string {
  return hasher(name, parts).digest('binary')
}

function hasher(name: DigestName, parts: readonly Uint8Array[]): ReturnType<typeof createHash> {
  const object = createHash(name)
  for (const part of parts) object.update(part)
  return object
}

/** Moves what Node gave, be it pooled or not, into an array of our own. */
function ownCopy(given: Buffer): Uint8Array {
  const own = new Uint8Array(given)
  given.fill(0)
  return own
}
