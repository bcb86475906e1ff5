import { SspiError, type Answer, type Ask, type EffectName, type Effects } from '../sspi/index.js'

/**
 * A piece of protocol that asks the outside in its course, written as a generator function: it yields effects and is
 * resumed with their answers. It awaits nothing and starts nothing by itself; an exchange drives it with {@link EffectRun}.
 *
 * Whoever ends it early runs its `finally` blocks, so secrets that it holds are wiped there.
 */
export type Effectful<T> = Generator<Ask, T, Answer>

/** What a step of {@link EffectRun} comes to: a question, or the value in the end. */
export type Progress<T, Question = Ask> =
  { readonly kind: 'ask'; readonly ask: Question } | { readonly kind: 'value'; readonly value: T }

/** Asks for one effect, inside of an {@link Effectful}: `const reply = yield* perform('kdc', query)`. */
export function* perform<K extends EffectName>(effect: K, query: Effects[K]['ask']): Effectful<Effects[K]['answer']> {
  // A name and its query are of one K, as are the pairs of Ask.
  const answer = yield { effect, query } as Ask
  if (answer.effect !== effect) {
    throw new SspiError(
      'SEC_E_OUT_OF_SEQUENCE',
      `Kerberos: an answer to '${effect}' expected, not to '${answer.effect}'`,
    )
  }
  return answer.value
}

/**
 * Drives an {@link Effectful}, or a generator with effects of its own, step by step, for an `Exchange` that is such a state machine itself:
 *
 * ```ts
 * const progress = run.step(input.kind === 'answer' ? input.answer : undefined)
 * if (progress.kind === 'ask') return progress // a Step as it is
 * ```
 */
export class EffectRun<T, Question = Ask, Reply = Answer> {
  readonly #generator: Generator<Question, T, Reply>
  #at: 'start' | 'asked' | 'over' = 'start'

  constructor(generator: Generator<Question, T, Reply>) {
    this.#generator = generator
  }

  /**
   * Goes on to the next question, or to the end.
   *
   * @param answer - The answer to the last question; `undefined` at the start.
   * @throws `SspiError` whatever the piece of protocol throws, and `SEC_E_OUT_OF_SEQUENCE` for an answer that nobody asked
   *   for, none where one was asked for, and after the end. It is over after any of them.
   */
  step(answer?: Reply): Progress<T, Question> {
    const at = this.#at
    this.#at = 'over'
    if (at === 'over' || (at === 'asked') !== (answer !== undefined)) {
      this.dispose()
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `Kerberos: an answer to nothing, or none, in state '${at}'`)
    }
    // The first call of a generator takes no value.
    return this.#progress(answer === undefined ? this.#generator.next(...NOTHING) : this.#generator.next(answer))
  }

  /**
   * Goes on without an answer to the last question: whoever was to find it has failed, and the piece of protocol may know what
   * to do then.
   *
   * @throws The failure, as a rule; otherwise as `step`.
   */
  fail(failure: SspiError): Progress<T, Question> {
    const at = this.#at
    this.#at = 'over'
    if (at !== 'asked') {
      this.dispose()
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `Kerberos: a failure to answer nothing, in state '${at}'`)
    }
    return this.#progress(this.#generator.throw(failure))
  }

  /** Ends it where it stands: its `finally` blocks wipe what it holds. Harmless when it is over. */
  dispose(): void {
    this.#at = 'over'
    // The value is nobody's: return() only unwinds.
    this.#generator.return(undefined as never)
  }

  #progress({ done, value }: IteratorResult<Question, T>): Progress<T, Question> {
    if (done === true) return { kind: 'value', value }
    this.#at = 'asked'
    return { kind: 'ask', ask: value }
  }
}

const NOTHING: readonly [] = []
