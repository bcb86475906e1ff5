import { hostname } from 'node:os'
import { bytesEqual } from '../../bytes/index.js'
import { qualifiedName, splitUserName, type AccountQuery, type UserHash } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { StoredAccount, type AccountEntry, type AccountName } from './account-entry.js'
import { nameHash } from './digest-hashes.js'

/** How the name that a client gives becomes an account. */
export interface AccountNameRules {
  /**
   * The names of this machine: a client that names one of them as its domain means a local account. `.` always does.
   * Default: the operating system's host name, whole and as a NetBIOS name (first label, 15 characters).
   */
  readonly localNames?: readonly string[] | undefined
  /** The domain of clients that name none and have no local account. Default: none. */
  readonly defaultDomain?: string | undefined
  /**
   * Whether a domain that no account here belongs to is taken for no domain at all, as a Windows server outside of any
   * domain does: `LAPTOP\alice` logs on to the local `alice`, if her password is the same. Default `false`: refused.
   */
  readonly unknownDomainIsLocal?: boolean | undefined
}

/**
 * Accounts by name. Names match without regard to case, and a client's name is looked up in this order, like on Windows:
 *
 * - `DOMAIN\user`: the account of that domain; then, if the domain is a name of this machine, the local one.
 * - `user`: the local account; then the one of a domain that is a name of this machine; then of the default domain.
 * - `name@domain` without a domain: the account with that UPN; then as `user`; then as `domain\name` (implicit UPN).
 */
export class AccountIndex {
  readonly #byName = new Map<string, StoredAccount>()
  readonly #byUpn = new Map<string, StoredAccount>()
  /** How many accounts a domain has. */
  readonly #domains = new Map<string, number>()
  readonly #localNames: ReadonlySet<string>
  readonly #defaultDomain: string | undefined
  readonly #unknownDomainIsLocal: boolean

  constructor(rules: AccountNameRules) {
    this.#localNames = new Set(['.', ...(rules.localNames ?? hostNames())].map(fold))
    this.#defaultDomain = rules.defaultDomain
    this.#unknownDomainIsLocal = rules.unknownDomainIsLocal ?? false
  }

  get size(): number {
    return this.#byName.size
  }

  lookup(query: AccountQuery): StoredAccount | undefined {
    const { user, domain, userHash } = query
    if (userHash !== undefined) return this.#byHash(userHash)
    if (user === '') return undefined
    if (domain !== '') return this.#inDomain(user, domain)
    const at = user.lastIndexOf('@')
    if (at < 0) return this.#withoutDomain(user)
    const implicit = () => this.#byName.get(keyOf(user.slice(0, at), user.slice(at + 1)))
    return this.#byUpn.get(fold(user)) ?? this.#withoutDomain(user) ?? implicit()
  }

  /** The account of exactly this name, without any of the rules. */
  get(name: AccountName): StoredAccount | undefined {
    const { user, domain } = splitUserName(name.user, name.domain ?? '')
    return this.#byName.get(keyOf(user, domain))
  }

  /** @throws {@link SspiError} `SEC_E_INVALID_PARAMETER` when a field is wrong, or the name or the UPN is taken. */
  add(entry: AccountEntry): void {
    const account = new StoredAccount(entry)
    const { name, domain } = account.identity
    const key = keyOf(name, domain)
    if (this.#byName.has(key)) throw new SspiError('SEC_E_INVALID_PARAMETER', 'account: there is one of this name')
    if (account.upn !== undefined && this.#byUpn.has(fold(account.upn))) {
      throw new SspiError('SEC_E_INVALID_PARAMETER', 'account: there is one with this UPN')
    }
    this.#byName.set(key, account)
    if (account.upn !== undefined) this.#byUpn.set(fold(account.upn), account)
    const folded = fold(domain)
    this.#domains.set(folded, (this.#domains.get(folded) ?? 0) + 1)
  }

  /** @returns whether there was one. */
  remove(name: AccountName): boolean {
    const account = this.get(name)
    if (account === undefined) return false
    const { identity, upn } = account
    this.#byName.delete(keyOf(identity.name, identity.domain))
    if (upn !== undefined) this.#byUpn.delete(fold(upn))
    const folded = fold(identity.domain)
    const left = (this.#domains.get(folded) ?? 0) - 1
    if (left > 0) this.#domains.set(folded, left)
    else this.#domains.delete(folded)
    account.dispose()
    return true
  }

  /** Every account is looked at, found or not: a name cannot be told from its hash, and the time shall not tell either. */
  #byHash({ algorithm, realm, hash }: UserHash): StoredAccount | undefined {
    let found: StoredAccount | undefined
    for (const account of this.#byName.values()) {
      const { identity } = account
      const names = [identity.name, qualifiedName(identity)]
      if (names.filter((name) => bytesEqual(nameHash(algorithm, name, realm), hash)).length > 0) found = account
    }
    return found
  }

  #inDomain(user: string, domain: string): StoredAccount | undefined {
    const found = this.#byName.get(keyOf(user, domain))
    if (found !== undefined) return found
    const folded = fold(domain)
    if (this.#localNames.has(folded)) return this.#local(user)
    const known =
      this.#domains.has(folded) || (this.#defaultDomain !== undefined && fold(this.#defaultDomain) === folded)
    return !known && this.#unknownDomainIsLocal ? this.#withoutDomain(user) : undefined
  }

  #withoutDomain(user: string): StoredAccount | undefined {
    const local = this.#local(user)
    if (local !== undefined || this.#defaultDomain === undefined) return local
    return this.#byName.get(keyOf(user, this.#defaultDomain))
  }

  #local(user: string): StoredAccount | undefined {
    const found = this.#byName.get(keyOf(user, ''))
    if (found !== undefined) return found
    for (const name of this.#localNames) {
      const named = this.#byName.get(keyOf(user, name))
      if (named !== undefined) return named
    }
    return undefined
  }
}

/** Whether two names mean the same account. */
export function sameName(a: AccountName, b: AccountName): boolean {
  const first = splitUserName(a.user, a.domain ?? '')
  const second = splitUserName(b.user, b.domain ?? '')
  return keyOf(first.user, first.domain) === keyOf(second.user, second.domain)
}

/** No stored name holds a backslash, so one key has one reading. */
function keyOf(user: string, domain: string): string {
  return `${fold(domain)}\\${fold(user)}`
}

/**
 * A name without its case. Windows maps character by character, so what becomes longer (ß), or does not come back (the
 * Kelvin sign, ı, ſ), stays as it is: otherwise two different names would be one.
 */
function fold(name: string): string {
  let folded = ''
  for (const character of name) {
    const upper = character.toUpperCase()
    folded += upper.length === character.length && upper.toLowerCase() === character ? upper : character
  }
  return folded
}

function hostNames(): readonly string[] {
  const whole = hostname()
  return [whole, (whole.split('.')[0] ?? '').slice(0, 15)].filter((name) => name !== '')
}
