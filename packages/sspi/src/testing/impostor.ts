import { embeddedKdc } from '../io/embedded-kdc/index.js'
import { formatPrincipal, KerberosKey } from '../kerberos/index.js'
import type { KdcHandler, KdcPrincipal, PrincipalDatabase, PrincipalQuery } from '../kdc/index.js'
import type { Impostor } from './faults.js'

/** What an impostor is made of. */
export interface ImpostorParts {
  readonly realm: string
  /** The true one, of which an impostor that knows passwords takes the users. */
  readonly principals: PrincipalDatabase
  readonly enctypes: readonly number[]
  readonly now: () => Date
  readonly random: (length: number) => Uint8Array
}

/** A KDC of the same realm with keys of its own: it knows everybody's name, and asks nobody to pre-authenticate. */
export function impostorKdc(kind: Impostor, parts: ImpostorParts): { readonly handle: KdcHandler; dispose(): void } {
  const made = new MadeUpPrincipals(kind, parts)
  const { realm, now, random, enctypes } = parts
  const kdc = embeddedKdc({ realm, principals: made, policy: { requirePreauth: false, enctypes }, now, random })
  return {
    handle: kdc.handle,
    dispose: () => {
      made.dispose()
    },
  }
}

/** Everybody is in it, with random keys. */
class MadeUpPrincipals implements PrincipalDatabase {
  readonly #kind: Impostor
  readonly #parts: ImpostorParts
  readonly #made = new Map<string, KdcPrincipal>()

  constructor(kind: Impostor, parts: ImpostorParts) {
    this.#kind = kind
    this.#parts = parts
  }

  async lookup(query: PrincipalQuery): Promise<KdcPrincipal | undefined> {
    const { principal, as } = query
    if (this.#kind === 'knows-passwords' && as === 'client') return this.#parts.principals.lookup(query)
    const name = formatPrincipal(principal)
    const made = this.#made.get(name) ?? {
      principal,
      keys: this.#parts.enctypes.map((enctype) => ({
        kvno: 1,
        key: KerberosKey.generate(enctype, this.#parts.random),
      })),
      attributes: {},
    }
    this.#made.set(name, made)
    return made
  }

  attempt(): number {
    return 0
  }

  update(): void {
    // Whatever password somebody sets at an impostor: it is not kept.
  }

  dispose(): void {
    for (const { keys } of this.#made.values()) for (const { key } of keys) key.dispose()
    this.#made.clear()
  }
}
