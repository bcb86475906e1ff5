import { AttemptFailed, wordsOf } from './conversation.js'
import { kindOfReply, type KdcService } from './reply.js'

/** One server to be tried by one transport. */
export interface Attempt {
  /** Transport and place, for the list of failures; each is tried once. */
  readonly label: string
  readonly service: KdcService
  /** Comes to a whole reply. Ends, and cleans up, with the signal. */
  readonly run: (signal: AbortSignal) => Promise<Uint8Array>
  /** What to try at once when the reply was too big for the transport. */
  readonly whenTooBig?: () => Attempt
}

/** How attempts are raced. */
export interface RaceOptions {
  /** Ends it all. */
  readonly signal: AbortSignal
  /** Takes what went wrong. */
  readonly failures: Error[]
  /** After how long the next attempt starts beside those that are silent; `undefined`: when they have failed. */
  readonly staggerMilliseconds: number | undefined
}

/**
 * Starts attempts one after the other, each when the one before has failed or has been silent for a while, until one has
 * an answer. All others are then ended.
 *
 * @returns the answer, else that of a server which said that it is unavailable; `undefined` when there is neither.
 * @throws the signal's reason when that ended it; what was under way is on the list of failures.
 */
export function race(attempts: AsyncIterator<Attempt>, options: RaceOptions): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    new Race(attempts, options, resolve, reject).next()
  })
}

class Race {
  readonly #attempts: AsyncIterator<Attempt>
  readonly #options: RaceOptions
  readonly #resolve: (reply: Uint8Array | undefined) => void
  readonly #reject: (reason: unknown) => void
  readonly #cancel = new AbortController()
  readonly #started = new Set<string>()
  readonly #running = new Map<string, Attempt>()
  /** Waiting for the next attempt to be named, which may take a look-up. */
  #drawing = false
  #drained = false
  #over = false
  #timer: NodeJS.Timeout | undefined
  #unavailable: Uint8Array | undefined

  constructor(
    attempts: AsyncIterator<Attempt>,
    options: RaceOptions,
    resolve: (reply: Uint8Array | undefined) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#attempts = attempts
    this.#options = options
    this.#resolve = resolve
    this.#reject = reject
    if (options.signal.aborted) this.#aborted()
    options.signal.addEventListener('abort', this.#aborted)
  }

  /** Starts the next attempt, or notices that there is none. */
  next(): void {
    clearTimeout(this.#timer)
    if (this.#over || this.#drawing) return
    if (this.#drained) {
      if (this.#running.size === 0) this.#finish(() => this.#resolve(this.#unavailable))
      return
    }
    this.#drawing = true
    this.#attempts.next().then(
      (result) => {
        this.#drawing = false
        if (result.done === true) this.#drained = true
        // A server that was asked over TCP already, as its reply was too big, is not asked again.
        else if (!this.#over && !this.#started.has(result.value.label)) return this.#start(result.value)
        this.next()
      },
      (error: unknown) => this.#finish(() => this.#reject(error)),
    )
  }

  #start(attempt: Attempt): void {
    this.#started.add(attempt.label)
    this.#running.set(attempt.label, attempt)
    const { staggerMilliseconds } = this.#options
    if (staggerMilliseconds !== undefined) this.#timer = setTimeout(() => this.next(), staggerMilliseconds)
    attempt.run(this.#cancel.signal).then(
      (reply) => this.#ended(attempt, () => this.#replied(attempt, reply)),
      (error: unknown) => this.#ended(attempt, () => this.#failed(attempt, wordsOf(error), error)),
    )
  }

  #ended(attempt: Attempt, handle: () => void): void {
    this.#running.delete(attempt.label)
    if (!this.#over) handle()
  }

  #replied(attempt: Attempt, reply: Uint8Array): void {
    switch (kindOfReply(attempt.service, reply)) {
      case 'answer':
        this.#finish(() => this.#resolve(reply))
        return
      case 'unavailable':
        this.#unavailable ??= reply
        this.#failed(attempt, 'the service is unavailable (KDC_ERR_SVC_UNAVAILABLE)')
        return
      case 'too-big': {
        const instead = attempt.whenTooBig?.()
        this.#options.failures.push(failure(attempt, 'the reply is too big (KRB_ERR_RESPONSE_TOO_BIG)'))
        clearTimeout(this.#timer)
        if (instead !== undefined && !this.#started.has(instead.label)) this.#start(instead)
        else this.next()
      }
    }
  }

  #failed(attempt: Attempt, words: string, cause?: unknown): void {
    this.#options.failures.push(failure(attempt, words, cause))
    this.next()
  }

  readonly #aborted = (): void => {
    for (const attempt of this.#running.values()) this.#options.failures.push(failure(attempt, 'no answer yet'))
    this.#finish(() => this.#reject(this.#options.signal.reason))
  }

  #finish(settle: () => void): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#timer)
    this.#options.signal.removeEventListener('abort', this.#aborted)
    settle()
    this.#cancel.abort()
    // A look-up that is under way has its own end; nobody waits for it.
    this.#attempts.return?.().catch(() => {})
  }
}

function failure(attempt: Attempt, words: string, cause?: unknown): AttemptFailed {
  return new AttemptFailed(`${attempt.label}: ${words}`, { cause })
}
