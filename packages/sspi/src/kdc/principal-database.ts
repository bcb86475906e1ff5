import type { KdcPrincipal, LogonAttempt, PrincipalQuery, PrincipalUpdate } from './principal-entry.js'

/**
 * Where a KDC's principals are. It answers at once where it can, later where it must; what it throws or rejects with ends the
 * request with KDC_ERR_SVC_UNAVAILABLE.
 */
export interface PrincipalDatabase {
  /** The entry that a name means: its own name, or an alias of it. `undefined` for nobody. */
  lookup(query: PrincipalQuery): KdcPrincipal | undefined | Promise<KdcPrincipal | undefined>
  /** Counts a log-on. @returns the failures in a row, this one included: 0 after one that succeeded. */
  attempt(attempt: LogonAttempt): number | Promise<number>
  /** Gives a principal new keys, as a new version. Tickets under the old ones are good until they expire, so those stay. */
  update(update: PrincipalUpdate): void | Promise<void>
}
