import { applicationTag, contextTag, DerReader, Tag } from '../bytes/index.js'
import {
  decodeDer,
  EffectRun,
  KERBEROS_VERSION,
  KerberosErrorCode,
  MessageType,
  readKdcReq,
  type KdcReq,
  type Principal,
} from '../kerberos/index.js'
import { SspiError } from '../status/index.js'
import { disposeRequest, type OpenedRequest } from './ap-request.js'
import { answerAsRequest } from './as-exchange.js'
import type { KdcAnswer, KdcAsk, KdcEffectful } from './effects.js'
import { krbError, refuse, type RefusedRequest } from './errors.js'
import type { KdcEvent } from './events.js'
import { openAsArmor, openTgsArmor } from './fast.js'
import { openGrantingTicket } from './granting-ticket.js'
import { answerPasswordRequest } from './kpasswd.js'
import { LookAside } from './look-aside.js'
import type { KdcPeer } from './peer.js'
import { readKdcPolicy, type KdcPolicy, type KdcPolicyOptions } from './policy.js'
import { encryptedChallenge } from './preauth/encrypted-challenge.js'
import { encryptedTimestamp } from './preauth/encrypted-timestamp.js'
import type { KdcPreauthMethod } from './preauth/method.js'
import { Refusal, refusalOf } from './refusal.js'
import { answerTgsRequest } from './tgs-exchange.js'
import type { Turn } from './turn.js'

/** What a KDC is made of. */
export interface KdcOptions {
  /** Its realm. */
  readonly realm: string
  /** What it allows. Everything has a safe default. */
  readonly policy?: KdcPolicyOptions | undefined
  /** Kinds of pre-authentication beside the built-in ones, the best first; they go before those. Default: none. */
  readonly preauthMethods?: readonly KdcPreauthMethod[] | undefined
  /** The world outside: clock, entropy, and whoever listens to what happens. */
  readonly world: KdcWorld
}

/** The world outside a KDC, as far as it may be asked without leaving the turn. */
export interface KdcWorld {
  /** The time. */
  now(): Date
  /** Unpredictable bytes, the caller's own. */
  random(length: number): Uint8Array
  /** Tells what happened. */
  emit(event: KdcEvent): void
}

/** One request in the making: an effect to be answered, or in the end the reply; `undefined` for none. */
export type KdcRun = EffectRun<Uint8Array | undefined, KdcAsk, KdcAnswer>

/** Longer requests are refused unread. */
export const MOST_REQUEST_BYTES = 0x1_0000

/**
 * A KDC as a state machine from request bytes to reply bytes: RFC 4120. It has no socket, file, clock or entropy of its own; what
 * it must know of principals it asks for by effects. It keeps a few of its last replies, and nothing else.
 *
 * ```ts
 * const run = kdc.handle(request, { service: 'kdc' })
 * let progress = run.step()
 * while (progress.kind === 'ask') progress = run.step(answerTo(progress.ask))
 * send(progress.value)
 * ```
 *
 * `embeddedKdc` is this with a principal database behind it.
 */
export class Kdc {
  /** The realm. */
  readonly realm: string
  readonly #policy: KdcPolicy
  readonly #methods: readonly KdcPreauthMethod[]
  readonly #world: KdcWorld
  readonly #lookAside = new LookAside()

  /** @throws `TypeError` for a policy that is none. */
  constructor({ realm, policy, preauthMethods = [], world }: KdcOptions) {
    if (realm === '') throw new TypeError('realm: it is empty')
    this.realm = realm
    this.#policy = readKdcPolicy(policy)
    this.#methods = [...preauthMethods, ...BUILT_IN]
    this.#world = world
  }

