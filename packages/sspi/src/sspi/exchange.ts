import { SEC_E_INCOMPLETE_MESSAGE, SEC_E_OK, SspiError } from '../status/index.js'
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
  SECBUFFER_CHANNEL_BINDINGS,
  SECBUFFER_EMPTY,
  SECBUFFER_EXTRA,
  SECBUFFER_TOKEN,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
} from './constants/index.js'
import type { ContextStep } from './contexts.js'
import type { CredentialValue, SecWinntAuthIdentity } from './credential-values.js'
import { CredHandle, type CtxtHandle } from './handles.js'
import type { LevelOne } from './level-one.js'
import { achievedFlags, SecureSession } from './secure-session.js'

/** What both sides' options have in common. */
export interface ExchangeOptions {
  /** The package: `'Negotiate'`, `'NTLM'`, … */
  readonly package: string
  /** What to authenticate with: a value, or a handle of `acquireCredentialsHandle`, which stays the caller's. Default: the package's own. */
  readonly credentials?: CredentialValue | SecWinntAuthIdentity | CredHandle | undefined
  /** Whether messages must be signed; without it the exchange fails with `SEC_E_SECURITY_QOS_FAILED`. Default `true`. */
  readonly integrity?: boolean | undefined
  /** Whether messages must be encrypted; as `integrity`. Default `true`. */
  readonly confidentiality?: boolean | undefined
  /** What ties the context to the channel beneath it (TLS). Default: nothing. */
  readonly channelBindings?: ChannelBindings | undefined
  /** Further `ISC_REQ_…` or `ASC_REQ_…` flags, or'ed to the others. Default 0. */
  readonly flags?: number | undefined
}

/** Options of `initiate`. */
export interface InitiateOptions extends ExchangeOptions {
  /** The service to reach: `HTTP/www.example.com`. Default: none named. */
  readonly target?: string | undefined
  /** Whether the server must prove itself; as `integrity`, but only where the package can. Default: asked for, not insisted on. */
  readonly mutual?: boolean | undefined
}

/** Options of `accept`. */
export type AcceptOptions = ExchangeOptions

/** What a step of an exchange comes to. */
export interface ExchangeStep {
  /** To be sent to the peer; `undefined` when there is nothing to send. */
  readonly token: Uint8Array | undefined
  /** Whether this side is finished: `session` is there. A token, if any, must still be sent. */
  readonly done: boolean
  /** Whether the token given was only the beginning of one: come back with all of it and more. */
  readonly incomplete: boolean
  /** Bytes that came behind the peer's last token: the application's. */
  readonly extra: Uint8Array | undefined
}

type Perform = (context: CtxtHandle | undefined, input: SecBufferDesc, output: SecBufferDesc) => Promise<ContextStep>

abstract class AbstractExchange implements Disposable {
  protected readonly table: LevelOne
  readonly #options: ExchangeOptions
  #ownCredential: CredHandle | undefined
  #context: CtxtHandle | undefined
  #session: SecureSession | undefined
  #over = false

  constructor(table: LevelOne, options: ExchangeOptions) {
    this.table = table
    this.#options = options
  }

