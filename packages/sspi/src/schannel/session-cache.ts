import { secretFrom, wipe, type SecretBytes } from '../crypto/index.js'

/** So many hosts' sessions a credential keeps; the oldest goes. */
export const MAX_CACHED_SESSIONS = 64

/** Sessions that a client could go on with, by host and what was offered. Each is given out once (RFC 8446 appendix C.4). */
export class SessionCache {
  readonly #sessions = new Map<string, SecretBytes>()

  /** Takes a session over. */
  put(key: string, session: SecretBytes): void {
    wipe(this.#sessions.get(key))
    this.#sessions.delete(key)
    this.#sessions.set(key, session)
    for (const [oldest, kept] of this.#sessions) {
      if (this.#sessions.size <= MAX_CACHED_SESSIONS) break
      wipe(kept)
      this.#sessions.delete(oldest)
    }
  }

  /** Hands a session out: the taker's to wipe. */
  take(key: string): SecretBytes | undefined {
    const session = this.#sessions.get(key)
    this.#sessions.delete(key)
    return session
  }

  /** How many there are. */
  get size(): number {
    return this.#sessions.size
  }

  dispose(): void {
    for (const session of this.#sessions.values()) wipe(session)
    this.#sessions.clear()
  }
}

/** A copy for the engine, which keeps what it is given. */
export function copyOf(session: SecretBytes): SecretBytes {
  return secretFrom(session)
}
