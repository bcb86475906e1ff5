const MOST = 64

/** Sealed messages that went lately, for pairs that they are not for. */
export class Strangers {
  readonly #messages: { readonly of: number; readonly sealed: Uint8Array }[] = []

  add(of: number, sealed: Uint8Array): void {
    this.#messages.push({ of, sealed: sealed.slice() })
    if (this.#messages.length > MOST) this.#messages.shift()
  }

  /** The oldest message of any pair but this one. */
  meet(number: number): Uint8Array | undefined {
    return this.#messages.find(({ of }) => of !== number)?.sealed
  }
}
