export { fileCcache, memoryCcache, type CcacheStore } from './ccache-store.js'
export { dirCcaches, type CcacheCollection } from './dir-ccaches.js'
export { loadKeytabFile, saveKeytabFile } from './keytab-file.js'
export { openCcache } from './open-ccache.js'
