import { sha256 } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import type { ReplayCache } from '../../sspi/index.js'

/** Options of {@link memoryReplayCache}. */
export interface MemoryReplayCacheOptions {
  /** How many keys it may hold at once; when it is full of live ones, everything is refused. Default 100,000. */
  readonly maxEntries?: number | undefined
  /** The clock. Default: the system's. */
  readonly now?: (() => Date) | undefined
}

/**
 * A replay cache in this process's memory, bounded: it answers without waiting. A key is remembered up to and including
 * its time; full of live keys, the cache throws `SspiError` `SEC_E_INSUFFICIENT_MEMORY`.
 *
 * @throws `TypeError` when `maxEntries` is not a number of entries.
 */
export function memoryReplayCache(options: MemoryReplayCacheOptions = {}): MemoryReplayCache {
  const { maxEntries = 100_000, now = () => new Date() } = options
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1) throw new TypeError(`maxEntries: ${maxEntries} is no bound`)
  return new MemoryReplayCache(maxEntries, now)
}

/** Longer keys are kept as their SHA-256: the bound on entries is to be one on memory. */
const LONGEST_KEY = 64

/** Made by {@link memoryReplayCache}. */
export class MemoryReplayCache implements ReplayCache {
  readonly #until = new Map<string, number>()
  /** No key expires before this. */
  #firstEnd = Infinity
  readonly #maxEntries: number
  readonly #now: () => Date

  /** @internal */
  constructor(maxEntries: number, now: () => Date) {
    this.#maxEntries = maxEntries
    this.#now = now
  }

  /** Remembers a key until a time. @returns `false` when it is remembered already: a replay. */
  remember(key: Uint8Array, until: Date): boolean {
    const now = time(this.#now(), 'the clock')
    const end = time(until, 'until')
    const name = nameOf(key)
    const known = this.#until.get(name)
    if (known !== undefined && known >= now) {
      if (end > known) this.#until.set(name, end)
      return false
    }
    if (this.#until.size >= this.#maxEntries) this.#forgetExpired(now)
    if (this.#until.size >= this.#maxEntries) {
      // Forgetting a live key would accept its replay: refuse instead.
      throw new SspiError(
        'SEC_E_INSUFFICIENT_MEMORY',
        `replay cache: ${this.#maxEntries} entries, and none has expired`,
      )
    }
    this.#until.set(name, end)
    this.#firstEnd = Math.min(this.#firstEnd, end)
    return true
  }

  #forgetExpired(now: number): void {
    // Nothing can have expired yet: a full cache must not be searched at every call.
    if (this.#firstEnd >= now) return
    this.#firstEnd = Infinity
    for (const [name, end] of this.#until) {
      if (end < now) this.#until.delete(name)
      else this.#firstEnd = Math.min(this.#firstEnd, end)
    }
  }
}

function nameOf(key: Uint8Array): string {
  const kept = key.length > LONGEST_KEY ? sha256(key) : key
  const text = Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength).toString('latin1')
  // A short key must not be mistaken for the hash of a long one.
  return kept === key ? text : `${text}\u0100`
}

/** A time that cannot be compared would let every replay pass. */
function time(date: Date, what: string): number {
  const milliseconds = date.getTime()
  if (Number.isNaN(milliseconds)) throw new TypeError(`replay cache: ${what} is not a time`)
  return milliseconds
}
