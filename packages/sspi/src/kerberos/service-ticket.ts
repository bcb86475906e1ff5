import type { KerberosKey } from './enctypes/index.js'
import type { Ticket } from './messages/index.js'
import type { Principal } from './principals.js'

/** A ticket and what its owner knows of it: RFC 4120 section 5.4.2. The session key is its holder's, who disposes of it. */
export interface ServiceTicket {
  /** As the KDC made it: `ticket.raw` has its exact bytes. */
  readonly ticket: Ticket
  readonly client: Principal
  /** As the KDC calls it, which with canonicalisation is not always what was asked for. */
  readonly server: Principal
  readonly sessionKey: KerberosKey
  /** See `TicketFlag`. */
  readonly flags: number
  /** When the client authenticated first. */
  readonly authTime: Date
  readonly startTime: Date
  readonly endTime: Date
  /** Until when it can be renewed; `undefined` for not at all. */
  readonly renewTill: Date | undefined
  /** How far the KDC's clock is ahead of ours, in milliseconds: authenticators carry our time plus this. */
  readonly kdcTimeOffsetMs: number
}

/** A ticket for another holder, with whom it shares the session key and what was derived of it; each disposes of its own. */
export function copyTicket(ticket: ServiceTicket): ServiceTicket {
  return { ...ticket, sessionKey: ticket.sessionKey.share() }
}
