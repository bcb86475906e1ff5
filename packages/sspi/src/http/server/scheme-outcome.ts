import type { AcceptorExchange } from '../../sspi/index.js'
import type { SspiError } from '../../status/index.js'
import type { HttpLogOn } from './log-on.js'
import type { Connection } from './connection.js'
import type { GateEntry } from './half-open-gate.js'
import type { RequestFacts } from './request-facts.js'

/** A field of a response. */
export type HeaderField = readonly [name: string, value: string]

/** Where one request's credentials are looked at. */
export interface Leg {
  readonly facts: RequestFacts
  /** Of HTTP/1. */
  readonly connection: Connection | undefined
  /** Aborted when the client has gone, or it takes too long. */
  readonly signal: AbortSignal
  /** Counts it, and what comes of it as long as that waits for its client. */
  readonly entry: GateEntry
  /** The exchange of this scheme that has waited for this leg, on its connection. */
  readonly waiting: AcceptorExchange | undefined
}

/** What a scheme makes of a request's credentials. */
export type SchemeOutcome =
  | {
      readonly kind: 'accepted'
      readonly logOn: HttpLogOn
      /** The scheme's last word, on the final response. */
      readonly fields: readonly HeaderField[]
      /** Whether the log-on is the connection's, by the nature of its mechanism. */
      readonly ofConnection: boolean
    }
  /** The client owes another leg. */
  | { readonly kind: 'continue'; readonly challenge: string }
  /** Over HTTP/2 the scheme cannot go on: its legs are bound to a connection. */
  | { readonly kind: 'http-1.1-required' }
  | {
      readonly kind: 'refused'
      readonly error: SspiError
      /** The challenges of this scheme in the next 401. Default: fresh ones. */
      readonly challenges?: readonly string[]
      /** Default: by the error, 401 or 503. */
      readonly status?: 400 | 401
    }
