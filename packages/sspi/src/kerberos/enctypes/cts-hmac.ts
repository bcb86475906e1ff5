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
import { MacAndEncrypt } from './mac-and-encrypt.js'
import { messageAltered } from './message-altered.js'
import { type MessageCipher, type SignedOnly } from './profile.js'

const CONFOUNDER_BYTES = 16

/**
 * AES in CTS mode with HMAC, as RFC 3962 and RFC 8009 have it: short messages go through the kernel in one call, the others through Node's
 * ciphers. What each of the two needs is made of the keys when it is wanted first.
 */
export class CtsHmac implements MessageCipher {
  readonly #facts: CtsHmacFacts
  readonly #rounds: number
  /** `undefined` once disposed of. */
  #keys: { readonly cipher: SecretBytes; readonly mac: SecretBytes } | undefined
  #expanded: SecretBytes | undefined
  #native: MessageCipher | undefined
  /** Whether a message longer than the kernel's has come: the next shows that the key lasts. */
  #hadLonger = false

  /** Takes the keys over, and wipes them. */
  constructor(facts: CtsHmacFacts, cipherKey: SecretBytes, macKey: SecretBytes) {
    this.#facts = facts
    this.#rounds = cipherKey.length / 4 + 6
    this.#keys = { cipher: cipherKey, mac: macKey }
  }

  encrypt(parts: readonly Uint8Array[], confounder: Uint8Array, signedOnly?: readonly SignedOnly[]): Uint8Array {
    const length = confounder.length + totalOf(parts)
    if (nothing(signedOnly) && this.#isForKernel(length, KernelLimit.encrypt)) {
      const expanded = this.#prepared()
      const sealed = expanded && kernelEncrypt(this.#facts, this.#rounds, expanded, [confounder, ...parts], length)
      if (sealed !== undefined) return sealed
    }
    return this.#withNode().encrypt(parts, confounder, signedOnly)
  }

  decrypt(parts: readonly Uint8Array[], signedOnly?: readonly SignedOnly[]): SecretBytes {
    const length = totalOf(parts) - this.#facts.macBytes
    if (length < CONFOUNDER_BYTES) throw messageAltered()
    if (nothing(signedOnly) && this.#isForKernel(length, KernelLimit.decrypt)) {
      const expanded = this.#prepared()
      const opened = expanded && kernelDecrypt(this.#facts, this.#rounds, expanded, parts, length, CONFOUNDER_BYTES)
      if (opened === 'altered') throw messageAltered()
      if (opened !== undefined) return opened
    }
    return this.#withNode().decrypt(parts, signedOnly)
  }

  dispose(): void {
    wipe(this.#keys?.cipher)
    wipe(this.#keys?.mac)
    wipe(this.#expanded)
    this.#native?.dispose()
    this.#keys = undefined
    this.#expanded = undefined
    this.#native = undefined
  }

  /** Keys of tickets and replies have one message each, which is done before Node's ciphers are made. */
  #isForKernel(length: number, limit: number): boolean {
    if (length <= limit) return true
    if (this.#hadLonger || length > KernelLimit.firstLonger) return false
    this.#hadLonger = true
    return true
  }

  #prepared(): SecretBytes | undefined {
    if (this.#expanded !== undefined) return this.#expanded
    const { cipher, mac } = this.#live()
    this.#expanded = prepareCtsHmac(this.#facts, cipher, mac)
    return this.#expanded
  }

  #withNode(): MessageCipher {
    if (this.#native !== undefined) return this.#native
    const { order, hash, macBytes } = this.#facts
    const keys = this.#live()
    const mode = new CbcCts(keys.cipher.length === 16 ? 'aes128' : 'aes256', keys.cipher)
    const mac = new Hmac(hash, keys.mac, macBytes)
    const shape = { confounderBytes: CONFOUNDER_BYTES, paddingBytes: 1, macBytes }
    this.#native =
      order === 'mac-and-encrypt' ? new MacAndEncrypt(shape, mode, mac) : new EncryptThenMac(shape, mode, mac)
    return this.#native
  }

  #live(): { readonly cipher: SecretBytes; readonly mac: SecretBytes } {
    if (this.#keys === undefined) throw new TypeError('CtsHmac: used after dispose')
    return this.#keys
  }
}

function totalOf(parts: readonly Uint8Array[]): number {
  let total = 0
  for (const part of parts) total += part.length
  return total
}

function nothing(signedOnly: readonly SignedOnly[] | undefined): boolean {
  return signedOnly === undefined || signedOnly.length === 0
}
