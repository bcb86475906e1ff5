import { Reader } from '../../bytes/index.js'
import {
  hashChannelBindings,
  ISC_REQ_DELEGATE,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
  SECPKG_ATTR_PACKAGE_INFO,
  type AttributeTable,
  type ChannelBindings,
  type ContextAttribute,
  type ContextAttributes,
  type Exchange,
  type InitiateRequest,
  type Input,
  type SecPkgInfo,
  type Step,
  type World,
} from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { ApOption, KerberosErrorCode, TicketFlag } from '../constants.js'
import type { KerberosCredential } from '../credential.js'
import { EffectRun, type Effectful, type Progress } from '../effect-run.js'
import { KerberosKey } from '../enctypes/index.js'
import type { KerberosSettings } from '../options.js'
import type { ServiceTicket } from '../service-ticket.js'
import { obtainForwardedTgt, obtainServiceTicket } from '../tickets.js'
import { clockOffsetMs, type Timestamp } from '../timestamps.js'
import { makeApRep, makeApReq, makeDelegation, openApRep } from './ap-messages.js'
import { GssFlag, LONGEST_DELEGATION, writeAuthenticatorChecksum } from './authenticator-checksum.js'
import { contextAttributes, isDatagram, requestedFlags } from './context-flags.js'
import { readContextToken, writeContextToken } from './context-tokens.js'
import { failureOfError, readErrorMessage } from './error-tokens.js'
import { KERBEROS_OID } from './oids.js'
import { KerberosSession } from './session.js'

/** The tickets of an exchange. They end with it. */
interface Tickets {
  readonly service: ServiceTicket
  /** To be delegated. */
  readonly forwarded: ServiceTicket | undefined
}

/** An AP-REQ on its way. */
interface Sent {
  readonly tickets: Tickets
  readonly flags: number
  readonly time: Timestamp
  readonly subkey: KerberosKey
  readonly seqNumber: number
}

type State =
  | { readonly at: 'start' }
  | { readonly at: 'obtaining'; readonly run: EffectRun<Tickets> }
  | { readonly at: 'expect-reply'; readonly sent: Sent; readonly mayRetry: boolean }
  | { readonly at: 'over' }

const NO_BINDINGS = new Uint8Array(16)
/** Some servers take numbers for signed; and there shall be room before they wrap. */
const SEQUENCE_MASK = 0x3fff_ffff

/**
 * The client's side of an exchange: RFC 4121 section 4.1, MS-KILE 3.2.5. After the ticket it draws its randomness in this
 * order: the subkey, the sequence number (4 bytes), the delegation's confounder if there is one, the authenticator's.
 */
export class KerberosInitiator implements Exchange {
  readonly #request: InitiateRequest<KerberosCredential>
  readonly #settings: KerberosSettings
  readonly #info: SecPkgInfo
  readonly #world: World
  #flags: number
  #channelBindings: ChannelBindings | undefined
  #state: State = { at: 'start' }

  constructor(
    request: InitiateRequest<KerberosCredential>,
    settings: KerberosSettings,
    info: SecPkgInfo,
    world: World,
  ) {
    this.#request = request
    this.#settings = settings
    this.#info = info
    this.#world = world
    this.#flags = requestedFlags(request.contextReq)
  }

