import { encodeAscii } from '../bytes/index.js'
import { sha256 } from '../crypto/index.js'
import {
  encodeDer,
  formatPrincipal,
  KdcOption,
  KerberosErrorCode,
  KeyUsage,
  LastReqType,
  NO_TRANSITED,
  PaDataType,
  TicketFlag,
  writeChecksum,
  writeMethodData,
  type KdcReq,
  type KdcReqBody,
  type KerberosKey,
  type LastReqEntry,
  type PaData,
  type Principal,
} from '../kerberos/index.js'
import { checkClient, checkPassword, checkService, isLocked, passwordExpiry } from './account-status.js'
import { ask, type KdcEffectful } from './effects.js'
import type { Armor } from './fast.js'
import { findClient, type FoundClient } from './find-client.js'
import { issueTicket } from './issue.js'
import { paDataOf } from './padata.js'
import { keyInfo, replyKeyInfo } from './preauth/key-info.js'
import type { KdcPreauthContext, KdcPreauthMethod, KdcPreauthOutcome } from './preauth/method.js'
import { currentKeys, type KdcPrincipal, type PrincipalKey } from './principal-entry.js'
import { Refusal } from './refusal.js'
import { ticketTerms, type TicketTerms } from './ticket-terms.js'
import { later, negotiableKeys, sessionEnctype, ticketKey, wholeSeconds, type Turn } from './turn.js'

/** An AS-REQ, as it came. */
export interface AsRequest {
  /** The request that counts: what is within FAST, where there is FAST. */
  readonly request: KdcReq
  /** As it came, FAST's wrapping and all. */
  readonly bytes: Uint8Array
  readonly armor: Armor | undefined
}

/** Options that mean something in a TGS-REQ only: RFC 4120 section 3.1.3 and MS-SFU. */
const NOT_INITIAL =
  KdcOption.FORWARDED |
  KdcOption.PROXY |
  KdcOption.RENEW |
  KdcOption.VALIDATE |
  KdcOption.ENC_TKT_IN_SKEY |
  KdcOption.CNAME_IN_ADDL_TKT

/**
 * The AS exchange, RFC 4120 section 3.1.3: an initial ticket for whoever proves to know the client's password, or for anybody,
 * where the client need not.
 *
 * @throws `SspiError` a `Refusal`.
 */
export function* answerAsRequest(
  turn: Turn,
  methods: readonly KdcPreauthMethod[],
  asRequest: AsRequest,
): KdcEffectful<Uint8Array> {
  const body = asRequest.request.reqBody
  checkOptions(body)
  const found = yield* findClient(turn, body)
  try {
    return yield* logOn(turn, methods, asRequest, found)
  } finally {
    if (found.madeUp) for (const { key } of found.entry.keys) key.dispose()
  }
}

function checkOptions({ kdcOptions, cname }: KdcReqBody): void {
  if ((kdcOptions & NOT_INITIAL) !== 0) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_BADOPTION, 'an option is for requests with a ticket only')
  }
  // RFC 8062 section 4.1: anonymous log-on is by PKINIT, of which there is none here.
  if ((kdcOptions & KdcOption.REQUEST_ANONYMOUS) !== 0 || cname?.nameString[0] === 'WELLKNOWN') {
    throw new Refusal(KerberosErrorCode.KDC_ERR_BADOPTION, 'nobody logs on anonymously here')
  }
}

function* logOn(
  turn: Turn,
  methods: readonly KdcPreauthMethod[],
  asRequest: AsRequest,
  found: FoundClient,
): KdcEffectful<Uint8Array> {
  const { request, bytes, armor } = asRequest
  const { reqBody: body } = request
  const client = found.entry
  const service = yield* findService(turn, body)
  // Where nothing may be learned of accounts, who knows the password is told of them first.
  const { hideUnknownPrincipals } = turn.policy
  if (!hideUnknownPrincipals) checkClient(turn, client)
  checkService(turn, service, false)
  const keys = clientKeys(turn, body, client)
  const context: KdcPreauthContext = { turn, request, requestBytes: bytes, client, keys, armorKey: armor?.key }
  const proof = yield* authenticate(context, methods)
  try {
    if (hideUnknownPrincipals) checkClient(turn, client)
    checkPassword(turn, client, service)
    return issueInitial(turn, asRequest, { found, service, key: keys[0], proof })
  } finally {
    proof?.replyKey?.dispose()
  }
}

/** The client's keys that the request allows: at least one. */
function clientKeys(
  turn: Turn,
  { etype }: KdcReqBody,
  client: KdcPrincipal,
): readonly [PrincipalKey, ...PrincipalKey[]] {
  const [first, ...others] = negotiableKeys(turn, etype, client)
  if (first !== undefined) return [first, ...others]
  const none = currentKeys(client).length === 0
  throw new Refusal(
    none ? KerberosErrorCode.KDC_ERR_NULL_KEY : KerberosErrorCode.KDC_ERR_ETYPE_NOSUPP,
    'the client has no key of an encryption type of the request that is permitted',
  )
}

