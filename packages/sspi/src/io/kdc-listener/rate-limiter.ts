import { networkOf } from '../addresses/index.js'

/** How many requests are taken from one address. */
export interface RateLimits {
  /** So many per second, on average and at once. */
  readonly perSecond: number
  /** Of so many addresses it is known how much they have asked; beyond, the one that has asked least recently is forgotten. */
  readonly maxAddresses: number
}

interface Bucket {
  tokens: number
  /** When `tokens` was right, in milliseconds. */
  at: number
}

/**
 * Says whether an address may ask once more: each has a bucket that fills at the rate and holds what a second brings. A
 * network of IPv6 (64 bits) counts as one address, as whoever has one has all of them.
 */
export class RateLimiter {
  readonly #limits: RateLimits
  readonly #now: () => number
  /** The least recently seen first. */
  readonly #buckets = new Map<string, Bucket>()

  /** @param now - Milliseconds of a clock that does not go back. */
  constructor(limits: RateLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  /** Counts a request. @returns whether it is within the rate. */
  allow(address: string): boolean {
    const { perSecond, maxAddresses } = this.#limits
    if (perSecond === Infinity) return true
    const key = networkOf(address)
    const now = this.#now()
    const bucket = this.#buckets.get(key) ?? { tokens: perSecond, at: now }
    bucket.tokens = Math.min(perSecond, bucket.tokens + ((now - bucket.at) / 1000) * perSecond)
    bucket.at = now
    const allowed = bucket.tokens >= 1
    if (allowed) bucket.tokens--
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size > maxAddresses) {
      const [oldest = ''] = this.#buckets.keys()
      this.#buckets.delete(oldest)
    }
    return allowed
  }
}
