import { formatPrincipal, type Ccache, type Principal } from 'sspi/kerberos'
import { dirCcaches, openCcache, type CcacheCollection, type CcacheStore } from 'sspi/krb5'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'

/** A cache with what is in it. */
export interface OpenCache {
  readonly store: CcacheStore
  readonly ccache: Ccache
}

/** Reads a cache that is to be there. */
export async function loadCache(store: CcacheStore): Promise<OpenCache> {
  const ccache = await store.load()
  if (ccache !== undefined) return { store, ccache }
  throw new CommandError(ExitCode.FAILED, `no credentials cache found: ${store.name}`, 'log on first: `sspi kinit`')
}

/** The collection that a cache's name stands for; `undefined` for a cache that is alone. */
export function collectionOf(name: string): CcacheCollection | undefined {
  const [, folder] = /^DIR:([^:].*)$/s.exec(name) ?? []
  if (folder !== undefined) return dirCcaches(folder)
  const [, path] = /^DIR::(.+)$/s.exec(name) ?? []
  return path === undefined ? undefined : dirCcaches(path.slice(0, Math.max(path.lastIndexOf('/'), 1)))
}

/** Every cache that belongs to a name and is there: of its collection the primary one first, else itself. */
export async function allCaches(name: string): Promise<readonly OpenCache[]> {
  const collection = collectionOf(name)
  const stores = collection === undefined ? [await openCcache(name)] : await primaryFirst(collection)
  const caches: OpenCache[] = []
  for (const store of stores) {
    const ccache = await store.load()
    if (ccache !== undefined) caches.push({ store, ccache })
  }
  return caches
}

/** The cache of a principal in a name's collection; `undefined` for none. */
export async function cacheOf(name: string, principal: Principal): Promise<OpenCache | undefined> {
  const wanted = formatPrincipal(principal)
  return (await allCaches(name)).find(({ ccache }) => formatPrincipal(ccache.defaultPrincipal) === wanted)
}

/**
 * Where a new ticket-granting ticket goes: to the cache that was named, else to the principal's own one in the default
 * collection, else to the default cache, or to a new one of the collection where that belongs to somebody else.
 */
export async function cacheForLogon(
  named: string | undefined,
  standard: string,
  principal: Principal,
): Promise<CcacheStore> {
  if (named !== undefined) return openCcache(named)
  const collection = collectionOf(standard)
  if (collection === undefined || standard.startsWith('DIR::')) return openCcache(standard)
  const own = await cacheOf(standard, principal)
  if (own !== undefined) return own.store
  const primary = await collection.primary()
  return (await primary.load()) === undefined ? primary : collection.create()
}

async function primaryFirst(collection: CcacheCollection): Promise<readonly CcacheStore[]> {
  const primary = await collection.primary()
  const others = (await collection.list()).filter(({ name }) => name !== primary.name)
  return [primary, ...others]
}
