import { timingSafeEqual } from 'node:crypto'

declare const secret: unique symbol

/**
 * Bytes that someone owns and overwrites with {@link wipe} when done: keys, states of ciphers, opened messages.
 *
 * They lie in memory of their own, never in a pool that other arrays share, so wiping reaches all of them. That is
 * the best JavaScript can do: the engine may have copied them before, when it moved memory.
 */
export type SecretBytes = Uint8Array & { readonly [secret]: true }

let observer: ((made: SecretBytes) => void) | undefined

/**
 * Shows every array for secrets that is made from now on to an observer, until the returned function is called. For the
 * tests that look whether each is zero after its owner's disposal; it is not behind the room's door.
 */
export function observeSecrets(watch: (made: SecretBytes) => void): () => void {
  observer = watch
  return () => {
    observer = undefined
  }
}

/** Makes `length` zero bytes to hold a secret. */
export function secretBytes(length: number): SecretBytes {
  // This module owns the brand; a new Uint8Array of a length has memory of its own.
  const made = new Uint8Array(length) as SecretBytes
  observer?.(made)
  return made
}

/** Where opened messages lie, one behind the other; each is overwritten by whoever it was opened for. */
let slab = new Uint8Array(0)
let slabAt = 0
const SLAB_BYTES = 8192

/**
 * As {@link secretBytes}, for messages that are opened to be looked at and wiped. Short ones are views of memory that has nothing else
 * in it, which costs a tenth of an array of their own. Not for keys, which live on.
 */
export function briefSecretBytes(length: number): SecretBytes {
  if (length > SLAB_BYTES / 4) return secretBytes(length)
  // Its memory is gone when somebody has transferred what was a view of it.
  if (length > slab.length - slabAt) {
    slab = new Uint8Array(SLAB_BYTES)
    slabAt = 0
  }
  const made = new Uint8Array(slab.buffer, slabAt, length) as SecretBytes
  slabAt += length
  observer?.(made)
  return made
}

/** Copies bytes into an array for secrets. The source is left as it is. */
export function secretFrom(bytes: Uint8Array): SecretBytes {
  const copy = secretBytes(bytes.length)
  copy.set(bytes)
  return copy
}

/** Overwrites bytes with zeros; nothing happens for `undefined`. */
export function wipe(bytes: Uint8Array | undefined): void {
  bytes?.fill(0)
}

/**
 * Says whether two byte strings are the same, in a time that tells nothing about where they differ. Their lengths
 * are not secret: different ones give `false` at once.
 */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
