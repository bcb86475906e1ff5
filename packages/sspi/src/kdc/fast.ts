import type { KerberosKey, PaData, Principal, Ticket } from '../kerberos/index.js'

/** The armor of a request, RFC 6113. Its owner disposes of it. */
export interface Armor {
  /** Under which both sides hide what they say. */
  readonly key: KerberosKey
  /** A new reply key, of the old one and one that the reply brings. The caller's. */
  strengthen(replyKey: KerberosKey): KerberosKey
  /** The PA-DATA of a reply, with its own within the armor. */
  reply(padata: readonly PaData[], ticket: Ticket, client: Principal): readonly PaData[]
}
