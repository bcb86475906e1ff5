import { SspiError } from '../../status/index.js'
import { fileCcache, memoryCcache, type CcacheStore } from './ccache-store.js'
import { dirCcaches } from './dir-ccaches.js'

/**
 * The cache of a name as `KRB5CCNAME` has it: `FILE:path` or a path alone, `DIR:folder` for the primary cache of a
 * collection, `DIR::path` for one of its caches, `MEMORY:` for a new one in memory. Nothing is read yet, except which cache
 * is the primary one.
 *
 * @throws `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` for other types, with the reason; `SEC_E_NO_CREDENTIALS` when a
 *   collection cannot be used.
 */
export async function openCcache(name: string): Promise<CcacheStore> {
  // One letter is a drive of Windows.
  const [, type = 'FILE', rest = ''] = /^(?:([A-Za-z]{2,}):)?(.*)$/s.exec(name) ?? []
  switch (type) {
    case 'FILE':
      if (rest === '') break
      return fileCcache(rest)
    case 'DIR':
      if (rest === '' || rest === ':') break
      return rest.startsWith(':') ? fileCcache(rest.slice(1), name) : dirCcaches(rest).primary()
    case 'MEMORY':
      return memoryCcache()
  }
  const why = Object.hasOwn(OUT_OF_REACH, type) ? OUT_OF_REACH[type]! : 'not the name of a credential cache'
  throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${name}: ${why}`)
}

/** What the types are that pure JavaScript does not get at, for the error. */
const OUT_OF_REACH: Readonly<Record<string, string>> = {
  API: 'caches of the macOS API and of the Kerberos for Windows service cannot be reached without native code',
  KCM: 'the KCM daemon is not supported yet',
  KEYRING: 'Linux keyrings cannot be reached without native code',
  MSLSA: "Windows' LSA cannot be reached without native code",
}
