/** A time as Kerberos messages have it: whole seconds, and microseconds beside them. */
export interface Timestamp {
  readonly seconds: Date
  readonly microseconds: number
}

/** The last second that messages have room for, the end of the year 9999, in milliseconds since 1970. */
export const LAST_TIME_MS = 253_402_300_799_000

/** A clock that is further behind than this many microseconds was set back: so many calls nobody makes ahead of it. */
const SET_BACK = 1_000_000

/**
 * Times for authenticators, none of them twice: servers take two that are alike for a replay (RFC 4120 section 5.5.1), and
 * the clock has milliseconds only.
 */
export class TimestampSource {
  /** Microseconds since 1970: well below 2^53. */
  #last = 0
  #wasSetBack = false

  /**
   * The time of a clock that is `offsetMs` ahead of `now`, or less than a millisecond later, as a rule. A clock that is set
   * back is followed: what was ahead may have been a time that somebody made up in an error which nobody signs.
   */
  next(now: Date, offsetMs = 0): Timestamp {
    const wanted = Math.max(0, (now.getTime() + offsetMs) * 1000)
    const behind = this.#last - wanted
    if (behind >= SET_BACK) this.#wasSetBack = true
    if (behind >= 0 && behind < SET_BACK) this.#last++
    // A clock that was set back comes by the same millisecond again: the microseconds in it go on counting.
    else this.#last = wanted + (this.#wasSetBack ? (this.#last + 1) % 1000 : 0)
    return { seconds: new Date(Math.floor(this.#last / 1_000_000) * 1000), microseconds: this.#last % 1_000_000 }
  }
}

/** A century, in milliseconds: no clock is off by more. */
const FARTHEST = 100 * 365.25 * 86_400_000

/**
 * How far the clock of whoever made a KRB-ERROR is ahead of `nowMs`, in milliseconds. Nobody has signed it: a time that no
 * clock shows, and that could not be calculated with, is none.
 *
 * @returns `undefined` for a time before 1970, or a century off.
 */
export function clockOffsetMs(
  { stime, susec }: { readonly stime: Date; readonly susec: number },
  nowMs: number,
): number | undefined {
  const theirs = stime.getTime() + Math.trunc(susec / 1000)
  return theirs >= 0 && Math.abs(theirs - nowMs) < FARTHEST ? theirs - nowMs : undefined
}
