import { toHex } from '../bytes/index.js'
import { wipe, type SecretBytes } from '../crypto/index.js'
import { encryptionProfiles, KerberosKey, readKeytab } from '../kerberos/index.js'
import { SspiError } from '../sspi/index.js'
import { principalText } from './kerberos-names.js'

/** Keys beyond this number are not kept: whoever sends many must not keep the decoder busy. */
const MOST_KEYS = 256

interface KnownKey {
  readonly key: KerberosKey
  readonly origin: string
}

/** What a ring's key has opened. */
export interface OpenedData {
  /** The caller's to wipe. */
  readonly plaintext: SecretBytes
  /** Whose key it was, in words. */
  readonly origin: string
}

/**
 * The keys that a decoder opens encrypted parts with: those that it is given, and those that it finds in what it opens, such
 * as the session key of a ticket. Given to the decoding of one token after the other, it opens a whole exchange. Its owner
 * disposes of it.
 */
export class Keyring implements Disposable {
  /** Whether keys are shown. Whoever has them can read and forge. */
  readonly showKeys: boolean
  #keys: KnownKey[] = []

  /** @param options - `showKeys`: whether keys are shown; default `false`. */
  constructor(options: { readonly showKeys?: boolean | undefined } = {}) {
    this.showKeys = options.showKeys ?? false
  }

  /** Whether there is no key in it. */
  get isEmpty(): boolean {
    return this.#keys.length === 0
  }

  /**
   * Adds a key; one that is there already, or of an encryption type that is not known, is not added.
   *
   * @param bytes - Copied.
   * @param origin - Whose it is, in words: `'the key of HTTP/www.example.com'`.
   */
  add(enctype: number, bytes: Uint8Array, origin: string): void {
    const profile = encryptionProfiles.get(enctype)
    if (profile?.keyBytes !== bytes.length || this.#keys.length === MOST_KEYS) return
    const key = new KerberosKey(enctype, bytes)
    if (this.#keys.some((known) => known.key.equals(key))) key.dispose()
    else this.#keys.push({ key, origin })
  }

  /** Adds the keys of a keytab. @throws `SspiError` `SEC_E_INVALID_TOKEN` when the bytes are none. */
  addKeytab(keytab: Uint8Array): void {
    for (const entry of readKeytab(keytab).entries) {
      const { keytype, keyvalue } = entry.key
      this.add(keytype, keyvalue, `the key of ${principalText(entry)}, version ${entry.kvno}`)
    }
  }

  /** Decrypts by the first key that fits, for the first usage that fits; `undefined` when none does. */
  open(enctype: number, usages: readonly number[], ciphertext: Uint8Array): OpenedData | undefined {
    return this.#tryAll(
      this.#keys.filter(({ key }) => key.enctype === enctype),
      usages,
      ciphertext,
    )
  }

  /** Like {@link open} for what does not say its encryption type: tokens of the GSS mechanism. */
  openAny(usages: readonly number[], ciphertext: Uint8Array): OpenedData | undefined {
    return this.#tryAll(this.#keys, usages, ciphertext)
  }

  /** What is shown of a key. */
  about(bytes: Uint8Array): { readonly value?: string; readonly meaning?: string } {
    return this.showKeys ? { value: toHex(bytes) } : { meaning: `${bytes.length} bytes, not shown` }
  }

  /** Overwrites the keys. */
  [Symbol.dispose](): void {
    for (const { key } of this.#keys) key.dispose()
    this.#keys = []
  }

  #tryAll(keys: readonly KnownKey[], usages: readonly number[], ciphertext: Uint8Array): OpenedData | undefined {
    for (const { key, origin } of keys) {
      for (const usage of usages) {
        try {
          return { plaintext: key.decrypt(usage, ciphertext), origin }
        } catch (error) {
          if (!(error instanceof SspiError)) throw error
        }
      }
    }
    return undefined
  }
}

/** Runs something with a secret, and overwrites it. */
export function withSecret<T>(secret: SecretBytes, use: (secret: Uint8Array) => T): T {
  try {
    return use(secret)
  } finally {
    wipe(secret)
  }
}
