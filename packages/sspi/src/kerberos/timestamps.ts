/** A time as Kerberos messages have it: whole seconds, and microseconds beside them. */
export interface Timestamp {
  readonly seconds: Date
  readonly microseconds: number
}

/**
 * Times for authenticators, none of them twice: servers take two that are alike for a replay (RFC 4120 section 5.5.1), and
 * the clock has milliseconds only.
 */
export class TimestampSource {
  /** Microseconds since 1970: well below 2^53. */
  #last = 0

  /** The time of a clock that is `offsetMs` ahead of `now`, or a few microseconds later. */
  next(now: Date, offsetMs = 0): Timestamp {
    this.#last = Math.max(this.#last + 1, (now.getTime() + offsetMs) * 1000)
    return { seconds: new Date(Math.floor(this.#last / 1_000_000) * 1000), microseconds: this.#last % 1_000_000 }
  }
}
