import { encodeUtf8 } from '../bytes/index.js'
import { SEC_E_INCOMPLETE_MESSAGE, SEC_E_OK, SEC_I_COMPLETE_NEEDED, SspiError } from '../status/index.js'
import { writeApplicationProtocols } from './application-protocols.js'
import type { AuthIdentity } from './auth-identity/auth-identity.js'
import { SecBuffer, SecBufferDesc } from './buffer.js'
import { writeSecChannelBindings, type ChannelBindings } from './channel-bindings.js'
import {
  ASC_REQ_CONFIDENTIALITY,
  ASC_REQ_INTEGRITY,
  ASC_REQ_MUTUAL_AUTH,
  ASC_REQ_REPLAY_DETECT,
  ASC_REQ_SEQUENCE_DETECT,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_INTEGRITY,
  ISC_REQ_MUTUAL_AUTH,
  ISC_REQ_REPLAY_DETECT,
  ISC_REQ_SEQUENCE_DETECT,
  ISC_REQ_USE_HTTP_STYLE,
  SECBUFFER_APPLICATION_PROTOCOLS,
  SECBUFFER_CHANNEL_BINDINGS,
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_EXTRA,
  SECBUFFER_TARGET_HOST,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_NEGOTIATION_INFO,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
} from './constants/index.js'
import type { ContextStep, StepOptions } from './context-calls.js'
import type { CredentialValue, SecWinntAuthIdentity } from './credential-values.js'
import type { AcquireCredentialsOptions } from './credentials.js'
import type { Side } from './events.js'
import type { ExchangeStep } from './exchange-step.js'
import { CredHandle, type CtxtHandle } from './handles.js'
import { requestBuffers, type HttpRequest } from './http-request.js'
import type { RunAsCaptured } from './impersonation.js'
import type { LevelOne } from './level-one.js'
import { achievedFlags, SecureSession } from './secure-session.js'
import { stepOver, type TokenChannel } from './token-channel.js'
import type { Policy } from './world.js'

/** What both sides' options have in common. */
export interface ExchangeOptions {
  /** The package: `'Negotiate'`, `'NTLM'`, … */
  readonly package: string
  /** What to authenticate with: a value, or a handle of `acquireCredentialsHandle`, which stays the caller's. Default: the default credentials, as `acquireCredentialsHandle`. */
  readonly credentials?: CredentialValue | SecWinntAuthIdentity | AuthIdentity | CredHandle | undefined
  /**
   * Whether messages must be signed; without it the exchange fails with `SEC_E_SECURITY_QOS_FAILED`. Default `true`, and `false`
   * with `http`, where the request's body is what is signed.
   */
  readonly integrity?: boolean | undefined
  /** Whether messages must be encrypted; as `integrity`, with the same default. */
  readonly confidentiality?: boolean | undefined
  /** What ties the context to the channel beneath it (TLS). Default: nothing. */
  readonly channelBindings?: ChannelBindings | undefined
  /** The request that is to be authenticated, for packages that do so with each request (Digest). Default: no HTTP. */
  readonly http?: HttpRequest | undefined
  /** Application protocols to offer or to take (ALPN), the best first; of packages that speak TLS. Default: none. */
  readonly applicationProtocols?: readonly string[] | undefined
  /** Further `ISC_REQ_…` or `ASC_REQ_…` flags, or'ed to the others. Default 0. */
  readonly flags?: number | undefined
}

/** Options of `initiate`. */
export interface InitiateOptions extends ExchangeOptions {
  /** The service to reach: `HTTP/www.example.com`. Default: none named. */
  readonly target?: string | undefined
  /**
   * Whether the server must prove itself; as `integrity`, but only where the package can. Default: asked for, not insisted on;
   * with `http` not asked for, as many a server sends no proof then.
   */
  readonly mutual?: boolean | undefined
}

/** Options of `accept`. */
export interface AcceptOptions extends ExchangeOptions {
  /**
   * What this server demands of its clients, where that is something else than the interface's policy: two servers of one interface
   * may have other names. Default: nothing else.
   */
  readonly policy?: Partial<Policy> | undefined
}

/** What a step gives to the first level. */
interface Given extends StepOptions {
  readonly credential: CredHandle | undefined
  readonly input: SecBufferDesc
}

abstract class AbstractExchange implements Disposable {
  protected readonly table: LevelOne
  readonly #side: Side
  readonly #options: ExchangeOptions
  readonly #targetName: string | undefined
  /** Whose default credentials count: of whoever began the exchange, wherever its steps are made. */
  readonly #asBeginner: RunAsCaptured
  #ownCredential: CredHandle | undefined
  #context: CtxtHandle | undefined
  #session: SecureSession | undefined
  #busy = false
  #over = false

  constructor(table: LevelOne, side: Side, options: ExchangeOptions, targetName?: string) {
    this.table = table
    this.#side = side
    this.#options = options
    this.#targetName = targetName
    this.#asBeginner = table.captureIdentity()
  }

