import { KdcOption, KerberosErrorCode, LAST_TIME_MS, TicketFlag, type KdcReqBody } from '../kerberos/index.js'
import type { KdcPrincipal } from './principal-entry.js'
import { Refusal } from './refusal.js'
import { later, wholeSeconds, type Turn } from './turn.js'

/** From when to when a ticket is good. */
export interface TicketTimes {
  /** When the client authenticated first. */
  readonly authtime: Date
  readonly starttime: Date
  readonly endtime: Date
  readonly renewTill: Date | undefined
}

/** Flags and times of a ticket. */
export interface TicketTerms extends TicketTimes {
  readonly flags: number
}

/** What bounds the terms. */
export interface TermsLimits {
  readonly authtime: Date
  /** Whose attributes count: client (where it is ours) and service. */
  readonly parties: readonly KdcPrincipal[]
  /** Of the ticket-granting ticket; no limit in the AS exchange. */
  readonly granting:
    { readonly flags: number; readonly endtime: Date; readonly renewTill: Date | undefined } | undefined
}

/**
 * Flags and times of a new ticket: RFC 4120 sections 3.1.3 and 3.3.3. What a client asks for and may not have is left out
 * (it sees in the flags what it got); but a postdated ticket that it may not have, and one that would never be valid, are refused.
 */
export function ticketTerms(turn: Turn, body: KdcReqBody, limits: TermsLimits): TicketTerms {
  const { starttime, flags: startFlags } = startOf(turn, body, limits)
  const { parties, granting, authtime } = limits
  const asked = endOf(body.till)
  const longest = shortestOf(turn.policy.maxLifetimeSeconds, parties, 'maxLifetimeSeconds')
  const endtime = earliest(asked, later(starttime, longest), granting?.endtime)
  if (endtime.getTime() <= starttime.getTime()) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_NEVER_VALID, 'the ticket would end before it starts')
  }
  const renewTill = renewableTill(turn, body, limits, { starttime, endtime, asked })
  let flags = startFlags
  if (renewTill !== undefined) flags |= TicketFlag.RENEWABLE
  for (const [option, flag, attribute] of CARRIED) {
    const granted = granting === undefined || (granting.flags & flag) !== 0
    if ((body.kdcOptions & option) !== 0 && granted && allAllow(parties, attribute)) flags |= flag
  }
  return { flags, authtime, starttime, endtime, renewTill }
}

/** What is asked for by an option, and set by a flag, where everybody lets it. */
const CARRIED = [
  [KdcOption.FORWARDABLE, TicketFlag.FORWARDABLE, 'forwardable'],
  [KdcOption.PROXIABLE, TicketFlag.PROXIABLE, 'proxiable'],
] as const

function startOf(
  turn: Turn,
  { from, kdcOptions }: KdcReqBody,
  { granting, parties }: TermsLimits,
): { readonly starttime: Date; readonly flags: number } {
  const now = wholeSeconds(turn.now)
  const mayPostdate =
    turn.policy.allowPostdated &&
    allAllow(parties, 'postdatable') &&
    (granting === undefined || (granting.flags & TicketFlag.MAY_POSTDATE) !== 0)
  const mayFlag = (kdcOptions & KdcOption.ALLOW_POSTDATE) !== 0 && mayPostdate ? TicketFlag.MAY_POSTDATE : 0
  const isLater = from !== undefined && from.getTime() > later(now, turn.policy.clockSkewSeconds).getTime()
  if ((kdcOptions & KdcOption.POSTDATED) === 0) {
    if (isLater) {
      throw new Refusal(
        KerberosErrorCode.KDC_ERR_CANNOT_POSTDATE,
        'the ticket is to start later, and is not asked for as postdated',
      )
    }
    return { starttime: now, flags: mayFlag }
  }
  if (!mayPostdate) throw new Refusal(KerberosErrorCode.KDC_ERR_CANNOT_POSTDATE, 'no ticket may be postdated')
  if (!isLater) return { starttime: now, flags: mayFlag }
  return { starttime: from, flags: mayFlag | TicketFlag.POSTDATED | TicketFlag.INVALID }
}

function renewableTill(
  turn: Turn,
  { kdcOptions, rtime }: KdcReqBody,
  { parties, granting }: TermsLimits,
  { starttime, endtime, asked }: { readonly starttime: Date; readonly endtime: Date; readonly asked: Date },
): Date | undefined {
  const wanted = (kdcOptions & KdcOption.RENEWABLE) !== 0
  // RFC 4120 section 5.4.1, RENEWABLE-OK: a lifetime that is cut short may be had by renewing.
  const instead = (kdcOptions & KdcOption.RENEWABLE_OK) !== 0 && asked.getTime() > endtime.getTime()
  if ((!wanted && !instead) || !allAllow(parties, 'renewable')) return undefined
  if (granting !== undefined && (granting.flags & TicketFlag.RENEWABLE) === 0) return undefined
  const longest = shortestOf(turn.policy.maxRenewSeconds, parties, 'maxRenewSeconds')
  const till = earliest(wanted ? endOf(rtime) : asked, later(starttime, longest), granting?.renewTill)
  return till.getTime() > starttime.getTime() ? till : undefined
}

/** Zero stands for as long as can be: RFC 4120 section 3.1.3. */
function endOf(time: Date | undefined): Date {
  return time === undefined || time.getTime() === 0 ? new Date(LAST_TIME_MS) : time
}

function earliest(...times: readonly (Date | undefined)[]): Date {
  return new Date(Math.min(...times.map((time) => time?.getTime() ?? LAST_TIME_MS)))
}

function shortestOf(
  policy: number,
  parties: readonly KdcPrincipal[],
  attribute: 'maxLifetimeSeconds' | 'maxRenewSeconds',
): number {
  return Math.min(policy, ...parties.map(({ attributes }) => attributes[attribute] ?? policy))
}

function allAllow(
  parties: readonly KdcPrincipal[],
  attribute: 'forwardable' | 'proxiable' | 'renewable' | 'postdatable',
): boolean {
  return parties.every(({ attributes }) => attributes[attribute] ?? true)
}
