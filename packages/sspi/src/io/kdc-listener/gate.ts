import type { KdcHandler } from '../../kdc/index.js'
import { hostAddressOf, type KdcSource } from './client-address.js'
import { RateLimiter } from './rate-limiter.js'

/** Why a listener would not take something. */
export type KdcRefusal =
  /** The address asks more often than it may. */
  | 'too many requests'
  /** As many requests are being answered as may be at once. */
  | 'too busy'
  /** A connection had to go for a newer one. */
  | 'too many connections'
  /** A client took too long to send its request, or to take the reply. */
  | 'too slow'
  /** A length that no request has. */
  | 'bad length'

/** What becomes of requests, on every transport, and who is told when something does not. */
export interface GateOptions {
  readonly maxRequestsPerSecond: number
  readonly onRefused?: ((reason: KdcRefusal, from: KdcSource) => void) | undefined
  readonly onFailure?: ((error: unknown, from: KdcSource) => void) | undefined
}

/** So many addresses have their rates counted. */
const MOST_ADDRESSES = 10_000

/** The way of every request to the handler: at its address's rate, and with nothing that the handler throws on the way back. */
export class Gate {
  readonly #options: GateOptions
  readonly #limiter: RateLimiter

  constructor(options: GateOptions) {
    this.#options = options
    const limits = { perSecond: options.maxRequestsPerSecond, maxAddresses: MOST_ADDRESSES }
    this.#limiter = new RateLimiter(limits, () => performance.now())
  }

  /** Counts a request. @returns whether it may be answered. */
  admits(from: KdcSource): boolean {
    if (this.#limiter.allow(from.address)) return true
    this.refused('too many requests', from)
    return false
  }

  /**
   * The reply; `undefined` where there is none, or where the handler failed.
   * @param maxReplyBytes - What the handler is told of it; `undefined` for any length.
   */
  async answer(
    handler: KdcHandler,
    request: Uint8Array,
    from: KdcSource,
    maxReplyBytes?: number,
  ): Promise<Uint8Array | undefined> {
    try {
      return await handler(request, { service: from.service, address: hostAddressOf(from.address), maxReplyBytes })
    } catch (error) {
      this.#options.onFailure?.(error, from)
      return undefined
    }
  }

  /** Tells that something was not taken. */
  refused(reason: KdcRefusal, from: KdcSource): void {
    this.#options.onRefused?.(reason, from)
  }
}
