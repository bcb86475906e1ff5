import {
  ChosenCredential,
  chosenCredential,
  CredHandle,
  SECPKG_CRED_INBOUND,
  type AcquiredCredentials,
  type CredentialValue,
  type SecurityFunctionTable,
  type SecWinntAuthIdentity,
} from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'

/** What a server's credentials of one package are made of, and for how long. */
export interface AcceptorCredentialParts {
  readonly sspi: Pick<SecurityFunctionTable, 'acquireCredentialsHandle'>
  readonly packageName: string
  readonly credentials: CredentialValue | SecWinntAuthIdentity | CredHandle | undefined
  /** A package that Negotiate is not to use with a value, whatever its package list says. */
  readonly excluded?: string | undefined
  readonly seconds: number
  readonly now: () => Date
}

/**
 * A server's credentials, acquired once for many clients instead of for each, and again after a while: keytabs change.
 */
export class AcceptorCredential implements Disposable {
  readonly #parts: AcceptorCredentialParts
  #held: { readonly handle: CredHandle; readonly since: number } | undefined
  #coming: Promise<CredHandle> | undefined
  #over = false

  constructor(parts: AcceptorCredentialParts) {
    this.#parts = parts
  }

  /** The handle to accept with, at once: it may have gone in the next turn. @throws `SspiError` as `acquireCredentialsHandle`. */
  current(): CredHandle | Promise<CredHandle> {
    const { credentials, seconds, now } = this.#parts
    if (credentials instanceof CredHandle) return credentials
    if (this.#held !== undefined && now().getTime() - this.#held.since < seconds * 1000) return this.#held.handle
    this.#coming ??= this.#acquire(credentials).finally(() => {
      this.#coming = undefined
    })
    return this.#coming
  }

  /**
   * Whether it is worth trying again with what the credentials are made of now: a client may have a ticket for a key that is newer than
   * what was read. Forgets what was read then.
   */
  outdated(): boolean {
    const { credentials, now } = this.#parts
    if (credentials instanceof CredHandle || this.#held === undefined) return false
    // Whoever sends tickets that nobody has a key for does not make it read the keytab more often than this.
    if (now().getTime() - this.#held.since < RETRY_MILLISECONDS) return false
    this.#retire()
    return true
  }

  [Symbol.dispose](): void {
    this.#over = true
    this.#held?.handle[Symbol.dispose]()
    this.#held = undefined
  }

  async #acquire(value: CredentialValue | SecWinntAuthIdentity | undefined): Promise<CredHandle> {
    const { packageName, now } = this.#parts
    const { credential } = await this.#handleOf(value).catch((cause: unknown) => {
      if (cause instanceof SspiError) throw cause
      throw new SspiError('SEC_E_NO_CREDENTIALS', `${packageName}: the server's credentials could not be had`, {
        cause,
      })
    })
    if (this.#over) {
      credential[Symbol.dispose]()
      throw new SspiError('SEC_E_SHUTDOWN_IN_PROGRESS', `${packageName}: the server's credentials were disposed`)
    }
    this.#retire()
    this.#held = { handle: credential, since: now().getTime() }
    return credential
  }

  async #handleOf(value: CredentialValue | SecWinntAuthIdentity | undefined): Promise<AcquiredCredentials> {
    const { sspi, packageName, excluded } = this.#parts
    const authData = excluded === undefined || value === undefined ? value : await without(excluded, value, packageName)
    return sspi.acquireCredentialsHandle({ package: packageName, credentialUse: SECPKG_CRED_INBOUND, authData })
  }

  /** Frees the handle when those have begun who were given it in this turn. */
  #retire(): void {
    const old = this.#held?.handle
    this.#held = undefined
    if (old !== undefined) setImmediate(() => old[Symbol.dispose]())
  }
}

const RETRY_MILLISECONDS = 1_000

/** A value of which a package is to make no use; what its own package list forbids stays forbidden. */
async function without(
  excluded: string,
  value: CredentialValue | SecWinntAuthIdentity,
  packageName: string,
): Promise<ChosenCredential> {
  const choice = { package: packageName, use: 'inbound', principal: undefined, targetName: undefined } as const
  // Chosen here, since the list of whoever chooses would take the place of the value's own.
  const chosen = value instanceof ChosenCredential ? await value.choose(choice) : value
  const packageList = `${listOf(value) ?? listOf(chosen) ?? ''},!${excluded}`
  return chosenCredential({ packageList, choose: () => chosen })
}

function listOf(value: CredentialValue | SecWinntAuthIdentity): string | undefined {
  return 'packageList' in value ? value.packageList : undefined
}
