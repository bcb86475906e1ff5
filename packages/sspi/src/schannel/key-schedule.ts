import { concatBytes, encodeAscii, Writer } from '../bytes/index.js'
import { hmac, secretBytes, sha256, sha384, wipe, type SecretBytes } from '../crypto/index.js'

/** The hash of a cipher suite. */
export type ScheduleHash = 'sha256' | 'sha384'

const NOTHING = new Uint8Array(0)
/** HKDF gives at most 255 blocks (RFC 5869 §2.3), here of the shorter hash: 8160 bytes. */
export const MAX_EXPORT = 255 * 32

/** HKDF-Expand-Label, RFC 8446 section 7.1. */
export function expandLabel(
  hash: ScheduleHash,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): SecretBytes {
  const name = encodeAscii(`tls13 ${label}`)
  const info = new Writer().u16be(length).u8(name.length).bytes(name).u8(context.length).bytes(context).finish()
  const output = secretBytes(length)
  let block: Uint8Array = NOTHING
  for (let at = 0, counter = 1; at < length; counter++) {
    const next = hmac(hash, secret, block, info, Uint8Array.of(counter))
    wipe(block)
    block = next
    output.set(block.subarray(0, length - at), at)
    at += block.length
  }
  wipe(block)
  return output
}

/** The exporter of TLS 1.3, RFC 8446 section 7.5; an absent context and an empty one are the same. */
export function exportKey13(
  hash: ScheduleHash,
  exporterSecret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): SecretBytes {
  const digest = hash === 'sha256' ? sha256 : sha384
  const derived = expandLabel(hash, exporterSecret, label, digest(NOTHING), exporterSecret.length)
  const key = expandLabel(hash, derived, 'exporter', digest(context), length)
  wipe(derived)
  return key
}

/** The PRF of TLS 1.2, RFC 5246 section 5. */
export function prf(
  hash: ScheduleHash,
  secret: Uint8Array,
  label: string,
  seed: Uint8Array,
  length: number,
): SecretBytes {
  const labelled = concatBytes(encodeAscii(label), seed)
  const output = secretBytes(length)
  let a: Uint8Array = labelled
  for (let at = 0; at < length;) {
    const next = hmac(hash, secret, a)
    if (a !== labelled) wipe(a)
    a = next
    const block = hmac(hash, secret, a, labelled)
    output.set(block.subarray(0, length - at), at)
    at += block.length
    wipe(block)
  }
  if (a !== labelled) wipe(a)
  return output
}

/** The exporter of TLS 1.2, RFC 5705 section 4: without a context is not the same as with an empty one. */
export function exportKey12(
  hash: ScheduleHash,
  masterSecret: Uint8Array,
  randoms: Uint8Array,
  label: string,
  context: Uint8Array | undefined,
  length: number,
): SecretBytes {
  const seed =
    context === undefined ? randoms : new Writer().bytes(randoms).u16be(context.length).bytes(context).finish()
  return prf(hash, masterSecret, label, seed, length)
}
