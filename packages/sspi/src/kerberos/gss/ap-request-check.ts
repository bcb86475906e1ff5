import { sha256, wipe } from '../../crypto/index.js'
import { SspiError, type FailureName } from '../../status/index.js'
import { ApOption, KerberosErrorCode, TicketFlag } from '../constants.js'
import type { InboundIdentity } from '../credential.js'
import { encryptionProfiles, KerberosKey, KeyUsage } from '../enctypes/index.js'
import type { LongTermKey } from '../key-table.js'
import type { ApReq, Authenticator, EncTicketPart, Ticket } from '../messages/index.js'
import { takeAuthenticator, takeTicketPart } from '../opened-parts.js'
import type { KerberosSettings } from '../options.js'
import { formatName, formatPrincipal, samePrincipal, sameService, type Principal } from '../principals.js'
import { printable } from '../printable.js'
import type { Timestamp } from '../timestamps.js'
import { forbiddenTransit, readTransitedRealms } from '../transited.js'
import { GSS_CHECKSUM_TYPE, readAuthenticatorChecksum, type AuthenticatorChecksum } from './authenticator-checksum.js'

declare const brand: unique symbol

/** An AP-REQ whose ticket and authenticator were opened: whoever sent it knows the session key. Times are unchecked. */
export interface OpenedRequest {
  readonly [brand]: 'OpenedRequest'
  readonly request: ApReq
  readonly ticket: EncTicketPart
  readonly authenticator: Authenticator
  readonly checksum: AuthenticatorChecksum
  /** The ticket's. The holder's, who disposes of it. */
  readonly sessionKey: KerberosKey
  /** The initiator's. Likewise. */
  readonly subkey: KerberosKey | undefined
  readonly client: Principal
  readonly server: Principal
  readonly time: Timestamp
  /** The service's long-term key that the ticket was opened with. Its credential's, and good as long as that is. */
  readonly serviceKey: KerberosKey
}

/** Says what the peer shall be told beside what the caller is told. */
export type Refuse = (code: FailureName, errorCode: number, message: string, cause?: unknown) => SspiError

/** What an acceptor may accept. */
export interface Acceptable {
  readonly inbound: InboundIdentity
  readonly settings: KerberosSettings
  /** Names of the policy, compared without regard to case; `undefined` for any. */
  readonly targetNames: readonly string[] | undefined
}

/**
 * Opens ticket and authenticator: RFC 4120 section 3.2.3, up to where the clock is needed.
 *
 * @throws {@link SspiError} `SEC_E_WRONG_PRINCIPAL` for a ticket for somebody else; `SEC_E_NO_KERB_KEY` without a key of its
 *   version and encryption type; `SEC_E_KDC_UNKNOWN_ETYPE` for an encryption type that is not permitted;
 *   `SEC_E_MESSAGE_ALTERED` when something does not decrypt; `SEC_E_LOGON_DENIED` for the ticket of another client;
 *   `SEC_E_INVALID_TOKEN`, `SEC_E_UNSUPPORTED_FUNCTION`.
 */
export function openRequest(request: ApReq, acceptable: Acceptable, refuse: Refuse): OpenedRequest {
  if ((request.apOptions & ApOption.USE_SESSION_KEY) !== 0) {
    throw refuse(
      'SEC_E_UNSUPPORTED_FUNCTION',
      KerberosErrorCode.KRB_AP_ERR_NO_TGT,
      'AP-REQ: it is user-to-user, under the key of a ticket-granting ticket, which is not accepted here',
    )
  }
  const { settings } = acceptable
  const keys = findKeys(request.ticket, acceptable, refuse)
  const { ticket, serviceKey } = openTicket(request.ticket, keys, refuse)
  let sessionKey: KerberosKey | undefined
  let subkey: KerberosKey | undefined
  let done = false
  try {
    requirePermitted('session key', ticket.key.keytype, settings, refuse)
    sessionKey = new KerberosKey(ticket.key.keytype, ticket.key.keyvalue)
    const opened = openAuthenticator(request, sessionKey, settings, refuse)
    const { authenticator } = opened
    subkey = opened.subkey
    const client = { realm: ticket.crealm, name: ticket.cname }
    const sender = { realm: authenticator.crealm, name: authenticator.cname }
    if (!samePrincipal(client, sender)) {
      throw refuse(
        'SEC_E_LOGON_DENIED',
        KerberosErrorCode.KRB_AP_ERR_BADMATCH,
        `AP-REQ: the ticket is ${formatPrincipal(client)}'s, the authenticator ${formatPrincipal(sender)}'s`,
      )
    }
    done = true
    return {
      request,
      ticket,
      authenticator,
      checksum: checksumOf(authenticator, refuse),
      sessionKey,
      subkey,
      client,
      server: { realm: request.ticket.realm, name: request.ticket.sname },
      time: { seconds: authenticator.ctime, microseconds: authenticator.cusec },
      serviceKey,
    } as OpenedRequest // the one place that makes it
  } catch (error) {
    done = false
    throw error
  } finally {
    wipe(ticket.key.keyvalue)
    if (!done) {
      sessionKey?.dispose()
      subkey?.dispose()
    }
  }
}

