import { wipe } from '../../crypto/index.js'
import { KdcOption, KerberosErrorCode, MessageType, PaDataType, TicketFlag } from '../constants.js'
import { perform, type Effectful } from '../effect-run.js'
import { KerberosKey, KeyUsage } from '../enctypes/index.js'
import { armorKey, type FastArmor } from '../fast/armor.js'
import { openArmoredReply, openRefusal, strengthenReplyKey } from '../fast/fast-reply.js'
import { makeFastRequest } from '../fast/fast-request.js'
import type { KdcClient } from '../kdc-client.js'
import {
  encodeDer,
  makeKdcReqBody,
  writeApReq,
  writeAuthenticator,
  writeKdcReq,
  type KdcRep,
  type KdcReqBody,
  type PaData,
} from '../messages/index.js'
import { formatPrincipal, realmOfKrbtgt, sameName, type Principal } from '../principals.js'
import type { ServiceTicket } from '../service-ticket.js'
import { clockOffsetMs } from '../timestamps.js'
import { inSeconds, nonceOf } from './as-exchange.js'
import { acceptReply, decryptReply, readKdcAnswer, withReplyPart } from './kdc-answer.js'
import { kdcFailure } from './kdc-errors.js'

/** What a TGS is asked for. */
export interface TgsQuery {
  readonly server: Principal['name']
  /** `KdcOption`s beside what goes without saying. Default: none. */
  readonly kdcOptions?: number | undefined
  /** Whether another server than the one asked for is taken: its canonical name, or a referral. Default `false`. */
  readonly canonicalize?: boolean | undefined
  /** Default: the end of the ticket-granting ticket. */
  readonly till?: Date | undefined
  readonly rtime?: Date | undefined
}

/**
 * The TGS exchange, RFC 4120 section 3.3: another ticket for a ticket-granting ticket. The KDC of the realm that the
 * ticket-granting ticket is for is asked.
 *
 * @param presented - A ticket-granting ticket; for renewal and validation the ticket itself. Stays the caller's.
 * @returns The ticket, whose session key is the caller's.
 * @throws `SspiError` as the table of KRB-ERRORs says; `SEC_E_MESSAGE_ALTERED` and `SEC_E_INVALID_TOKEN` for replies that are
 *   refused.
 */
export function* askTgs(client: KdcClient, presented: ServiceTicket, query: TgsQuery): Effectful<ServiceTicket> {
  const { settings, world } = client
  const { store } = client.credential.outbound
  const realm = realmOfKrbtgt(presented.server.name) ?? presented.server.realm
  let offsetMs = presented.kdcTimeOffsetMs
  for (let attempt = 0; ; attempt++) {
    const body = makeBody(client, presented, query, realm, offsetMs)
    const subkey = KerberosKey.generate(presented.sessionKey.enctype, (length) => world.random(length))
    const armor = settings.fast === 'never' ? undefined : implicitArmor(subkey, presented)
    try {
      const request = makeRequest(client, presented, body, { subkey, armor, offsetMs })
      const bytes = yield* perform('kdc', { realm, service: 'kdc', request, proxy: client.credential.kdcProxy })
      const answer = readKdcAnswer(bytes, MessageType.KRB_TGS_REP)
      if (answer.kind === 'reply') {
        const ticket = acceptTgsReply(client, presented, answer.reply, { query, realm, body, subkey, armor, offsetMs })
        store.timeOffsetMs = offsetMs
        return ticket
      }
      const error = armor === undefined ? answer.error : openRefusal(armor, answer.error, body.nonce).error
      const skewed = error.errorCode === KerberosErrorCode.KRB_AP_ERR_SKEW
      const learned = skewed ? clockOffsetMs(error, world.now().getTime()) : undefined
      if (learned === undefined || attempt > 0 || !settings.kdcTimesync) {
        throw kdcFailure(error, { realm, client: presented.client, server: { name: query.server, realm } })
      }
      offsetMs = learned
    } finally {
      subkey.dispose()
      armor?.key.dispose()
    }
  }
}

/** What a request leaves for its reply. */
interface Asked {
  readonly query: TgsQuery
  readonly realm: string
  readonly body: KdcReqBody
  readonly subkey: KerberosKey
  readonly armor: FastArmor | undefined
  readonly offsetMs: number
}