  /** The session. @throws `SspiError` `SEC_E_OUT_OF_SEQUENCE` before the exchange is done. */
  get session(): SecureSession {
    if (this.#session === undefined) {
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'the exchange is not done: there is no session yet')
    }
    return this.#session
  }

  /** Ends an exchange that will not be finished. A session that came out of it lives on. */
  [Symbol.dispose](): void {
    this.#over = true
    if (this.#session === undefined) this.#context?.[Symbol.dispose]()
    this.#context = undefined
    this.#letGo()
  }

  protected async advance(
    token: Uint8Array | undefined,
    credentialUse: number,
    required: number,
    perform: (credential: CredHandle) => Perform,
  ): Promise<ExchangeStep> {
    if (this.#over || this.#session !== undefined) {
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'the exchange is over')
    }
    const credential = await this.#credential(credentialUse)
    const empty = new SecBuffer(SECBUFFER_EMPTY)
    const input = [empty]
    if (token !== undefined) input.unshift(new SecBuffer(SECBUFFER_TOKEN, token))
    const { channelBindings } = this.#options
    if (channelBindings !== undefined) {
      input.push(new SecBuffer(SECBUFFER_CHANNEL_BINDINGS, writeSecChannelBindings(channelBindings)))
    }
    const output = new SecBuffer(SECBUFFER_TOKEN)
    let step: ContextStep
    try {
      step = await perform(credential)(this.#context, new SecBufferDesc(input), new SecBufferDesc([output]))
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
    this.#context = step.context
    const reply = output.cbBuffer > 0 ? output.bytes : undefined
    const extra = empty.type === SECBUFFER_EXTRA ? empty.bytes : undefined
    const incomplete = step.status === SEC_E_INCOMPLETE_MESSAGE
    if (step.status !== SEC_E_OK) return { token: reply, done: false, incomplete, extra }
    const missing = required & ~step.contextAttr
    if (missing !== 0) {
      this[Symbol.dispose]()
      throw new SspiError(
        'SEC_E_SECURITY_QOS_FAILED',
        `the context came without ${achievedFlags(credentialUse === SECPKG_CRED_OUTBOUND ? 'initiator' : 'acceptor', missing).join(' and ')}, which was asked for`,
      )
    }
    const side = credentialUse === SECPKG_CRED_OUTBOUND ? 'initiator' : 'acceptor'
    this.#session = new SecureSession(
      this.table,
      step.context,
      side,
      step.contextAttr,
      step.expiry,
      this.#options.package,
    )
    this.#context = undefined
    this.#letGo()
    return { token: reply, done: true, incomplete: false, extra }
  }

  async #credential(credentialUse: number): Promise<CredHandle> {
    const { credentials, package: packageName } = this.#options
    if (credentials instanceof CredHandle) return credentials
    if (this.#ownCredential === undefined) {
      const request = { package: packageName, credentialUse, authData: credentials }
      this.#ownCredential = (await this.table.acquireCredentialsHandle(request)).credential
    }
    return this.#ownCredential
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
    super(table, options)
    this.#options = options
  }

  /**
   * One step: without a token at the start, then with each token of the server.
   *
   * @throws `SspiError` as `initializeSecurityContext`; `SEC_E_SECURITY_QOS_FAILED` when protection that was asked for was
   *   not achieved. The exchange is over then; the error's `token`, if any, should be sent to the peer.
   */
  step(token?: Uint8Array, signal?: AbortSignal): Promise<ExchangeStep> {
    const { integrity = true, confidentiality = true, mutual, target, flags = 0 } = this.#options
    const required =
      (integrity ? ISC_REQ_INTEGRITY : 0) |
      (confidentiality ? ISC_REQ_CONFIDENTIALITY : 0) |
      (mutual === true ? ISC_REQ_MUTUAL_AUTH : 0)
    const wished = mutual === false ? 0 : ISC_REQ_MUTUAL_AUTH
    const sequence = integrity || confidentiality ? ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT : 0
    const contextReq = required | wished | sequence | flags
    return this.advance(
      token,
      SECPKG_CRED_OUTBOUND,
      required,
      (credential) => (context, input, output) =>
        this.table.initializeSecurityContext({
          credential,
          context,
          targetName: target,
          contextReq,
          input,
          output,
          signal,
        }),
    )
  }
}

/** The server's side of an exchange, made by `accept`. */
export class AcceptorExchange extends AbstractExchange {
  readonly #options: AcceptOptions

  /** @internal */
  constructor(table: LevelOne, options: AcceptOptions) {
    super(table, options)
    this.#options = options
  }

  /** One step with each token of the client. Errors as for {@link InitiatorExchange.step}. */
  step(token?: Uint8Array, signal?: AbortSignal): Promise<ExchangeStep> {
    const { integrity = true, confidentiality = true, flags = 0 } = this.#options
    const required = (integrity ? ASC_REQ_INTEGRITY : 0) | (confidentiality ? ASC_REQ_CONFIDENTIALITY : 0)
    const sequence = integrity || confidentiality ? ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT : 0
    const contextReq = required | ASC_REQ_MUTUAL_AUTH | sequence | flags
    return this.advance(
      token,
      SECPKG_CRED_INBOUND,
      required,
      (credential) => (context, input, output) =>
        this.table.acceptSecurityContext({ credential, context, contextReq, input, output, signal }),
    )
  }
}