  get contextAttr(): number {
    return contextAttributes('initiator', this.#flags & ~GssFlag.MUTUAL, this.#request.contextReq)
  }

  step(input: Input): Step {
    const state = this.#state
    this.#state = { at: 'over' }
    if (input.kind === 'token') this.#channelBindings = input.channelBindings ?? this.#channelBindings
    switch (state.at) {
      case 'start':
        if (input.kind !== 'token' || input.token !== undefined) {
          throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'Kerberos: the client begins, and a token of the server came')
        }
        return this.#obtain(new EffectRun(this.#tickets()), (run) => run.step())
      case 'obtaining':
        if (input.kind === 'answer') return this.#obtain(state.run, (run) => run.step(input.answer))
        if (input.kind === 'unanswered') return this.#obtain(state.run, (run) => run.fail(input.error))
        state.run.dispose()
        throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `Kerberos: an answer expected, not a ${input.kind}`)
      case 'expect-reply':
        return this.#finish(state.sent, state.mayRetry, input)
      case 'over':
        throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'Kerberos: the exchange is over')
    }
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    const { targetName } = this.#request
    const table: AttributeTable = {
      [SECPKG_ATTR_PACKAGE_INFO]: () => this.#info,
      [SECPKG_ATTR_CLIENT_SPECIFIED_TARGET]: () => (targetName === '' ? undefined : { targetName }),
      [SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS]: () => ({ lastClientTokenStatus: 'no' }),
    }
    return table[attribute]?.()
  }

  dispose(): void {
    const state = this.#state
    this.#state = { at: 'over' }
    if (state.at === 'obtaining') state.run.dispose()
    if (state.at === 'expect-reply') disposeSent(state.sent)
  }

  get #dceStyle(): boolean {
    return (this.#flags & GssFlag.DCE_STYLE) !== 0
  }

  *#tickets(): Effectful<Tickets> {
    const { credential, targetName, contextReq } = this.#request
    const request = { credential, targetName, settings: this.#settings, world: this.#world }
    const service = yield* obtainServiceTicket(request)
    let kept = false
    try {
      const delegate =
        (contextReq & ISC_REQ_DELEGATE) !== 0 &&
        (!this.#settings.enforceOkAsDelegate || (service.flags & TicketFlag.OK_AS_DELEGATE) !== 0)
      const forwarded = delegate ? yield* forwardedOrNone(obtainForwardedTgt(request)) : undefined
      kept = true
      return { service, forwarded }
    } finally {
      if (!kept) service.sessionKey.dispose()
    }
  }

  #obtain(run: EffectRun<Tickets>, goOn: (run: EffectRun<Tickets>) => Progress<Tickets>): Step {
    const progress = goOn(run)
    if (progress.kind === 'ask') {
      this.#state = { at: 'obtaining', run }
      // Not all that is asked for is needed: a ticket to be forwarded, an armour.
      return { ...progress, hearsFailure: true }
    }
    return this.#send(progress.value, 0, 0, true)
  }

  /** @param skewMs - how far the server's clock is ahead of the KDC's. */
  #send(tickets: Tickets, skewMs: number, consumed: number, mayRetry: boolean): Step {
    const { service, forwarded } = tickets
    const random = (length: number): Uint8Array => this.#world.random(length)
    let subkey: KerberosKey | undefined
    try {
      const { timestamps } = this.#request.credential
      const time = timestamps.next(this.#world.now(), service.kdcTimeOffsetMs + skewMs)
      subkey = KerberosKey.generate(service.sessionKey.enctype, random)
      const seqNumber = new Reader(random(4)).u32be('sequence number') & SEQUENCE_MASK
      const mutual = (this.#flags & GssFlag.MUTUAL) !== 0
      const made = forwarded && makeDelegation(service.sessionKey, forwarded, time, random)
      // RFC 4121 section 4.1.1 has no room for more; as on Windows, what cannot be delegated is not, and the attributes say so.
      const delegation = made !== undefined && made.length <= LONGEST_DELEGATION ? made : undefined
      if (delegation !== undefined) this.#flags |= GssFlag.DELEGATE
      const checksum = writeAuthenticatorChecksum({
        bindings: this.#channelBindings === undefined ? NO_BINDINGS : hashChannelBindings(this.#channelBindings),
        flags: this.#flags,
        delegation,
      })
      const apOptions = mutual ? ApOption.MUTUAL_REQUIRED : 0
      const message = makeApReq({ ticket: service, apOptions, time, checksum, subkey, seqNumber }, random)
      const token = writeContextToken('ap-req', message, this.#dceStyle ? undefined : KERBEROS_OID)
      const sent: Sent = { tickets, flags: this.#flags, time, subkey, seqNumber }
      if (!mutual) return this.#done(sent, token, consumed, { acceptorSubkey: undefined, acceptorNumber: seqNumber })
      this.#state = { at: 'expect-reply', sent, mayRetry }
      return { kind: 'continue', token, consumed }
    } catch (error) {
      subkey?.dispose()
      disposeTickets(tickets)
      throw error
    }
  }

  #finish(sent: Sent, mayRetry: boolean, input: Input): Step {
    try {
      if (input.kind !== 'token' || input.token === undefined) {
        throw new SspiError('SEC_E_OUT_OF_SEQUENCE', "Kerberos: the server's AP-REP expected, and none came")
      }
      const { kind, message, oid } = readContextToken(input.token)
      if (kind === 'error') return this.#retry(sent, message, mayRetry, input.token.length)
      if (kind !== 'ap-rep' || (oid === undefined) !== this.#dceStyle) {
        const frame = oid === undefined ? 'without a frame' : 'in a frame'
        throw new SspiError('SEC_E_INVALID_TOKEN', `Kerberos token: an AP-REP expected, not an ${kind} ${frame}`)
      }
      return this.#accept(sent, message, input.token.length)
    } catch (error) {
      disposeSent(sent)
      throw error
    }
  }

  #accept(sent: Sent, message: Uint8Array, consumed: number): Step {
    const { sessionKey } = sent.tickets.service
    const { subkey, seqNumber } = openApRep(sessionKey, message, sent.time)
    if (subkey !== undefined && !this.#settings.permittedEnctypes.includes(subkey.enctype)) {
      subkey.dispose()
      throw new SspiError(
        'SEC_E_ALGORITHM_MISMATCH',
        `AP-REP: subkey: encryption type ${subkey.profile.names[0]} is not permitted here`,
      )
    }
    // RFC 4757 section 7.1: the third leg repeats the acceptor's number.
    const third = { time: sent.time, subkey: undefined, seqNumber }
    const token = this.#dceStyle ? makeApRep(sessionKey, third, (length) => this.#world.random(length)) : undefined
    return this.#done(sent, token, consumed, { acceptorSubkey: subkey, acceptorNumber: seqNumber })
  }

  /**
   * Tries once more by the server's clock, where the caller has asked for that (`ISC_REQ_EXTENDED_ERROR`): nobody has signed
   * the error, so that whoever is in between could have an authenticator of another time made.
   */
  #retry(sent: Sent, message: Uint8Array, mayRetry: boolean, consumed: number): Step {
    const error = readErrorMessage(message)
    const welcome = (this.#flags & GssFlag.EXTENDED_ERROR) !== 0 && mayRetry
    const ours = this.#world.now().getTime() + sent.tickets.service.kdcTimeOffsetMs
    const aheadMs = clockOffsetMs(error, ours)
    const skewed = error.errorCode === KerberosErrorCode.KRB_AP_ERR_SKEW
    if (!skewed || !welcome || aheadMs === undefined) throw failureOfError(error)
    sent.subkey.dispose()
    return this.#send(sent.tickets, aheadMs, consumed, false)
  }

  #done(
    sent: Sent,
    token: Uint8Array | undefined,
    consumed: number,
    acceptor: { readonly acceptorSubkey: KerberosKey | undefined; readonly acceptorNumber: number },
  ): Step {
    const { service } = sent.tickets
    const { acceptorSubkey, acceptorNumber } = acceptor
    if (acceptorSubkey !== undefined) sent.subkey.dispose()
    disposeTickets(sent.tickets)
    const { contextReq, targetName } = this.#request
    const session = new KerberosSession(
      {
        side: 'initiator',
        flags: sent.flags,
        contextAttr: contextAttributes('initiator', sent.flags, contextReq),
        datagram: isDatagram(contextReq),
        key: acceptorSubkey ?? sent.subkey,
        acceptorSubkey: acceptorSubkey !== undefined,
        client: service.client,
        server: service.server,
        peer: undefined,
        targetName,
        ticket: {
          flags: service.flags,
          authTime: service.authTime,
          startTime: service.startTime,
          endTime: service.endTime,
          renewTill: service.renewTill,
          authorizationData: [],
          clientAuthorizationData: [],
          pacVerified: false,
        },
        delegated: undefined,
      },
      { sent: sent.seqNumber, received: { next: acceptorNumber, seen: 0n } },
      this.#info,
      this.#world,
    )
    return { kind: 'done', token, consumed, session }
  }
}

/** As on Windows: what cannot be delegated is not, for whatever reason, and the context's attributes say so. */
function* forwardedOrNone(forwarded: Effectful<ServiceTicket>): Effectful<ServiceTicket | undefined> {
  try {
    return yield* forwarded
  } catch (error) {
    if (error instanceof SspiError) return undefined
    throw error
  }
}

function disposeSent({ tickets, subkey }: Sent): void {
  subkey.dispose()
  disposeTickets(tickets)
}

function disposeTickets({ service, forwarded }: Tickets): void {
  service.sessionKey.dispose()
  forwarded?.sessionKey.dispose()
}
