import { bytesEqual } from '../bytes/index.js'
import { sha256, wipe } from '../crypto/index.js'
import {
  decodeDer,
  KerberosErrorCode,
  KerberosKey,
  KeyUsage,
  readApReq,
  samePrincipal,
  takeAuthenticator,
  takeTicketPart,
  TicketFlag,
  type Authenticator,
  type EncTicketPart,
  type Principal,
  type Ticket,
} from '../kerberos/index.js'
import { SspiError } from '../status/index.js'
import { ask, type KdcEffectful } from './effects.js'
import type { KdcPrincipal } from './principal-entry.js'
import { Refusal } from './refusal.js'
import { later, type Turn } from './turn.js'

/** A ticket of ours that was decrypted. Its owner disposes of the session key. */
export interface OpenedTicket {
  readonly server: Principal
  /** Whom the ticket is for. */
  readonly entry: KdcPrincipal
  readonly part: EncTicketPart
  readonly client: Principal
  readonly sessionKey: KerberosKey
}

/** A ticket that somebody has shown, and proven to have its session key. Its owner disposes of it. */
export interface OpenedRequest extends OpenedTicket {
  readonly authenticator: Authenticator
  /** The client's. */
  readonly subkey: KerberosKey | undefined
  /** By what a replay is known. */
  readonly replayKey: Uint8Array
}

/**
 * Opens an AP-REQ to one of the KDC's services: RFC 4120 section 3.2.3 but for what depends on the service, and for replays.
 *
 * @param usage - Of the authenticator.
 * @param mayBeInvalid - Takes a ticket that must be validated first, too; then its flags are the caller's to look at.
 */
export function* openApRequest(
  turn: Turn,
  apReq: Uint8Array,
  usage: number,
  mayBeInvalid = false,
): KdcEffectful<OpenedRequest> {
  const { ticket, authenticator: sealed } = decodeDer(apReq, readApReq)
  const opened = yield* openTicket(turn, ticket)
  let subkey: KerberosKey | undefined
  let done = false
  try {
    const authenticator = openAuthenticator(opened.sessionKey, usage, sealed.cipher)
    try {
      if (authenticator.subkey !== undefined) {
        requirePermitted(turn, authenticator.subkey.keytype)
        subkey = new KerberosKey(authenticator.subkey.keytype, authenticator.subkey.keyvalue)
      }
    } finally {
      wipe(authenticator.subkey?.keyvalue)
    }
    checkRequest(turn, opened, authenticator, mayBeInvalid)
    done = true
    return {
      ...opened,
      authenticator: { ...authenticator, subkey: undefined },
      subkey,
      replayKey: sha256(sealed.cipher),
    }
  } finally {
    if (!done) {
      opened.sessionKey.dispose()
      subkey?.dispose()
    }
  }
}

/** Ends the keys. */
export function disposeRequest({ sessionKey, subkey }: OpenedRequest): void {
  sessionKey.dispose()
  subkey?.dispose()
}

/** Decrypts a ticket for a service of this KDC. Times are unchecked. */
export function* openTicket(turn: Turn, ticket: Ticket): KdcEffectful<OpenedTicket> {
  const server: Principal = { realm: ticket.realm, name: ticket.sname }
  const entry = yield* ask('principal', { principal: server, as: 'service' })
  if (entry === undefined) {
    throw new Refusal(KerberosErrorCode.KRB_AP_ERR_NOT_US, 'the ticket is for nobody that is known here')
  }
  const part = decrypt(turn, ticket, entry)
  try {
    requirePermitted(turn, part.key.keytype)
    const sessionKey = new KerberosKey(part.key.keytype, part.key.keyvalue)
    return { server, entry, part, client: { realm: part.crealm, name: part.cname }, sessionKey }
  } finally {
    wipe(part.key.keyvalue)
  }
}

/** Refuses a ticket that is not valid now: RFC 4120 section 3.2.3. */
export function checkTicketTimes({ now, policy }: Turn, { starttime, authtime, endtime }: EncTicketPart): void {
  const start = starttime ?? authtime
  if (start.getTime() > later(now, policy.clockSkewSeconds).getTime()) {
    throw new Refusal(KerberosErrorCode.KRB_AP_ERR_TKT_NYV, 'the ticket is not valid yet')
  }
  // No skew here: the KDC has made it by its own clock.
  if (endtime.getTime() <= now.getTime()) {
    throw new Refusal(KerberosErrorCode.KRB_AP_ERR_TKT_EXPIRED, 'the ticket has expired')
  }
}

