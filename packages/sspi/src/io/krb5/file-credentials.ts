import { wipe } from '../../crypto/index.js'
import { readCcache, writeCcache, writeKeytab } from '../../kerberos/index.js'
import {
  handedOver,
  keytabCredential,
  ticketCacheCredential,
  type KeytabCredential,
  type TicketCacheCredential,
} from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import {
  loadKeytabFile,
  openCcache,
  wipeKeys,
  type CcacheStore,
  type OpenCcacheOptions,
} from '../ccache-store/index.js'

/** Options of {@link keytabFileCredential}. */
export interface KeytabFileCredentialOptions {
  /** Whose key counts, `HTTP/www.example.com@EXAMPLE.COM`. Default: to initiate the first entry's, to accept every one's. */
  readonly principal?: string | undefined
  /** Which packages Negotiate may use: `"!ntlm"`. Default: all. */
  readonly packageList?: string | undefined
}

/**
 * The keys of a keytab file, read each time a credential is acquired.
 *
 * @param name - A path, with `FILE:` before it or without. Acquiring fails as `loadKeytabFile` does.
 */
export function keytabFileCredential(name: string, options: KeytabFileCredentialOptions = {}): KeytabCredential {
  const keytab = async (): Promise<Uint8Array> => {
    const loaded = await loadKeytabFile(name)
    const bytes = writeKeytab(loaded)
    for (const { key } of loaded.entries) wipe(key.keyvalue)
    return handedOver(bytes)
  }
  return keytabCredential({ ...options, keytab })
}

/** Options of {@link ccacheCredential}. */
export interface CcacheCredentialOptions extends OpenCcacheOptions {
  /** Whether tickets that come anew are put into the cache. Default `true`. */
  readonly keepNewTickets?: boolean | undefined
  /** Which packages Negotiate may use: `"!ntlm"`. Default: all. */
  readonly packageList?: string | undefined
}

/**
 * The tickets of a cache, read each time a credential is acquired.
 *
 * @param cache - A store, or a name for `openCcache`: `FILE:/tmp/krb5cc_1000`, `DIR:…`, `KCM:`.
 * @throws `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` for a name of a kind of cache that cannot be reached from here. Acquiring
 *   fails with `SEC_E_NO_CREDENTIALS` where there is no cache.
 */
export async function ccacheCredential(
  cache: CcacheStore | string,
  options: CcacheCredentialOptions = {},
): Promise<TicketCacheCredential> {
  const store = typeof cache === 'string' ? await openCcache(cache, options) : cache
  const load = async (): Promise<Uint8Array> => {
    const ccache = await store.load()
    if (ccache !== undefined) {
      const bytes = writeCcache(ccache)
      wipeKeys(ccache)
      return handedOver(bytes)
    }
    throw new SspiError('SEC_E_NO_CREDENTIALS', `${store.name}: no such ticket cache; log on first (kinit)`)
  }
  const save = async (bytes: Uint8Array): Promise<void> => {
    // The bytes are wiped by whoever gave them, so nothing of them may be kept.
    const copy = new Uint8Array(bytes)
    try {
      await store.save(readCcache(copy))
    } finally {
      wipe(copy)
    }
  }
  const { keepNewTickets = true, packageList } = options
  return ticketCacheCredential({ cache: load, packageList, save: keepNewTickets ? save : undefined })
}