  /**
   * Begins to answer a request. Whatever is in it, the answer is a reply or a KRB-ERROR; what an effect's answerer fails with
   * (`run.fail`) becomes KDC_ERR_SVC_UNAVAILABLE.
   *
   * @param request - One message, without a length before it. It must not change until the run is over.
   */
  handle(request: Uint8Array, from: KdcPeer): KdcRun {
    return new EffectRun<Uint8Array | undefined, KdcAsk, KdcAnswer>(this.#answer(request, from))
  }

  *#answer(request: Uint8Array, from: KdcPeer): KdcEffectful<Uint8Array | undefined> {
    const now = this.#world.now()
    const turn: Turn = {
      realm: this.realm,
      policy: this.#policy,
      now,
      from,
      random: (length) => this.#world.random(length),
      emit: (event) => this.#world.emit(event),
    }
    if (isReply(request) || isStrayDatagram(request, from)) return undefined
    const found = this.#lookAside.find(request, now)
    if (found === 'answering') return undefined
    if ('reply' in found) return fitting(turn, found.reply)
    let reply: Uint8Array | undefined
    try {
      reply = yield* from.service === 'kdc'
        ? answerRequest(turn, this.#methods, request)
        : answerPasswordRequest(turn, request)
    } finally {
      this.#lookAside.keep(found.key, reply)
    }
    return reply && fitting(turn, reply)
  }
}

function fitting(turn: Turn, reply: Uint8Array): Uint8Array {
  const { maxReplyBytes = Infinity } = turn.from
  if (reply.length <= maxReplyBytes) return reply
  return krbError(turn, new Refusal(KerberosErrorCode.KRB_ERR_RESPONSE_TOO_BIG, 'ask over TCP'))
}

/** Kinds of pre-authentication, the best first. */
const BUILT_IN: readonly KdcPreauthMethod[] = [encryptedChallenge, encryptedTimestamp]

function* answerRequest(turn: Turn, methods: readonly KdcPreauthMethod[], bytes: Uint8Array): KdcEffectful<Uint8Array> {
  // Grows as the request is understood, for the error.
  const about: { -readonly [K in keyof RefusedRequest]: RefusedRequest[K] } = { exchange: 'unknown' }
  let granted: OpenedRequest | undefined
  try {
    const outer = readRequest(bytes)
    about.body = outer.reqBody
    if (outer.msgType === MessageType.KRB_AS_REQ) {
      about.exchange = 'AS'
      about.client = clientOf(outer)
      const { request, armor } = (yield* openAsArmor(turn, outer)) ?? { request: outer, armor: undefined }
      about.armor = armor
      return yield* answerAsRequest(turn, methods, { request, bytes, armor })
    }
    about.exchange = 'TGS'
    granted = yield* openGrantingTicket(turn, outer)
    about.client = granted.client
    const { request, armor } = openTgsArmor(turn, outer, granted) ?? { request: outer, armor: undefined }
    about.armor = armor
    return yield* answerTgsRequest(turn, { request, granted, armor })
  } catch (error) {
    return refuse(turn, about, refusalOf(error))
  } finally {
    about.armor?.dispose()
    if (granted !== undefined) disposeRequest(granted)
  }
}

function clientOf({ reqBody: { cname, realm } }: KdcReq): Principal | undefined {
  return cname && { realm, name: cname }
}

/** Nobody asks anything by these: two servers that answered them would never stop. */
const REPLIES: ReadonlySet<number | undefined> = new Set(
  [MessageType.KRB_AS_REP, MessageType.KRB_TGS_REP, MessageType.KRB_AP_REP, MessageType.KRB_ERROR].map(applicationTag),
)

function isReply(message: Uint8Array): boolean {
  return message.length === 0 || REPLIES.has(message[0])
}

/**
 * RFC 4120 section 5.1.4: what is no request is answered over TCP only. Over UDP anybody may say that he is somebody else, who
 * would get the answer.
 */
function isStrayDatagram(message: Uint8Array, { service, maxReplyBytes }: KdcPeer): boolean {
  return service === 'kdc' && maxReplyBytes !== undefined && typeOf(message) === undefined
}

function typeOf(message: Uint8Array): number | undefined {
  return [MessageType.KRB_AS_REQ, MessageType.KRB_TGS_REQ].find((known) => message[0] === applicationTag(known))
}

function readRequest(bytes: Uint8Array): KdcReq {
  if (bytes.length > MOST_REQUEST_BYTES) {
    throw new Refusal(KerberosErrorCode.KRB_ERR_FIELD_TOOLONG, `requests have ${MOST_REQUEST_BYTES} bytes at most`)
  }
  const type = typeOf(bytes)
  if (type === undefined) throw new Refusal(KerberosErrorCode.KRB_AP_ERR_MSG_TYPE, 'neither AS-REQ nor TGS-REQ')
  try {
    return decodeDer(bytes, readKdcReq)
  } catch (cause) {
    if (!(cause instanceof SspiError)) throw cause
    const version = versionOf(bytes, type)
    if (version === undefined || version === KERBEROS_VERSION) throw cause
    throw new Refusal(KerberosErrorCode.KDC_ERR_BAD_PVNO, `version ${version}, this is ${KERBEROS_VERSION}`, { cause })
  }
}

/** `pvno`, where a request that does not parse has it. */
function versionOf(bytes: Uint8Array, type: number): number | undefined {
  try {
    const fields = new DerReader(bytes).enter(applicationTag(type), 'KDC-REQ').enter(Tag.SEQUENCE, 'KDC-REQ')
    return fields.enter(contextTag(1), 'pvno').integer('pvno')
  } catch (error) {
    if (error instanceof SspiError) return undefined
    throw error
  }
}
