import { SspiError } from '../status/index.js'
import type { AttributeTable } from './attributes.js'
import type { Answer, Driver } from './effects.js'
import type { Exchange, Input, SecurityPackage, Session, Step } from './contract.js'
import type { Side } from './events.js'

/** A step that is a result: no more questions. */
export type Outcome = Exclude<Step, { readonly kind: 'ask' }>

type Question = Extract<Step, { readonly kind: 'ask' }>

/** Where a context stands. Each state carries exactly what may be used in it. */
export type ContextPhase =
  | { readonly at: 'open'; readonly exchange: Exchange }
  /** A step's outcome could not be handed over (the caller's buffer was too short): it waits for the same call again. */
  | {
      readonly at: 'undelivered'
      readonly exchange: Exchange
      readonly outcome: Outcome
      readonly input: Uint8Array | undefined
    }
  | { readonly at: 'complete-needed'; readonly exchange: Exchange }
  | {
      readonly at: 'established'
      readonly session: Session
      readonly by: SecurityPackage
      /** What the exchange has left to answer. */
      readonly attributes: AttributeTable
    }
  /** Ended: by a failure, by deletion, or given up for the reason that is told to whoever calls again. */
  | { readonly at: 'over'; readonly reason?: SspiError }

/** What a context calls back. */
export interface ContextHooks {
  /** Gives back what it holds on to while it is half-open. */
  release(): void
  /** It took too long, or too many were half-open. */
  abandoned(reason: SspiError): void
}

/** Everything the interface knows of a context. */
export class ContextState {
  readonly package: SecurityPackage
  readonly side: Side
  readonly targetName: string
  phase: ContextPhase
  /** The number of this log-on, once somebody has asked for it. */
  authenticationId: bigint | undefined
  /** The name of the credential that it was begun with, on the initiator's side. */
  credentialName: string | undefined
  /** A call is under way: a second one at the same time is refused. */
  busy = false
  #hooks: ContextHooks | undefined

  constructor(of: SecurityPackage, side: Side, targetName: string, exchange: Exchange, hooks?: ContextHooks) {
    this.package = of
    this.side = side
    this.targetName = targetName
    this.phase = { at: 'open', exchange }
    this.#hooks = hooks
  }

  /** A context that arrives established, by import. */
  static imported(
    of: SecurityPackage,
    by: SecurityPackage,
    side: Side,
    targetName: string,
    session: Session,
  ): ContextState {
    const state = new ContextState(of, side, targetName, OVER)
    state.phase = { at: 'established', session, by, attributes: {} }
    return state
  }

  /** The session. @throws {@link SspiError} `SEC_E_INVALID_HANDLE` while or after it is not there. */
  get session(): Session {
    if (this.phase.at === 'established') return this.phase.session
    throw new SspiError('SEC_E_INVALID_HANDLE', `${this.package.info.name}: the context is not established`)
  }

  /** Enters the established state; the exchange is done with. */
  establish(exchange: Exchange, session: Session, by: SecurityPackage, attributes: AttributeTable): void {
    this.phase = { at: 'established', session, by, attributes }
    exchange.dispose()
    this.leaveHalfOpen()
  }

  /** Ends the context: wipes exchange or session. */
  end(reason?: SspiError): void {
    const { phase } = this
    this.phase = reason === undefined ? { at: 'over' } : { at: 'over', reason }
    if (phase.at === 'established') phase.session.dispose()
    else if (phase.at !== 'over') {
      if (phase.at === 'undelivered' && phase.outcome.kind === 'done') phase.outcome.session.dispose()
      phase.exchange.dispose()
    }
    this.leaveHalfOpen()
  }

  /** Called by the keeper of half-open contexts. */
  abandon(reason: SspiError): void {
    const hooks = this.#hooks
    this.end(reason)
    hooks?.abandoned(reason)
  }

  leaveHalfOpen(): void {
    this.#hooks?.release()
    this.#hooks = undefined
  }
}

/**
 * Runs an exchange until it has a result, asking the driver whatever it asks. The outcome itself comes back where there was
 * nothing to wait for.
 *
 * @param stillThere - Throws when the exchange was ended from outside during a wait; it is not called again then.
 */
export function runExchange(
  exchange: Exchange,
  input: Input,
  driver: Driver,
  signal: AbortSignal | undefined,
  stillThere: () => void,
): Outcome | Promise<Outcome> {
  let step = exchange.step(input)
  while (step.kind === 'ask') {
    signal?.throwIfAborted()
    const reply = replyTo(step, driver, signal)
    if ('then' in reply) return goOn(reply)
    stillThere()
    step = exchange.step(reply)
  }
  return step

  async function goOn(waiting: PromiseLike<Input>): Promise<Outcome> {
    const reply = await waiting
    stillThere()
    return runExchange(exchange, reply, driver, signal, stillThere)
  }
}

/** What the exchange is told: the answer, or that there is none, if it wants to hear of that. */
function replyTo(question: Question, driver: Driver, signal: AbortSignal | undefined): Input | PromiseLike<Input> {
  const answered = (answer: Answer): Input => ({ kind: 'answer', answer })
  const failed = (error: unknown): Input => {
    // Whoever gave up waiting wants no other way to be tried.
    if (question.hearsFailure !== true || signal?.aborted === true || !(error instanceof SspiError)) throw error
    return { kind: 'unanswered', error }
  }
  try {
    const found = driver.answer(question.ask, signal)
    // A thenable need not be a promise.
    return 'then' in found ? Promise.resolve(orAborted(found, signal)).then(answered, failed) : answered(found)
  } catch (error) {
    return failed(error)
  }
}

/** A promise that does not outwait a signal, even where the driver does not listen to it. */
export function orAborted<T>(promise: PromiseLike<T>, signal: AbortSignal | undefined): PromiseLike<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      reject(signal.reason as Error) // an Error unless the caller made it something else
    }
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp)
    const quit = (): void => {
      signal.removeEventListener('abort', giveUp)
    }
    promise.then(resolve, reject).then(quit, quit)
  })
}

const OVER: Exchange = {
  contextAttr: 0,
  step: () => {
    throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'the exchange is over')
  },
  query: () => undefined,
  dispose: () => undefined,
}
