import {
  ChosenCredential,
  chosenCredential,
  fromAuthIdentity,
  packageAllowed,
  PasswordCredential,
  SECPKG_CRED_OUTBOUND,
  type AcquiredCredentials,
  type CredHandle,
  type RunAsCaptured,
  type SecurityFunctionTable,
} from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { closed } from './failures.js'
import type { HttpCredentials } from './options.js'
import type { PartyMemory } from './party-memory.js'
import type { PackageScheme } from './schemes.js'

/** What an identity is acquired with. */
type Acquirer = Pick<SecurityFunctionTable, 'acquireCredentialsHandle' | 'captureIdentity'>

/** Credentials that fit no scheme are of these; the next scheme is tried then. Anything else is a failure, which is not gone around. */
const UNSUITABLE: ReadonlySet<string> = new Set([
  'SEC_E_NO_CREDENTIALS',
  'SEC_E_UNKNOWN_CREDENTIALS',
  'SEC_E_SECPKG_NOT_FOUND',
])

/** Whether an error says that the credentials are of no use with a package, rather than that it failed. */
export function isUnsuitable(error: unknown): error is SspiError {
  return error instanceof SspiError && UNSUITABLE.has(error.code)
}

/**
 * Somebody whom requests are made as: a credential, acquired once for each package, so that a log-on serves many requests. Each
 * has a number of its own, which connections are told apart by.
 */
export class HttpIdentity implements Disposable {
  /** Different from that of every other identity of the client. */
  readonly id: number
  readonly #credentials: HttpCredentials | undefined
  readonly #sspi: Acquirer
  readonly #handles = new Map<string, Promise<AcquiredCredentials>>()
  readonly #memories = new Map<string, PartyMemory>()
  #runAs: RunAsCaptured
  #over = false

  /** Made by whoever's default credentials count, where there are no others. */
  constructor(id: number, credentials: HttpCredentials | undefined, sspi: Acquirer) {
    this.id = id
    this.#credentials = credentials
    this.#sspi = sspi
    this.#runAs = sspi.captureIdentity()
  }

  /**
   * Takes the caller for whom default credentials are acquired from now on. A connection may be opened in the course of somebody
   * else's request, which must not lend this identity theirs.
   */
  actForCaller(): void {
    this.#runAs = this.#sspi.captureIdentity()
  }

  /** What is known of a server, or a proxy, as this identity has met it. */
  memoryOf({ origin }: URL): PartyMemory {
    const memory = this.#memories.get(origin) ?? { scheme: undefined, severalLegs: false }
    this.#memories.set(origin, memory)
    return memory
  }

  /** The credential for a scheme. @throws `SspiError` as `acquireCredentialsHandle`. */
  async credentialFor(scheme: PackageScheme, targetName: string): Promise<CredHandle> {
    const key = `${scheme.packageName} ${scheme.packageList ?? ''}`
    const known = this.#handles.get(key)
    if (known !== undefined) {
      const { credential, expiry } = await known
      if (expiry.getTime() > Date.now()) return credential
      // The next one may ask its source for a newer cache. Exchanges under way with this one do not need it any more.
      if (this.#handles.get(key) === known) {
        this.#handles.delete(key)
        credential[Symbol.dispose]()
      }
    }
    return (await this.#acquire(key, scheme, targetName)).credential
  }

  #acquire(key: string, scheme: PackageScheme, targetName: string): Promise<AcquiredCredentials> {
    if (this.#over) throw closed()
    const begun = this.#handles.get(key)
    if (begun !== undefined) return begun
    const authData = restricted(this.#credentials, scheme)
    const request = { package: scheme.packageName, credentialUse: SECPKG_CRED_OUTBOUND, authData, targetName }
    const acquired = this.#runAs(() => this.#sspi.acquireCredentialsHandle(request)).then((result) => {
      if (!this.#over) return result
      result.credential[Symbol.dispose]()
      throw closed()
    })
    this.#handles.set(key, acquired)
    acquired.catch(() => this.#handles.delete(key))
    return acquired
  }

  /**
   * The name and the password, for Basic.
   *
   * @throws `SspiError` `SEC_E_UNKNOWN_CREDENTIALS` where there is no password.
   */
  async password(targetName: string): Promise<{ readonly user: string; readonly password: string }> {
    const purpose = { package: 'Basic', use: 'outbound', principal: undefined, targetName } as const
    const given = this.#credentials
    if (given !== undefined) requireListed(given, 'Basic')
    const chosen = given instanceof ChosenCredential ? await given.choose(purpose) : given
    if (chosen !== undefined) requireListed(chosen, 'Basic')
    const value = chosen === undefined || 'kind' in chosen ? chosen : fromAuthIdentity(chosen)
    if (!(value instanceof PasswordCredential)) {
      throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', 'Basic: it needs a user name and a password')
    }
    const { user, domain } = value
    return { user: domain === '' ? user : `${domain}\\${user}`, password: await value.reveal() }
  }

  /** Frees the credentials. Calling it again is harmless. */
  [Symbol.dispose](): void {
    this.#over = true
    for (const acquired of this.#handles.values()) {
      acquired.then(
        ({ credential }) => {
          credential[Symbol.dispose]()
        },
        () => {}, // whoever waits for it has been told
      )
    }
    this.#handles.clear()
  }
}

/**
 * The same credential, for one scheme: what its package list forbids stays forbidden. Negotiate looks at the list itself; asked for
 * directly, a package would not.
 */
function restricted(credentials: HttpCredentials | undefined, scheme: PackageScheme): HttpCredentials | undefined {
  const { packageList, listedAs } = scheme
  if (credentials === undefined || listedAs === undefined) return credentials
  requireListed(credentials, listedAs)
  return chosenCredential({
    packageList,
    choose: async (choice) => {
      const value = credentials instanceof ChosenCredential ? await credentials.choose(choice) : credentials
      requireListed(value, listedAs)
      return value
    },
  })
}

/** @throws `SspiError` `SEC_E_UNKNOWN_CREDENTIALS` when a credential's package list forbids a package. */
function requireListed(credentials: HttpCredentials, packageName: string): void {
  const list = 'packageList' in credentials ? credentials.packageList : undefined
  if (packageAllowed(list, packageName)) return
  throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `${packageName}: the credential's package list excludes it`)
}
