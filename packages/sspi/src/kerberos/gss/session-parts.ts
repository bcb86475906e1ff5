import type { SecretBytes } from '../../crypto/index.js'
import type { Identity, Side } from '../../sspi/index.js'
import type { KerberosKey } from '../enctypes/index.js'
import type { AuthorizationDataElement } from '../messages/index.js'
import type { Principal } from '../principals.js'
import type { WindowPosition } from './sequence-window.js'

/** What a session knows of the ticket that it came of. */
export interface TicketFacts {
  /** See `TicketFlag`. */
  readonly flags: number
  readonly authTime: Date
  readonly startTime: Date
  readonly endTime: Date
  readonly renewTill: Date | undefined
  /** The acceptor's: the ticket's own, which the KDC made. */
  readonly authorizationData: readonly AuthorizationDataElement[]
  /** The acceptor's: what the client put into its authenticator. */
  readonly clientAuthorizationData: readonly AuthorizationDataElement[]
  /** The acceptor's: whether the PAC's server signature was checked. */
  readonly pacVerified: boolean
}

/** What a session is opened with. */
export interface SessionParts {
  readonly side: Side
  /** `GssFlag`. */
  readonly flags: number
  readonly contextAttr: number
  /** The caller counts the messages. */
  readonly datagram: boolean
  /** The context's key; the session's from now on, which disposes of it. */
  readonly key: KerberosKey
  /** Whether the acceptor chose it. */
  readonly acceptorSubkey: boolean
  readonly client: Principal
  readonly server: Principal
  /** The acceptor's: who the client is, as far as that was checked. */
  readonly peer: Identity | undefined
  /** As the initiator's caller gave it, or as the ticket names the server. */
  readonly targetName: string
  readonly ticket: TicketFacts
  /** A delegated ticket-granting ticket, as a credential cache; the session's, which wipes it. */
  readonly delegated: SecretBytes | undefined
}

/** Where the counting of messages stands. */
export interface SessionPositions {
  /** The number of the next message sent. */
  readonly sent: number
  readonly received: WindowPosition
}
