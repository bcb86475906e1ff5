import { SspiError } from '../status/index.js'
import { AuthIdentity } from './auth-identity/auth-identity.js'
import { SECPKG_CRED_BOTH, SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND } from './constants/index.js'
import type { Credential, CredentialRequest, SecurityPackage } from './contract.js'
import type {
  CredentialAttribute,
  CredentialAttributes,
  SettableCredentialAttribute,
  SettableCredentialAttributes,
} from './credential-attributes.js'
import { queryCredential, setCredential } from './credential-calls.js'
import type { CredentialValue, SecWinntAuthIdentity } from './credential-values.js'
import type { ChannelBindings } from './channel-bindings.js'
import { CredHandle, type CtxtHandle } from './handles.js'
import type { Impersonator } from './impersonation.js'
import type { PackageRegistry } from './registry.js'
import { endRevealed, revealCredential, type RevealedCredential } from './revealed-credential.js'
import type { World } from './world.js'

/** Options of `acquireCredentialsHandle`. */
export interface AcquireCredentialsOptions {
  /** The package's name. */
  readonly package: string
  /** `SECPKG_CRED_INBOUND` to accept, `SECPKG_CRED_OUTBOUND` to initiate, `SECPKG_CRED_BOTH`. */
  readonly credentialUse: number
  /** The name that the credential is for, where the package has several. Default: none. */
  readonly principal?: string | undefined
  /**
   * What it is made of. Default: the default credentials, which are the client's while one is impersonated, else those of the
   * interface, if it has any, else the package's.
   */
  readonly authData?: CredentialValue | SecWinntAuthIdentity | AuthIdentity | undefined
  /** The service that it will be used with: for values that are chosen by it. It binds nobody to it. Default: none named. */
  readonly targetName?: string | undefined
}

/** Result of `acquireCredentialsHandle`. */
export interface AcquiredCredentials {
  /** The handle, to be freed by the caller. */
  readonly credential: CredHandle
  /** When the credential ends; far away for those that do not. */
  readonly expiry: Date
}

/** Options of `addCredentials`: what `acquireCredentialsHandle` takes, and the credential that grows. */
export interface AddCredentialsOptions extends AcquireCredentialsOptions {
  /** The credential that takes the new one in: of Negotiate, or of another package that drives others. */
  readonly credential: CredHandle
  /** The package of the credential that is added: `'NTLM'`. */
  readonly package: string
}

/** An acceptor's first call whose outcome its caller had no room for: the context waits for the same call again. */
export interface UndeliveredCall {
  readonly context: CtxtHandle
  readonly channelBindings: ChannelBindings | undefined
}

/** A credential behind its handle, alive as long as the handle or a half-open context needs it. */
export class CredentialState {
  readonly package: SecurityPackage
  readonly credential: Credential
  readonly use: CredentialRequest['use']
  #users = 1
  #undelivered: UndeliveredCall | undefined

  constructor(of: SecurityPackage, credential: Credential, use: CredentialRequest['use']) {
    this.package = of
    this.credential = credential
    this.use = use
  }

  /** Keeps the credential alive; returns how to let go of it again. */
  retain(): () => void {
    this.#users++
    let held = true
    return () => {
      if (held) this.letGo()
      held = false
    }
  }

  /** The last call that is still waiting. */
  get undelivered(): UndeliveredCall | undefined {
    return this.#undelivered
  }

  /** Keeps a call for its repetition; the one before is given up. */
  keepUndelivered(call: UndeliveredCall): void {
    this.giveUpUndelivered()
    this.#undelivered = call
  }

  /** It is repeated: its context is the caller's now. */
  takeUndelivered(): void {
    this.#undelivered = undefined
  }

  giveUpUndelivered(): void {
    this.#undelivered?.context[Symbol.dispose]()
    this.#undelivered = undefined
  }

  letGo(): void {
    if (--this.#users === 0) this.credential.dispose()
  }
}

/** The credentials of one security interface, by handle. */
export class CredentialKeeper {
  readonly #states = new WeakMap<CredHandle, CredentialState>()
  readonly #registry: PackageRegistry
  readonly #impersonator: Impersonator
  readonly #world: World
  readonly #revealIdentity: (identity: AuthIdentity) => RevealedCredential

