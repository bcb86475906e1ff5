/** The clock of a test domain: the system's, moved or held. Every machine of the domain goes by it. */
export class TestClock {
  #held: number | undefined
  #offsetMs = 0

  /** @param held - The time at which it stands; `undefined`: it runs with the system's. */
  constructor(held?: Date) {
    this.#held = held?.getTime()
  }

  /** What time it is. */
  readonly now = (): Date => new Date((this.#held ?? Date.now()) + this.#offsetMs)

  /** Moves it on, or back by a negative number: tickets end, locks open. */
  advance(seconds: number): void {
    this.#offsetMs += seconds * 1000
  }

  /** Stops it at a time; without one, where it stands. */
  hold(at: Date = this.now()): void {
    this.#held = at.getTime()
    this.#offsetMs = 0
  }
}
