import { concatBytes } from '../../bytes/index.js'
import { constantTimeEqual, randomBytes, secretBytes, secretFrom, wipe, type SecretBytes } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import { checksumProfile, type KeyedChecksumProfile } from './checksum-types.js'
import { KeyMaterial } from './key-material.js'
import { messageAltered } from './message-altered.js'
import { type EncryptionProfile, type MessageMac, type Parts, type SignedOnly } from './profile.js'
import { encryptionProfile } from './profiles.js'

const inspect = Symbol.for('nodejs.util.inspect.custom')

/**
 * A Kerberos key: its bytes, its encryption type, and what was derived from it for each key usage (made on first use,
 * then kept). Its owner calls `dispose`; every other method but `inspect`'s throws `TypeError` after that. Owners that
 * `share` a key also share what was derived.
 *
 * Usages are the numbers of {@link KeyUsage}. Data may come in one piece or in several.
 */
export class KerberosKey {
  /** The encryption type, with its sizes and names. */
  readonly profile: EncryptionProfile
  /** `undefined` once disposed of. */
  #material: KeyMaterial | undefined

  /**
   * @param bytes - The protocol key, as it stands in EncryptionKey, keytabs and caches; copied.
   * @throws {@link SspiError} `SEC_E_KDC_UNKNOWN_ETYPE` for an encryption type that is not known; `SEC_E_INVALID_TOKEN` for
   *   a key of another length than the type's.
   */
  constructor(enctype: number, bytes: Uint8Array)
  /** @internal */
  // eslint-disable-next-line @typescript-eslint/unified-signatures -- this form is `share`'s alone
  constructor(enctype: number, bytes: Uint8Array | KeyMaterial)
  constructor(enctype: number, bytes: Uint8Array | KeyMaterial) {
    if (bytes instanceof KeyMaterial) {
      this.profile = bytes.profile
      this.#material = bytes.retain()
      return
    }
    const profile = encryptionProfile(enctype)
    if (bytes.length !== profile.keyBytes) {
      throw new SspiError(
        'SEC_E_INVALID_TOKEN',
        `Kerberos: a key of ${bytes.length} bytes, ${profile.names[0]} has ${profile.keyBytes}`,
      )
    }
    this.profile = profile
    this.#material = new KeyMaterial(profile, bytes)
  }

  /**
   * Makes a key of random bytes, by RFC 3961's random-to-key.
   *
   * @param seed - As many as the profile's `seedBytes`; left as it is.
   * @throws {@link SspiError} `SEC_E_KDC_UNKNOWN_ETYPE` as the constructor; `TypeError` for another length.
   */
  static fromSeed(enctype: number, seed: Uint8Array): KerberosKey {
    const profile = encryptionProfile(enctype)
    if (seed.length !== profile.seedBytes) {
      throw new TypeError(`${profile.names[0]}: a seed of ${seed.length} bytes, ${profile.seedBytes} wanted`)
    }
    const bytes = profile.randomToKey(seed)
    const key = new KerberosKey(enctype, bytes)
    wipe(bytes)
    return key
  }

  /** Makes a new key. @param random - Where its bytes come from, such as `World.random`. @throws As `fromSeed`. */
  static generate(enctype: number, random: (length: number) => Uint8Array = randomBytes): KerberosKey {
    const seed = random(encryptionProfile(enctype).seedBytes)
    const key = KerberosKey.fromSeed(enctype, seed)
    wipe(seed)
    return key
  }

