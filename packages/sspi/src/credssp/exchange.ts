import { concatBytes } from '../bytes/index.js'
import {
  readSecChannelBindings,
  SECPKG_ATTR_ENDPOINT_BINDINGS,
  SspiError,
  type ChannelBindings,
  type ContextAttribute,
  type ContextAttributes,
  type Exchange,
  type Input,
  type Session,
  type Step,
} from '../sspi/index.js'
import { Channel } from './channel.js'
import { OWN_VERSION } from './constants.js'
import type { Driven } from './credential.js'
import type { TsRequest, TsRequestFields } from './messages/index.js'
import type { Binding } from './public-key-binding.js'

const EMPTY: Uint8Array = new Uint8Array(0)

/** What the exchange of Negotiate came to: its next token, if it has one, and its session, once that stands. */
export interface Negotiated {
  readonly token: Uint8Array | undefined
  readonly session: Session | undefined
}

/** Who was asked to go on with an answer. */
type Asking = 'tls' | 'negotiate'

/**
 * What both sides have in common: the TLS handshake, then Negotiate's tokens in TSRequests, by exchanges of those packages, whose
 * questions are handed on.
 */
export abstract class CredSspExchange implements Exchange {
  readonly #tls: Exchange
  readonly #negotiate: Exchange
  readonly #negotiateBy: Driven
  /** The token that is being worked on, and how much of it was this exchange's. */
  #input: Uint8Array = EMPTY
  #consumed = 0
  #asking: Asking | undefined
  #channel: Channel | undefined
  /** Both are this exchange's to dispose of until they are taken. */
  #tlsSession: Session | undefined
  #negotiated: Session | undefined
  /** The version that both speak, once the peer has said its own. */
  #version: number | undefined
  #peerVersion: number | undefined
  #over = false

  constructor(tls: Exchange, negotiate: Exchange, negotiateBy: Driven) {
    this.#tls = tls
    this.#negotiate = negotiate
    this.#negotiateBy = negotiateBy
  }

  abstract readonly contextAttr: number

