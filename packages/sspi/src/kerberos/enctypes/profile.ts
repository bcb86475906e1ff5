import { concatBytes } from '../../bytes/index.js'
import { type Pbkdf2Hash, type SecretBytes } from '../../crypto/index.js'

/** Data in one piece, or in several that count one after the other. Read in place, never kept. */
export type Parts = Uint8Array | readonly Uint8Array[]

/**
 * Data that the checksum covers in its place among the plaintext and that is not encrypted: what RPC leaves readable
 * (MS-KILE 3.4.5.4.1, `GSS_C_BUFFER_TYPE_SIGN_ONLY`).
 */
export interface SignedOnly {
  /** How many bytes of the plaintext stand before it; not less than with the one before. */
  readonly at: number
  readonly bytes: Uint8Array
}

/** Encryption under one key for one usage. Its owner calls `dispose`. */
export interface MessageCipher {
  /** @param confounder - Random bytes, as many as the profile says. @returns The ciphertext in a new array. */
  encrypt(parts: readonly Uint8Array[], confounder: Uint8Array, signedOnly?: readonly SignedOnly[]): Uint8Array
  /**
   * @param parts - The ciphertext.
   * @returns The plaintext, which the caller wipes.
   * @throws `SspiError` `SEC_E_MESSAGE_ALTERED` for whatever this key has not encrypted for this usage.
   */
  decrypt(parts: readonly Uint8Array[], signedOnly?: readonly SignedOnly[]): SecretBytes
  /** Overwrites the derived keys. */
  dispose(): void
}

/** Checksums under one key for one usage. Its owner calls `dispose`. */
export interface MessageMac {
  /** The checksum, cut to its type's length, in a new array. */
  mac(...parts: readonly Uint8Array[]): Uint8Array
  /** Whether a checksum, of whatever length, is that of the parts; in constant time. */
  matches(checksum: Uint8Array, ...parts: readonly Uint8Array[]): boolean
  /** Overwrites the derived key. */
  dispose(): void
}

/** A password to be stretched by PBKDF2, which takes too long for a turn: someone outside does it. */
export interface StretchQuery {
  readonly hash: Pbkdf2Hash
  /** In UTF-8. Overwritten when the answer has come. */
  readonly password: Uint8Array
  readonly salt: Uint8Array
  readonly iterations: number
  /** Bytes wanted. */
  readonly length: number
}

/** A key from a password: either there at once, or a stretch to be made first. */
export type Derivation<Key> =
  | { readonly kind: 'key'; readonly key: Key }
  | {
      readonly kind: 'stretch'
      readonly query: StretchQuery
      /** Makes the key of the stretched bytes, and overwrites them and the password. To be called once. */
      finish(stretched: Uint8Array): Key
    }

/** An encryption type: what RFC 3961 section 3 calls a profile, on raw keys. {@link KerberosKey} is what to use. */
export interface EncryptionProfile {
  /** The number of the registry. */
  readonly enctype: number
  /** The name that is printed (and, with some types, salts passwords); then others that configuration files use. */
  readonly names: readonly [string, ...string[]]
  /** Whether it is broken or breaking, and may be used by somebody's explicit wish only. Policy above decides. */
  readonly weak: boolean
  readonly keyBytes: number
  /** Random bytes that a key is made of, RFC 3961's key-generation seed length. */
  readonly seedBytes: number
  readonly confounderBytes: number
  /** Bytes that the checksum adds to a ciphertext. */
  readonly macBytes: number
  /** Confounder and plaintext are filled up with zeros to a multiple of this. They stay there after decryption. */
  readonly paddingBytes: number
  /** The checksum type that goes with keys of this type. */
  readonly checksumType: number
  /** How often PBKDF2 iterates unless the KDC says otherwise; `undefined` where passwords are not stretched. */
  readonly defaultIterations: number | undefined
  /** Makes a key of `seedBytes` random bytes, RFC 3961 section 3. */
  randomToKey(seed: Uint8Array): SecretBytes
  /** Begins to make a key of a password. `iterations` counts where `defaultIterations` is not `undefined`. */
  stringToKey(password: string, salt: Uint8Array, iterations: number): Derivation<SecretBytes>
  /** Encryption under the keys that are derived from this one for a usage. */
  openCipher(key: Uint8Array, usage: number): MessageCipher
  /** The checksum of `checksumType`. */
  openMac(key: Uint8Array, usage: number): MessageMac
  /** The pseudo-random function, RFC 3961 section 3. Its length is the profile's. */
  prf(key: Uint8Array, input: Uint8Array): SecretBytes
}

/** Several parts in one piece; a single one as it is. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  return only !== undefined && parts.length === 1 ? only : concatBytes(...parts)
}

/** Bytes of the ciphertext of so many bytes of plaintext. */
export function ciphertextBytes(profile: EncryptionProfile, plaintextBytes: number): number {
  return paddedBytes(profile, plaintextBytes) + profile.macBytes
}

/** What the checksum covers: the body, which begins with the confounder, with what is only signed in its places. */
export function coveredParts(
  body: Uint8Array,
  confounderBytes: number,
  signedOnly: readonly SignedOnly[] | undefined,
): readonly Uint8Array[] {
  if (signedOnly === undefined || signedOnly.length === 0) return [body]
  const parts: Uint8Array[] = []
  let done = 0
  for (const { at, bytes } of signedOnly) {
    parts.push(body.subarray(done, confounderBytes + at), bytes)
    done = confounderBytes + at
  }
  parts.push(body.subarray(done))
  return parts
}

/** Bytes of confounder, plaintext and padding. */
export function paddedBytes(
  { confounderBytes, paddingBytes }: Pick<EncryptionProfile, 'confounderBytes' | 'paddingBytes'>,
  plaintextBytes: number,
): number {
  return Math.ceil((confounderBytes + plaintextBytes) / paddingBytes) * paddingBytes
}
