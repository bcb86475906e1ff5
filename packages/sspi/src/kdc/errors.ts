import {
  encodeDer,
  formatPrincipal,
  krbtgt,
  writeKrbError,
  type KdcReqBody,
  type KrbError,
  type Principal,
} from '../kerberos/index.js'
import type { KdcEvent } from './events.js'
import type { Armor } from './fast.js'
import type { Refusal } from './refusal.js'
import type { Turn } from './turn.js'

/** What is known of a request that is refused. */
export interface RefusedRequest {
  readonly exchange: Extract<KdcEvent, { readonly kind: 'request-refused' }>['exchange']
  /** Whom the request says that it is from. */
  readonly client?: Principal | undefined
  readonly body?: KdcReqBody | undefined
  /** The armor that the answer goes under. */
  readonly armor?: Armor | undefined
}

/** Makes a KRB-ERROR, and tells of it: RFC 4120 section 5.9.1. */
export function refuse(turn: Turn, request: RefusedRequest, refusal: Refusal): Uint8Array {
  const { client, body } = request
  const server = serverOf(turn, body)
  turn.emit({
    kind: 'request-refused',
    exchange: request.exchange,
    errorCode: refusal.errorCode,
    reason: refusal.reason,
    client: client && formatPrincipal(client),
    server: body && formatPrincipal(server),
    from: turn.from,
  })
  const error = errorOf(turn, refusal, { client, server })
  const { armor } = request
  if (armor === undefined) return encodeDer(error, writeKrbError)
  // RFC 6113 section 5.4.2: names that are to be hidden are so in errors, too.
  const shown = client && armor.nameOf(client)
  const outside = { ...errorOf(turn, refusal, { client: shown, server }), eData: armor.error(error) }
  return encodeDer(outside, writeKrbError)
}

/** A KRB-ERROR of this moment that is about no client in particular. */
export function krbError(turn: Turn, refusal: Refusal, server: Principal = krbtgt(turn.realm)): Uint8Array {
  return encodeDer(errorOf(turn, refusal, { client: undefined, server }), writeKrbError)
}

function errorOf(
  { now }: Turn,
  { errorCode, reason, details }: Refusal,
  { client, server }: { readonly client: Principal | undefined; readonly server: Principal },
): KrbError {
  return {
    stime: now,
    susec: (now.getTime() % 1000) * 1000,
    errorCode,
    // RFC 6806 section 4: the realm to go to stands where that of the client does.
    crealm: details.crealm ?? client?.realm,
    cname: client?.name,
    realm: server.realm,
    sname: server.name,
    eText: reason,
    eData: details.eData,
  }
}

function serverOf(turn: Turn, body: KdcReqBody | undefined): Principal {
  return body?.sname === undefined ? krbtgt(turn.realm) : { realm: body.realm, name: body.sname }
}