/**
 * Checks what depends on the clock, and what the KDCs have checked: RFC 4120 section 3.2.3.
 *
 * @throws {@link SspiError} `SEC_E_TIME_SKEW` when the clocks differ too much, or the ticket is of the future;
 *   `SEC_E_CONTEXT_EXPIRED` when it has expired; `SEC_E_LOGON_DENIED` when it must not be used.
 */
export function checkTimes(opened: OpenedRequest, now: Date, settings: KerberosSettings, refuse: Refuse): void {
  const { ticket, time, client, server } = opened
  const allowed = settings.clockSkewSeconds
  const ahead = (time.seconds.getTime() + time.microseconds / 1000 - now.getTime()) / 1000
  const whose = (): string => `ticket of ${formatPrincipal(client)} for ${formatPrincipal(server)}`
  if ((ticket.flags & TicketFlag.INVALID) !== 0) {
    throw refuse('SEC_E_LOGON_DENIED', KerberosErrorCode.KRB_AP_ERR_TKT_NYV, `${whose()}: it was not validated yet`)
  }
  const start = ticket.starttime ?? ticket.authtime
  const early = (start.getTime() - now.getTime()) / 1000
  const late = (now.getTime() - ticket.endtime.getTime()) / 1000
  if (late > allowed) {
    throw refuse(
      'SEC_E_CONTEXT_EXPIRED',
      KerberosErrorCode.KRB_AP_ERR_TKT_EXPIRED,
      `${whose()}: it expired ${seconds(late)} s ago, at ${ticket.endtime.toISOString()}`,
    )
  }
  if (Math.abs(ahead) > allowed) {
    const where = ahead > 0 ? 'ahead of' : 'behind'
    throw refuse(
      'SEC_E_TIME_SKEW',
      KerberosErrorCode.KRB_AP_ERR_SKEW,
      `AP-REQ: the authenticator of ${formatPrincipal(client)} is ${seconds(Math.abs(ahead))} s ${where} us, ${allowed} s allowed`,
    )
  }
  if (early > allowed) {
    throw refuse(
      'SEC_E_TIME_SKEW',
      KerberosErrorCode.KRB_AP_ERR_TKT_NYV,
      `${whose()}: it becomes valid in ${seconds(early)} s, at ${start.toISOString()}`,
    )
  }
}

/**
 * Checks the realms on the way, if there are any between, unless the KDC says that it has done so: RFC 4120 section 3.3.3.2. A
 * client may come through those that `capaths` allows, else those of the hierarchy of the names.
 *
 * @throws {@link SspiError} `SEC_E_LOGON_DENIED`.
 */
export function checkTransited(opened: OpenedRequest, { capaths }: KerberosSettings, refuse: Refuse): void {
  const { ticket, client, server } = opened
  if (ticket.transited.contents.length === 0 || (ticket.flags & TicketFlag.TRANSITED_POLICY_CHECKED) !== 0) return
  const way = { client: client.realm, server: server.realm }
  const illegal = (why: string, cause?: unknown): SspiError =>
    refuse(
      'SEC_E_LOGON_DENIED',
      KerberosErrorCode.KRB_AP_ERR_ILL_CR_TKT,
      `ticket of ${formatPrincipal(client)}: the KDC has not checked the realms that it came through, and ${why}`,
      cause,
    )
  let realms: readonly string[]
  try {
    realms = readTransitedRealms(ticket.transited, way)
  } catch (cause) {
    if (!(cause instanceof SspiError)) throw cause
    throw illegal(`they cannot be told: ${cause.message}`, cause)
  }
  const forbidden = forbiddenTransit(realms, way, capaths)
  if (forbidden !== undefined) {
    throw illegal(`${printable(forbidden)} is not one that may lie on the way to ${way.server}: allow it by capaths`)
  }
}

/** By what a replay is known: the authenticator as it was sent, which nobody can change without its key. */
export function replayKey({ request }: OpenedRequest): Uint8Array {
  return sha256(request.authenticator.cipher)
}

/** Ends the keys. */
export function disposeRequest({ sessionKey, subkey }: OpenedRequest): void {
  sessionKey.dispose()
  subkey?.dispose()
}

