import {
  encodeDer,
  formatPrincipal,
  krbtgt,
  writeKrbError,
  type KdcReqBody,
  type PrincipalName,
} from '../kerberos/index.js'
import type { KdcEvent } from './events.js'
import type { Refusal } from './refusal.js'
import type { Turn } from './turn.js'

/** What is known of a request that is refused. */
export interface RefusedRequest {
  readonly exchange: Extract<KdcEvent, { readonly kind: 'request-refused' }>['exchange']
  /** Whom the request says that it is from. */
  readonly client?: { readonly realm: string; readonly name: PrincipalName } | undefined
  readonly body?: KdcReqBody | undefined
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
  return krbError(turn, refusal, { client, server })
}

/** A KRB-ERROR of this moment. */
export function krbError(
  turn: Turn,
  { errorCode, reason, details }: Pick<Refusal, 'errorCode' | 'reason' | 'details'>,
  { client, server = krbtgt(turn.realm) }: { readonly client?: RefusedRequest['client']; readonly server?: Server },
): Uint8Array {
  const now = turn.now.getTime()
  return encodeDer(
    {
      stime: turn.now,
      susec: (now % 1000) * 1000,
      errorCode,
      // RFC 6806 section 4: the realm to go to stands where that of the client does.
      crealm: details.crealm ?? client?.realm,
      cname: client?.name,
      realm: server.realm,
      sname: server.name,
      eText: reason,
      eData: details.eData,
    },
    writeKrbError,
  )
}

type Server = NonNullable<RefusedRequest['client']>

function serverOf(turn: Turn, body: KdcReqBody | undefined): Server {
  return body?.sname === undefined ? krbtgt(turn.realm) : { realm: body.realm, name: body.sname }
}
