import { randomBytes } from '../crypto/index.js'
import type { MemoryAccounts } from '../io/accounts/index.js'
import { embeddedKdc } from '../io/embedded-kdc/index.js'
import { performEffects } from '../io/krb5/index.js'
import type { MemoryPrincipals } from '../io/principals/index.js'
import { DEFAULT_KDC_ENCTYPES, type KdcEvent, type KdcHandler, type KdcPolicyOptions } from '../kdc/index.js'
import {
  acquireKerberosCredential,
  obtainTgt,
  parsePrincipal,
  readKerberosOptions,
  type KerberosOptions,
} from '../kerberos/index.js'
import {
  keytabCredential,
  passwordCredential,
  ticketCacheCredential,
  type KdcSender,
  type KeytabCredential,
  type PasswordCredential,
  type SecurityFunctionTable,
  type TicketCacheCredential,
} from '../sspi/index.js'
import { SspiError } from '../status/index.js'
import { initSecurityInterface, type SecurityInterfaceOptions } from '../system/index.js'
import { Directory, type TestService, type TestUser, type TestUserChange } from './directory.js'
import { TestFaults, type Impostor } from './faults.js'
import { impostorKdc } from './impostor.js'
import { TestClock } from './test-clock.js'
import { listenForForeigners, type TestListeners } from './test-listeners.js'

/** Options of {@link createTestDomain}. Everything has a default. */
export interface TestDomainOptions {
  /** The Kerberos realm; in lower case the DNS domain. Default `EXAMPLE.TEST`. */
  readonly realm?: string | undefined
  /** The NetBIOS name of the domain. Default: the first label of the realm. */
  readonly netbiosName?: string | undefined
  /** Users, by name or with more. Default: none. */
  readonly users?: readonly (string | TestUser)[] | undefined
  /** Services, by name or with more. Default: none. */
  readonly services?: readonly (string | TestService)[] | undefined
  /** A time at which the clock stands. Default: it runs with the system's. */
  readonly now?: Date | undefined
  /** Encryption types of the keys that are made. Default: the KDC's own, which are the AES types and Camellia. */
  readonly enctypes?: readonly number[] | undefined
  /** What the KDC allows. */
  readonly policy?: Omit<KdcPolicyOptions, 'domainRealm'> | undefined
  /** Told what happens at the KDC. No event holds a secret. Default: nobody. */
  readonly onKdcEvent?: ((event: KdcEvent) => void) | undefined
  /** Bytes for keys and SIDs. Default: the system's unpredictable ones. */
  readonly random?: ((length: number) => Uint8Array) | undefined
}

/** Options of {@link TestDomain.sspi}: those of `initSecurityInterface`, and how wrong this machine's clock is. */
export interface TestMachineOptions extends Omit<SecurityInterfaceOptions, 'accounts' | 'kdc' | 'krb5' | 'now'> {
  /** By how much its clock is ahead of the domain's, in seconds; negative for behind. Default 0. */
  readonly clockSkewSeconds?: number | undefined
}

/** Options of {@link TestDomain.ticketCache}. */
export interface TestTicketOptions {
  /** Whether the ticket can be delegated. Default `true`. */
  readonly forwardable?: boolean | undefined
  /** For how long, in seconds. Default: as long as the KDC gives. */
  readonly lifetimeSeconds?: number | undefined
  /** For how long it shall be renewable, in seconds. Default 0: not at all. */
  readonly renewLifetimeSeconds?: number | undefined
}

/**
 * A domain in this process, for tests: a Kerberos realm with a KDC, and accounts for NTLM beside it.
 *
 * ```ts
 * const domain = createTestDomain({ users: ['alice'], services: ['HTTP/www.example.test'] })
 * const sspi = domain.sspi()
 * const client = sspi.initiate({ package: 'Negotiate', credentials: domain.credential('alice'), target: 'HTTP/www.example.test' })
 * const server = sspi.accept({ package: 'Negotiate', credentials: domain.serviceCredential('HTTP/www.example.test') })
 * ```
 *
 * Nothing listens and nothing is written to disk unless {@link TestDomain.listen} is called.
 *
 * @throws `SspiError` `SEC_E_INVALID_PARAMETER` when two have one name, or a name is none.
 */
export function createTestDomain(options: TestDomainOptions = {}): TestDomain {
  return new TestDomain(options)
}

