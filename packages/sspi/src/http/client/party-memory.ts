import type { HttpScheme } from './options.js'

/** What is remembered of a server or a proxy from one request to the next. */
export interface PartyMemory {
  /** The scheme that it took last. */
  scheme: HttpScheme | undefined
  /** Whether that took more than one request. */
  severalLegs: boolean
}
