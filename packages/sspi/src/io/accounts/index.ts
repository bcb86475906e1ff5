export {
  ntHashOf,
  type AccountDetails,
  type AccountEntry,
  type AccountName,
  type AccountProof,
} from './account-entry.js'
export { removeAccount, writeAccount, type WriteAccountOptions } from './account-file-writer.js'
export { digestHashesOf, type DigestHashes } from './digest-hashes.js'
export type { AccountNameRules } from './account-index.js'
export { fileAccounts, type FileAccounts, type FileAccountsOptions } from './file-accounts.js'
export { memoryAccounts, type MemoryAccounts, type MemoryAccountsOptions } from './memory-accounts.js'
export { isPasswordOf } from './password-proof.js'
