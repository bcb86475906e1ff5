import { toHex } from '../bytes/index.js'
import { sha256 } from '../crypto/index.js'

/** Replies that are kept at most. */
const MOST_REPLIES = 1_000
/** Bytes of them at most. */
const MOST_BYTES = 0x80_0000
/** For so many seconds. Clients ask again within a few. */
const KEPT_SECONDS = 120

interface Kept {
  /** `undefined` while the request is being answered. */
  reply: Uint8Array | undefined
  readonly untilMs: number
}

/**
 * The last replies by the requests that they answer: over UDP, whoever does not hear from us asks again with the same bytes,
 * and shall get the same reply, not the error for a replay. It is bounded; the oldest go first.
 */
export class LookAside {
  readonly #kept = new Map<string, Kept>()
  #bytes = 0

  /**
   * Looks a request up, and remembers one that is new.
   *
   * @returns its reply; `answering` for one whose reply is not ready yet; or, for a new one, the key to `keep` its reply by.
   */
  find(request: Uint8Array, now: Date): { readonly reply: Uint8Array } | { readonly key: string } | 'answering' {
    this.#forgetOld(now.getTime())
    const key = toHex(sha256(request))
    const kept = this.#kept.get(key)
    if (kept !== undefined) return kept.reply === undefined ? 'answering' : { reply: kept.reply }
    this.#kept.set(key, { reply: undefined, untilMs: now.getTime() + KEPT_SECONDS * 1000 })
    if (this.#kept.size > MOST_REPLIES) this.#forgetOldest()
    return { key }
  }

  /** Keeps a reply; `undefined` forgets the request. */
  keep(key: string, reply: Uint8Array | undefined): void {
    const kept = this.#kept.get(key)
    if (kept === undefined) return
    if (reply === undefined) {
      this.#kept.delete(key)
      return
    }
    // A request that was forgotten while it was answered may have come again: then two are answered, and this is the second.
    this.#bytes += reply.length - (kept.reply?.length ?? 0)
    kept.reply = reply
    while (this.#bytes > MOST_BYTES) this.#forgetOldest()
  }

  #forgetOld(nowMs: number): void {
    // They lie in the order of their times, unless the clock was set back: then some stay longer.
    for (const [key, { untilMs }] of this.#kept) {
      if (untilMs >= nowMs) return
      this.#forget(key)
    }
  }

  #forgetOldest(): void {
    const [oldest] = this.#kept.keys()
    if (oldest !== undefined) this.#forget(oldest)
  }

  #forget(key: string): void {
    this.#bytes -= this.#kept.get(key)?.reply?.length ?? 0
    this.#kept.delete(key)
  }
}
