import { wipe } from '../../crypto/index.js'
import type { Ccache } from '../../kerberos/files/index.js'
import { formatPrincipal, parsePrincipal, sameName, type Principal } from '../../kerberos/index.js'
import { SspiError } from '../../status/index.js'
import type { CcacheCollection } from './ccache-collection.js'
import type { CcacheStore } from './ccache-store.js'
import { identityFor, type ChosenService, type IdentityRule } from './k5identity.js'

/** What a cache of a collection is wanted for. */
export interface CcacheWish {
  /** Whose it must be, `alice@EXAMPLE.COM`, or without a realm. Default: anybody's. */
  readonly principal?: string | undefined
  /** What it shall serve. Default: nothing that is known. */
  readonly service?: ChosenService | undefined
  /** Who to be for which service, in the order of k5identity(5). Default: no rules. */
  readonly rules?: readonly IdentityRule[] | undefined
}

/** Of a collection that is larger than any user's no more is looked at. */
const MOST_CACHES = 256

/**
 * Chooses among the caches of a collection as MIT's library does: the one of the principal that is wanted or that the first
 * rule names for the service, else one of a client in the realm of the service, or in the realm that the host's domain is
 * named like; the primary one before others, and where nothing fits.
 *
 * @throws {@link SspiError} `SEC_E_NO_CREDENTIALS` when there is none of the principal that is wanted.
 */
export async function chooseCcache(collection: CcacheCollection, wish: CcacheWish): Promise<CcacheStore> {
  const primary = await collection.primary()
  const { service, rules = [] } = wish
  const ruled = service === undefined ? undefined : identityFor(rules, service)
  const wanted = wish.principal ?? ruled
  const realms = service === undefined ? [] : realmsOf(service)
  if (wanted === undefined && realms.length === 0) return primary
  const found = await clientsOf(primary, await collection.list())
  if (wanted !== undefined) {
    const { name, realm } = parsePrincipal(wanted)
    const [own] = found.filter(
      ({ client }) => sameName(client.name, name) && (realm === undefined || realm === client.realm),
    )
    if (own !== undefined) return own.store
    const there = found.map(({ client, store }) => `${formatPrincipal(client)} in ${store.name}`).join(', ')
    const why = wish.principal === undefined ? `${wanted}, whom .k5identity names for the service` : wanted
    throw new SspiError(
      'SEC_E_NO_CREDENTIALS',
      `${collection.name}: there is no ticket cache of ${why}; there is ${there === '' ? 'nobody’s' : there}`,
    )
  }
  for (const realm of realms) {
    const [own] = found.filter(({ client }) => client.realm === realm)
    if (own !== undefined) return own.store
  }
  return primary
}

/** The service's realm, or those that its host may be in: the domains above it, in capitals. */
function realmsOf({ host, realm }: ChosenService): readonly string[] {
  if (realm !== undefined) return [realm]
  const labels = host?.toUpperCase().split('.') ?? []
  // One label is a top-level domain, and nobody's realm.
  return labels.slice(1, -1).map((_, at) => labels.slice(at + 1).join('.'))
}

interface FoundCache {
  readonly store: CcacheStore
  readonly client: Principal
}

/** Whose the caches are, the primary one first; those that cannot be read are left out. */
async function clientsOf(primary: CcacheStore, all: readonly CcacheStore[]): Promise<readonly FoundCache[]> {
  const found: FoundCache[] = []
  const others = all.filter(({ name }) => name !== primary.name)
  for (const store of [primary, ...others].slice(0, MOST_CACHES)) {
    const ccache = await store.load().catch(() => undefined)
    if (ccache === undefined) continue
    found.push({ store, client: ccache.defaultPrincipal })
    wipeKeys(ccache)
  }
  return found
}

/** Overwrites the session keys of a cache that was read. */
export function wipeKeys(ccache: Ccache): void {
  for (const { key } of ccache.credentials) wipe(key.keyvalue)
}
