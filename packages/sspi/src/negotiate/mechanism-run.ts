import {
  SspiError,
  type ContextAttribute,
  type ContextAttributes,
  type Exchange,
  type Input,
  type SecurityPackage,
  type Session,
  type Step,
} from '../sspi/index.js'

/** What a step of the mechanism comes to: a question to hand on, or its next token if it has one. */
export type MechanismStep =
  Extract<Step, { readonly kind: 'ask' }> | { readonly kind: 'token'; readonly token: Uint8Array | undefined }

/** What a mechanism can be given inside a negotiation. */
export type MechanismInput = Exclude<Input, { readonly kind: 'complete' }>

/** One mechanism at work inside the negotiation, until its session is handed out. */
export class MechanismRun {
  readonly package: SecurityPackage
  readonly #exchange: Exchange
  #session: Session | undefined
  #by: SecurityPackage
  /** Whether the mechanism itself wants to hear of it when its question has no answer. */
  #hearsFailure = false
  /** The length of the token that the exchange was given last. */
  #given = 0

  constructor(of: SecurityPackage, exchange: Exchange) {
    this.package = of
    this.#by = of
    this.#exchange = exchange
  }

  /** The session, once the mechanism is done. It stays this run's to wipe until it is taken. */
  get session(): Session | undefined {
    return this.#session
  }

  get contextAttr(): number {
    return this.#session?.contextAttr ?? this.#exchange.contextAttr
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    return (this.#session ?? this.#exchange).query(attribute)
  }

  step(input: MechanismInput): MechanismStep {
    const { name } = this.package.info
    if (this.#session !== undefined) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `SPNEGO: a token for ${name}, which is done`)
    }
    if (input.kind === 'token') this.#given = input.token?.length ?? 0
    if (input.kind === 'unanswered' && !this.#hearsFailure) throw input.error
    const step = this.#exchange.step(input)
    switch (step.kind) {
      case 'ask':
        this.#hearsFailure = step.hearsFailure ?? false
        return step
      case 'continue':
        this.#checkConsumed(step.consumed)
        return { kind: 'token', token: step.token }
      case 'done':
        this.#session = step.session
        this.#by = step.by ?? this.package
        this.#checkConsumed(step.consumed)
        return { kind: 'token', token: step.token }
      case 'incomplete':
        throw new SspiError('SEC_E_INVALID_TOKEN', `SPNEGO: the token for ${name} is cut short`)
      case 'notice': // the answer to a control, which nobody can give in here
      case 'complete':
        throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `SPNEGO: ${name} needs the message before its token is sent`)
    }
  }

  /** Hands the session out: from now on it is the caller's to wipe. */
  take(): { readonly session: Session; readonly by: SecurityPackage } {
    const session = this.#session
    if (session === undefined) {
      throw new SspiError('SEC_E_INTERNAL_ERROR', `SPNEGO: ${this.package.info.name} is not done`)
    }
    this.#session = undefined
    return { session, by: this.#by }
  }

  dispose(): void {
    this.#session?.dispose()
    this.#session = undefined
    this.#exchange.dispose()
  }

  /** The token stands in a field of its own, so that nothing else can follow it. */
  #checkConsumed(consumed: number): void {
    if (consumed === this.#given) return
    throw new SspiError(
      'SEC_E_INVALID_TOKEN',
      `SPNEGO: ${this.#given - consumed} bytes follow the token of ${this.package.info.name}`,
    )
  }
}
