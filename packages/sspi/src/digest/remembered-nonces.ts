import type { BoundDirectives } from './messages/index.js'

/**
 * What a client remembers of a SASL exchange, for the next one with the same server: RFC 2831 §2.2. Only of those that protect no
 * messages: the keys of others would be the same again. Strings are octets.
 */
export interface RememberedNonce {
  readonly realm: string | undefined
  readonly nonce: string
  readonly cnonce: string
  /** What the client's nonce is made of. */
  readonly bound: BoundDirectives | undefined
  /** The count of the last use. */
  readonly count: number
  readonly utf8: boolean
}

/** How many servers are remembered. */
const MAX_TARGETS = 100

/** The last exchanges of a credential, by target. Nothing in it is secret. */
export class RememberedNonces {
  readonly #byTarget = new Map<string, RememberedNonce>()

  /** Takes what is remembered of a target, so that no count is used twice. */
  take(target: string): RememberedNonce | undefined {
    const found = this.#byTarget.get(target)
    this.#byTarget.delete(target)
    return found
  }

  /** Keeps the last exchange with a target; the oldest goes where there are too many. */
  keep(target: string, remembered: RememberedNonce): void {
    this.#byTarget.delete(target)
    this.#byTarget.set(target, remembered)
    if (this.#byTarget.size <= MAX_TARGETS) return
    for (const [oldest] of this.#byTarget) {
      this.#byTarget.delete(oldest)
      return
    }
  }
}