/** Made by {@link createTestDomain}. */
export class TestDomain implements AsyncDisposable {
  /** The Kerberos realm. */
  readonly realm: string
  /** The DNS domain: the realm in lower case. */
  readonly dnsDomain: string
  /** The NetBIOS name. */
  readonly netbiosName: string
  /** The clock of every machine in it. */
  readonly clock: TestClock
  /** What goes wrong at the KDC. */
  readonly faults = new TestFaults()
  /** What listeners hand requests to: the KDC, behind the faults. */
  readonly handle: KdcHandler
  /** Carries requests to the KDCs of this domain and of those that it trusts, without a port. */
  readonly kdc: KdcSender
  readonly #directory: Directory
  readonly #random: (length: number) => Uint8Array
  readonly #enctypes: readonly number[]
  /** Of its own hosts; the KDC has those of trusted domains as well, to refer clients there. */
  readonly #domainRealm: Map<string, string>
  readonly #referrals: Map<string, string>
  readonly #trusted = new Map<string, TestDomain>()
  readonly #impostors = new Map<Impostor, ReturnType<typeof impostorKdc>>()
  readonly #listeners: TestListeners[] = []

  /** @internal */
  constructor(options: TestDomainOptions) {
    const { realm = 'EXAMPLE.TEST', policy, now, random = randomBytes, onKdcEvent } = options
    const { netbiosName = realm.split('.')[0]!.toUpperCase().slice(0, 15) } = options
    this.realm = realm
    this.dnsDomain = realm.toLowerCase()
    this.netbiosName = netbiosName
    this.clock = new TestClock(now)
    this.#random = random
    this.#enctypes = options.enctypes ?? policy?.enctypes ?? DEFAULT_KDC_ENCTYPES
    this.#domainRealm = new Map([
      [this.dnsDomain, realm],
      [`.${this.dnsDomain}`, realm],
    ])
    this.#referrals = new Map(this.#domainRealm)
    this.#directory = new Directory({ realm, netbiosName, enctypes: this.#enctypes, random, now: this.clock.now })
    const kdc = embeddedKdc({
      realm,
      principals: this.principals,
      policy: { ...policy, domainRealm: this.#referrals },
      now: this.clock.now,
      random,
      onEvent: onKdcEvent,
    })
    this.handle = this.faults.around(kdc.handle, (kind) => this.#impostor(kind).handle)
    this.kdc = (query, signal) => this.#send(query, signal)
    for (const user of options.users ?? []) this.addUser(user)
    for (const service of options.services ?? []) this.addService(service)
  }

  /** The principals of the KDC, for what the methods here do not do. */
  get principals(): MemoryPrincipals {
    return this.#directory.principals
  }

  /** The accounts for NTLM and Digest, likewise. */
  get accounts(): MemoryAccounts {
    return this.#directory.accounts
  }

  /** What a Kerberos client of this domain has to know of it. */
  get kerberosOptions(): KerberosOptions {
    return {
      defaultRealm: this.realm,
      domainRealm: this.#domainRealm,
      realms: new Map([this, ...this.#trusted.values()].map(({ realm }) => [realm, {}])),
      permittedEnctypes: this.#enctypes,
      forwardable: true,
    }
  }

  /** The security interface of a machine in the domain, client or server. Each call gives one of its own. */
  sspi(options: TestMachineOptions = {}): SecurityFunctionTable {
    const { clockSkewSeconds = 0, kerberos, ...rest } = options
    return initSecurityInterface({
      host: {
        netbiosName: 'SERVER',
        netbiosDomain: this.netbiosName,
        dnsName: `server.${this.dnsDomain}`,
        dnsDomain: this.dnsDomain,
      },
      random: this.#random,
      ...rest,
      accounts: this.accounts,
      kdc: this.kdc,
      kerberos: { ...this.kerberosOptions, ...kerberos },
      now: () => new Date(this.clock.now().getTime() + clockSkewSeconds * 1000),
    })
  }

  // ------------------------------------------------------------------ who is in it

  /** Adds a user. @throws `SspiError` `SEC_E_INVALID_PARAMETER` when the name is taken, or none. */
  addUser(user: string | TestUser): void {
    this.#directory.addUser(typeof user === 'string' ? { name: user } : user)
  }

  /** Removes a user. Its service tickets are good until they end; its ticket-granting tickets get no more of them. */
  removeUser(name: string): void {
    this.#directory.removeUser(name)
  }

  /** Gives a user a new password, for every package. */
  async setPassword(name: string, password: string): Promise<void> {
    await this.#directory.setPassword(name, password)
  }

  /** Disables a user, lets the password expire, and the like. */
  changeUser(name: string, change: TestUserChange): void {
    this.#directory.changeUser(name, change)
  }

  /** Adds a service with random keys. Hosts outside of the DNS domain count as in the realm from now on. */
  addService(service: string | TestService): void {
    const added = typeof service === 'string' ? { name: service } : service
    this.#directory.addService(added)
    for (const name of [added.name, ...(added.aliases ?? [])]) {
      const host = parsePrincipal(name).name.nameString[1]?.toLowerCase()
      if (host === undefined || host.endsWith(`.${this.dnsDomain}`)) continue
      this.#domainRealm.set(host, this.realm)
      this.#referrals.set(host, this.realm)
    }
  }

  /** Gives a service new keys, as the next version: keytabs that were made before have not got them. */
  async rekey(service: string, enctypes?: readonly number[]): Promise<void> {
    await this.#directory.rekey(service, enctypes)
  }

  /** Lets the users of each domain reach the services of the other, by referrals. Their clocks stay their own. */
  trust(other: TestDomain): void {
    const password = [...this.#random(16)].map((byte) => byte.toString(16)).join('')
    for (const [here, there] of [
      [this, other],
      [other, this],
    ] as const) {
      // One password for both directions, but the name salts it.
      here.principals.add({ name: `krbtgt/${there.realm}@${here.realm}`, password })
      here.principals.add({ name: `krbtgt/${here.realm}@${there.realm}`, password })
      here.#trusted.set(there.realm, there)
      for (const [host, realm] of there.#domainRealm) here.#referrals.set(host, realm)
    }
  }

  /** A user's password, given or made up. */
  passwordOf(user: string): string {
    return this.#directory.passwordOf(user)
  }

  /** A user's security identifier, as the NTLM account has it. */
  userSid(user: string): string {
    return this.#directory.userSid(user)
  }

  /** A group's security identifier. */
  groupSid(group: string): string {
    return this.#directory.groupSid(group)
  }

  // ------------------------------------------------------------------ what they prove themselves with

  /** A user with its password, `alice@EXAMPLE.TEST`, for any package. @param password - Default: the right one. */
  credential(user: string, password: string = this.passwordOf(user)): PasswordCredential {
    return passwordCredential({ user: `${user}@${this.realm}`, password })
  }

  /** The keytab of services or users, as bytes: every version of their keys that still counts. */
  async keytab(...names: readonly string[]): Promise<Uint8Array> {
    return this.principals.keytab(...names)
  }

  /** A service with its keytab, as it is when the credential is acquired. */
  serviceCredential(name: string): KeytabCredential {
    return keytabCredential({ principal: `${name}@${this.realm}`, keytab: () => this.keytab(name) })
  }

  /** Logs a user on, and returns a credential cache file with the ticket-granting ticket. */
  async ticketCache(user: string, options: TestTicketOptions = {}): Promise<Uint8Array> {
    const { forwardable = true, lifetimeSeconds, renewLifetimeSeconds } = options
    const ticketLifetimeSeconds = lifetimeSeconds
    const settings = readKerberosOptions({
      ...this.kerberosOptions,
      forwardable,
      ticketLifetimeSeconds,
      renewLifetimeSeconds,
    })
    const value = {
      kind: 'password',
      user,
      domain: '',
      packageList: undefined,
      password: this.passwordOf(user),
    } as const
    const credential = acquireKerberosCredential(
      { use: 'outbound', principal: undefined, value, packages: NONE },
      settings,
    )
    try {
      const world = { now: this.clock.now, random: this.#random }
      const tgt = await performEffects(obtainTgt({ credential, settings, world }), this.kdc)
      tgt.sessionKey.dispose()
      return credential.outbound.store.toCcache()
    } finally {
      credential.dispose()
    }
  }

  /** A user with tickets and without its password: logs on when the credential is acquired. */
  ticketCredential(user: string, options: TestTicketOptions = {}): TicketCacheCredential {
    return ticketCacheCredential({ cache: () => this.ticketCache(user, options) })
  }

  // ------------------------------------------------------------------ programs in other processes

  /**
   * Listens on free ports of loopback, UDP and TCP, and writes the krb5.conf that other programs need into a folder of its own.
   * The clock must run with the system's for them.
   */
  async listen(): Promise<TestListeners> {
    const listeners = await listenForForeigners(this, [...this.#trusted.values()])
    this.#listeners.push(listeners)
    return listeners
  }

  /** Closes what listens, removes what was written, and overwrites the keys. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#listeners.splice(0).map((listeners) => listeners[Symbol.asyncDispose]()))
    for (const impostor of this.#impostors.values()) impostor.dispose()
    this.#impostors.clear()
    this.#directory.dispose()
  }

  async #send({ realm, service, request }: Parameters<KdcSender>[0], signal?: AbortSignal): Promise<Uint8Array> {
    const domain = realm === this.realm ? this : this.#trusted.get(realm)
    const reply = await domain?.handle(request, { service })
    signal?.throwIfAborted()
    if (reply !== undefined) return reply
    throw new SspiError(
      'SEC_E_NO_AUTHENTICATING_AUTHORITY',
      domain === undefined ? `no test domain has the realm ${realm}` : `the KDC of ${realm} gives no reply`,
    )
  }

  #impostor(kind: Impostor): ReturnType<typeof impostorKdc> {
    const { realm, principals } = this
    const made =
      this.#impostors.get(kind) ??
      impostorKdc(kind, { realm, principals, enctypes: this.#enctypes, now: this.clock.now, random: this.#random })
    this.#impostors.set(kind, made)
    return made
  }
}

/** Nobody drives other packages here. */
const NONE = { find: () => undefined, [Symbol.iterator]: () => [][Symbol.iterator]() }
