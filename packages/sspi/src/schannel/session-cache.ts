import { wipe, type SecretBytes } from '../crypto/index.js'

/** So many sessions a credential keeps; the oldest goes. */
export const MAX_CACHED_SESSIONS = 64

/** A session that a client could go on with. */
export interface CachedSession {
  readonly session: SecretBytes
  /** The server's certificates, which it does not show again. */
  readonly chain: readonly Uint8Array[]
}

interface Entry {
  readonly key: string
  readonly cached: CachedSession
}

/**
 * Sessions by host and what was offered. Each is given out once (RFC 8446 appendix C.4): servers of TLS 1.3 send several tickets,
 * and a ticket that is shown twice lets others see that it was the same client.
 */
export class SessionCache {
  readonly #entries: Entry[] = []
  #disposed = false

  /** Takes a session over. */
  put(key: string, cached: CachedSession): void {
    if (this.#disposed) {
      wipe(cached.session)
      return
    }
    this.#entries.push({ key, cached })
    if (this.#entries.length > MAX_CACHED_SESSIONS) wipe(this.#entries.shift()?.cached.session)
  }

  /** Hands the newest session out: the taker's to wipe. */
  take(key: string): CachedSession | undefined {
    const index = this.#entries.findLastIndex((entry) => entry.key === key)
    return index < 0 ? undefined : this.#entries.splice(index, 1)[0]?.cached
  }

  /** Wipes them, and whatever comes later. */
  dispose(): void {
    this.#disposed = true
    for (const { cached } of this.#entries) wipe(cached.session)
    this.#entries.length = 0
  }
}
