import { SspiError } from '../../status/index.js'
import type { CcacheCollection } from './ccache-collection.js'
import { fileCcache, memoryCcache, type CcacheStore } from './ccache-store.js'
import { dirCcaches } from './dir-ccaches.js'
import { kcmCaches, kcmCcache } from './kcm-caches.js'

/** Options of {@link openCcache} and {@link openCcacheCollection}. */
export interface OpenCcacheOptions {
  /** The socket of the KCM daemon, or `-` for none. Default `/var/run/.heim_org.h5l.kcm-socket`. */
  readonly kcmSocket?: string | undefined
}

/**
 * The cache of a name as `KRB5CCNAME` has it: `FILE:path` or a path alone, `DIR:folder` and `KCM:` for the primary cache of a
 * collection, `DIR::path` and `KCM:name` for one of its caches, `MEMORY:` for a new one in memory. Nothing is read yet,
 * except which cache is the primary one.
 *
 * @throws `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` for other types, with the reason; `SEC_E_NO_CREDENTIALS` when a
 *   collection cannot be used.
 */
export async function openCcache(name: string, options: OpenCcacheOptions = {}): Promise<CcacheStore> {
  const collection = openCcacheCollection(name, options)
  if (collection !== undefined) return collection.primary()
  const { type, rest } = partsOf(name)
  switch (type) {
    case 'FILE':
      if (rest === '') break
      return fileCcache(rest)
    case 'DIR':
      if (!rest.startsWith(':') || rest === ':') break
      return fileCcache(rest.slice(1), name)
    case 'KCM':
      if (options.kcmSocket === NO_SOCKET) break
      return kcmCcache(rest, options.kcmSocket)
    case 'MEMORY':
      return memoryCcache()
  }
  if (type === 'KCM') throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${name}: there is no KCM daemon (kcm_socket)`)
  const why = Object.hasOwn(OUT_OF_REACH, type) ? OUT_OF_REACH[type]! : 'not the name of a credential cache'
  throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${name}: ${why}`)
}

/** The collection of a name: `DIR:folder`, `KCM:`; `undefined` for names of one cache, and for those that are none. */
export function openCcacheCollection(name: string, options: OpenCcacheOptions = {}): CcacheCollection | undefined {
  const { type, rest } = partsOf(name)
  if (type === 'KCM' && rest === '' && options.kcmSocket !== NO_SOCKET) return kcmCaches(options.kcmSocket)
  return type === 'DIR' && rest !== '' && !rest.startsWith(':') ? dirCcaches(rest) : undefined
}

function partsOf(name: string): { readonly type: string; readonly rest: string } {
  // One letter is a drive of Windows.
  const [, type = 'FILE', rest = ''] = /^(?:([A-Za-z]{2,}):)?(.*)$/s.exec(name) ?? []
  return { type, rest }
}

/** How krb5.conf writes that there is no daemon. */
const NO_SOCKET = '-'

/** What the types are that pure JavaScript does not get at, for the error. */
const OUT_OF_REACH: Readonly<Record<string, string>> = {
  API: 'caches of the macOS API and of the Kerberos for Windows service cannot be reached without native code',
  KEYRING: 'Linux keyrings cannot be reached without native code',
  MSLSA: "Windows' LSA cannot be reached without native code",
}
