import { applicationTag, DerReader } from '../../bytes/index.js'
import { wipe, type SecretBytes } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import { MessageType, TicketFlag } from '../constants.js'
import { KerberosKey } from '../enctypes/index.js'
import {
  decodeDer,
  readEncKdcRepPart,
  readKdcRep,
  readKrbError,
  type EncKdcRepPart,
  type KdcRep,
  type KdcReqBody,
  type KrbError,
} from '../messages/index.js'
import type { KerberosSettings } from '../options.js'
import { formatPrincipal, samePrincipal, type Principal } from '../principals.js'
import type { ServiceTicket } from '../service-ticket.js'
import { refused } from './kdc-errors.js'

/** No reply is longer: a ticket with the largest PAC that there is has a tenth of it. */
const LONGEST_REPLY = 0x10_0000

/** What a KDC said. */
export type KdcAnswer =
  { readonly kind: 'reply'; readonly reply: KdcRep } | { readonly kind: 'error'; readonly error: KrbError }

/**
 * Reads a reply of a KDC.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse, is too long, or is the answer to something else.
 */
export function readKdcAnswer(
  bytes: Uint8Array,
  expected: typeof MessageType.KRB_AS_REP | typeof MessageType.KRB_TGS_REP,
): KdcAnswer {
  if (bytes.length > LONGEST_REPLY) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `KDC: a reply of ${bytes.length} bytes, ${LONGEST_REPLY} allowed`)
  }
  if (bytes[0] === applicationTag(MessageType.KRB_ERROR)) {
    return { kind: 'error', error: decodeDer(bytes, readKrbError) }
  }
  const reply = decodeDer(bytes, readKdcRep)
  if (reply.msgType === expected) return { kind: 'reply', reply }
  throw new SspiError('SEC_E_INVALID_TOKEN', `KDC: message type ${reply.msgType} instead of ${expected}`)
}

/**
 * Decrypts the encrypted part of a reply.
 *
 * @param usages - Tried one after the other.
 * @throws {@link SspiError} `SEC_E_MESSAGE_ALTERED` when the key opens it for none of them.
 */
export function decryptReply({ encPart }: KdcRep, key: KerberosKey, usages: readonly number[]): SecretBytes {
  if (encPart.etype !== key.enctype) {
    throw new SspiError(
      'SEC_E_MESSAGE_ALTERED',
      `KDC-REP: encryption type ${encPart.etype}, our key has ${key.enctype}`,
    )
  }
  let failure: unknown
  for (const usage of usages) {
    try {
      return key.decrypt(usage, encPart.cipher)
    } catch (error) {
      failure ??= error
    }
  }
  throw failure
}

/** Reads the encrypted part of a reply, and wipes it when `use` is done: the part's key is a view of it. */
export function withReplyPart<T>(plaintext: SecretBytes, { profile }: KerberosKey, use: (part: EncKdcRepPart) => T): T {
  try {
    const reader = new DerReader(plaintext)
    const part = readEncKdcRepPart(reader)
    // Triple DES leaves its padding behind the message.
    if (profile.paddingBytes === 1) reader.end('EncKDCRepPart')
    return use(part)
  } finally {
    wipe(plaintext)
  }
}

/** What a reply is held to. */
export interface ReplyExpectations {
  /** Whose KDC was asked. */
  readonly realm: string
  /** As it was sent. */
  readonly body: KdcReqBody
  /** `undefined`: whom the KDC says, as canonicalisation was asked for. */
  readonly client: Principal | undefined
  /** Says why a server is not what was asked for; `undefined` when it is. */
  readonly judgeServer: (server: Principal) => string | undefined
  readonly enctypes: readonly number[]
  readonly settings: Pick<KerberosSettings, 'clockSkewSeconds' | 'kdcTimesync'>
  readonly now: Date
  /** How far the KDC's clock is ahead, as far as that is known. */
  readonly offsetMs: number
  /** Whether `authtime` is the KDC's time now, as it is in AS replies: then the offset is learned from it. */
  readonly fresh: boolean
}

