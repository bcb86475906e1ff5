import { decodeUtf8, encodeUtf8 } from '../bytes/index.js'
import {
  ASC_REQ_CONFIDENTIALITY,
  ASC_REQ_INTEGRITY,
  ASC_REQ_MUTUAL_AUTH,
  ASC_REQ_REPLAY_DETECT,
  ASC_REQ_SEQUENCE_DETECT,
  CredHandle,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_INTEGRITY,
  ISC_REQ_MUTUAL_AUTH,
  ISC_REQ_NO_INTEGRITY,
  ISC_REQ_REPLAY_DETECT,
  ISC_REQ_SEQUENCE_DETECT,
  SEC_E_OK,
  SecBuffer,
  SECBUFFER_CHANNEL_BINDINGS,
  SECBUFFER_TOKEN,
  SecBufferDesc,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  SspiError,
  writeSecChannelBindings,
  type AcquireCredentialsOptions,
  type ChannelBindings,
  type ContextStep,
  type CtxtHandle,
  type RunAsCaptured,
  type SecurityFunctionTable,
} from '../sspi/index.js'
import { requireAuthorized, type Authorize } from './authorization.js'
import { SASL_OPTION_AUTHZ_STRING } from './constants.js'
import { saslAcceptSecurityContext, saslInitializeSecurityContext } from './functions.js'
import { saslGetContextOption, saslSetContextOption } from './options.js'
import { profileOf, type SaslProfile, type SaslProfileName } from './profiles.js'
import { saslContextOf } from './sasl-context.js'
import { SaslSession } from './session.js'

/** What both sides' options have in common. */
export interface SaslExchangeOptions {
  /** `GSSAPI`, `GSS-SPNEGO` or `DIGEST-MD5`. */
  readonly mechanism: Exclude<SaslProfileName, 'EXTERNAL'>
  /** What to authenticate with: a value, or a handle of `acquireCredentialsHandle`, which stays the caller's. Default: the default credentials of whoever begins the exchange, wherever its steps are made. */
  readonly credentials?: AcquireCredentialsOptions['authData'] | CredHandle
  /** Whether messages must be protected from changes; without it the exchange fails. Default `true`; say `false` within TLS. */
  readonly integrity?: boolean | undefined
  /** Whether messages must be encrypted; as `integrity`, with the same default. */
  readonly confidentiality?: boolean | undefined
  /**
   * The longest protected message that is read, in bytes. GSSAPI tells it to the peer. Default 65,535; with DIGEST-MD5 65,536, which should be
   * the package's `maxBufferBytes`; with GSS-SPNEGO, where nobody tells, 16,777,215.
   */
  readonly receiveSize?: number | undefined
  /** What ties the context to the channel beneath it (TLS). Default: nothing. */
  readonly channelBindings?: ChannelBindings | undefined
}

/** Options of {@link saslClient}. */
export interface SaslClientOptions extends SaslExchangeOptions {
  /** The service to reach: `ldap/dc1.example.com`. */
  readonly target: string
  /** Whom to act as, where that is another than the one who authenticates; not with GSS-SPNEGO. Default: oneself. */
  readonly authorizationId?: string | undefined
}

/** Options of {@link saslServer}. */
export interface SaslServerOptions extends SaslExchangeOptions {
  /**
   * Whether a client may act as somebody whom it names. Default: nobody may, but as itself by its own name (`alice` or
   * `alice@DOMAIN`). With DIGEST-MD5 the option of the same name of the package decides.
   */
  readonly authorize?: Authorize | undefined
}

/** What a step of an exchange comes to. */
export interface SaslStep {
  /** To be sent, also when it is empty; `undefined` when there is nothing to send. */
  readonly token: Uint8Array | undefined
  /** Whether this side is finished: `session` is there. A token, if any, must still be sent. */
  readonly done: boolean
}

/**
 * Begins the client's side of a SASL mechanism.
 *
 * ```ts
 * const client = saslClient(sspi, { mechanism: 'GSSAPI', credentials, target: 'ldap/dc1.example.com' })
 * let { token } = await client.step() // the initial response
 * ```
 */
export function saslClient(sspi: SecurityFunctionTable, options: SaslClientOptions): SaslClient {
  return new SaslClient(sspi, options)
}

/** Begins the server's side of a SASL mechanism. */
export function saslServer(sspi: SecurityFunctionTable, options: SaslServerOptions): SaslServer {
  return new SaslServer(sspi, options)
}

