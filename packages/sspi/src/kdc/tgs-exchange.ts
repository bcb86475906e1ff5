import {
  KdcOption,
  KerberosErrorCode,
  KeyUsage,
  LastReqType,
  PaDataType,
  realmOfKrbtgt,
  samePrincipal,
  TicketFlag,
  type EncTicketPart,
  type KdcReq,
  type KdcReqBody,
  type KerberosKey,
  type TransitedEncoding,
} from '../kerberos/index.js'
import { checkClient, checkService } from './account-status.js'
import { checkTicketTimes, openTicket, type OpenedRequest } from './ap-request.js'
import { carriedAuthorizationData } from './carried-data.js'
import { ask, type KdcEffectful } from './effects.js'
import type { Armor } from './fast.js'
import { findService, type FoundService } from './find-service.js'
import { checkPurpose } from './granting-ticket.js'
import { issueTicket } from './issue.js'
import { paDataOf } from './padata.js'
import type { KdcPrincipal } from './principal-entry.js'
import { acceptedPath } from './realm-paths.js'
import { Refusal } from './refusal.js'
import { ticketTerms, type TicketTerms } from './ticket-terms.js'
import { transitedRealms, withTransitedRealm } from './transited.js'
import { sessionEnctype, ticketKey, wholeSeconds, type Turn } from './turn.js'

/** A TGS-REQ whose ticket was opened. */
export interface TgsRequest {
  /** The request that counts: what is within FAST, where there is FAST. */
  readonly request: KdcReq
  /** The ticket that it came with. The caller's. */
  readonly granted: OpenedRequest
  readonly armor: Armor | undefined
}

/**
 * The TGS exchange, RFC 4120 section 3.3.3: a ticket for a ticket.
 *
 * @throws `SspiError` a `Refusal`.
 */
export function* answerTgsRequest(turn: Turn, { request, granted, armor }: TgsRequest): KdcEffectful<Uint8Array> {
  const { reqBody: body } = request
  checkOptions(request)
  checkPurpose(turn, body, granted)
  const { part, client } = granted
  const clientEntry = yield* findOwnClient(turn, granted)
  const { found, other } = yield* findServiceOf(turn, body, granted)
  try {
    checkService(turn, found.entry, other !== undefined)
    checkMayBeGranted(body, granted, found)
    const { transited, checked } = transit(turn, body, granted)
    const terms = termsOf(turn, body, granted, clientEntry, found)
    let flags = terms.flags | (part.flags & KEPT)
    if (checked) flags |= TicketFlag.TRANSITED_POLICY_CHECKED
    if (found.entry.attributes.okAsDelegate === true) flags |= TicketFlag.OK_AS_DELEGATE
    const key = other === undefined ? ticketKey(turn, found.entry) : { key: other, kvno: undefined }
    const plainKey = granted.subkey ?? granted.sessionKey
    const strengthened = armor?.strengthen(plainKey)
    try {
      return issueTicket(
        turn,
        {
          client,
          server: found.principal,
          ...key,
          terms: { ...terms, flags },
          sessionEnctype:
            other === undefined ? sessionEnctype(turn, body.etype, found.entry) : userSession(body, other),
          addresses: addressesOf(body, part),
          transited,
          authorizationData: carriedAuthorizationData(turn, body, granted),
        },
        {
          exchange: 'TGS',
          nonce: body.nonce,
          key: strengthened ?? plainKey,
          kvno: undefined,
          usage: granted.subkey === undefined ? KeyUsage.TGS_REP_ENCPART_SESSION_KEY : KeyUsage.TGS_REP_ENCPART_SUBKEY,
          lastReq: [{ lrType: LastReqType.NONE, lrValue: wholeSeconds(turn.now) }],
          keyExpiration: undefined,
          encryptedPaData: [],
          padata: (ticket) => armor?.reply([], ticket, client) ?? [],
          shownClient: armor?.nameOf(client) ?? client,
          preauth: undefined,
        },
      )
    } finally {
      strengthened?.dispose()
    }
  } finally {
    other?.dispose()
  }
}

/** Flags that a ticket has from the one that it was granted by. */
const KEPT =
  TicketFlag.FORWARDED | TicketFlag.PROXY | TicketFlag.PRE_AUTHENT | TicketFlag.HW_AUTHENT | TicketFlag.ANONYMOUS

function checkOptions(request: KdcReq): void {
  const { kdcOptions } = request.reqBody
  if ((kdcOptions & KdcOption.REQUEST_ANONYMOUS) !== 0) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_BADOPTION, 'no ticket is anonymous here')
  }
  if ((kdcOptions & KdcOption.CNAME_IN_ADDL_TKT) !== 0) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_BADOPTION, 'constrained delegation is not done here')
  }
  const forOthers = [PaDataType.PA_FOR_USER, PaDataType.PA_FOR_X509_USER]
  if (forOthers.some((type) => paDataOf(request, type) !== undefined)) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_PADATA_TYPE_NOSUPP, 'no service gets tickets for others here')
  }
}

