import { secretFrom, wipe, type SecretBytes } from '../../crypto/index.js'
import { type KeyedChecksumProfile } from './checksum-types.js'
import { type EncryptionProfile, type MessageCipher, type MessageMac } from './profile.js'

/**
 * The bytes of a key and what was derived from them for each key usage, on first use. A usage costs as much to derive as a
 * short message to encrypt, so holders of one key share all of it; it is overwritten when the last of them lets go.
 */
export class KeyMaterial {
  readonly profile: EncryptionProfile
  readonly bytes: SecretBytes
  #holders = 1
  readonly #ciphers = new Map<number, MessageCipher>()
  /** By checksum type, then by usage. */
  readonly #macs = new Map<KeyedChecksumProfile, Map<number, MessageMac>>()

  /** @param bytes - As many as the profile says; copied. The first holder is whoever makes it. */
  constructor(profile: EncryptionProfile, bytes: Uint8Array) {
    this.profile = profile
    this.bytes = secretFrom(bytes)
  }

  /** Counts one holder more. */
  retain(): this {
    this.#holders++
    return this
  }

  /** Counts one holder less; the last one leaves nothing behind. */
  release(): void {
    if (--this.#holders > 0) return
    wipe(this.bytes)
    for (const cipher of this.#ciphers.values()) cipher.dispose()
    for (const macs of this.#macs.values()) for (const mac of macs.values()) mac.dispose()
    this.#ciphers.clear()
    this.#macs.clear()
  }

  /** Encryption for a usage. */
  cipher(usage: number): MessageCipher {
    let cipher = this.#ciphers.get(usage)
    if (cipher === undefined) {
      cipher = this.profile.openCipher(this.bytes, checkedUsage(usage))
      this.#ciphers.set(usage, cipher)
    }
    return cipher
  }

  /** Checksums of a type for a usage. */
  mac(usage: number, type: KeyedChecksumProfile): MessageMac {
    let macs = this.#macs.get(type)
    if (macs === undefined) {
      macs = new Map()
      this.#macs.set(type, macs)
    }
    let mac = macs.get(usage)
    if (mac === undefined) {
      mac = type.open(this.bytes, checkedUsage(usage))
      macs.set(usage, mac)
    }
    return mac
  }
}

function checkedUsage(usage: number): number {
  if (!Number.isInteger(usage) || usage < 0 || usage > 0xffff_ffff) throw new TypeError(`key usage ${usage}`)
  return usage
}
