import type { Account, AccountDatabase, AccountPasswordChange, AccountQuery } from '../../sspi/index.js'
import type { AccountEntry, AccountName, AccountProof } from './account-entry.js'
import { AccountIndex, type AccountNameRules } from './account-index.js'
import { withNewPassword } from './new-password.js'

/** Options of {@link memoryAccounts}. */
export type MemoryAccountsOptions = AccountNameRules

/**
 * An account database in this process's memory.
 *
 * ```ts
 * const accounts = memoryAccounts([{ user: 'CONTOSO\\alice', password: 'correct horse' }])
 * const sspi = initSecurityInterface({ accounts })
 * ```
 *
 * @throws `SspiError` `SEC_E_INVALID_PARAMETER` when a field is not what it should be, or two entries have one name.
 */
export function memoryAccounts(
  entries: Iterable<AccountEntry> = [],
  options: MemoryAccountsOptions = {},
): MemoryAccounts {
  return new MemoryAccounts(entries, options)
}

/** Made by {@link memoryAccounts}. Answers without waiting; printed, it shows no secret. */
export class MemoryAccounts implements AccountDatabase {
  readonly #index: AccountIndex

  /** @internal */
  constructor(entries: Iterable<AccountEntry>, options: MemoryAccountsOptions) {
    this.#index = new AccountIndex(options)
    for (const entry of entries) this.#index.add(entry)
  }

  /** How many accounts there are. */
  get size(): number {
    return this.#index.size
  }

  /** The account that a client's name means, by the rules of {@link MemoryAccountsOptions}. */
  lookup(query: AccountQuery): Account | undefined {
    return this.#index.lookup(query)
  }

  /** Adds an account. @throws `SspiError` `SEC_E_INVALID_PARAMETER` when a field is wrong, or the name or UPN is taken. */
  add(entry: AccountEntry): void {
    this.#index.add(entry)
  }

  /** Removes the account of exactly this name and overwrites its hash. @returns whether there was one. */
  remove(name: AccountName): boolean {
    return this.#index.remove(name)
  }

  /** Gives an account a new password; everything else stays. @returns whether there is such an account. */
  setPassword(name: AccountName, password: string): boolean {
    return this.#change(name, { password })
  }

  /** Lets an account log on, or not any more. @returns whether there is such an account. */
  setEnabled(name: AccountName, enabled: boolean): boolean {
    return this.#change(name, { enabled })
  }

  /** Gives an account a new password, in the form in which it has its old one. See {@link AccountDatabase}. */
  changePassword(change: AccountPasswordChange): boolean {
    const account = this.#index.lookup(change)
    const entry = withNewPassword(account, change)
    if (entry === undefined) return false
    this.#index.remove(entry)
    this.#index.add(entry)
    return true
  }

  #change(name: AccountName, change: { readonly password: string } | { readonly enabled: boolean }): boolean {
    const account = this.#index.get(name)
    if (account === undefined) return false
    const { identity, upn, secret } = account
    const proof: AccountProof =
      'password' in change
        ? { password: change.password }
        : secret.kind === 'password'
          ? { password: secret.password }
          : secret.kind === 'digest'
            ? { digest: { realm: secret.realm, hashes: secret.hashes } }
            : { ntHash: secret.ntHash }
    const enabled = 'enabled' in change ? change.enabled : account.enabled
    const { name: user, domain, sid, groups } = identity
    this.#index.remove(name)
    this.#index.add({ user, domain, upn, sid, groups, enabled, ...proof })
    return true
  }
}