  constructor(
    registry: PackageRegistry,
    impersonator: Impersonator,
    world: World,
    revealIdentity: (identity: AuthIdentity) => RevealedCredential,
  ) {
    this.#registry = registry
    this.#impersonator = impersonator
    this.#world = world
    this.#revealIdentity = revealIdentity
  }

  async acquire(options: AcquireCredentialsOptions): Promise<AcquiredCredentials> {
    const { of, use, credential } = await this.#acquire(options)
    const state = new CredentialState(of, credential, use)
    const handle = new CredHandle(() => {
      if (this.#states.has(handle)) this.free(handle)
    })
    this.#states.set(handle, state)
    return { credential: handle, expiry: state.credential.expiry }
  }

  /** AddCredentials. @returns until when the new one is good. */
  async add({ credential: handle, ...options }: AddCredentialsOptions): Promise<Date> {
    const state = this.require(handle)
    const outer = state.package.info.name
    if (state.credential.add === undefined) {
      throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${outer}: no credential can be added to its credentials`)
    }
    const use = readUse(options)
    if (use !== 'both' && use !== state.use) {
      throw new SspiError(
        'SEC_E_UNKNOWN_CREDENTIALS',
        `${outer}: the credential is for ${state.use} use, and what is added to it for ${use} use only`,
      )
    }
    const { of, credential } = await this.#acquire(options)
    try {
      // It may have been freed while the secret was fetched.
      if (this.require(handle).credential.add?.(of, credential) === true) return credential.expiry
    } catch (error) {
      credential.dispose()
      throw error
    }
    credential.dispose()
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${outer}: it has no use for a credential of ${of.info.name}`)
  }

  query<A extends CredentialAttribute>(handle: CredHandle, attribute: A): CredentialAttributes[A] {
    const { package: of, credential } = this.require(handle)
    return queryCredential(of, credential, attribute)
  }

  set<A extends SettableCredentialAttribute>(
    handle: CredHandle,
    attribute: A,
    value: SettableCredentialAttributes[A],
  ): void {
    const { package: of, credential } = this.require(handle)
    setCredential(of, credential, attribute, value)
  }

  async #acquire(options: AcquireCredentialsOptions): Promise<{
    readonly of: SecurityPackage
    readonly use: CredentialRequest['use']
    readonly credential: Credential
  }> {
    const of = this.#registry.require(options.package)
    const use = readUse(options)
    const { authData, package: packageName, principal, targetName } = options
    const purpose = { package: packageName, use, principal, targetName }
    // Asked before anything is awaited: the caller's identity is that of the call.
    const value = await (authData === undefined
      ? this.#impersonator.defaultCredential(purpose)
      : authData instanceof AuthIdentity
        ? this.#revealIdentity(authData)
        : revealCredential(authData, purpose))
    const request = { use, principal: options.principal, value, packages: this.#registry }
    return { of, use, credential: this.#make(of, request) }
  }

  #make(of: SecurityPackage, request: CredentialRequest): Credential {
    try {
      return of.acquire(request, this.#world)
    } finally {
      if (request.value !== undefined) endRevealed(request.value)
    }
  }

  free(handle: CredHandle): void {
    const state = this.require(handle)
    this.#states.delete(handle)
    state.giveUpUndelivered()
    state.letGo()
  }

  /** @throws {@link SspiError} `SEC_E_INVALID_HANDLE` when the handle is not (or no longer) one of this interface's. */
  require(handle: CredHandle): CredentialState {
    const state = this.#states.get(handle)
    if (state === undefined) {
      throw new SspiError('SEC_E_INVALID_HANDLE', 'the credential was freed, or is of another security interface')
    }
    return state
  }
}

function readUse({ credentialUse, authData }: AcquireCredentialsOptions): CredentialRequest['use'] {
  switch (credentialUse & SECPKG_CRED_BOTH) {
    case SECPKG_CRED_BOTH:
      return 'both'
    case SECPKG_CRED_INBOUND:
      return 'inbound'
    case SECPKG_CRED_OUTBOUND:
      return 'outbound'
    default:
      throw new SspiError(
        authData === undefined ? 'SEC_E_NO_CREDENTIALS' : 'SEC_E_UNKNOWN_CREDENTIALS',
        `credentialUse ${credentialUse}: inbound, outbound or both?`,
      )
  }
}
