export { derivePasswordKeys } from './derive-keys.js'
export { memoryPrincipals, type MemoryPrincipals, type MemoryPrincipalsOptions } from './memory-principals.js'
export { type PrincipalEntry, type PrincipalKeyEntry } from './principal-entry.js'