abstract class SaslExchange implements Disposable {
  protected readonly sspi: SecurityFunctionTable
  protected readonly profile: SaslProfile
  readonly #options: SaslExchangeOptions
  /** Whose default credentials count: of whoever began the exchange, wherever its steps are made. */
  readonly #asBeginner: RunAsCaptured
  #ownCredential: CredHandle | undefined
  #context: CtxtHandle | undefined
  #session: SaslSession | undefined
  #busy = false
  #over = false

  constructor(sspi: SecurityFunctionTable, options: SaslExchangeOptions) {
    this.sspi = sspi
    this.profile = profileOf(options.mechanism)
    this.#options = options
    this.#asBeginner = sspi.captureIdentity()
  }

  /** The session. @throws `SspiError` `SEC_E_OUT_OF_SEQUENCE` before the exchange is done. */
  get session(): SaslSession {
    if (this.#session !== undefined) return this.#session
    throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'SASL: the exchange is not done: there is no session yet')
  }

  /** Ends an exchange that will not be finished. A session that came out of it lives on. */
  [Symbol.dispose](): void {
    this.#over = true
    this.#context?.[Symbol.dispose]()
    this.#context = undefined
    this.#ownCredential?.[Symbol.dispose]()
    this.#ownCredential = undefined
  }

  /** What is demanded of the context. */
  protected get demands(): { readonly integrity: boolean; readonly confidentiality: boolean } {
    const { integrity = true, confidentiality = true } = this.#options
    return { integrity: integrity || confidentiality, confidentiality }
  }

  /** Whether a step has been taken with a context. */
  protected get begun(): boolean {
    return this.#context !== undefined
  }

  protected async advance(
    token: Uint8Array | undefined,
    use: number,
    targetName: string | undefined,
    principal: string | undefined,
    perform: (given: Given) => Promise<ContextStep>,
    settle: (session: SaslSession) => void,
  ): Promise<SaslStep> {
    if (this.#busy) throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'SASL: another step of the exchange is under way')
    if (this.#over) throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'SASL: the exchange is over')
    this.#busy = true
    try {
      const credential = !this.begun ? await this.#credential(use, targetName, principal) : undefined
      const output = new SecBuffer(SECBUFFER_TOKEN)
      const input = this.#input(token)
      const { receiveSize } = this.#options
      const descriptor = new SecBufferDesc([output])
      const step = await perform({ context: this.#context, credential, input, output: descriptor, receiveSize })
      this.#context = step.context
      this.#refuseWhenDisposed()
      const done = step.status === SEC_E_OK
      if (done) this.#finish(step.context, settle)
      return { token: done && output.cbBuffer === 0 ? undefined : output.bytes, done }
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    } finally {
      this.#busy = false
    }
  }

  #finish(context: CtxtHandle, settle: (session: SaslSession) => void): void {
    const authorizationId = saslGetContextOption(context, SASL_OPTION_AUTHZ_STRING)
    const session = new SaslSession(saslContextOf(context), decodeUtf8(authorizationId, 'authorization identity'))
    const { integrity, confidentiality } = this.demands
    if ((confidentiality && session.layer !== 'confidentiality') || (integrity && session.layer === 'none')) {
      const wanted = confidentiality ? 'confidentiality' : 'integrity'
      throw new SspiError(
        'SEC_E_SECURITY_QOS_FAILED',
        `SASL: ${wanted} was asked for, and the layer is ${session.layer}`,
      )
    }
    settle(session)
    this.#session = session
    // It is the session's now.
    this.#context = undefined
    this[Symbol.dispose]()
  }

  #input(token: Uint8Array | undefined): SecBufferDesc {
    const buffers = token === undefined ? [] : [new SecBuffer(SECBUFFER_TOKEN, token)]
    const { channelBindings } = this.#options
    if (channelBindings !== undefined) {
      buffers.push(new SecBuffer(SECBUFFER_CHANNEL_BINDINGS, writeSecChannelBindings(channelBindings)))
    }
    return new SecBufferDesc(buffers)
  }

  async #credential(
    credentialUse: number,
    targetName: string | undefined,
    principal: string | undefined,
  ): Promise<CredHandle> {
    const { credentials } = this.#options
    if (credentials instanceof CredHandle) return credentials
    const request = { package: this.profile.packageName, credentialUse, authData: credentials, targetName, principal }
    this.#ownCredential ??= (await this.#asBeginner(() => this.sspi.acquireCredentialsHandle(request))).credential
    this.#refuseWhenDisposed()
    return this.#ownCredential
  }

  #refuseWhenDisposed(): void {
    if (this.#over) throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'SASL: the exchange was disposed during the step')
  }
}

interface Given {
  readonly context: CtxtHandle | undefined
  readonly credential: CredHandle | undefined
  readonly input: SecBufferDesc
  readonly output: SecBufferDesc
  readonly receiveSize: number | undefined
}

/** The client's side, made by {@link saslClient}. */
export class SaslClient extends SaslExchange {
  readonly #options: SaslClientOptions

