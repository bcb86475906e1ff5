import { SspiError } from '../../status/index.js'
import type { NonceStore } from '../../sspi/index.js'

/** Options of {@link memoryNonceStore}. */
export interface MemoryNonceStoreOptions {
  /** How many nonces it may hold at once; when it is full of live ones, everything is refused. Default 100,000. */
  readonly maxEntries?: number | undefined
  /** How far a count may lie behind the highest one and still be told from a replay, 1 to 1,024. Default 64. */
  readonly window?: number | undefined
  /** The clock. Default: the system's. */
  readonly now?: (() => Date) | undefined
}

/**
 * A nonce store in this process's memory, bounded: it answers without waiting. Full of live nonces, it throws `SspiError`
 * `SEC_E_INSUFFICIENT_MEMORY`.
 *
 * @throws `TypeError` when a bound is none.
 */
export function memoryNonceStore(options: MemoryNonceStoreOptions = {}): MemoryNonceStore {
  const { maxEntries = 100_000, window = 64, now = () => new Date() } = options
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1) throw new TypeError(`maxEntries: ${maxEntries} is no bound`)
  if (!Number.isInteger(window) || window < 1 || window > 1024) throw new TypeError(`window: ${window} is no window`)
  return new MemoryNonceStore(maxEntries, window, now)
}

/** The uses of one nonce. */
interface Uses {
  until: number
  highest: number
  /** Counts within the window that were used: bit n stands for `highest - n`. */
  used: bigint
}

/** Made by {@link memoryNonceStore}. */
export class MemoryNonceStore implements NonceStore {
  readonly #nonces = new Map<string, Uses>()
  /** No nonce expires before this. */
  #firstEnd = Infinity
  readonly #maxEntries: number
  readonly #window: number
  readonly #now: () => Date

  /** @internal */
  constructor(maxEntries: number, window: number, now: () => Date) {
    this.#maxEntries = maxEntries
    this.#window = window
    this.#now = now
  }

  /** How many nonces it holds, those that have expired but were not looked at since included. */
  get size(): number {
    return this.#nonces.size
  }

  /** Remembers a use of a nonce. @returns `false` when this count was used before, or is too far behind to tell. */
  use(nonce: string, count: number, until: Date): boolean {
    const end = until.getTime()
    if (!Number.isSafeInteger(count) || count < 1) throw new TypeError(`nonce store: ${count} is no count`)
    if (Number.isNaN(end)) throw new TypeError('nonce store: until is not a time')
    const known = this.#nonces.get(nonce)
    if (known !== undefined) return this.#again(known, count, end)
    this.#makeRoom()
    this.#nonces.set(nonce, { until: end, highest: count, used: 1n })
    this.#firstEnd = Math.min(this.#firstEnd, end)
    return true
  }

  #again(uses: Uses, count: number, end: number): boolean {
    uses.until = Math.max(uses.until, end)
    const ahead = count - uses.highest
    if (ahead > 0) {
      uses.used = ahead >= this.#window ? 1n : BigInt.asUintN(this.#window, uses.used << BigInt(ahead)) | 1n
      uses.highest = count
      return true
    }
    if (-ahead >= this.#window) return false
    const bit = 1n << BigInt(-ahead)
    if ((uses.used & bit) !== 0n) return false
    uses.used |= bit
    return true
  }

  #makeRoom(): void {
    if (this.#nonces.size < this.#maxEntries) return
    const now = this.#now().getTime()
    // Nothing can have expired yet: a full store must not be searched at every call.
    if (this.#firstEnd < now) {
      this.#firstEnd = Infinity
      for (const [nonce, { until }] of this.#nonces) {
        if (until < now) this.#nonces.delete(nonce)
        else this.#firstEnd = Math.min(this.#firstEnd, until)
      }
    }
    if (this.#nonces.size < this.#maxEntries) return
    // Forgetting a live nonce would accept its replays: refuse instead.
    throw new SspiError('SEC_E_INSUFFICIENT_MEMORY', `nonce store: ${this.#maxEntries} nonces, and none has expired`)
  }
}