  step(input: Input): Step {
    if (this.#over) throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'CredSSP: the exchange is over')
    try {
      return this.#advance(input)
    } catch (error) {
      this.#over = true
      throw error instanceof SspiError && this.#channel !== undefined ? this.refusal(error) : error
    }
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    return (this.#tlsSession ?? this.#tls).query(attribute)
  }

  dispose(): void {
    this.#over = true
    this.#channel?.dispose()
    this.#tlsSession?.dispose()
    this.#negotiated?.dispose()
    this.#tlsSession = this.#negotiated = undefined
    this.#tls.dispose()
    this.#negotiate.dispose()
  }

  // ------------------------------------------------------------------ what each side does its own way

  /** The lowest version of the protocol that the peer may speak. */
  protected abstract readonly minimumVersion: number
  /** The channel stands. `token` is the handshake's last one; `rest` is what came behind the peer's. */
  protected abstract channelStands(token: Uint8Array, rest: Uint8Array): Step
  /** A whole TSRequest came. */
  protected abstract receive(request: TsRequest): Step
  /** Negotiate has gone on. */
  protected abstract negotiated(outcome: Negotiated): Step
  /** A failure, once the channel stands, as it goes to the caller: with what the peer should be told. */
  protected abstract refusal(error: SspiError): SspiError
  /** A failure of Negotiate, whose token for the peer, if it has one, has its place in a TSRequest. */
  protected abstract negotiateRefusal(error: SspiError): SspiError

  // ------------------------------------------------------------------ what both can do

  /** The channel, which stands. */
  protected get channel(): Channel {
    if (this.#channel === undefined) throw new SspiError('SEC_E_INTERNAL_ERROR', 'CredSSP: there is no channel yet')
    return this.#channel
  }

  /** The context of SPNEGO, which stands. */
  protected get context(): Session {
    if (this.#negotiated !== undefined) return this.#negotiated
    throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'CredSSP: Negotiate is not done')
  }

  protected get isNegotiated(): boolean {
    return this.#negotiated !== undefined
  }

  /** The version that both speak; ours as long as the peer has said nothing. */
  protected get version(): number {
    return this.#version ?? OWN_VERSION
  }

  /** The same failure with another token, in a TSRequest; without one where the channel itself is broken. */
  protected telling(error: SspiError, before: Uint8Array, fields: TsRequestFields): SspiError {
    const { code, message, cause } = error
    let token: Uint8Array | undefined
    try {
      token = behind(before, this.channel.send(fields))
    } catch (failure) {
      if (!(failure instanceof SspiError)) throw failure
    }
    return new SspiError(code, message, { cause, token })
  }

  /** Gives Negotiate a token. */
  protected stepNegotiate(token: Uint8Array | undefined): Step {
    // A copy: it may be kept, and what it is a view of goes with the next message.
    return this.#stepNegotiate({ kind: 'token', token: token?.slice(), channelBindings: this.#bindings() })
  }

  /** Something for the peer, who must answer. */
  protected sent(token: Uint8Array): Step {
    this.channel.forget()
    return { kind: 'continue', token, consumed: this.#consumed }
  }

  /** It is done: both sessions are the caller's from now on. */
  protected finish(token: Uint8Array | undefined, make: (tls: Session, context: Session) => Session): Step {
    const tls = this.#tlsSession
    const { context } = this
    if (tls === undefined) throw new SspiError('SEC_E_INTERNAL_ERROR', 'CredSSP: there is no channel')
    const session = make(tls, context)
    this.#tlsSession = this.#negotiated = undefined
    this.#over = true
    return { kind: 'done', token, consumed: this.#consumed, session }
  }

  /** What `pubKeyAuth` is made of. */
  protected binding(publicKey: Uint8Array, clientNonce: Uint8Array | undefined): Binding {
    return { version: this.version, clientNonce, publicKey }
  }

  /** The rest of the token that went into the handshake is a TSRequest, or the beginning of one. */
  protected receiveRest(): Step {
    this.#consumed = this.#input.length
    return this.#receive(this.#input)
  }

  #advance(input: Input): Step {
    switch (input.kind) {
      case 'complete':
        throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'CredSSP: there is no token to be completed')
      case 'answer':
      case 'unanswered':
        return this.#answered(input)
      case 'token':
        this.#input = input.token ?? EMPTY
        this.#consumed = this.#input.length
        if (this.#channel === undefined) return this.#takeTls(this.#tls.step({ ...input, channelBindings: undefined }))
        return this.#receive(this.#input)
    }
  }

  #answered(input: Input): Step {
    const asking = this.#asking
    this.#asking = undefined
    if (asking === 'tls') return this.#takeTls(this.#tls.step(input))
    if (asking === 'negotiate') return this.#stepNegotiate(input)
    throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'CredSSP: an answer to nothing')
  }

  #takeTls(step: Step): Step {
    switch (step.kind) {
      case 'ask':
        this.#asking = 'tls'
        return step
      case 'continue':
      case 'incomplete':
      case 'notice':
        return step
      case 'complete':
        throw new SspiError('SEC_E_INTERNAL_ERROR', 'CredSSP: the channel cannot have its tokens completed')
      case 'done': {
        this.#tlsSession = step.session
        this.#consumed = step.consumed
        this.#channel = new Channel(step.session, this.#input.subarray(0, step.consumed))
        return this.channelStands(step.token ?? EMPTY, this.#input.subarray(step.consumed))
      }
    }
  }

  #receive(token: Uint8Array): Step {
    const received = this.channel.receive(token)
    if (received.kind === 'incomplete') return received
    this.#consumed -= received.surplus
    this.#checkVersion(received.request.version)
    return this.receive(received.request)
  }

  #checkVersion(version: number): void {
    if (version < this.minimumVersion) {
      throw new SspiError(
        'SEC_E_UNSUPPORTED_FUNCTION',
        `CredSSP: the peer speaks version ${version}, at least ${this.minimumVersion} is wanted (minimumVersion): update it`,
      )
    }
    // MS-CSSP 2.2.1: it must not change under way, as only the last of the messages are bound to anything.
    if (this.#peerVersion !== undefined && version !== this.#peerVersion) {
      throw new SspiError(
        'SEC_E_INVALID_TOKEN',
        `TSRequest: version ${version}, which was ${this.#peerVersion} in the message before`,
      )
    }
    this.#peerVersion = version
    this.#version = Math.min(version, OWN_VERSION)
  }

  #stepNegotiate(input: Input): Step {
    let step: Step
    try {
      step = this.#negotiate.step(input)
    } catch (error) {
      throw error instanceof SspiError ? this.negotiateRefusal(error) : error
    }
    return this.#takeNegotiate(step)
  }

  #takeNegotiate(step: Step): Step {
    switch (step.kind) {
      case 'ask':
        this.#asking = 'negotiate'
        return step
      case 'continue':
        return this.negotiated({ token: step.token, session: undefined })
      case 'done':
        this.#negotiated = step.session
        return this.negotiated({ token: step.token, session: step.session })
      case 'incomplete':
        throw new SspiError('SEC_E_INVALID_TOKEN', 'CredSSP: the negoToken is cut short')
      case 'complete':
      case 'notice':
        throw new SspiError(
          'SEC_E_UNSUPPORTED_FUNCTION',
          `CredSSP: ${this.#negotiateBy.package.info.name} has something to say that TSRequests have no place for`,
        )
    }
  }

  #bindings(): ChannelBindings | undefined {
    const found = this.#tlsSession?.query(SECPKG_ATTR_ENDPOINT_BINDINGS)
    return found === undefined ? undefined : readSecChannelBindings(found.bindings)
  }
}

/** The one token of a TSRequest; `undefined` for none. @throws `SspiError` `SEC_E_INVALID_TOKEN` for several. */
export function negoTokenOf({ negoTokens }: TsRequest): Uint8Array | undefined {
  if (negoTokens.length > 1) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `TSRequest: ${negoTokens.length} negoTokens, where one has its place`)
  }
  return negoTokens[0]
}

/** Bytes behind others, where those may be none. */
export function behind(first: Uint8Array, second: Uint8Array): Uint8Array {
  return first.length === 0 ? second : concatBytes(first, second)
}