  /**
   * Gives a second owner a key of its own over the same memory: neither's `dispose` ends the other's, and what one has derived
   * for a usage the other need not derive.
   */
  share(): KerberosKey {
    return new KerberosKey(this.enctype, this.#live())
  }

  /** The number of the encryption type. */
  get enctype(): number {
    return this.profile.enctype
  }

  /** Copies the bytes of the key out; the caller wipes them. */
  reveal(): SecretBytes {
    return secretFrom(this.#live().bytes)
  }

  /** Whether both are the same key of the same type; takes the same time wherever they differ. */
  equals(other: KerberosKey): boolean {
    return this.enctype === other.enctype && constantTimeEqual(this.#live().bytes, other.#live().bytes)
  }

  /**
   * Encrypts a message and protects it by a checksum.
   *
   * @param confounder - Random bytes, as many as the profile's `confounderBytes`. Drawn when left out; a core passes
   *   those of its `World`.
   * @param signedOnly - What the checksum covers as well, by its places in the plaintext.
   * @returns The ciphertext, of {@link ciphertextBytes}.
   * @throws `TypeError` for another length of confounder.
   */
  encrypt(usage: number, plaintext: Parts, confounder?: Uint8Array, signedOnly?: readonly SignedOnly[]): Uint8Array {
    const { confounderBytes } = this.profile
    const random = confounder ?? randomBytes(confounderBytes)
    if (random.length !== confounderBytes) throw new TypeError(`a confounder of ${random.length} bytes`)
    return this.#live().cipher(usage).encrypt(listOf(plaintext), random, signedOnly)
  }

  /**
   * Decrypts a message whose checksum is right.
   *
   * @param signedOnly - What the checksum covers as well, by its places in the plaintext.
   * @returns The plaintext, which the caller wipes. Where the profile pads (triple DES), the padding is
   *   still there.
   * @throws {@link SspiError} `SEC_E_MESSAGE_ALTERED`, with one message, when it is too short, was altered, or was
   *   encrypted under another key or for another usage.
   */
  decrypt(usage: number, ciphertext: Parts, signedOnly?: readonly SignedOnly[]): SecretBytes {
    return this.#live().cipher(usage).decrypt(listOf(ciphertext), signedOnly)
  }

  /**
   * Makes a checksum under this key.
   *
   * @param type - The checksum type; by default the one that goes with the key.
   * @returns The checksum in a new array.
   * @throws {@link SspiError} `SEC_E_UNSUPPORTED_FUNCTION` for a type that is not known, needs no key, or needs one of
   *   another encryption type.
   */
  checksum(usage: number, data: Parts, type: number = this.profile.checksumType): Uint8Array {
    return this.#mac(usage, type).mac(...listOf(data))
  }

  /**
   * Checks a checksum under this key, in constant time.
   *
   * @throws {@link SspiError} `SEC_E_MESSAGE_ALTERED` when it is another, or of another length; otherwise as `checksum`.
   */
  verifyChecksum(usage: number, data: Parts, checksum: Uint8Array, type: number = this.profile.checksumType): void {
    if (!this.#mac(usage, type).matches(checksum, ...listOf(data))) throw messageAltered()
  }

  /**
   * The pseudo-random function of the profile, RFC 3961 section 3.
   *
   * @returns As many bytes as the profile's function has, in a new array, which the caller wipes.
   */
  prf(input: Uint8Array): SecretBytes {
    return this.profile.prf(this.#live().bytes, input)
  }

  /**
   * PRF+ of RFC 6113 section 5.1: the pseudo-random function of a counter and the input, over and over.
   *
   * @param length - Bytes wanted; up to 255 times what `prf` gives.
   * @returns A new array, which the caller wipes.
   * @throws `TypeError` for more.
   */
  prfPlus(input: Uint8Array, length: number): SecretBytes {
    const output = secretBytes(length)
    for (let at = 0, counter = 1; at < length; counter++) {
      if (counter > 255) {
        wipe(output)
        throw new TypeError(`prfPlus: ${length} bytes are too many`)
      }
      const block = this.prf(concatBytes(Uint8Array.of(counter), input))
      output.set(block.subarray(0, length - at), at)
      at += block.length
      wipe(block)
    }
    return output
  }

  /** Overwrites the key and all that was derived from it, unless another owner shares it. Calling it again is harmless. */
  dispose(): void {
    this.#material?.release()
    this.#material = undefined
  }

  /** As `dispose`. */
  [Symbol.dispose](): void {
    this.dispose()
  }

  /** Without the secret. */
  toJSON(): object {
    return { enctype: this.profile.names[0], secret: 'redacted' }
  }

  /** Without the secret. */
  [inspect](): string {
    return `KerberosKey { enctype: '${this.profile.names[0]}', secret: redacted }`
  }

  #live(): KeyMaterial {
    if (this.#material === undefined) throw new TypeError('KerberosKey: used after dispose')
    return this.#material
  }

  #mac(usage: number, type: number): MessageMac {
    return this.#live().mac(usage, this.#keyed(type))
  }

  /** The checksum type, if keys like this one have it. A peer may name any, so the failure is an `SspiError`. */
  #keyed(type: number): KeyedChecksumProfile {
    const profile = checksumProfile(type)
    if (profile.kind !== 'keyed' || (profile.enctype !== undefined && profile.enctype !== this.enctype)) {
      throw new SspiError(
        'SEC_E_UNSUPPORTED_FUNCTION',
        `Kerberos: checksum type ${type} is not one of keys of ${this.profile.names[0]}`,
      )
    }
    return profile
  }
}

function listOf(parts: Parts): readonly Uint8Array[] {
  return parts instanceof Uint8Array ? [parts] : parts
}
