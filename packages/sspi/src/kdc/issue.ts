import { wipe } from '../crypto/index.js'
import {
  encodeDer,
  formatPrincipal,
  KerberosKey,
  KeyUsage,
  makeTicket,
  MessageType,
  writeEncKdcRepPart,
  writeEncTicketPart,
  writeKdcRep,
  type AuthorizationDataElement,
  type HostAddress,
  type LastReqEntry,
  type PaData,
  type Principal,
  type Ticket,
  type TransitedEncoding,
} from '../kerberos/index.js'
import type { TicketTerms } from './ticket-terms.js'
import { encrypt, type Turn } from './turn.js'

/** What a ticket says, and under which key. */
export interface Grant {
  readonly client: Principal
  readonly server: Principal
  /** The service's, or the session key of a ticket-granting ticket (user-to-user). Its owner's. */
  readonly key: KerberosKey
  /** Of that key; none for session keys. */
  readonly kvno: number | undefined
  readonly terms: TicketTerms
  readonly sessionEnctype: number
  readonly addresses: readonly HostAddress[] | undefined
  readonly transited: TransitedEncoding
  readonly authorizationData: readonly AuthorizationDataElement[]
}

/** How the client is told of its ticket. */
export interface ReplyTerms {
  readonly exchange: 'AS' | 'TGS'
  readonly nonce: number
  /** What the reply is encrypted in, its version where it lasts, and the key usage. The caller's. */
  readonly key: KerberosKey
  readonly kvno: number | undefined
  readonly usage: number
  readonly lastReq: readonly LastReqEntry[]
  readonly keyExpiration: Date | undefined
  /** Goes within the encryption, RFC 6806 section 11. */
  readonly encryptedPaData: readonly PaData[]
  /** In the open. Made of the ticket, as FAST signs it (RFC 6113 section 5.4.3). */
  readonly padata: (ticket: Ticket) => readonly PaData[]
  /** Who the reply says in the open that it is for. */
  readonly shownClient: Principal
  readonly preauth: number | undefined
}

/** Makes a ticket with a session key of its own, and the reply that has it: RFC 4120 sections 3.1.3 and 3.3.3. */
export function issueTicket(turn: Turn, grant: Grant, reply: ReplyTerms): Uint8Array {
  const sessionKey = KerberosKey.generate(grant.sessionEnctype, (length) => turn.random(length))
  const keyvalue = sessionKey.reveal()
  try {
    const key = { keytype: sessionKey.enctype, keyvalue }
    const ticket = sealTicket(turn, grant, key)
    const bytes = sealReply(turn, grant, reply, ticket, key)
    const { client, server, terms } = grant
    turn.emit({
      kind: 'ticket-issued',
      exchange: reply.exchange,
      client: formatPrincipal(client),
      server: formatPrincipal(server),
      flags: terms.flags,
      enctypes: { ticket: grant.key.enctype, session: sessionKey.enctype, reply: reply.key.enctype },
      preauth: reply.preauth,
      endTime: terms.endtime,
      from: turn.from,
    })
    return bytes
  } finally {
    wipe(keyvalue)
    sessionKey.dispose()
  }
}

interface SessionKey {
  readonly keytype: number
  readonly keyvalue: Uint8Array
}

function sealTicket(turn: Turn, grant: Grant, key: SessionKey): Ticket {
  const { client, server, terms, addresses, transited, authorizationData, kvno } = grant
  const plaintext = encodeDer(
    {
      ...terms,
      key,
      crealm: client.realm,
      cname: client.name,
      transited,
      caddr: listOrNothing(addresses),
      authorizationData: listOrNothing(authorizationData),
    },
    writeEncTicketPart,
  )
  const cipher = encrypt(turn, grant.key, KeyUsage.KDC_REP_TICKET, plaintext)
  wipe(plaintext)
  return makeTicket({ realm: server.realm, sname: server.name, encPart: { etype: grant.key.enctype, kvno, cipher } })
}

function sealReply(turn: Turn, grant: Grant, reply: ReplyTerms, ticket: Ticket, key: SessionKey): Uint8Array {
  const { server, terms, addresses } = grant
  const { shownClient } = reply
  const isAs = reply.exchange === 'AS'
  const plaintext = encodeDer(
    {
      ...terms,
      type: isAs ? ('EncASRepPart' as const) : ('EncTGSRepPart' as const),
      key,
      lastReq: reply.lastReq,
      nonce: reply.nonce,
      keyExpiration: reply.keyExpiration,
      srealm: server.realm,
      sname: server.name,
      caddr: listOrNothing(addresses),
      encryptedPaData: listOrNothing(reply.encryptedPaData),
    },
    writeEncKdcRepPart,
  )
  const cipher = encrypt(turn, reply.key, reply.usage, plaintext)
  wipe(plaintext)
  return encodeDer(
    {
      msgType: isAs ? MessageType.KRB_AS_REP : MessageType.KRB_TGS_REP,
      padata: listOrNothing(reply.padata(ticket)),
      crealm: shownClient.realm,
      cname: shownClient.name,
      ticket,
      encPart: { etype: reply.key.enctype, kvno: reply.kvno, cipher },
    },
    writeKdcRep,
  )
}

/** Lists that may be left out must not be empty: RFC 4120 section 5.2.5 for addresses, and so on. */
function listOrNothing<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list
}