/** The client's entry, where it is of this realm: a ticket does not outlive whom it is for. */
function* findOwnClient(turn: Turn, { client, server }: OpenedRequest): KdcEffectful<KdcPrincipal | undefined> {
  if (client.realm !== turn.realm) return undefined
  if (server.realm !== turn.realm) {
    // Another realm vouches for its own clients, and for those that came through it; not for ours.
    throw new Refusal(KerberosErrorCode.KDC_ERR_POLICY, 'another realm says that the client is of this one')
  }
  const entry = yield* ask('principal', { principal: client, as: 'client' })
  if (entry === undefined) throw new Refusal(KerberosErrorCode.KDC_ERR_TGT_REVOKED, 'the client is no longer there')
  try {
    checkClient({ ...turn, policy: { ...turn.policy, lockout: NO_LOCKOUT } }, entry)
  } catch (cause) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_TGT_REVOKED, 'the client may not log on any more', { cause })
  }
  return entry
}

/** Somebody else's wrong guesses end no ticket that was got by the right password. */
const NO_LOCKOUT = { failures: 0, windowSeconds: 0, lockSeconds: 0 }

interface ServiceOfRequest {
  readonly found: FoundService
  /** User-to-user: the session key of the service's ticket-granting ticket, which the ticket is to be under. The caller's. */
  readonly other: KerberosKey | undefined
}

function* findServiceOf(turn: Turn, body: KdcReqBody, granted: OpenedRequest): KdcEffectful<ServiceOfRequest> {
  const { sname, kdcOptions, additionalTickets = [] } = body
  if ((kdcOptions & (KdcOption.RENEW | KdcOption.VALIDATE)) !== 0) {
    return { found: { entry: granted.entry, principal: granted.server }, other: undefined }
  }
  if ((kdcOptions & KdcOption.ENC_TKT_IN_SKEY) === 0) {
    if (sname === undefined) {
      throw new Refusal(KerberosErrorCode.KDC_ERR_S_PRINCIPAL_UNKNOWN, 'the request names no service')
    }
    return { found: yield* findService(turn, sname, kdcOptions), other: undefined }
  }
  const [additional] = additionalTickets
  if (additional === undefined) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_BADOPTION, 'user-to-user without a ticket of the service')
  }
  const opened = yield* openTicket(turn, additional)
  let done = false
  try {
    // RFC 4120 section 3.3.3: a ticket-granting ticket, of whom the ticket is to be for.
    if (realmOfKrbtgt(opened.server.name) !== turn.realm || opened.server.realm !== turn.realm) {
      throw new Refusal(KerberosErrorCode.KDC_ERR_POLICY, 'user-to-user: no ticket-granting ticket of this realm')
    }
    checkTicketTimes(turn, opened.part)
    if ((opened.part.flags & TicketFlag.INVALID) !== 0) {
      throw new Refusal(KerberosErrorCode.KRB_AP_ERR_TKT_NYV, 'user-to-user: the ticket must be validated first')
    }
    const found =
      sname === undefined
        ? { entry: yield* findUser(opened.client), principal: opened.client }
        : yield* findService(turn, sname, 0)
    if (!samePrincipal(found.entry.principal, opened.client)) {
      throw new Refusal(KerberosErrorCode.KDC_ERR_SERVER_NOMATCH, 'user-to-user: the ticket is of somebody else')
    }
    done = true
    return { found, other: opened.sessionKey }
  } finally {
    if (!done) opened.sessionKey.dispose()
  }
}

function* findUser(principal: OpenedRequest['client']): KdcEffectful<KdcPrincipal> {
  const entry = yield* ask('principal', { principal, as: 'service' })
  if (entry !== undefined) return entry
  throw new Refusal(KerberosErrorCode.KDC_ERR_S_PRINCIPAL_UNKNOWN, 'there is no such service')
}

/** The session key shall be one that both understand, and the service has shown which it does. */
function userSession({ etype }: KdcReqBody, { enctype }: KerberosKey): number {
  if (etype.includes(enctype)) return enctype
  throw new Refusal(
    KerberosErrorCode.KDC_ERR_ETYPE_NOSUPP,
    'user-to-user: the client does not know the encryption type',
  )
}