/** Refuses an authenticator that was used before. */
export function* checkReplay(turn: Turn, { authenticator, replayKey }: OpenedRequest): KdcEffectful<void> {
  const until = later(authenticator.ctime, turn.policy.clockSkewSeconds + 1)
  if (yield* ask('replay', { key: replayKey, until })) return
  throw new Refusal(KerberosErrorCode.KRB_AP_ERR_REPEAT, 'the authenticator was used before')
}

function decrypt(turn: Turn, { encPart }: Ticket, { keys }: KdcPrincipal): EncTicketPart {
  const { etype, kvno, cipher } = encPart
  requirePermitted(turn, etype)
  const ofType = keys.filter(({ key }) => key.enctype === etype)
  const fitting = ofType.filter((entry) => kvno === undefined || entry.kvno === kvno)
  if (fitting.length === 0) {
    throw new Refusal(
      ofType.length === 0 ? KerberosErrorCode.KRB_AP_ERR_NOKEY : KerberosErrorCode.KRB_AP_ERR_BADKEYVER,
      'the ticket is under a key that is not there (any more)',
    )
  }
  for (const { key } of fitting) {
    const plain = tryDecrypt(key, KeyUsage.KDC_REP_TICKET, cipher)
    if (plain !== undefined) return takeTicketPart(plain)
  }
  throw new Refusal(KerberosErrorCode.KRB_AP_ERR_BAD_INTEGRITY, 'the ticket does not decrypt')
}

function openAuthenticator(sessionKey: KerberosKey, usage: number, cipher: Uint8Array): Authenticator {
  const plain = tryDecrypt(sessionKey, usage, cipher)
  if (plain !== undefined) return takeAuthenticator(plain)
  throw new Refusal(KerberosErrorCode.KRB_AP_ERR_BAD_INTEGRITY, 'the authenticator does not decrypt')
}

function tryDecrypt(key: KerberosKey, usage: number, cipher: Uint8Array): Uint8Array | undefined {
  try {
    return key.decrypt(usage, cipher)
  } catch (error) {
    if (error instanceof SspiError) return undefined
    throw error
  }
}

function checkRequest(turn: Turn, { part, client }: OpenedTicket, authenticator: Authenticator, mayBeInvalid: boolean) {
  const { now, policy, from } = turn
  if (!samePrincipal(client, { realm: authenticator.crealm, name: authenticator.cname })) {
    throw new Refusal(KerberosErrorCode.KRB_AP_ERR_BADMATCH, "the authenticator names another client than the ticket's")
  }
  const { address } = from
  if (part.caddr !== undefined && part.caddr.length > 0 && address !== undefined) {
    const isListed = part.caddr.some(
      (listed) => listed.addrType === address.addrType && bytesEqual(listed.address, address.address),
    )
    if (!isListed) throw new Refusal(KerberosErrorCode.KRB_AP_ERR_BADADDR, 'the ticket is bound to other addresses')
  }
  const ahead = (authenticator.ctime.getTime() + authenticator.cusec / 1000 - now.getTime()) / 1000
  if (Math.abs(ahead) > policy.clockSkewSeconds) {
    throw new Refusal(
      KerberosErrorCode.KRB_AP_ERR_SKEW,
      `the clock is ${Math.round(ahead)} s ahead, ${policy.clockSkewSeconds} s allowed`,
    )
  }
  checkTicketTimes(turn, part)
  if ((part.flags & TicketFlag.INVALID) !== 0 && !mayBeInvalid) {
    throw new Refusal(KerberosErrorCode.KRB_AP_ERR_TKT_NYV, 'the ticket must be validated first')
  }
}

function requirePermitted({ policy }: Turn, enctype: number): void {
  if (policy.enctypes.includes(enctype)) return
  throw new Refusal(KerberosErrorCode.KDC_ERR_ETYPE_NOSUPP, `encryption type ${enctype} is not permitted`)
}
