import { bytesEqual, encodeUtf8 } from '../../bytes/index.js'
import { wipe } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import { PaDataType } from '../constants.js'
import { perform, type Effectful } from '../effect-run.js'
import { encryptionProfile, stringToKey, type KerberosKey } from '../enctypes/index.js'
import { decodeDer, readEtypeInfo, readEtypeInfo2, type PaData } from '../messages/index.js'
import type { KerberosSettings } from '../options.js'
import { formatPrincipal, type Principal } from '../principals.js'
import type { ClientKeySource } from '../credential.js'

/** How a key is made of the password: an entry of ETYPE-INFO2, or what stands for it. */
export interface KeyHint {
  readonly enctype: number
  /** Default: realm and name, RFC 4120 section 4. */
  readonly salt?: Uint8Array | undefined
  readonly s2kparams?: Uint8Array | undefined
}

/**
 * The hints in PA-DATA, in the KDC's order: those of ETYPE-INFO2, else of ETYPE-INFO (RFC 4120 section 5.2.7.5), with an old
 * PA-PW-SALT in the place of a missing salt.
 *
 * @throws `SspiError` `SEC_E_INVALID_TOKEN`.
 */
export function readKeyHints(padata: readonly PaData[]): readonly KeyHint[] {
  const valueOf = (type: number): Uint8Array | undefined =>
    padata.find(({ padataType }) => padataType === type)?.padataValue
  const info2 = valueOf(PaDataType.PA_ETYPE_INFO2)
  if (info2 !== undefined) {
    return decodeDer(info2, readEtypeInfo2).map(({ etype, salt, s2kparams }) => ({ enctype: etype, salt, s2kparams }))
  }
  const salt = valueOf(PaDataType.PA_PW_SALT)
  const info = valueOf(PaDataType.PA_ETYPE_INFO)
  if (info === undefined) return []
  return decodeDer(info, readEtypeInfo).map((entry) => ({ enctype: entry.etype, salt: entry.salt ?? salt }))
}

interface DerivedKey extends KeyHint {
  readonly salt: Uint8Array
  readonly key: KerberosKey
}

/** The long-term keys of a client, made or looked up as the KDC wants them. Its owner disposes of it. */
export class ClientKeys {
  readonly #source: ClientKeySource
  readonly #principal: Principal
  readonly #settings: KerberosSettings
  readonly #derived: DerivedKey[] = []

  constructor(source: ClientKeySource, principal: Principal, settings: KerberosSettings) {
    this.#source = source
    this.#principal = principal
    this.#settings = settings
  }

  /** Whether there can be a key of an encryption type. */
  has(enctype: number): boolean {
    if (this.#source.kind !== 'keys') return this.#source.kind === 'password'
    return this.#source.keys.find({ principal: this.#principal, enctype }).length > 0
  }

  /**
   * The key of an encryption type. It ends with this object.
   *
   * @param kvno - The version that the KDC used, where it said so.
   * @throws `SspiError` `SEC_E_NO_CREDENTIALS` when there is none; `SEC_E_INVALID_TOKEN` for iterations beyond the limits.
   */
  *find(hint: KeyHint, kvno?: number): Effectful<KerberosKey> {
    switch (this.#source.kind) {
      case 'none':
        throw this.#missing('no password or key, tickets only')
      case 'keys': {
        const [found] = this.#source.keys.find({ principal: this.#principal, enctype: hint.enctype, kvno })
        if (found === undefined) {
          throw this.#missing(`no key of type ${encryptionProfile(hint.enctype).names[0]} in the keytab`)
        }
        return found.key
      }
      case 'password':
        return yield* this.#derive(this.#source.password, hint)
    }
  }

  /** Overwrites the keys that were made of the password. */
  dispose(): void {
    for (const { key } of this.#derived) key.dispose()
    this.#derived.length = 0
  }

  *#derive(
    password: string,
    { enctype, salt = defaultSalt(this.#principal), s2kparams }: KeyHint,
  ): Effectful<KerberosKey> {
    const known = this.#derived.find(
      (made) => made.enctype === enctype && same(made.salt, salt) && same(made.s2kparams, s2kparams),
    )
    if (known !== undefined) return known.key
    const { minimumIterations, maximumIterations } = this.#settings
    const limits = { minimumIterations, maximumIterations }
    const derivation = stringToKey(enctype, password, salt, s2kparams, limits)
    let key: KerberosKey
    if (derivation.kind === 'key') key = derivation.key
    else {
      try {
        key = derivation.finish(yield* perform('stretch', derivation.query))
      } finally {
        wipe(derivation.query.password)
      }
    }
    this.#derived.push({ enctype, salt, s2kparams, key })
    return key
  }

  #missing(why: string): SspiError {
    return new SspiError(
      'SEC_E_NO_CREDENTIALS',
      `Kerberos: the credential of ${formatPrincipal(this.#principal)} has ${why}`,
    )
  }
}

/** The salt of a principal unless the KDC says otherwise: realm and components in one, RFC 4120 section 4. */
export function defaultSalt({ realm, name }: Principal): Uint8Array {
  return encodeUtf8(realm + name.nameString.join(''))
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return bytesEqual(a, b)
}
