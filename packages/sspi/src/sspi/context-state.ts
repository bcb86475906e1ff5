import { SspiError } from '../status/index.js'
import type { Driver } from './effects.js'
import type { Exchange, Input, SecurityPackage, Session, Step } from './contract.js'
import type { Side } from './events.js'

/** A step that is a result: no more questions. */
export type Outcome = Exclude<Step, { readonly kind: 'ask' }>

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
  | { readonly at: 'established'; readonly session: Session; readonly by: SecurityPackage }
  | { readonly at: 'over' }

/** Everything the interface knows of a context. */
export class ContextState {
  readonly package: SecurityPackage
  readonly side: Side
  readonly targetName: string
  phase: ContextPhase
  /** A call is under way: a second one at the same time is refused. */
  busy = false
  /** Gives back what the context holds on to while it is half-open. */
  #release: (() => void) | undefined

  constructor(of: SecurityPackage, side: Side, targetName: string, exchange: Exchange, release: () => void) {
    this.package = of
    this.side = side
    this.targetName = targetName
    this.phase = { at: 'open', exchange }
    this.#release = release
  }

  /** A context that arrives established, by import. */
  static imported(
    of: SecurityPackage,
    by: SecurityPackage,
    side: Side,
    targetName: string,
    session: Session,
  ): ContextState {
    const state = new ContextState(of, side, targetName, OVER, () => undefined)
    state.phase = { at: 'established', session, by }
    return state
  }

  /** The session. @throws {@link SspiError} `SEC_E_INVALID_HANDLE` while or after it is not there. */
  get session(): Session {
    if (this.phase.at === 'established') return this.phase.session
    throw new SspiError('SEC_E_INVALID_HANDLE', `${this.package.info.name}: the context is not established`)
  }

  /** Enters the established state; the exchange is done with. */
  establish(exchange: Exchange, session: Session, by: SecurityPackage): void {
    this.phase = { at: 'established', session, by }
    exchange.dispose()
    this.leaveHalfOpen()
  }

  /** Ends the context: wipes exchange or session. */
  end(): void {
    const { phase } = this
    this.phase = { at: 'over' }
    if (phase.at === 'established') phase.session.dispose()
    else if (phase.at !== 'over') {
      if (phase.at === 'undelivered' && phase.outcome.kind === 'done') phase.outcome.session.dispose()
      phase.exchange.dispose()
    }
    this.leaveHalfOpen()
  }

  /** Called by the keeper of half-open contexts. */
  abandon(): void {
    this.end()
  }

  leaveHalfOpen(): void {
    this.#release?.()
    this.#release = undefined
  }
}

/** Runs an exchange until it has a result, asking the driver whatever it asks. */
export async function runExchange(
  exchange: Exchange,
  input: Input,
  driver: Driver,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  let step = exchange.step(input)
  while (step.kind === 'ask') {
    signal?.throwIfAborted()
    const answer = driver.answer(step.ask, signal)
    // Without waiting where there is nothing to wait for: the call then completes in the same turn.
    step = exchange.step({ kind: 'answer', answer: answer instanceof Promise ? await answer : answer })
  }
  return step
}

const OVER: Exchange = {
  contextAttr: 0,
  step: () => {
    throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'the exchange is over')
  },
  query: () => undefined,
  dispose: () => undefined,
}
