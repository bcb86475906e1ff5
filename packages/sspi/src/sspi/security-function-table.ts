import { SEC_E_INCOMPLETE_MESSAGE, SEC_E_OK, SEC_I_CONTEXT_EXPIRED, SEC_I_RENEGOTIATE } from '../status/index.js'
import { AsyncFunctions } from './async-calls/async-functions.js'
import type { ContextAttribute, ContextAttributes, SettableAttribute, SettableAttributes } from './attributes.js'
import type { SecBufferDesc } from './buffer.js'
import type { SecurityPackage } from './contract.js'
import type {
  AcceptSecurityContextOptions,
  ContextStep,
  ExportOptions,
  ImportedContext,
  ImportOptions,
  InitializeSecurityContextOptions,
} from './context-calls.js'
import { SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION } from './constants/index.js'
import { wipeResult } from './context-buffer.js'
import { ContextKeeper } from './contexts.js'
import type {
  CredentialAttribute,
  CredentialAttributes,
  SettableCredentialAttribute,
  SettableCredentialAttributes,
} from './credential-attributes.js'
import type { CredentialValue } from './credential-values.js'
import {
  CredentialKeeper,
  type AcquireCredentialsOptions,
  type AcquiredCredentials,
  type AddCredentialsOptions,
} from './credentials.js'
import type { Driver } from './effects.js'
import { AcceptorExchange, InitiatorExchange, type AcceptOptions, type InitiateOptions } from './exchange.js'
import { DEFAULT_HALF_OPEN_LIMITS, type HalfOpenLimits } from './half-open.js'
import type { CredHandle, CtxtHandle } from './handles.js'
import type { AccessToken } from './identity.js'
import { accessTokenOf, Impersonator, type AmbientIdentity, type RunAsCaptured } from './impersonation.js'
import type { Decrypted, LevelOne } from './level-one.js'
import { putMissing } from './output.js'
import type { SecPkgInfo } from './package-info.js'
import { checkPackageOptions, type SecurityPackageOptions } from './package-options.js'
import { changeAccountPassword, type ChangeAccountPasswordOptions } from './password-change.js'
import { PackageRegistry } from './registry.js'
import type { ReplayCache } from './replay-cache.js'
import { SecureSession } from './secure-session.js'
import type { World } from './world.js'

/** What a security interface is put together from. */
export interface SecurityFunctionTableParts {
  /** The packages, in the order in which Negotiate prefers them. */
  readonly packages: readonly SecurityPackage[]
  /** Answers what packages cannot know themselves. */
  readonly driver: Driver
  /** Clock, random bytes, policy, events. */
  readonly world: World
  /** Remembers which exported contexts were imported. Default: importing is refused. */
  readonly imports?: ReplayCache | undefined
  /** Keeps who acts as whom. Default: impersonating is refused. */
  readonly ambient?: AmbientIdentity | undefined
  /** What those who initiate without naming credentials authenticate with. Default: the package's default credentials. */
  readonly defaultCredentials?: CredentialValue | undefined
  /** Bounds on half-open contexts. */
  readonly limits?: Partial<HalfOpenLimits> | undefined
}

/**
 * The interface, as `sspi.h` has it: packages, credentials, contexts, messages. Each is independent of every other;
 * handles of one mean nothing to another.
 *
 * Calls that may have to wait for somebody return promises; message, query, delete and free calls are synchronous.
 * Every failure is thrown as an `SspiError`; the statuses that are results are returned. Calls on one context must not
 * overlap (`SEC_E_OUT_OF_SEQUENCE`); an ended handle is answered with `SEC_E_INVALID_HANDLE`.
 */
export class SecurityFunctionTable extends AsyncFunctions implements LevelOne {
  /** The version of the table, as on Windows. */
  readonly dwVersion = SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION
  readonly #registry: PackageRegistry
  readonly #credentials: CredentialKeeper
  readonly #contexts: ContextKeeper
  readonly #impersonator: Impersonator
  readonly #driver: Driver
  readonly #world: World

