export type { ByteOrder } from './byte-order.js'
export {
  ccacheTimeOffset,
  isRemovedCredential,
  makeCcacheConfig,
  makeTimeOffset,
  readCcacheConfig,
  type CcacheConfig,
  type CcacheTimeOffset,
} from './ccache-entries.js'
export {
  readCcache,
  readCcacheCredential,
  readCcachePrincipal,
  writeCcache,
  writeCcacheCredential,
  writeCcachePrincipal,
  type Ccache,
  type CcacheCredential,
  type CcacheHeaderField,
  type CcachePrincipal,
} from './ccache.js'
export { readKeytab, writeKeytab, type Keytab, type KeytabEntry } from './keytab.js'