interface InitialGrant {
  readonly found: FoundClient
  readonly service: KdcPrincipal
  /** The client's key that the reply is encrypted in, unless the proof or the armor has another. */
  readonly key: PrincipalKey
  readonly proof: Proof | undefined
}

function issueInitial(turn: Turn, { request, bytes, armor }: AsRequest, grant: InitialGrant): Uint8Array {
  const { found, service, key: clientKey, proof } = grant
  const { reqBody: body } = request
  const client = found.entry
  const encPaRep = paDataOf(request, PaDataType.PA_REQ_ENC_PA_REP) !== undefined
  const serviceKey = ticketKey(turn, service)
  const plainKey = proof?.replyKey ?? clientKey.key
  const padata = [replyKeyInfo(clientKey), ...(proof?.padata ?? [])]
  const strengthened = mustStrengthen(turn, proof) ? armor?.strengthen(plainKey) : undefined
  const key = strengthened ?? plainKey
  try {
    return issueTicket(
      turn,
      {
        client: found.principal,
        server: serverOf(turn, body, service),
        key: serviceKey.key,
        kvno: serviceKey.kvno,
        terms: initialTerms(turn, body, grant, encPaRep),
        sessionEnctype: sessionEnctype(turn, body.etype, service),
        addresses: body.addresses,
        transited: NO_TRANSITED,
        authorizationData: client.attributes.authorizationData ?? [],
      },
      {
        exchange: 'AS',
        nonce: body.nonce,
        key,
        kvno: proof?.replyKey === undefined ? clientKey.kvno : undefined,
        usage: KeyUsage.AS_REP_ENCPART,
        lastReq: lastReq(turn, client),
        keyExpiration: passwordExpiry(turn.policy, client),
        encryptedPaData: encPaRep ? [requestChecksum(key, bytes), FAST_IS_KNOWN] : [],
        padata: (ticket) => armor?.reply(padata, ticket, found.principal) ?? padata,
        shownClient: armor?.nameOf(found.principal) ?? found.principal,
        preauth: proof?.type,
      },
    )
  } finally {
    strengthened?.dispose()
  }
}

/**
 * Whether a reply under FAST is in a stronger key than the client's. RFC 6113 section 5.4.6 demands it after an encrypted
 * challenge, 5.4.3 lets an AS-REP go without. Heimdal 7's client sends timestamps, and passes over the key that strengthens.
 */
function mustStrengthen({ policy }: Turn, proof: Proof | undefined): boolean {
  return !policy.insecureAllowUnstrengthenedFast || (proof !== undefined && proof.type !== PaDataType.PA_ENC_TIMESTAMP)
}

function initialTerms(
  turn: Turn,
  body: KdcReqBody,
  { found, service, proof }: InitialGrant,
  encPaRep: boolean,
): TicketTerms {
  const authtime = wholeSeconds(turn.now)
  const terms = ticketTerms(turn, body, { authtime, parties: [found.entry, service], granting: undefined })
  let flags = terms.flags | TicketFlag.INITIAL
  if (proof !== undefined) flags |= TicketFlag.PRE_AUTHENT
  if (encPaRep) flags |= TicketFlag.ENC_PA_REP
  if (service.attributes.okAsDelegate === true) flags |= TicketFlag.OK_AS_DELEGATE
  return { ...terms, flags }
}

function* findService(turn: Turn, { sname }: KdcReqBody): KdcEffectful<KdcPrincipal> {
  const entry = sname && (yield* ask('principal', { principal: { realm: turn.realm, name: sname }, as: 'service' }))
  if (entry !== undefined) return entry
  throw new Refusal(KerberosErrorCode.KDC_ERR_S_PRINCIPAL_UNKNOWN, 'there is no such service')
}

/** As it was asked for, or by its own name where the client lets the KDC change names: RFC 6806 section 6. */
function serverOf({ realm }: Turn, { sname, kdcOptions }: KdcReqBody, { principal }: KdcPrincipal): Principal {
  const mayRename = (kdcOptions & KdcOption.CANONICALIZE) !== 0
  return sname === undefined || mayRename ? principal : { realm, name: sname }
}

type Proof = Extract<KdcPreauthOutcome, { readonly kind: 'proven' }> & { readonly type: number }