  /** @internal */
  constructor(sspi: SecurityFunctionTable, options: SaslClientOptions) {
    super(sspi, options)
    this.#options = options
    if (options.authorizationId !== undefined && this.profile.name === 'GSS-SPNEGO') {
      throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'SASL: GSS-SPNEGO carries no authorization identity')
    }
  }

  /**
   * One step: without a token for the initial response, then with each challenge of the server, also with empty ones. DIGEST-MD5 has
   * no initial response: its `token` is `undefined` then.
   *
   * @throws `SspiError` as {@link saslInitializeSecurityContext}; `SEC_E_SECURITY_QOS_FAILED` when protection that was asked for was
   *   not achieved. The exchange is over then.
   */
  async step(token?: Uint8Array, signal?: AbortSignal): Promise<SaslStep> {
    const { target, authorizationId } = this.#options
    const speaksSecond = this.profile.name === 'DIGEST-MD5'
    if (speaksSecond && token === undefined && !this.begun) return { token: undefined, done: false }
    const { integrity, confidentiality } = this.demands
    // Negotiate asks for integrity by itself, and that is a layer to the server (MS-ADTS 5.1.1.1.1).
    const without = this.profile.name === 'GSS-SPNEGO' ? ISC_REQ_NO_INTEGRITY : 0
    const contextReq =
      ISC_REQ_MUTUAL_AUTH |
      (integrity ? ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT : without) |
      (confidentiality ? ISC_REQ_CONFIDENTIALITY : 0)
    // DIGEST-MD5 has it in the credential, where the package looks for it.
    const principal = speaksSecond ? authorizationId : undefined
    return this.advance(
      token,
      SECPKG_CRED_OUTBOUND,
      target,
      principal,
      async (given) => {
        if (authorizationId !== undefined && !speaksSecond && given.context !== undefined) {
          saslSetContextOption(given.context, SASL_OPTION_AUTHZ_STRING, encodeUtf8(authorizationId))
        }
        return saslInitializeSecurityContext(this.sspi, { ...given, targetName: target, contextReq, signal })
      },
      () => undefined,
    )
  }
}

/** The server's side, made by {@link saslServer}. */
export class SaslServer extends SaslExchange {
  readonly #options: SaslServerOptions
  /** Whether a client without an initial response has been asked for one: once. */
  #greeted = false

  /** @internal */
  constructor(sspi: SecurityFunctionTable, options: SaslServerOptions) {
    super(sspi, options)
    this.#options = options
  }

  /**
   * One step with each response of the client: with its initial response, or without a token where it sent none, which DIGEST-MD5
   * answers with its challenge and the others with an empty one.
   *
   * @throws `SspiError` as {@link saslAcceptSecurityContext}; `SEC_E_LOGON_DENIED` when the client may not act as whom it names;
   *   `SEC_E_SECURITY_QOS_FAILED` as the client's. The exchange is over then.
   */
  async step(token?: Uint8Array, signal?: AbortSignal): Promise<SaslStep> {
    const speaksFirst = this.profile.name === 'DIGEST-MD5'
    const saysNothing = token === undefined || token.length === 0
    if (saysNothing && !speaksFirst && !this.begun && !this.#greeted) {
      this.#greeted = true
      return { token: NOTHING, done: false }
    }
    const { integrity, confidentiality } = this.demands
    const contextReq =
      ASC_REQ_MUTUAL_AUTH |
      (integrity ? ASC_REQ_INTEGRITY | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT : 0) |
      (confidentiality ? ASC_REQ_CONFIDENTIALITY : 0)
    return this.advance(
      token,
      SECPKG_CRED_INBOUND,
      undefined,
      undefined,
      (given) => saslAcceptSecurityContext(this.sspi, { ...given, contextReq, signal }),
      (session) => {
        this.#authorize(session)
      },
    )
  }

  /** With DIGEST-MD5 the package has asked already. */
  #authorize({ authorizationId, peer }: SaslSession): void {
    if (this.profile.name !== 'DIGEST-MD5') requireAuthorized(peer, authorizationId, this.#options.authorize)
  }
}

const NOTHING = new Uint8Array(0)