/**
 * Holds a reply to the request, RFC 4120 sections 3.1.5 and 3.3.4, and makes a ticket of it.
 *
 * @param part - Decrypted; the session key is copied.
 * @throws {@link SspiError} `SEC_E_MESSAGE_ALTERED` when it answers another request, or gives more than was asked for;
 *   `SEC_E_TIME_SKEW` when the KDC's clock is too far off and may not be followed.
 */
export function acceptReply(reply: KdcRep, part: EncKdcRepPart, expected: ReplyExpectations): ServiceTicket {
  const { realm, body } = expected
  const client: Principal = { realm: reply.crealm, name: reply.cname }
  const server: Principal = { realm: part.srealm, name: part.sname }
  // Whoever takes it for a number with a sign has the same 32 bits.
  if (part.nonce >>> 0 !== body.nonce >>> 0) throw refused(realm, 'it answers another request (nonce)')
  if (expected.client !== undefined && !samePrincipal(client, expected.client)) {
    throw refused(realm, `it is for ${formatPrincipal(client)}, ${formatPrincipal(expected.client)} asked`)
  }
  if (!samePrincipal(server, { realm: reply.ticket.realm, name: reply.ticket.sname })) {
    throw refused(realm, `the ticket is for another server than ${formatPrincipal(server)}`)
  }
  const objection = expected.judgeServer(server)
  if (objection !== undefined) throw refused(realm, objection)
  if (!expected.enctypes.includes(part.key.keytype)) {
    throw refused(realm, `the session key has encryption type ${part.key.keytype}, which was not asked for`)
  }
  const kdcTimeOffsetMs = checkTimes(part, expected)
  return {
    ticket: { ...reply.ticket, raw: new Uint8Array(reply.ticket.raw) },
    client,
    server,
    sessionKey: new KerberosKey(part.key.keytype, part.key.keyvalue),
    flags: part.flags,
    authTime: part.authtime,
    startTime: part.starttime ?? part.authtime,
    endTime: part.endtime,
    renewTill: part.renewTill,
    kdcTimeOffsetMs,
  }
}

/** Network and stretching take their time: a difference up to this is none. */
const SMALLEST_OFFSET_MS = 5_000

/** @returns the offset of the KDC's clock. */
function checkTimes(part: EncKdcRepPart, expected: ReplyExpectations): number {
  const { realm, body, settings, now } = expected
  const skewMs = settings.clockSkewSeconds * 1000
  let { offsetMs } = expected
  if (expected.fresh) {
    const aheadMs = part.authtime.getTime() - now.getTime()
    if (Math.abs(aheadMs) > skewMs && !settings.kdcTimesync) {
      throw new SspiError(
        'SEC_E_TIME_SKEW',
        `KDC of ${realm}: its clock is ${Math.round(aheadMs / 1000)} s ahead of ours, ${settings.clockSkewSeconds} s allowed`,
      )
    }
    if (settings.kdcTimesync) offsetMs = Math.abs(aheadMs) > SMALLEST_OFFSET_MS ? aheadMs : 0
  }
  const kdcNow = now.getTime() + offsetMs
  const start = part.starttime ?? part.authtime
  if (part.endtime.getTime() <= kdcNow - skewMs) throw refused(realm, 'the ticket has expired already')
  if (part.endtime.getTime() <= start.getTime()) throw refused(realm, 'the ticket ends before it starts')
  if (start.getTime() > kdcNow + skewMs && (part.flags & TicketFlag.POSTDATED) === 0) {
    throw refused(realm, 'the ticket is not valid yet, and nobody asked for that')
  }
  // RFC 4120 section 3.1.5: what is longer than was asked for, the KDC has not made.
  if (body.till.getTime() !== 0 && part.endtime.getTime() > body.till.getTime()) {
    throw refused(realm, 'the ticket lasts longer than was asked for')
  }
  const renewableTill = (body.rtime ?? body.till).getTime()
  if (renewableTill !== 0 && part.renewTill !== undefined && part.renewTill.getTime() > renewableTill) {
    throw refused(realm, 'the ticket can be renewed for longer than was asked for')
  }
  return offsetMs
}