/** Pre-authentication by one of the methods. @returns `undefined` where the client sent none and need not. */
function* authenticate(
  context: KdcPreauthContext,
  methods: readonly KdcPreauthMethod[],
): KdcEffectful<Proof | undefined> {
  const { turn, request, client } = context
  const method = methods.find(({ type }) => paDataOf(request, type) !== undefined)
  const value = method && paDataOf(request, method.type)
  if (method === undefined || value === undefined) {
    if (!(client.attributes.requirePreauth ?? turn.policy.requirePreauth)) return undefined
    throw preauthRefusal(context, methods, KerberosErrorCode.KDC_ERR_PREAUTH_REQUIRED, 'pre-authentication is required')
  }
  // Where nothing may be learned of accounts: a locked one is told that its password is wrong, right or not.
  if (isLocked(turn, client)) throw failed(context, methods)
  let outcome: KdcPreauthOutcome
  try {
    outcome = yield* method.verify(context, value)
  } catch (error) {
    if (!(error instanceof Refusal) || error.errorCode !== KerberosErrorCode.KDC_ERR_PREAUTH_FAILED) throw error
    yield* count(context, false)
    throw failed(context, methods, error)
  }
  if (outcome.kind === 'more') {
    throw new Refusal(KerberosErrorCode.KDC_ERR_MORE_PREAUTH_DATA_REQUIRED, 'pre-authentication goes on', {
      eData: encodeDer([...outcome.padata, ...keyInfo(context.keys, request.reqBody.etype)], writeMethodData),
    })
  }
  let done = false
  try {
    if (turn.policy.lockout.failures > 0) yield* succeed(context, methods, outcome.proof ?? value)
    done = true
    return { ...outcome, type: method.type }
  } finally {
    if (!done) outcome.replyKey?.dispose()
  }
}

/**
 * Ends the row of failures, for a proof that comes for the first time: whoever has seen one could give himself more guesses by it.
 * Guesses that come all at once have been looked at before they were counted; so who was locked meanwhile gets in no more than who
 * was before.
 */
function* succeed(
  context: KdcPreauthContext,
  methods: readonly KdcPreauthMethod[],
  proof: Uint8Array,
): KdcEffectful<void> {
  const { turn, client } = context
  const now = yield* ask('principal', { principal: client.principal, as: 'client' })
  if (now !== undefined && isLocked(turn, now)) throw failed(context, methods)
  const until = later(turn.now, 2 * turn.policy.clockSkewSeconds + 1)
  const isNew = yield* ask('replay', { key: sha256(proof), until })
  if (isNew && now?.failures !== undefined) yield* count(context, true)
}

function* count({ turn, client }: KdcPreauthContext, succeeded: boolean): KdcEffectful<void> {
  const { now, policy } = turn
  const forgetBefore = later(now, -policy.lockout.windowSeconds)
  const failures = yield* ask('attempt', { principal: client.principal, succeeded, time: now, forgetBefore })
  if (policy.lockout.failures > 0 && failures === policy.lockout.failures) {
    turn.emit({ kind: 'account-locked', client: formatPrincipal(client.principal), from: turn.from })
  }
}

function failed(context: KdcPreauthContext, methods: readonly KdcPreauthMethod[], cause?: Refusal): Refusal {
  const reason = 'pre-authentication failed: the password is another'
  return preauthRefusal(context, methods, KerberosErrorCode.KDC_ERR_PREAUTH_FAILED, reason, cause)
}

/** A refusal with what the client may try, and how its keys are made: RFC 4120 section 5.9.1. */
function preauthRefusal(
  context: KdcPreauthContext,
  methods: readonly KdcPreauthMethod[],
  errorCode: number,
  reason: string,
  cause?: Refusal,
): Refusal {
  const padata: PaData[] = [...keyInfo(context.keys, context.request.reqBody.etype)]
  for (const method of methods) {
    const hint = method.hint(context)
    if (hint !== undefined) padata.push({ padataType: method.type, padataValue: hint })
  }
  // RFC 6113 section 5.4: armor is taken. The other says that the reply can prove which request it answers.
  padata.push(FAST_IS_KNOWN, NO_STATE, { padataType: PaDataType.PA_REQ_ENC_PA_REP, padataValue: new Uint8Array(0) })
  return new Refusal(errorCode, reason, { eData: encodeDer(padata, writeMethodData), cause })
}

/** RFC 6113 section 5.2: clients go on under FAST only where they have a cookie to send back. All there is to know is in the request. */
const NO_STATE: PaData = { padataType: PaDataType.PA_FX_COOKIE, padataValue: encodeAscii('stateless') }

const FAST_IS_KNOWN: PaData = { padataType: PaDataType.PA_FX_FAST, padataValue: new Uint8Array(0) }

/** RFC 6806 section 11: which request the KDC has seen. */
function requestChecksum(key: KerberosKey, bytes: Uint8Array): PaData {
  const checksum = { cksumtype: key.profile.checksumType, checksum: key.checksum(KeyUsage.AS_REQ, bytes) }
  return { padataType: PaDataType.PA_REQ_ENC_PA_REP, padataValue: encodeDer(checksum, writeChecksum) }
}

function lastReq(turn: Turn, client: KdcPrincipal): readonly LastReqEntry[] {
  const expires = passwordExpiry(turn.policy, client)
  const none = { lrType: LastReqType.NONE, lrValue: wholeSeconds(turn.now) }
  return expires === undefined ? [none] : [{ lrType: LastReqType.PASSWORD_EXPIRES, lrValue: expires }]
}
