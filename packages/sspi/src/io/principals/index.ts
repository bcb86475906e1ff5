export { principalAttributeNames, readPrincipalAttribute, writePrincipalAttributes } from './attribute-lines.js'
export { derivePasswordKeys } from './derive-keys.js'
export {
  createPrincipalFile,
  filePrincipals,
  type FilePrincipals,
  type FilePrincipalsOptions,
  type PrincipalSummary,
} from './file-principals.js'
export { memoryPrincipals, type MemoryPrincipals, type MemoryPrincipalsOptions } from './memory-principals.js'
export { type PrincipalEntry, type PrincipalKeyEntry } from './principal-entry.js'
