import { secretBytes, wipe, type SecretBytes } from 'sspi/core'
import { KerberosKey, krbFxCf2 } from 'sspi/kerberos'
import type { SpakeGroup } from './groups.js'

const SECRET_LABEL = ascii('SPAKEsecret')
const KEY_LABEL = ascii('SPAKEkey')
const PEPPERS = [ascii('SPAKE'), ascii('keyderiv')] as const

/**
 * The secret that both sides have, RFC 9588 section 5: made of the client's long-term key (the initial reply key) for a group.
 *
 * @returns Bytes that the caller wipes: w.
 */
export function spakeSecret(initialKey: KerberosKey, { number, scalarBytes }: SpakeGroup): SecretBytes {
  return initialKey.prfPlus(join(SECRET_LABEL, u32be(number)), scalarBytes)
}

/**
 * The transcript hash, RFC 9588 section 6, up to the KDC's challenge.
 *
 * @param support - The client's PA-SPAKE as it was sent; empty where the KDC has not waited for it.
 * @param challenge - The KDC's PA-SPAKE as it came.
 */
export function challengeTranscript(group: SpakeGroup, support: Uint8Array, challenge: Uint8Array): Uint8Array {
  const nothing = new Uint8Array(group.hash().length)
  return group.hash(nothing, support, challenge)
}

/** The transcript hash with the client's value. */
export function responseTranscript(group: SpakeGroup, transcript: Uint8Array, clientValue: Uint8Array): Uint8Array {
  return group.hash(transcript, clientValue)
}

/** What keys of an exchange are derived from, RFC 9588 section 7. */
export interface SpakeKeyInput {
  readonly group: SpakeGroup
  readonly initialKey: KerberosKey
  /** As {@link spakeSecret} makes it. */
  readonly secret: Uint8Array
  /** K, which both sides have come to. */
  readonly shared: Uint8Array
  /** As {@link responseTranscript} makes it. */
  readonly transcript: Uint8Array
  /** The KDC-REQ-BODY of the request, as it was sent; inside of FAST that of the request inside. */
  readonly body: Uint8Array
}

/**
 * The key of a number, RFC 9588 section 7: 0 is the reply key, 1 encrypts the client's factor.
 *
 * @returns A new key, which the caller disposes of.
 */
export function deriveSpakeKey(input: SpakeKeyInput, number: number): KerberosKey {
  const { group, initialKey, secret, shared, transcript, body } = input
  const { enctype, profile } = initialKey
  const fixed = [KEY_LABEL, u32be(group.number), u32be(enctype), secret, shared, transcript, body, u32be(number)]
  const seed = secretBytes(profile.seedBytes)
  for (let at = 0, counter = 1; at < seed.length; counter++) {
    const block = group.hash(...fixed, Uint8Array.of(counter))
    seed.set(block.subarray(0, seed.length - at), at)
    at += block.length
    wipe(block)
  }
  const hashed = KerberosKey.fromSeed(enctype, seed)
  wipe(seed)
  try {
    return krbFxCf2(initialKey, hashed, ...PEPPERS)
  } finally {
    hashed.dispose()
  }
}

function u32be(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}
