import { encryptionProfiles, KerberosKey } from './enctypes/index.js'
import { readKeytab, type KeytabEntry } from './files/index.js'
import { sameName, type Principal } from './principals.js'

/** A long-term key, whose it is, and its version. */
export interface LongTermKey {
  readonly principal: Principal
  readonly kvno: number
  readonly key: KerberosKey
}

/** What key is looked for. */
export interface KeyQuery {
  /** Default: anybody's. */
  readonly principal?: Principal | undefined
  /** Default: any encryption type's. */
  readonly enctype?: number | undefined
  /** As a ticket names it. Default: any; the newest first. */
  readonly kvno?: number | undefined
}

/** The long-term keys of services or users: a keytab in memory. Its owner disposes of it. */
export class KeyTable {
  readonly #keys: readonly LongTermKey[]

  /** @param keys - Disposed of by `dispose`. */
  constructor(keys: readonly LongTermKey[]) {
    this.#keys = keys
  }

  /**
   * Copies the keys of a keytab; those of encryption types that are not known here (single DES) are left out.
   *
   * @throws `SspiError` `SEC_E_INVALID_TOKEN` when the bytes are no keytab, or a key has not its type's length.
   */
  static fromKeytab(keytab: Uint8Array): KeyTable {
    const keys: LongTermKey[] = []
    try {
      for (const entry of readKeytab(keytab).entries.filter(isKnown)) keys.push(keyOfEntry(entry))
    } catch (error) {
      for (const { key } of keys) key.dispose()
      throw error
    }
    return new KeyTable(keys)
  }

  /** Every key, in the order of the keytab. Not the caller's: they end with the table. */
  get keys(): readonly LongTermKey[] {
    return this.#keys
  }

  /**
   * The keys that may fit, the most likely first: those of the version asked for, else, where there are none, those of any
   * version, as keytabs and KDCs do not always agree on the number (the low 8 bits of one in old keytabs; a read-only domain
   * controller's in the high 16). Not the caller's: they end with the table.
   */
  find(query: KeyQuery): readonly LongTermKey[] {
    const { principal, enctype, kvno } = query
    const fitting = this.#keys
      .filter(
        (entry) =>
          (principal === undefined ||
            (entry.principal.realm === principal.realm && sameName(entry.principal.name, principal.name))) &&
          (enctype === undefined || entry.key.enctype === enctype),
      )
      .sort((a, b) => b.kvno - a.kvno)
    if (kvno === undefined) return fitting
    const ofVersion = fitting.filter((entry) => entry.kvno === kvno)
    return ofVersion.length > 0 ? ofVersion : fitting
  }

  /** Overwrites the keys. */
  dispose(): void {
    for (const { key } of this.#keys) key.dispose()
  }
}

function isKnown(entry: KeytabEntry): boolean {
  return encryptionProfiles.has(entry.key.keytype)
}

function keyOfEntry({ realm, name, kvno, key }: KeytabEntry): LongTermKey {
  return { principal: { realm, name }, kvno, key: new KerberosKey(key.keytype, key.keyvalue) }
}
