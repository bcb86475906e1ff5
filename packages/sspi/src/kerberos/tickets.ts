import { SspiError } from '../status/index.js'
import { perform, type Effectful } from './effect-run.js'
import type { TicketRequest } from './kdc-client.js'
import type { ServiceTicket } from './service-ticket.js'

export type { KdcClient, TicketRequest } from './kdc-client.js'
export type { ServiceTicket } from './service-ticket.js'

/** Obtains a ticket for a service: from the credential's store, or from the KDCs. Its session key is the caller's. */
export function* obtainServiceTicket(request: TicketRequest): Effectful<ServiceTicket> {
  yield* perform('kdc', {
    realm: request.credential.outbound.principal.realm,
    service: 'kdc',
    request: new Uint8Array(0),
  })
  throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'Kerberos: not there yet')
}

/** Obtains a forwarded ticket-granting ticket, to be delegated to a server. Its session key is the caller's. */
export function* obtainForwardedTgt(request: TicketRequest): Effectful<ServiceTicket> {
  return yield* obtainServiceTicket(request)
}
