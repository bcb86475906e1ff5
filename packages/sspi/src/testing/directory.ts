import { Reader } from '../bytes/index.js'
import { memoryAccounts, type MemoryAccounts } from '../io/accounts/index.js'
import { memoryPrincipals, type MemoryPrincipals } from '../io/principals/index.js'
import type { PrincipalAttributes } from '../kdc/index.js'
import { KerberosKey, parsePrincipal } from '../kerberos/index.js'
import { SspiError } from '../status/index.js'

/** A user of a test domain. */
export interface TestUser {
  /** `alice`. */
  readonly name: string
  /** Default: one that is made up, see `TestDomain.passwordOf`. */
  readonly password?: string | undefined
  /** Groups that the user is in, by name; they come into being with their first member. Default: `Domain Users` alone. */
  readonly groups?: readonly string[] | undefined
  /** What it may do at the KDC. Default: what users usually do. */
  readonly attributes?: PrincipalAttributes | undefined
  /** Encryption types of its Kerberos keys. Default: the domain's. */
  readonly enctypes?: readonly number[] | undefined
}

/** A service of a test domain. */
export interface TestService {
  /** Its name, `HTTP/www.example.test`; the realm is the domain's. */
  readonly name: string
  /** Other names of it. Default: none. */
  readonly aliases?: readonly string[] | undefined
  /** What it may do at the KDC. Default: what services usually do. */
  readonly attributes?: PrincipalAttributes | undefined
  /** Encryption types of its keys. Default: the domain's. */
  readonly enctypes?: readonly number[] | undefined
}

/** What changes about a user. What is left out stays. */
export interface TestUserChange {
  /** Whether the user may log on, by any package. */
  readonly enabled?: boolean | undefined
  /** What it may do at the KDC: expiry, must-change, … */
  readonly attributes?: PrincipalAttributes | undefined
}

/** What a directory is made of. */
export interface DirectoryParts {
  readonly realm: string
  readonly netbiosName: string
  readonly enctypes: readonly number[]
  readonly random: (length: number) => Uint8Array
  readonly now: () => Date
}

/** As few as the protocol allows (RFC 3962 section 4): test passwords are worth no more. */
const ITERATIONS = 4096
const DOMAIN_USERS = 'Domain Users'
const DOMAIN_USERS_RID = 513
const FIRST_RID = 1000

/** The users, groups and services of a test domain: once as principals of its KDC, once as accounts for NTLM and Digest. */
export class Directory {
  readonly principals: MemoryPrincipals
  readonly accounts: MemoryAccounts
  readonly #parts: DirectoryParts
  readonly #sid: string
  readonly #rids = new Map<string, number>([[groupKey(DOMAIN_USERS), DOMAIN_USERS_RID]])
  readonly #passwords = new Map<string, string>()
  #nextRid = FIRST_RID

  constructor(parts: DirectoryParts) {
    const { realm, netbiosName, enctypes, random } = parts
    this.#parts = parts
    this.principals = memoryPrincipals({ realm, enctypes, random, iterations: ITERATIONS })
    this.accounts = memoryAccounts([], { defaultDomain: netbiosName, localNames: [] })
    const reader = new Reader(random(12))
    this.#sid = `S-1-5-21-${[0, 1, 2].map(() => reader.u32le('domain identifier')).join('-')}`
  }

  addUser(user: TestUser): void {
    const { name, groups = [], attributes, enctypes } = user
    const { realm, netbiosName } = this.#parts
    const password = user.password ?? this.#makePassword()
    this.principals.add({ name, password, attributes, enctypes })
    this.accounts.add({
      user: name,
      domain: netbiosName,
      upn: `${name}@${realm}`,
      sid: this.#sidOf(userKey(name)),
      groups: [DOMAIN_USERS, ...groups].map((group) => this.#sidOf(groupKey(group))),
      enabled: attributes?.disabled !== true,
      password,
    })
    this.#passwords.set(name, password)
  }

  removeUser(name: string): void {
    this.passwordOf(name)
    this.principals.remove(name)
    this.accounts.remove({ user: name, domain: this.#parts.netbiosName })
    this.#passwords.delete(name)
  }

  async setPassword(name: string, password: string): Promise<void> {
    this.passwordOf(name)
    await this.principals.setPassword(name, password)
    this.accounts.setPassword({ user: name, domain: this.#parts.netbiosName }, password)
    this.#passwords.set(name, password)
  }

  changeUser(name: string, { enabled, attributes }: TestUserChange): void {
    this.passwordOf(name)
    const disabled = enabled === undefined ? attributes?.disabled : !enabled
    this.principals.setAttributes(name, { ...attributes, ...(disabled === undefined ? {} : { disabled }) })
    if (disabled !== undefined) {
      this.accounts.setEnabled({ user: name, domain: this.#parts.netbiosName }, !disabled)
    }
  }

  addService({ name, aliases, attributes, enctypes }: TestService): void {
    this.principals.add({ name, aliases, attributes, enctypes })
  }

  /** Gives a service new random keys, as the next version. */
  async rekey(name: string, enctypes = this.#parts.enctypes): Promise<void> {
    const { realm, random, now } = this.#parts
    const keys = enctypes.map((enctype) => ({ key: KerberosKey.generate(enctype, random) }))
    try {
      const principal = { name: parsePrincipal(name).name, realm }
      await this.principals.update({ principal, keys, time: now(), passwordExpires: undefined })
    } finally {
      for (const { key } of keys) key.dispose()
    }
  }

  /** @throws `SspiError` `SEC_E_INVALID_PARAMETER` for a user that there is not. */
  passwordOf(name: string): string {
    const password = this.#passwords.get(name)
    if (password !== undefined) return password
    throw new SspiError('SEC_E_INVALID_PARAMETER', `test domain ${this.#parts.realm}: there is no user '${name}'`)
  }

  userSid(name: string): string {
    this.passwordOf(name)
    return this.#sidOf(userKey(name))
  }

  groupSid(name: string): string {
    return this.#sidOf(groupKey(name))
  }

  dispose(): void {
    for (const name of [...this.#passwords.keys()]) {
      this.accounts.remove({ user: name, domain: this.#parts.netbiosName })
    }
    this.#passwords.clear()
    this.principals.dispose()
  }

  #sidOf(key: string): string {
    const rid = this.#rids.get(key) ?? this.#nextRid++
    this.#rids.set(key, rid)
    return `${this.#sid}-${rid}`
  }

  #makePassword(): string {
    const hex = [...this.#parts.random(12)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    return `Test-${hex}`
  }
}

function userKey(name: string): string {
  return `user ${name.toLowerCase()}`
}

function groupKey(name: string): string {
  return `group ${name.toLowerCase()}`
}