  /** The session. @throws `SspiError` `SEC_E_OUT_OF_SEQUENCE` before the exchange is done. */
  get session(): SecureSession {
    if (this.#session === undefined) {
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'the exchange is not done: there is no session yet')
    }
    return this.#session
  }

  /**
   * The package that does the work, as far as it is known by now: `'NTLM'` when Negotiate has begun with it. Nothing has vouched
   * for it before the exchange is done; see {@link SecureSession.mechanism} then.
   */
  get mechanism(): string {
    if (this.#session !== undefined) return this.#session.mechanism
    const own = this.#options.package
    if (this.#context === undefined) return own
    try {
      return this.table.queryContextAttributes(this.#context, SECPKG_ATTR_NEGOTIATION_INFO).packageInfo.name
    } catch (error) {
      // Packages that negotiate nothing have no such attribute.
      if (error instanceof SspiError) return own
      throw error
    }
  }

  /** One step; each side says what its own comes to. */
  abstract step(token?: Uint8Array, signal?: AbortSignal): Promise<ExchangeStep>

  /**
   * Makes every step over a channel that carries tokens, until the session is there. A token of a failure goes to the peer as well.
   *
   * The initiator speaks first; where its package lets the server do that (Digest in SASL), an empty token goes before.
   *
   * @param signal - Gives up: rejects with its reason. A channel that waits must be ended by its owner.
   * @throws `SspiError` as `step`; `SEC_E_INVALID_TOKEN` for a peer that does not come to an end, or sends more than tokens; whatever
   *   the channel throws. The exchange is over then.
   */
  async establish(channel: TokenChannel, signal?: AbortSignal): Promise<SecureSession> {
    try {
      await stepOver(this, this.#side, channel, signal)
      return this.session
    } catch (error) {
      this[Symbol.dispose]()
      this.#session?.[Symbol.dispose]()
      throw error
    }
  }

  /** Ends an exchange that will not be finished. A session that came out of it lives on. */
  [Symbol.dispose](): void {
    this.#over = true
    this.#context?.[Symbol.dispose]()
    this.#context = undefined
    this.#letGo()
  }

  /** Whether a step was made. */
  protected get begun(): boolean {
    return this.#context !== undefined
  }

  /** @param http - The buffers of HTTP, as this side hands them over. */
  protected async advance(
    token: Uint8Array | undefined,
    http: readonly SecBuffer[],
    required: number,
    signal: AbortSignal | undefined,
    perform: (given: Given) => Promise<ContextStep>,
  ): Promise<ExchangeStep> {
    if (this.#busy) throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'another step of the exchange is under way')
    if (this.#over) throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'the exchange is over')
    this.#busy = true
    try {
      // Later steps do without the credential: its owner may have freed it meanwhile.
      const credential = this.#context === undefined ? this.#credential() : undefined
      const held = credential instanceof Promise ? await credential : credential
      const output = new SecBuffer(SECBUFFER_TOKEN)
      const given = this.#given(held, token, http, output, signal)
      return this.#take(await perform(given), given.input, output, required)
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    } finally {
      this.#busy = false
    }
  }

  #given(
    credential: CredHandle | undefined,
    token: Uint8Array | undefined,
    http: readonly SecBuffer[],
    output: SecBuffer,
    signal: AbortSignal | undefined,
  ): Given {
    const empty = new SecBuffer(SECBUFFER_EMPTY)
    const input = token === undefined ? [empty] : [new SecBuffer(SECBUFFER_TOKEN, token), empty]
    input.push(...http)
    const { channelBindings, applicationProtocols } = this.#options
    if (applicationProtocols !== undefined) {
      input.push(new SecBuffer(SECBUFFER_APPLICATION_PROTOCOLS, writeApplicationProtocols(applicationProtocols)))
    }
    if (channelBindings !== undefined) {
      input.push(new SecBuffer(SECBUFFER_CHANNEL_BINDINGS, writeSecChannelBindings(channelBindings)))
    }
    return {
      credential,
      context: this.#context,
      input: new SecBufferDesc(input),
      output: new SecBufferDesc([output]),
      signal,
    }
  }

  #take(step: ContextStep, input: SecBufferDesc, output: SecBuffer, required: number): ExchangeStep {
    this.#context = step.context
    this.#refuseWhenDisposed()
    if (step.status === SEC_I_COMPLETE_NEEDED) {
      throw new SspiError(
        'SEC_E_UNSUPPORTED_FUNCTION',
        `${this.#options.package}: the token needs the message that it goes into: use completeAuthToken`,
      )
    }
    if (step.status === SEC_E_OK) this.#finish(step, required)
    return {
      token: output.cbBuffer > 0 ? output.bytes : undefined,
      done: step.status === SEC_E_OK,
      incomplete: step.status === SEC_E_INCOMPLETE_MESSAGE,
      extra: input.find(SECBUFFER_EXTRA)?.bytes,
    }
  }

  #finish(step: ContextStep, required: number): void {
    const { contextAttr, expiry, context } = step
    const missing = achievedFlags(this.#side, required & ~contextAttr)
    if (missing.length > 0) {
      const what = missing.join(' and ')
      throw new SspiError('SEC_E_SECURITY_QOS_FAILED', `the context came without ${what}, which was asked for`)
    }
    this.#session = new SecureSession(this.table, context, this.#side, contextAttr, expiry, this.#options.package)
    // It is the session's now.
    this.#context = undefined
    this.#over = true
    this.#letGo()
  }

  #credential(): CredHandle | Promise<CredHandle> {
    const { credentials } = this.#options
    return credentials instanceof CredHandle ? credentials : (this.#ownCredential ?? this.#acquire(credentials))
  }

  async #acquire(authData: AcquireCredentialsOptions['authData']): Promise<CredHandle> {
    const credentialUse = this.#side === 'initiator' ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND
    const request = { package: this.#options.package, credentialUse, authData, targetName: this.#targetName }
    const acquired = await this.#asBeginner(() => this.table.acquireCredentialsHandle(request))
    this.#ownCredential = acquired.credential
    this.#refuseWhenDisposed()
    return this.#ownCredential
  }

  /** What came after disposal is thrown away by whoever catches this. */
  #refuseWhenDisposed(): void {
    if (this.#over) throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'the exchange was disposed during the step')
  }

  #letGo(): void {
    this.#ownCredential?.[Symbol.dispose]()
    this.#ownCredential = undefined
  }
}

/** The client's side of an exchange, made by `initiate`. */
export class InitiatorExchange extends AbstractExchange {
  readonly #options: InitiateOptions

  /** @internal */
  constructor(table: LevelOne, options: InitiateOptions) {
    super(table, 'initiator', options, options.target)
    this.#options = options
  }

  /**
   * One step: without a token at the start, then with each token of the server.
   *
   * @param responseBody - With `http`, the body of the response that the token came with, where the server's proof covers it
   *   (Digest with `integrity`). Not kept. Default: an empty one.
   * @throws `SspiError` as `initializeSecurityContext`; `SEC_E_SECURITY_QOS_FAILED` when protection that was asked for was
   *   not achieved. The exchange is over then; the error's `token`, if any, should be sent to the peer.
   */
  override step(token?: Uint8Array, signal?: AbortSignal, responseBody?: Uint8Array): Promise<ExchangeStep> {
    const { http, target, flags = 0 } = this.#options
    const { integrity = http === undefined, confidentiality = http === undefined } = this.#options
    const { mutual = http === undefined ? undefined : false } = this.#options
    const required =
      (integrity ? ISC_REQ_INTEGRITY : 0) |
      (confidentiality ? ISC_REQ_CONFIDENTIALITY : 0) |
      (mutual === true ? ISC_REQ_MUTUAL_AUTH : 0)
    const wished = mutual === false ? 0 : ISC_REQ_MUTUAL_AUTH
    const sequence = integrity || confidentiality ? ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT : 0
    const style = http === undefined ? 0 : ISC_REQ_USE_HTTP_STYLE
    const contextReq = required | wished | sequence | style | flags
    const targetName = http?.uri ?? target
    return this.advance(
      token,
      this.#http(responseBody),
      required,
      signal,
      ({ credential, context, input, output, signal }) =>
        this.table.initializeSecurityContext({ credential, context, input, output, signal, targetName, contextReq }),
    )
  }

  /**
   * As on Windows the target name is the URI, and the service stands in a buffer. The request is said once: the package knows it when
   * it is asked again, and what comes with a later token is a response.
   */
  #http(responseBody: Uint8Array | undefined): readonly SecBuffer[] {
    const { http, target } = this.#options
    if (http === undefined) return []
    if (this.begun) return responseBody === undefined ? [] : [new SecBuffer(SECBUFFER_DATA, responseBody)]
    const buffers = requestBuffers([http.method], http.body)
    if (target === undefined) return buffers
    return [...buffers, new SecBuffer(SECBUFFER_TARGET_HOST, encodeUtf8(target))]
  }
}

/** The server's side of an exchange, made by `accept`. */
export class AcceptorExchange extends AbstractExchange {
  readonly #options: AcceptOptions

  /** @internal */
  constructor(table: LevelOne, options: AcceptOptions) {
    super(table, 'acceptor', options)
    this.#options = options
  }

  /** One step with each token of the client. Errors as for {@link InitiatorExchange.step}. */
  override step(token?: Uint8Array, signal?: AbortSignal): Promise<ExchangeStep> {
    const { http, flags = 0, policy } = this.#options
    const { integrity = http === undefined, confidentiality = http === undefined } = this.#options
    const required = (integrity ? ASC_REQ_INTEGRITY : 0) | (confidentiality ? ASC_REQ_CONFIDENTIALITY : 0)
    const sequence = integrity || confidentiality ? ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT : 0
    const contextReq = required | ASC_REQ_MUTUAL_AUTH | sequence | flags
    return this.advance(token, this.#http(), required, signal, ({ credential, context, input, output, signal }) =>
      this.table.acceptSecurityContext({ credential, context, input, output, signal, contextReq, policy }),
    )
  }

  /** The parameters themselves say that it is HTTP: Digest's flag for that would mean something else to other packages. */
  #http(): readonly SecBuffer[] {
    const { http } = this.#options
    return http === undefined ? [] : requestBuffers([http.method, http.uri], http.body)
  }
}
