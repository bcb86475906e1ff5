import { SspiError } from '../../status/index.js'
import type { ReplayCache } from '../../sspi/index.js'

/** Options of {@link memoryReplayCache}. */
export interface MemoryReplayCacheOptions {
  /** How many keys it may hold at once; when it is full of live ones, everything is refused. Default 100,000. */
  readonly maxEntries?: number | undefined
  /** The clock. Default: the system's. */
  readonly now?: (() => Date) | undefined
}

/** A replay cache in this process's memory, bounded. @returns a cache that answers without waiting. */
export function memoryReplayCache(options: MemoryReplayCacheOptions = {}): ReplayCache {
  return new MemoryReplayCache(options.maxEntries ?? 100_000, options.now ?? (() => new Date()))
}

class MemoryReplayCache implements ReplayCache {
  readonly #until = new Map<string, number>()
  readonly #maxEntries: number
  readonly #now: () => Date

  constructor(maxEntries: number, now: () => Date) {
    this.#maxEntries = maxEntries
    this.#now = now
  }

  remember(key: Uint8Array, until: Date): boolean {
    const now = this.#now().getTime()
    const name = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
    const known = this.#until.get(name)
    if (known !== undefined && known >= now) return false
    if (this.#until.size >= this.#maxEntries) this.#forgetExpired(now)
    if (this.#until.size >= this.#maxEntries) {
      // Forgetting a live key would accept its replay: refuse instead.
      throw new SspiError(
        'SEC_E_INSUFFICIENT_MEMORY',
        `replay cache: ${this.#maxEntries} entries, and none has expired`,
      )
    }
    this.#until.set(name, until.getTime())
    return true
  }

  #forgetExpired(now: number): void {
    for (const [name, until] of this.#until) {
      if (until < now) this.#until.delete(name)
    }
  }
}