  constructor(parts: SecurityFunctionTableParts) {
    const { driver, world, imports, ambient, defaultCredentials } = parts
    super(world)
    this.#driver = driver
    this.#world = world
    this.#registry = new PackageRegistry(parts.packages)
    this.#impersonator = new Impersonator({ world, ambient, defaultCredentials })
    this.#credentials = new CredentialKeeper(this.#registry, this.#impersonator, world, (identity) =>
      this.revealIdentity(identity),
    )
    this.#contexts = new ContextKeeper({
      registry: this.#registry,
      credentials: this.#credentials,
      driver,
      world,
      imports,
      limits: { ...DEFAULT_HALF_OPEN_LIMITS, ...parts.limits },
    })
  }

  // ------------------------------------------------------------------ packages

  /** EnumerateSecurityPackages: every registered package, in order. */
  enumerateSecurityPackages(): readonly SecPkgInfo[] {
    return [...this.#registry].map((each) => each.info)
  }

  /** QuerySecurityPackageInfo. @throws `SspiError` `SEC_E_SECPKG_NOT_FOUND`. */
  querySecurityPackageInfo(name: string): SecPkgInfo {
    return this.#registry.require(name).info
  }

  /**
   * Whether clients who come with a password can be looked up. Without accounts, packages that accept such clients (NTLM, Digest) refuse
   * each of them in the end: whoever offers packages to clients may ask here first.
   */
  get hasAccounts(): boolean {
    return this.#driver.hasAccounts ?? true
  }

  /**
   * AddSecurityPackage: registers a package, which from then on is like the built-in ones.
   *
   * @param options - As Windows' SECURITY_PACKAGE_OPTIONS. Default: the package lasts as long as the interface.
   * @throws `SspiError` `SEC_E_CANNOT_INSTALL` when the name is taken; `SEC_E_UNSUPPORTED_FUNCTION` for options that have no
   *   meaning off Windows.
   */
  addSecurityPackage(added: SecurityPackage, options: SecurityPackageOptions = {}): void {
    checkPackageOptions(options)
    this.#registry.add(added)
  }

  /** DeleteSecurityPackage; its contexts go on. @throws `SspiError` `SEC_E_SECPKG_NOT_FOUND`. */
  deleteSecurityPackage(name: string): void {
    this.#registry.delete(name)
  }

  /**
   * FreeContextBuffer: what a call has returned, or allocated into a buffer, is not needed any more. Memory is freed by itself here;
   * what bytes there are in it (a session key, a token) are overwritten.
   *
   * @returns `SEC_E_OK`.
   */
  freeContextBuffer(result: object): typeof SEC_E_OK {
    wipeResult(result)
    return SEC_E_OK
  }

  // ------------------------------------------------------------------ credentials

  /**
   * AcquireCredentialsHandle. Free the credential when no more contexts will be begun with it.
   *
   * @throws `SspiError` `SEC_E_SECPKG_NOT_FOUND`; `SEC_E_NO_CREDENTIALS` when nothing was given and the package has no
   *   default; `SEC_E_UNKNOWN_CREDENTIALS` when the package cannot use what was given.
   */
  acquireCredentialsHandle(options: AcquireCredentialsOptions): Promise<AcquiredCredentials> {
    return this.#credentials.acquire(options)
  }

  /**
   * The package that a credential was acquired for. Not part of `sspi.h`: for what wraps the calls, as SASL does.
   * @throws `SspiError` `SEC_E_INVALID_HANDLE`.
   */
  packageOf(credential: CredHandle): SecPkgInfo {
    return this.#credentials.require(credential).package.info
  }

  /** FreeCredentialsHandle; half-open contexts made with it may still be finished. @throws `SspiError` `SEC_E_INVALID_HANDLE`. */
  freeCredentialsHandle(credential: CredHandle): void {
    this.#credentials.free(credential)
  }

  /**
   * AddCredentials: gives a credential of a package that drives others another one for one of these, in place of the one that it
   * had for it: one that Negotiate is to use with NTLM only, one for the TLS channel of CredSSP. For contexts begun afterwards.
   *
   * @returns Until when the added one is good.
   * @throws `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` when the credential takes none of that package; `SEC_E_UNKNOWN_CREDENTIALS`
   *   when the new one is for less use; otherwise as `acquireCredentialsHandle`. Nothing has changed then.
   */
  async addCredentials(options: AddCredentialsOptions): Promise<{ readonly expiry: Date }> {
    return { expiry: await this.#credentials.add(options) }
  }

  /**
   * QueryCredentialsAttributes: the result's type follows from the attribute (`SECPKG_CRED_ATTR_…`, and the `SECPKG_ATTR_…` that
   * are for credentials).
   *
   * @throws `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` when the package's credentials have no such attribute;
   *   `SEC_E_NO_CREDENTIALS` for the name of one that names nobody.
   */
  queryCredentialsAttributes<A extends CredentialAttribute>(
    credential: CredHandle,
    attribute: A,
  ): CredentialAttributes[A] {
    return this.#credentials.query(credential, attribute)
  }

  /** QueryCredentialsAttributesEx: the same, as a result is as long as it is here, and nobody has to say how much room there is. */
  queryCredentialsAttributesEx<A extends CredentialAttribute>(
    credential: CredHandle,
    attribute: A,
  ): CredentialAttributes[A] {
    return this.queryCredentialsAttributes(credential, attribute)
  }

  /**
   * SetCredentialsAttributes, for contexts that are begun afterwards. What can be set is in {@link SettableCredentialAttributes}.
   *
   * @throws `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` when this package's credentials have no such attribute;
   *   `SEC_E_INVALID_PARAMETER`, `SEC_E_ALGORITHM_MISMATCH` when the value cannot be. Nothing has changed then.
   */
  setCredentialsAttributes<A extends SettableCredentialAttribute>(
    credential: CredHandle,
    attribute: A,
    value: SettableCredentialAttributes[A],
  ): void {
    this.#credentials.set(credential, attribute, value)
  }

  /**
   * ChangeAccountPassword: gives an account a new password, with the old one as proof, where its package keeps passwords: at
   * the realm's kpasswd service (Kerberos), in the account database (NTLM), wherever the account is (Negotiate).
   *
   * @returns `SEC_E_OK`.
   * @throws `SspiError` `SEC_E_LOGON_DENIED` when the old password is wrong, or the new one against the policy: the message has
   *   what was said; `SEC_E_UNSUPPORTED_FUNCTION` where passwords cannot be changed; `SEC_E_NO_AUTHENTICATING_AUTHORITY` when nobody
   *   answered; `SEC_E_SECPKG_NOT_FOUND`; and what the package adds.
   */
  changeAccountPassword(options: ChangeAccountPasswordOptions): Promise<typeof SEC_E_OK> {
    return changeAccountPassword(options, { registry: this.#registry, driver: this.#driver, world: this.#world })
  }

  // ------------------------------------------------------------------ contexts

  /**
   * InitializeSecurityContext: one step of the client's side.
   *
   * A mistake of the caller (a missing or short buffer, a wrong handle) leaves everything as it was: mend it and call
   * again. A failure of the peer or of the authentication ends the context; the error's `token`, if any, is for the peer.
   *
   * @throws `SspiError` `SEC_E_BUFFER_TOO_SMALL`, `SEC_E_INVALID_HANDLE`, `SEC_E_INVALID_TOKEN`, `SEC_E_LOGON_DENIED`,
   *   `SEC_E_OUT_OF_SEQUENCE`, `SEC_E_CONTEXT_EXPIRED` when the exchange took too long, and what the package adds.
   */
  initializeSecurityContext(options: InitializeSecurityContextOptions): Promise<ContextStep> {
    return this.#contexts.initialize(options)
  }

  /** AcceptSecurityContext: one step of the server's side. Errors as for `initializeSecurityContext`. */
  acceptSecurityContext(options: AcceptSecurityContextOptions): Promise<ContextStep> {
    return this.#contexts.accept(options)
  }

  /**
   * CompleteAuthToken: after `SEC_I_COMPLETE_NEEDED`, finishes the token in place once the application knows the message
   * that it goes into. @throws `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` when no token waits for it.
   */
  completeAuthToken(context: CtxtHandle, token: SecBufferDesc): Promise<ContextStep> {
    return this.#contexts.complete(context, token)
  }

  /**
   * ApplyControlToken: asks a context for something besides the exchange, in a `SECBUFFER_TOKEN` that only its package
   * understands (`SCHANNEL_SHUTDOWN`). The next step of the context, without input, gives the token for the peer.
   *
   * @throws `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` when the package does not know what is asked; `SEC_E_INVALID_TOKEN` when
   *   it is not in one token buffer. Nothing has happened then.
   */
  applyControlToken(context: CtxtHandle, input: SecBufferDesc): void {
    this.#contexts.control(context, input)
  }

  /** DeleteSecurityContext: ends the session and wipes its keys. @throws `SspiError` `SEC_E_INVALID_HANDLE`. */
  deleteSecurityContext(context: CtxtHandle): void {
    this.#contexts.delete(context)
  }

  /**
   * QueryContextAttributes: the result's type follows from the attribute (`SECPKG_ATTR_…`).
   * @throws `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` when the context has no answer, now or ever.
   */
  queryContextAttributes<A extends ContextAttribute>(context: CtxtHandle, attribute: A): ContextAttributes[A] {
    return this.#contexts.query(context, attribute)
  }

  /** QueryContextAttributesEx: the same, as a result is as long as it is here, and nobody has to say how much room there is. */
  queryContextAttributesEx<A extends ContextAttribute>(context: CtxtHandle, attribute: A): ContextAttributes[A] {
    return this.queryContextAttributes(context, attribute)
  }

  /**
   * SetContextAttributes, of an established context. What can be set is in {@link SettableAttributes}.
   * @throws `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` when this package's contexts have no such attribute;
   *   `SEC_E_INVALID_PARAMETER` when the value cannot be.
   */
  setContextAttributes<A extends SettableAttribute>(
    context: CtxtHandle,
    attribute: A,
    value: SettableAttributes[A],
  ): void {
    this.#contexts.set(context, attribute, value)
  }

  /**
   * ExportSecurityContext: moves an established context out, sealed under a key; the handle is ended.
   * @throws `SspiError` `SEC_E_UNSUPPORTED_FUNCTION` when the package's contexts cannot move, or the flags ask for what would
   *   use keys twice or needs a kernel; `TypeError` for a key that has not 32 bytes.
   */
  exportSecurityContext(context: CtxtHandle, options: ExportOptions): Uint8Array {
    return this.#contexts.export(context, options)
  }

  /**
   * ImportSecurityContext: takes in what `exportSecurityContext` gave, here or elsewhere, once and in time.
   * @throws `SspiError` `SEC_E_INVALID_TOKEN`, `SEC_E_MESSAGE_ALTERED` (wrong key or changed), `SEC_E_CONTEXT_EXPIRED`.
   */
  importSecurityContext(options: ImportOptions): Promise<ImportedContext> {
    return this.#contexts.import(options)
  }

  // ------------------------------------------------------------------ clients

  /**
   * QuerySecurityContextToken: the client, as access decisions see it; also `SECPKG_ATTR_ACCESS_TOKEN`.
   * @throws `SspiError` `SEC_E_NO_IMPERSONATION` where no client has authenticated: on its own side, half-way, or where none need.
   */
  querySecurityContextToken(context: CtxtHandle): AccessToken {
    return accessTokenOf(this.#contexts.state(context), this.#world)
  }

  /**
   * ImpersonateSecurityContext: runs a function as the client of an acceptor's context, with all that it calls and awaits. Inside,
   * default credentials (`acquireCredentialsHandle` without `authData`, `initiate` without `credentials`) are those that the client has
   * delegated, and never the server's: without them they are refused with `SEC_E_NO_CREDENTIALS`.
   *
   * It ends when the function returns or throws, or when the promise (a native one) that it returns is settled. What it leaves
   * running behind that is nobody, until it is reverted or impersonates again. Whoever called this stays who they are.
   *
   * @returns What the function returns.
   * @throws `SspiError` `SEC_E_NO_IMPERSONATION` where there is no client; `SEC_E_CONTEXT_EXPIRED` when its log-on has ended;
   *   `SEC_E_UNSUPPORTED_FUNCTION` for a package without `SECPKG_FLAG_IMPERSONATION`; what the function throws.
   */
  impersonateSecurityContext<T>(context: CtxtHandle, fn: () => T): T {
    return this.#impersonator.impersonate(this.#contexts.state(context), fn)
  }

  /** RevertSecurityContext: runs a function as the process itself, whoever is impersonated around it. */
  revertSecurityContext<T>(fn: () => T): T {
    return this.#impersonator.revert(fn)
  }

  /**
   * Whom the caller acts as; `undefined` for the process itself. What OpenThreadToken is on Windows.
   * @throws `SspiError` `SEC_E_NO_IMPERSONATION` in what an impersonation has left running behind its end.
   */
  currentAccessToken(): AccessToken | undefined {
    return this.#impersonator.currentToken()
  }

  /**
   * Keeps who the caller acts as: what is given to the function that this returns runs as them. For what is called from
   * elsewhere: listeners of a shared emitter, entries of a queue, a pool. `revertSecurityContext(() => captureIdentity())` keeps the process.
   */
  captureIdentity(): RunAsCaptured {
    return this.#impersonator.capture()
  }

  /**
   * Whose the caller's default credentials are: the same object for as long as it is the same client's context, `undefined` for the
   * process itself. For whoever keeps what was acquired or authenticated without naming credentials: it is to be kept by this.
   *
   * @throws `SspiError` `SEC_E_NO_CREDENTIALS`, `SEC_E_CONTEXT_EXPIRED` where `acquireCredentialsHandle` would, since the client that is impersonated has
   *   delegated nothing, or its impersonation is over.
   */
  defaultCredentialsOwner(): object | undefined {
    return this.#impersonator.defaultOwner()
  }

  // ------------------------------------------------------------------ messages

  /**
   * MakeSignature: signs the data buffers, in their order, into the token buffer.
   *
   * @param sequenceNumber - counts in datagram contexts only; others count for themselves. Default 0.
   * @throws `SspiError` `SEC_E_INVALID_TOKEN` (no token or data buffer), `SEC_E_BUFFER_TOO_SMALL`, `SEC_E_QOP_NOT_SUPPORTED`;
   *   nothing has happened then.
   */
  makeSignature(context: CtxtHandle, qop: number, message: SecBufferDesc, sequenceNumber = 0): void {
    this.#contexts.session(context).sign(message, qop, sequenceNumber)
  }

  /**
   * VerifySignature: returns the quality of protection.
   * @throws `SspiError` `SEC_E_MESSAGE_ALTERED`, `SEC_E_OUT_OF_SEQUENCE` (replayed, reordered, or one is missing); the
   *   context waits for the right message then.
   */
  verifySignature(context: CtxtHandle, message: SecBufferDesc, sequenceNumber = 0): number {
    return this.#contexts.session(context).verify(message, sequenceNumber)
  }

  /** EncryptMessage: encrypts the data buffers in place and writes the token buffer. Errors as for `makeSignature`. */
  encryptMessage(context: CtxtHandle, qop: number, message: SecBufferDesc, sequenceNumber = 0): void {
    this.#contexts.session(context).seal(message, qop, sequenceNumber)
  }

  /**
   * DecryptMessage: decrypts the data buffers in place. With a `SECBUFFER_STREAM` (the whole message) and a
   * `SECBUFFER_DATA`, the latter becomes a view of the plaintext. Errors as for `verifySignature`; nothing is decrypted then.
   */
  decryptMessage(context: CtxtHandle, message: SecBufferDesc, sequenceNumber = 0): Decrypted {
    const unsealed = this.#contexts.session(context).unseal(message, sequenceNumber)
    switch (unsealed.kind) {
      case 'message':
        return { status: SEC_E_OK, qop: unsealed.qop }
      case 'incomplete':
        putMissing(message, unsealed.missing)
        return { status: SEC_E_INCOMPLETE_MESSAGE, qop: 0 }
      case 'closed':
        return { status: SEC_I_CONTEXT_EXPIRED, qop: 0 }
      case 'renegotiate':
        return { status: SEC_I_RENEGOTIATE, qop: 0 }
    }
  }

  // ------------------------------------------------------------------ the same for people in a hurry

  /** Begins the client's side: `step` with each token of the server until `done`, then use `session`. */
  initiate(options: InitiateOptions): InitiatorExchange {
    return new InitiatorExchange(this, options)
  }

  /** Begins the server's side: `step` with each token of the client until `done`, then use `session`. */
  accept(options: AcceptOptions): AcceptorExchange {
    return new AcceptorExchange(this, options)
  }

  /**
   * Takes in a session that `SecureSession.export` moved out, here or elsewhere. Errors as for `importSecurityContext`.
   */
  async importSession(options: ImportOptions): Promise<SecureSession> {
    const { context, side, contextAttr, expiry } = await this.importSecurityContext(options)
    return new SecureSession(this, context, side, contextAttr, expiry, options.package)
  }
}