function checkMayBeGranted(
  { kdcOptions }: KdcReqBody,
  { part }: OpenedRequest,
  { entry, principal }: FoundService,
): void {
  const has = (flag: number): boolean => (part.flags & flag) !== 0
  const wants = (option: number): boolean => (kdcOptions & option) !== 0
  if (entry.attributes.initialOnly === true) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_POLICY, 'tickets for the service are for a password only')
  }
  if (wants(KdcOption.FORWARDED) && !has(TicketFlag.FORWARDABLE)) throw badOption('the ticket is not forwardable')
  if (wants(KdcOption.PROXY)) {
    if (!has(TicketFlag.PROXIABLE)) throw badOption('the ticket is not proxiable')
    if (realmOfKrbtgt(principal.name) !== undefined) throw badOption('no ticket-granting ticket is a proxy')
  }
  if (wants(KdcOption.RENEW) && !has(TicketFlag.RENEWABLE)) throw badOption('the ticket is not renewable')
  if (wants(KdcOption.VALIDATE) && !has(TicketFlag.INVALID)) throw badOption('the ticket is valid already')
}

function badOption(why: string): Refusal {
  return new Refusal(KerberosErrorCode.KDC_ERR_BADOPTION, why)
}

function termsOf(
  turn: Turn,
  body: KdcReqBody,
  { part }: OpenedRequest,
  client: KdcPrincipal | undefined,
  { entry }: FoundService,
): TicketTerms {
  if ((body.kdcOptions & KdcOption.VALIDATE) !== 0) return validTerms(turn, part)
  if ((body.kdcOptions & KdcOption.RENEW) !== 0) return renewedTerms(turn, part)
  const terms = ticketTerms(turn, body, {
    authtime: part.authtime,
    parties: client === undefined ? [entry] : [client, entry],
    granting: { flags: part.flags, endtime: part.endtime, renewTill: part.renewTill },
  })
  let { flags } = terms
  if ((body.kdcOptions & KdcOption.FORWARDED) !== 0) flags |= TicketFlag.FORWARDED
  if ((body.kdcOptions & KdcOption.PROXY) !== 0) flags |= TicketFlag.PROXY
  return { ...terms, flags }
}

/** What the ticket was before, but for the flags that speak of how it was got. */
function sameTerms({ flags, authtime, starttime = authtime, endtime, renewTill }: EncTicketPart): TicketTerms {
  const kept = flags & ~(TicketFlag.INITIAL | TicketFlag.INVALID)
  return { flags: kept, authtime, starttime, endtime, renewTill }
}

/** RFC 4120 section 3.3.3: a postdated ticket, whose time has come. That it has not ended was checked. */
function validTerms({ now }: Turn, part: EncTicketPart): TicketTerms {
  const terms = sameTerms(part)
  if (terms.starttime.getTime() <= now.getTime()) return terms
  throw new Refusal(KerberosErrorCode.KRB_AP_ERR_TKT_NYV, 'the time of the postdated ticket has not come')
}

/** RFC 4120 section 3.3.3: as long again as it was, up to the time until which it can be renewed. */
function renewedTerms(turn: Turn, part: EncTicketPart): TicketTerms {
  const terms = sameTerms(part)
  const starttime = wholeSeconds(turn.now)
  const lifetime = terms.endtime.getTime() - terms.starttime.getTime()
  const until = terms.renewTill?.getTime() ?? 0
  const endtime = new Date(Math.min(starttime.getTime() + lifetime, until))
  if (endtime.getTime() > starttime.getTime()) return { ...terms, starttime, endtime }
  throw new Refusal(KerberosErrorCode.KRB_AP_ERR_TKT_EXPIRED, 'the ticket cannot be renewed any more')
}

function addressesOf({ kdcOptions, addresses }: KdcReqBody, { caddr }: EncTicketPart): KdcReqBody['addresses'] {
  return (kdcOptions & (KdcOption.FORWARDED | KdcOption.PROXY)) === 0 ? caddr : addresses
}

/**
 * The realms that the client came through, RFC 4120 section 3.3.3.2: the one that granted the ticket is added, which it could
 * not do itself; and whether all of them lie on a path that is accepted.
 */
function transit(
  turn: Turn,
  { kdcOptions }: KdcReqBody,
  { part, client, server }: OpenedRequest,
): { readonly transited: TransitedEncoding; readonly checked: boolean } {
  const isOwn = server.realm === turn.realm || server.realm === client.realm
  const transited = isOwn ? part.transited : withTransitedRealm(part.transited, server.realm)
  // RFC 4120 section 5.4.1: a KDC need not honour it, and where only checked tickets are issued it does not.
  const unchecked = (kdcOptions & KdcOption.DISABLE_TRANSITED_CHECK) !== 0 && !turn.policy.rejectBadTransit
  if (unchecked) return { transited, checked: false }
  const realms = transitedRealms(transited, { client: client.realm, server: turn.realm })
  const accepted = acceptedPath(turn.policy, client.realm, turn.realm)
  const checked = realms.every((realm) => accepted.includes(realm))
  if (!checked && turn.policy.rejectBadTransit) {
    throw new Refusal(
      KerberosErrorCode.KDC_ERR_PATH_NOT_ACCEPTED,
      'the client came through a realm that is not accepted',
    )
  }
  return { transited, checked }
}
