/** Choices that are the same in every run with the same seed: what happens, not the keys it happens with. */
export class Choices {
  #state: number

  /** @param life - The same seed gives each life choices of its own, however lives overlap. */
  constructor(seed: number, life: number) {
    this.#state = (seed ^ Math.imul(life + 1, 0x9e37_79b1)) >>> 0
  }

  /** A whole number from 0 up to, and without, `end`. */
  below(end: number): number {
    // Mulberry32.
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * end)
  }

  /** Whether something happens that happens so many times in a hundred. */
  percent(often: number): boolean {
    return this.below(100) < often
  }

  one<T>(of: readonly T[]): T {
    return of[this.below(of.length)]!
  }
}