/** The keys that may open a ticket, the likeliest first. */
function findKeys(
  ticket: Ticket,
  { inbound, settings, targetNames }: Acceptable,
  refuse: Refuse,
): readonly LongTermKey[] {
  const { etype, kvno } = ticket.encPart
  const name = (): string => printable(formatName(ticket.sname))
  const isMine = ({ principal }: LongTermKey): boolean =>
    principal.realm === ticket.realm && sameService(principal.name, ticket.sname)
  // By the number first, which is cheap to compare.
  const fitting = inbound.keys.keys.filter((entry) => entry.key.enctype === etype && isMine(entry))
  const { principal } = inbound
  const addressed =
    (principal === undefined ||
      (sameService(principal.name, ticket.sname) && (principal.realm ?? ticket.realm) === ticket.realm)) &&
    (targetNames === undefined ||
      targetNames.some((target) => target.toLowerCase() === formatName(ticket.sname).toLowerCase()))
  if (!addressed || (fitting.length === 0 && !inbound.keys.keys.some(isMine))) {
    const wanted = principal === undefined ? listOf(inbound.keys.keys) : formatName(principal.name)
    throw refuse(
      'SEC_E_WRONG_PRINCIPAL',
      KerberosErrorCode.KRB_AP_ERR_NOT_US,
      `AP-REQ: the ticket is for ${name()}@${printable(ticket.realm)}, this is ${targetNames?.join(', ') ?? wanted}`,
    )
  }
  requirePermitted('ticket', etype, settings, refuse)
  const ofVersion = fitting
    .sort((a, b) => b.kvno - a.kvno)
    .filter((entry) => kvno === undefined || sameVersion(entry.kvno, kvno))
  if (ofVersion.length > 0) return ofVersion
  const had = inbound.keys.keys
    .filter(isMine)
    .map((entry) => `${entry.kvno} (${entry.key.profile.names[0]})`)
    .join(', ')
  throw refuse(
    'SEC_E_NO_KERB_KEY',
    fitting.length > 0 ? KerberosErrorCode.KRB_AP_ERR_BADKEYVER : KerberosErrorCode.KRB_AP_ERR_NOKEY,
    `AP-REQ: the ticket for ${name()} is under key version ${kvno ?? 'unknown'} of ${nameOfEnctype(etype)}; the keytab has ${had}`,
  )
}

/** Old keytabs have the low 8 bits of a version only. */
function sameVersion(ours: number, theirs: number): boolean {
  return ours === theirs || (ours < 256 && ours === theirs % 256)
}

function openTicket(
  ticket: Ticket,
  keys: readonly LongTermKey[],
  refuse: Refuse,
): { readonly ticket: EncTicketPart; readonly serviceKey: KerberosKey } {
  let failure: unknown
  for (const { key } of keys) {
    let plain: Uint8Array
    try {
      plain = key.decrypt(KeyUsage.KDC_REP_TICKET, ticket.encPart.cipher)
    } catch (error) {
      failure = error
      continue
    }
    return { ticket: takeTicketPart(plain), serviceKey: key }
  }
  const versions = keys.map(({ kvno }) => kvno).join(', ')
  throw refuse(
    'SEC_E_MESSAGE_ALTERED',
    KerberosErrorCode.KRB_AP_ERR_MODIFIED,
    `AP-REQ: the ticket for ${printable(formatName(ticket.sname))} does not open under key version ${versions}: it was altered, or the KDC has another key of that version`,
    failure,
  )
}

function openAuthenticator(
  { authenticator: sealed }: ApReq,
  sessionKey: KerberosKey,
  settings: KerberosSettings,
  refuse: Refuse,
): { readonly authenticator: Authenticator; readonly subkey: KerberosKey | undefined } {
  let plain: Uint8Array
  try {
    plain = sessionKey.decrypt(KeyUsage.AP_REQ_AUTHENTICATOR, sealed.cipher)
  } catch (cause) {
    throw refuse(
      'SEC_E_MESSAGE_ALTERED',
      KerberosErrorCode.KRB_AP_ERR_BAD_INTEGRITY,
      'AP-REQ: the authenticator does not open under the session key of the ticket',
      cause,
    )
  }
  const { subkey, ...authenticator } = takeAuthenticator(plain)
  try {
    if (subkey === undefined) return { authenticator, subkey }
    requirePermitted('subkey', subkey.keytype, settings, refuse)
    return { authenticator, subkey: new KerberosKey(subkey.keytype, subkey.keyvalue) }
  } finally {
    wipe(subkey?.keyvalue)
  }
}

function checksumOf({ cksum }: Authenticator, refuse: Refuse): AuthenticatorChecksum {
  if (cksum?.cksumtype === GSS_CHECKSUM_TYPE) return readAuthenticatorChecksum(cksum.checksum)
  throw refuse(
    'SEC_E_INVALID_TOKEN',
    KerberosErrorCode.KRB_AP_ERR_INAPP_CKSUM,
    `Authenticator: cksum: type ${cksum?.cksumtype ?? 'none'} instead of 0x8003, which GSS-API has`,
  )
}

function requirePermitted(what: string, enctype: number, settings: KerberosSettings, refuse: Refuse): void {
  if (settings.permittedEnctypes.includes(enctype)) return
  throw refuse(
    'SEC_E_KDC_UNKNOWN_ETYPE',
    KerberosErrorCode.KDC_ERR_ETYPE_NOSUPP,
    `AP-REQ: ${what}: encryption type ${nameOfEnctype(enctype)} is not permitted here`,
  )
}

function nameOfEnctype(enctype: number): string {
  return encryptionProfiles.get(enctype)?.names[0] ?? `number ${enctype}`
}

function listOf(keys: readonly LongTermKey[]): string {
  const names = new Set(keys.map(({ principal }) => formatPrincipal(principal)))
  return names.size === 0 ? 'nobody: the keytab has no key' : [...names].join(', ')
}

function seconds(value: number): number {
  return Math.round(value)
}
