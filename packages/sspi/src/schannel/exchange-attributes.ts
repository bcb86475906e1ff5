import { SECPKG_ATTR_ISSUER_LIST_EX, type AttributeTable } from '../sspi/index.js'
import type { HandshakeWatcher } from './watcher.js'

/** What can be asked while the context is half-open. */
export function exchangeAttributes(watcher: HandshakeWatcher): AttributeTable {
  return {
    [SECPKG_ATTR_ISSUER_LIST_EX]: () => {
      const { issuers } = watcher
      return issuers === undefined ? undefined : { issuers: issuers.map((name) => name.slice()) }
    },
  }
}
