import type { SecretBytes } from '../crypto/index.js'
import type { Identity, Side } from '../sspi/index.js'
import type { StreamPosition } from './message-streams.js'

/** What a session is opened with. */
export interface SessionParts {
  readonly side: Side
  /** What was negotiated, `NegotiateFlag`. */
  readonly flags: number
  readonly contextAttr: number
  /** 16 bytes; the session's from now on, which wipes them. */
  readonly exportedSessionKey: SecretBytes
  /** Whether the AUTHENTICATE message carried a MIC. */
  readonly micUsed: boolean
  readonly start: Date
  readonly user: string
  readonly domain: string
  /** As the CHALLENGE named it: the domain, or the server. */
  readonly serverName: string
  /** The name of the server that the client asked for; empty when it named none. */
  readonly targetName: string
  /** The AV pairs of the CHALLENGE. */
  readonly targetInfo: Uint8Array
  /** The acceptor's: who the client is. */
  readonly peer: Identity | undefined
}

/** Where an imported session goes on. */
export interface SessionPositions {
  readonly sent: StreamPosition
  readonly received: StreamPosition
}
