import { SspiError } from '../status/index.js'

/** Bounds on contexts that are being established; see docs/limits.md. */
export interface HalfOpenLimits {
  /** How many may be half-open at once. Default 10,000. */
  readonly maxHalfOpen: number
  /** How long an exchange may take from its first to its last step, in seconds. Default 120. */
  readonly authenticationSeconds: number
}

/** The limits that hold where none are given. */
export const DEFAULT_HALF_OPEN_LIMITS: HalfOpenLimits = { maxHalfOpen: 10_000, authenticationSeconds: 120 }

/** What the keeper needs of a context. */
export interface HalfOpen {
  /** Ends the exchange for good. */
  abandon(reason: SspiError): void
}

/** Keeps count of half-open contexts, so that peers who never finish cannot fill the memory. */
export class HalfOpenKeeper {
  readonly #limits: HalfOpenLimits
  readonly #since = new Map<HalfOpen, number>()

  constructor(limits: HalfOpenLimits) {
    this.#limits = limits
  }

  /** Lets a context in. @throws {@link SspiError} `SEC_E_INSUFFICIENT_MEMORY` when too many are under way. */
  enter(context: HalfOpen, now: Date): void {
    if (this.#since.size >= this.#limits.maxHalfOpen) this.#abandonOverdue(now)
    if (this.#since.size >= this.#limits.maxHalfOpen) {
      throw new SspiError(
        'SEC_E_INSUFFICIENT_MEMORY',
        `${this.#since.size} contexts are half-open, the limit: delete those that will not be finished`,
      )
    }
    this.#since.set(context, now.getTime())
  }

  /** @throws {@link SspiError} `SEC_E_CONTEXT_EXPIRED` when the context has been half-open for too long; it is over then. */
  checkTime(context: HalfOpen, now: Date): void {
    const since = this.#since.get(context)
    if (since === undefined || !this.#overdue(since, now)) return
    const error = this.#expired()
    this.leave(context)
    context.abandon(error)
    throw error
  }

  leave(context: HalfOpen): void {
    this.#since.delete(context)
  }

  #abandonOverdue(now: Date): void {
    // A Map iterates in the order of entry, so the first that is not overdue ends the search.
    for (const [context, since] of this.#since) {
      if (!this.#overdue(since, now)) break
      this.leave(context)
      context.abandon(this.#expired())
    }
  }

  #overdue(since: number, now: Date): boolean {
    return now.getTime() - since > this.#limits.authenticationSeconds * 1000
  }

  #expired(): SspiError {
    return new SspiError(
      'SEC_E_CONTEXT_EXPIRED',
      `authentication was not finished within ${this.#limits.authenticationSeconds} s`,
    )
  }
}