function acceptTgsReply(
  { settings, world }: KdcClient,
  presented: ServiceTicket,
  outer: KdcRep,
  { query, realm, body, subkey, armor, offsetMs }: Asked,
): ServiceTicket {
  // A KDC without FAST passes over the armour of the request, whose inside says nothing else than its outside.
  const opened = armor && openArmoredReply(armor, outer, body.nonce)
  const { reply, strengthenKey } = opened ?? { reply: outer, strengthenKey: undefined }
  const stronger = strengthenKey && strengthenReplyKey(strengthenKey, subkey)
  try {
    const key = stronger ?? subkey
    // 8 is what RFC 4757 says for RC4 under a subkey.
    const usages = [KeyUsage.TGS_REP_ENCPART_SUBKEY, KeyUsage.TGS_REP_ENCPART_SESSION_KEY]
    return withReplyPart(decryptReply(reply, key, usages), key, (part) =>
      acceptReply(reply, part, {
        realm,
        body,
        client: presented.client,
        judgeServer: (server) => judgeServer(server, realm, query),
        enctypes: settings.tgsEnctypes,
        settings,
        now: world.now(),
        offsetMs,
        fresh: false,
      }),
    )
  } finally {
    strengthenKey?.dispose()
    stronger?.dispose()
  }
}

/** RFC 6113 section 5.4.2: the ticket and authenticator of PA-TGS-REQ are armour as well. */
function implicitArmor(subkey: KerberosKey, { sessionKey }: ServiceTicket): FastArmor {
  return { key: armorKey(subkey, sessionKey), explicit: undefined }
}

function makeBody(
  { settings, world }: KdcClient,
  presented: ServiceTicket,
  query: TgsQuery,
  realm: string,
  offsetMs: number,
): KdcReqBody {
  const { server, kdcOptions = 0, canonicalize = false } = query
  // Never longer than the ticket that it comes from, whatever its end is by our clock.
  const till = query.till ?? presented.endTime
  // What the ticket may be used for, its children may be as well, unless nobody asks: Heimdal's KDC takes it away then.
  const inherited = presented.flags & (TicketFlag.FORWARDABLE | TicketFlag.PROXIABLE)
  return makeKdcReqBody({
    kdcOptions: (kdcOptions | inherited | (canonicalize ? KdcOption.CANONICALIZE : 0)) >>> 0,
    realm,
    sname: server,
    till: till.getTime() === 0 ? inSeconds(world.now().getTime() + offsetMs, settings.ticketLifetimeSeconds) : till,
    rtime: query.rtime,
    nonce: nonceOf(world.random(4)),
    etype: settings.tgsEnctypes,
  })
}

/** The ticket and a fresh authenticator in PA-TGS-REQ: RFC 4120 section 5.2.7.1. */
function makeRequest(
  { credential, world }: KdcClient,
  presented: ServiceTicket,
  body: KdcReqBody,
  { subkey, armor, offsetMs }: Pick<Asked, 'subkey' | 'armor' | 'offsetMs'>,
): Uint8Array {
  const key = presented.sessionKey
  const { seconds, microseconds } = credential.timestamps.next(world.now(), offsetMs)
  const keyvalue = subkey.reveal()
  const authenticator = encodeDer(
    {
      crealm: presented.client.realm,
      cname: presented.client.name,
      cksum: {
        cksumtype: key.profile.checksumType,
        checksum: key.checksum(KeyUsage.TGS_REQ_AUTHENTICATOR_CHKSUM, body.raw),
      },
      cusec: microseconds,
      ctime: seconds,
      subkey: { keytype: subkey.enctype, keyvalue },
    },
    writeAuthenticator,
  )
  wipe(keyvalue)
  const confounder = world.random(key.profile.confounderBytes)
  const cipher = key.encrypt(KeyUsage.TGS_REQ_AUTHENTICATOR, authenticator, confounder)
  wipe(authenticator)
  const apReq = encodeDer(
    { apOptions: 0, ticket: presented.ticket, authenticator: { etype: key.enctype, cipher } },
    writeApReq,
  )
  const padata: PaData[] = [{ padataType: PaDataType.PA_TGS_REQ, padataValue: apReq }]
  if (armor !== undefined) {
    const inside = { padata: [], reqBody: body, covered: apReq }
    padata.push(makeFastRequest(armor, inside, (length) => world.random(length)))
  }
  return encodeDer({ msgType: MessageType.KRB_TGS_REQ, padata, reqBody: body }, writeKdcReq)
}

function judgeServer(server: Principal, realm: string, { server: asked, canonicalize }: TgsQuery): string | undefined {
  if (server.realm !== realm) return `the ticket is of another realm, ${server.realm}`
  if (sameName(server.name, asked)) return undefined
  const wanted = formatPrincipal({ realm, name: asked })
  const next = realmOfKrbtgt(server.name)
  if (next !== undefined) {
    // RFC 4120 section 3.3.1: a realm on the way to the one asked for; RFC 6806 section 8: one that knows the service.
    if (canonicalize !== true) return `a referral to ${next} came, ${wanted} was asked for`
    return next === realm ? `a referral to ${next} itself came` : undefined
  }
  // RFC 6806 section 8: another name of the same service; never one in the place of a ticket-granting service.
  if (canonicalize === true && realmOfKrbtgt(asked) === undefined) {
    return undefined
  }
  return `it is for ${formatPrincipal(server)}, ${wanted} was asked for`
}
