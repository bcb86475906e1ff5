import { dirname } from 'node:path'
import { formatPrincipal, type Ccache, type Principal } from 'sspi/kerberos'
import {
  openCcache,
  openCcacheCollection,
  type CcacheCollection,
  type CcacheStore,
  type KerberosConfig,
  type OpenCcacheOptions,
} from 'sspi/krb5'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'

/** A cache with what is in it. */
export interface OpenCache {
  readonly store: CcacheStore
  readonly ccache: Ccache
}

/** The ticket caches of a machine, the default one and those that are named. */
export class Caches {
  /** What `KRB5CCNAME` says, else the configuration. */
  readonly defaultName: string
  readonly #options: OpenCcacheOptions

  constructor({ defaultCcacheName, kcmSocket = '-' }: KerberosConfig) {
    this.defaultName = defaultCcacheName
    this.#options = { kcmSocket }
  }

  /** The cache of a name, whether it is there or not. */
  open(name: string = this.defaultName): Promise<CcacheStore> {
    return openCcache(name, this.#options)
  }

  /** Reads a cache that is to be there. */
  async load(name?: string): Promise<OpenCache> {
    const store = await this.open(name)
    const ccache = await store.load()
    if (ccache !== undefined) return { store, ccache }
    throw new CommandError(ExitCode.FAILED, `no credentials cache found: ${store.name}`, 'log on first: `sspi kinit`')
  }

  /** The collection that a name stands for, or that its cache is one of; `undefined` for a cache that is alone. */
  collectionOf(name: string): CcacheCollection | undefined {
    const [, path] = /^DIR::(.+)$/s.exec(name) ?? []
    const whole = path === undefined ? name.replace(/^KCM:.*$/s, 'KCM:') : `DIR:${dirname(path)}`
    return openCcacheCollection(whole, this.#options)
  }

  /** The default caches, where they are several. */
  get defaultCollection(): CcacheCollection | undefined {
    return openCcacheCollection(this.defaultName, this.#options)
  }

  /** Every cache that is there: of the default collection, the primary one first, or the default cache alone. */
  async all(): Promise<readonly OpenCache[]> {
    const { defaultCollection } = this
    const stores = defaultCollection === undefined ? [await this.open()] : await primaryFirst(defaultCollection)
    const caches: OpenCache[] = []
    for (const store of stores) {
      const ccache = await store.load()
      if (ccache !== undefined) caches.push({ store, ccache })
    }
    return caches
  }

  /** The cache of a principal; `undefined` for none. */
  async of(principal: Principal): Promise<OpenCache | undefined> {
    const wanted = formatPrincipal(principal)
    return (await this.all()).find(({ ccache }) => formatPrincipal(ccache.defaultPrincipal) === wanted)
  }

  /**
   * Where a new ticket-granting ticket goes: to the cache that was named, else to the principal's own one in the default
   * collection, else to the default cache, or to a new one of the collection where that belongs to somebody else.
   */
  async forLogon(named: string | undefined, principal: Principal): Promise<CcacheStore> {
    const collection = named === undefined ? this.defaultCollection : undefined
    if (collection === undefined) return this.open(named)
    const own = await this.of(principal)
    if (own !== undefined) return own.store
    const primary = await collection.primary()
    return (await primary.load()) === undefined ? primary : collection.create()
  }
}

async function primaryFirst(collection: CcacheCollection): Promise<readonly CcacheStore[]> {
  const primary = await collection.primary()
  const others = (await collection.list()).filter(({ name }) => name !== primary.name)
  return [primary, ...others]
}
