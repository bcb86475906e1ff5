import type { AuthenticationEvent } from './events.js'

/** What acceptors demand of clients beyond their secret: extended protection, as Windows calls it. */
export interface Policy {
  /**
   * What an acceptor that was given channel bindings does with the client's. `none`: nothing. `supported`: they must be
   * equal when the client sent any. `required`: they must be there and equal. Default `supported`.
   */
  readonly channelBindings: 'none' | 'supported' | 'required'
  /**
   * The service names that a client may have addressed, `HTTP/www.example.com` (compared without regard to case);
   * `undefined` does not look. What a client says of its target is protected by the exchange, but only newer clients say it:
   * see `targetNameRequired`.
   */
  readonly targetNames: readonly string[] | undefined
  /** Whether a client that names no target is refused when `targetNames` is given. Default `false`. */
  readonly targetNameRequired: boolean
}

/** The world outside a core, as far as it may be asked without leaving the turn. A test gives it a fixed one. */
export interface World {
  /** The time, of which no core has a clock of its own. */
  now(): Date
  /** Unpredictable bytes, the caller's own. */
  random(length: number): Uint8Array
  /** What the application demands of peers. */
  readonly policy: Policy
  /** Tells what happened, to whoever listens. */
  emit(event: AuthenticationEvent): void
}

/** The same world with other demands, for one exchange. What is left out of them stays. */
export function withPolicy(world: World, policy: Partial<Policy>): World {
  return {
    now: () => world.now(),
    random: (length) => world.random(length),
    policy: { ...world.policy, ...policy },
    emit: (event) => world.emit(event),
  }
}
