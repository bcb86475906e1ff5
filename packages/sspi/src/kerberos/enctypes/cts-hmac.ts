import {
  CbcCts,
  Hmac,
  kernelDecrypt,
  kernelEncrypt,
  KernelLimit,
  prepareCtsHmac,
  wipe,
  type CtsHmacFacts,
  type SecretBytes,
} from '../../crypto/index.js'
import { EncryptThenMac } from './encrypt-then-mac.js'
import { MacAndEncrypt, truncated } from './mac-and-encrypt.js'
import { messageAltered } from './message-altered.js'
import { type MessageCipher, type SignedOnly } from './profile.js'

const CONFOUNDER_BYTES = 16

/**
 * AES in CTS mode with HMAC, as RFC 3962 and RFC 8009 have it: short messages go through the kernel in one call, the others through Node's
 * ciphers. What each of the two needs is made of the keys when it is wanted first.
 */
export class CtsHmac implements MessageCipher {
  readonly #facts: CtsHmacFacts
  readonly #cipherKey: SecretBytes
  readonly #macKey: SecretBytes
  #expanded: SecretBytes | undefined
  #native: MessageCipher | undefined

  /** Takes the keys over, and wipes them. */
  constructor(facts: CtsHmacFacts, cipherKey: SecretBytes, macKey: SecretBytes) {
    this.#facts = facts
    this.#cipherKey = cipherKey
    this.#macKey = macKey
  }

  encrypt(parts: readonly Uint8Array[], confounder: Uint8Array, signedOnly?: readonly SignedOnly[]): Uint8Array {
    if (signedOnly === undefined || signedOnly.length === 0) {
      let length = confounder.length
      for (const part of parts) length += part.length
      if (length <= KernelLimit.encrypt) {
        const expanded = this.#prepared()
        const sealed = expanded && kernelEncrypt(this.#facts, this.#rounds, expanded, [confounder, ...parts], length)
        if (sealed !== undefined) return sealed
      }
    }
    return this.#withNode().encrypt(parts, confounder, signedOnly)
  }

  decrypt(ciphertext: Uint8Array, signedOnly?: readonly SignedOnly[]): SecretBytes {
    const length = ciphertext.length - this.#facts.macBytes
    if (length < CONFOUNDER_BYTES) throw messageAltered()
    if (length <= KernelLimit.decrypt && (signedOnly === undefined || signedOnly.length === 0)) {
      const expanded = this.#prepared()
      const opened = expanded && kernelDecrypt(this.#facts, this.#rounds, expanded, ciphertext, CONFOUNDER_BYTES)
      if (opened === 'altered') throw messageAltered()
      if (opened !== undefined) return opened
    }
    return this.#withNode().decrypt(ciphertext, signedOnly)
  }

  dispose(): void {
    wipe(this.#cipherKey)
    wipe(this.#macKey)
    wipe(this.#expanded)
    this.#native?.dispose()
  }

  get #rounds(): number {
    return this.#cipherKey.length / 4 + 6
  }

  #prepared(): SecretBytes | undefined {
    return (this.#expanded ??= prepareCtsHmac(this.#facts, this.#cipherKey, this.#macKey))
  }

  #withNode(): MessageCipher {
    if (this.#native !== undefined) return this.#native
    const { order, hash, macBytes } = this.#facts
    const mode = new CbcCts(this.#cipherKey.length === 16 ? 'aes128' : 'aes256', this.#cipherKey)
    const mac = truncated(new Hmac(hash, this.#macKey), macBytes)
    const shape = { confounderBytes: CONFOUNDER_BYTES, paddingBytes: 1, macBytes }
    this.#native =
      order === 'mac-and-encrypt' ? new MacAndEncrypt(shape, mode, mac) : new EncryptThenMac(shape, mode, mac)
    return this.#native
  }
}
