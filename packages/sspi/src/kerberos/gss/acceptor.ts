import { Reader } from '../../bytes/index.js'
import { wipe, type SecretBytes } from '../../crypto/index.js'
import {
  ASC_REQ_ALLOW_MISSING_BINDINGS,
  ASC_REQ_ALLOW_NULL_SESSION,
  ASC_RET_NULL_SESSION,
  attributesOfBindings,
  SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
  SECPKG_ATTR_PACKAGE_INFO,
  MICROSOFT_KERBEROS_NAME,
  type AcceptRequest,
  type AttributeTable,
  type ChannelBindings,
  type ContextAttribute,
  type ContextAttributes,
  type Exchange,
  type Input,
  type SecPkgInfo,
  type Step,
  type World,
} from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { KerberosErrorCode, TicketFlag } from '../constants.js'
import type { KerberosCredential } from '../credential.js'
import { EffectRun, perform, type Effectful } from '../effect-run.js'
import { KerberosKey } from '../enctypes/index.js'
import type { ApReq } from '../messages/index.js'
import type { KerberosSettings } from '../options.js'
import { formatName, formatPrincipal } from '../principals.js'
import { makeApRep, openApRep, openDelegation } from './ap-messages.js'
import {
  checkTimes,
  checkTransited,
  disposeRequest,
  openRequest,
  replayKey,
  type OpenedRequest,
  type Refuse,
} from './ap-request-check.js'
import { GssFlag } from './authenticator-checksum.js'
import { checkAuthorizationData } from './authorization-check.js'
import { checkBindings } from './bindings-check.js'
import { contextAttributes, isDatagram, missingProtection } from './context-flags.js'
import { readContextToken, writeContextToken } from './context-tokens.js'
import { writeErrorToken } from './error-tokens.js'
import { readFirstToken } from './first-token.js'
import { checkPac, type CheckedClient } from './pac-check.js'
import { KerberosSession } from './session.js'

/** What a first token comes to. */
type Outcome =
  | { readonly kind: 'accepted'; readonly accepted: Accepted; readonly token: Uint8Array | undefined }
  /** The client's clock is off, and it is told the time to try again. */
  | { readonly kind: 'again'; readonly token: Uint8Array }

/** A client that was let in. */
interface Accepted {
  readonly opened: OpenedRequest
  readonly checked: CheckedClient
  readonly flags: number
  /** `ASC_RET_…` beyond what the flags say. */
  readonly attributes: number
  /** The acceptor's own. */
  readonly subkey: KerberosKey | undefined
  /** Of the acceptor's messages. */
  readonly seqNumber: number
  readonly delegated: SecretBytes | undefined
}

type State =
  | { readonly at: 'expect-request'; readonly mayRetry: boolean }
  | { readonly at: 'checking'; readonly run: EffectRun<Outcome>; readonly consumed: number; readonly mayRetry: boolean }
  /** DCE style: the client shall prove that it has seen our number. */
  | { readonly at: 'expect-third-leg'; readonly accepted: Accepted }
  | { readonly at: 'over' }

const SEQUENCE_MASK = 0x3fff_ffff

/**
 * The server's side of an exchange: RFC 4120 section 3.2.3, RFC 4121 section 4.1, MS-KILE 3.4.5. It draws its randomness in
 * this order: the subkey, the sequence number (4 bytes), the confounder of the AP-REP.
 *
 * What it refuses it tells the client by an error token, which says no more than a code; the caller is told all of it.
 */
export class KerberosAcceptor implements Exchange {
  readonly #request: AcceptRequest<KerberosCredential>
  readonly #settings: KerberosSettings
  readonly #info: SecPkgInfo
  readonly #world: World
  #contextAttr = 0
  #channelBindings: ChannelBindings | undefined
  #state: State = { at: 'expect-request', mayRetry: true }

  constructor(request: AcceptRequest<KerberosCredential>, settings: KerberosSettings, info: SecPkgInfo, world: World) {
    this.#request = request
    this.#settings = settings
    this.#info = info
    this.#world = world
  }

  get contextAttr(): number {
    return this.#contextAttr
  }

  step(input: Input): Step {
    const state = this.#state
    this.#state = { at: 'over' }
    if (input.kind === 'token') this.#channelBindings = input.channelBindings ?? this.#channelBindings
    switch (state.at) {
      case 'expect-request': {
        const token = tokenOf(input, 'AP-REQ')
        return this.#check(new EffectRun(this.#accept(token, state.mayRetry)), undefined, token.length, state.mayRetry)
      }
      case 'checking':
        if (input.kind !== 'answer') {
          state.run.dispose()
          throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `Kerberos: an answer expected, not a ${input.kind}`)
        }
        return this.#check(state.run, input.answer, state.consumed, state.mayRetry)
      case 'expect-third-leg':
        return this.#thirdLeg(state.accepted, input)
      case 'over':
        throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'Kerberos: the exchange is over')
    }
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    const table: AttributeTable = {
      [SECPKG_ATTR_PACKAGE_INFO]: () => this.#info,
      [SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS]: () => ({ lastClientTokenStatus: 'no' }),
    }
    return table[attribute]?.()
  }

  dispose(): void {
    const state = this.#state
    this.#state = { at: 'over' }
    if (state.at === 'checking') state.run.dispose()
    if (state.at === 'expect-third-leg') disposeAccepted(state.accepted)
  }

  #check(
    run: EffectRun<Outcome>,
    answer: Parameters<EffectRun<Outcome>['step']>[0],
    consumed: number,
    mayRetry: boolean,
  ): Step {
    const progress = run.step(answer)
    if (progress.kind === 'ask') {
      this.#state = { at: 'checking', run, consumed, mayRetry }
      return progress
    }
    const outcome = progress.value
    if (outcome.kind === 'again') {
      this.#state = { at: 'expect-request', mayRetry: false }
      return { kind: 'continue', token: outcome.token, consumed }
    }
    const { accepted, token } = outcome
    if (token !== undefined && (accepted.flags & GssFlag.DCE_STYLE) !== 0) {
      this.#state = { at: 'expect-third-leg', accepted }
      this.#contextAttr = this.#attributes(accepted)
      return { kind: 'continue', token, consumed }
    }
    return this.#done(accepted, token, consumed)
  }

  /** RFC 4120 section 3.2.3, in its order as far as it says one; what asks for memory outside comes last. */
  *#accept(token: Uint8Array, mayRetry: boolean): Effectful<Outcome> {
    const { request, oid } = readFirstToken(token, this.#world.now())
    const refuse = this.#refuser(request, oid)
    const { inbound } = this.#request.credential
    const { policy } = this.#world
    const opened = openRequest(request, { inbound, settings: this.#settings, targetNames: policy.targetNames }, refuse)
    let accepted: Accepted | undefined
    let done = false
    try {
      const now = this.#world.now()
      try {
        checkTimes(opened, now, this.#settings, refuse)
      } catch (error) {
        const again = mayRetry && (opened.checksum.flags & GssFlag.EXTENDED_ERROR) !== 0
        if (!again || !(error instanceof SspiError) || error.code !== 'SEC_E_TIME_SKEW') throw error
        return { kind: 'again', token: error.token! } // the refuser gives every error one
      }
      checkTransited(opened, this.#settings, refuse)
      checkAuthorizationData(opened, refuse)
      const checked = checkPac(opened, this.#request.credential.pacBypass ? 'ignored' : this.#settings.pac, refuse)
      const attributes = this.#checkPolicy(opened, refuse)
      yield* this.#remember(opened, refuse)
      accepted = this.#letIn(opened, checked, attributes, refuse, now)
      const reply = this.#reply(accepted, oid)
      done = true
      return { kind: 'accepted', accepted, token: reply }
    } finally {
      if (!done) {
        disposeRequest(opened)
        accepted?.subkey?.dispose()
        wipe(accepted?.delegated)
      }
    }
  }

  /** @returns `ASC_RET_…` beyond what the flags say. */
  #checkPolicy(opened: OpenedRequest, refuse: Refuse): number {
    const { contextReq } = this.#request
    const mayBeMissing = (contextReq & ASC_REQ_ALLOW_MISSING_BINDINGS) !== 0
    const own = this.#channelBindings
    const attributes = attributesOfBindings(own, MICROSOFT_KERBEROS_NAME, this.#world, () =>
      checkBindings(opened, own, this.#world.policy, mayBeMissing, refuse),
    )
    const missing = missingProtection(contextReq, opened.checksum.flags)
    if (missing !== undefined) {
      throw refuse(
        'SEC_E_SECURITY_QOS_FAILED',
        KerberosErrorCode.KRB_ERR_GENERIC,
        `Kerberos: ${missing} was asked for, and the client does not agree to it`,
      )
    }
    const anonymous = isAnonymous(opened)
    if (anonymous && (contextReq & ASC_REQ_ALLOW_NULL_SESSION) === 0) {
      throw refuse(
        'SEC_E_LOGON_DENIED',
        KerberosErrorCode.KDC_ERR_POLICY,
        `Kerberos: the client is anonymous (${formatPrincipal(opened.client)}); only ASC_REQ_ALLOW_NULL_SESSION lets it in`,
      )
    }
    return anonymous ? attributes | ASC_RET_NULL_SESSION : attributes
  }

  /** Nothing is accepted twice, and nothing while that is not known. */
  *#remember(opened: OpenedRequest, refuse: Refuse): Effectful<void> {
    // After this the authenticator is too old anyway.
    const until = new Date(opened.time.seconds.getTime() + (this.#settings.clockSkewSeconds + 1) * 1000)
    const isFirst = yield* perform('replay', { key: replayKey(opened), until })
    if (isFirst) return
    throw refuse(
      'SEC_E_LOGON_DENIED',
      KerberosErrorCode.KRB_AP_ERR_REPEAT,
      `AP-REQ: a replay: the authenticator of ${formatPrincipal(opened.client)}, made at ${opened.time.seconds.toISOString()}, was accepted before`,
    )
  }

  #letIn(opened: OpenedRequest, checked: CheckedClient, attributes: number, refuse: Refuse, now: Date): Accepted {
    const { checksum, sessionKey } = opened
    const mutual = (checksum.flags & (GssFlag.MUTUAL | GssFlag.DCE_STYLE)) !== 0
    const random = (length: number): Uint8Array => this.#world.random(length)
    const keys = opened.subkey === undefined ? [sessionKey] : [sessionKey, opened.subkey]
    let delegated: SecretBytes | undefined
    if (checksum.delegation !== undefined) {
      try {
        delegated = openDelegation(keys, checksum.delegation, opened.client, now)
      } catch (cause) {
        if (!(cause instanceof SspiError)) throw cause
        const { KRB_AP_ERR_BADMATCH, KRB_AP_ERR_MODIFIED } = KerberosErrorCode
        const errorCode = cause.code === 'SEC_E_DELEGATION_POLICY' ? KRB_AP_ERR_BADMATCH : KRB_AP_ERR_MODIFIED
        throw refuse(cause.code, errorCode, `delegation: ${cause.message}`, cause)
      }
    }
    const base = (opened.subkey ?? sessionKey).enctype
    return {
      opened,
      checked,
      flags: checksum.flags & UNDERSTOOD,
      attributes,
      subkey: mutual ? KerberosKey.generate(base, random) : undefined,
      // Without an AP-REP the client cannot learn another.
      seqNumber: mutual
        ? new Reader(random(4)).u32be('sequence number') & SEQUENCE_MASK
        : (opened.authenticator.seqNumber ?? 0),
      delegated,
    }
  }

  #reply({ opened, flags, subkey, seqNumber }: Accepted, oid: string | undefined): Uint8Array | undefined {
    if (subkey === undefined) return undefined
    const message = makeApRep(opened.sessionKey, { time: opened.time, subkey, seqNumber }, (length) =>
      this.#world.random(length),
    )
    return writeContextToken('ap-rep', message, (flags & GssFlag.DCE_STYLE) === 0 ? oid : undefined)
  }

  #thirdLeg(accepted: Accepted, input: Input): Step {
    try {
      const token = tokenOf(input, 'AP-REP')
      const { kind, message } = readContextToken(token)
      if (kind !== 'ap-rep') {
        throw new SspiError('SEC_E_INVALID_TOKEN', `Kerberos token: an AP-REP expected, not an ${kind}`)
      }
      const third = openApRep(accepted.opened.sessionKey, message, undefined)
      if (third.subkey !== undefined) {
        third.subkey.dispose()
        // Ours has one, a third leg has none: that tells an answer from our own AP-REP, sent back by somebody without the key.
        throw new SspiError('SEC_E_MESSAGE_ALTERED', 'AP-REP: the third leg has a subkey, as our own AP-REP has')
      }
      if (third.seqNumber !== accepted.seqNumber) {
        throw new SspiError('SEC_E_MESSAGE_ALTERED', 'AP-REP: the third leg has another number than ours')
      }
      return this.#done(accepted, undefined, token.length)
    } catch (error) {
      disposeAccepted(accepted)
      throw error
    }
  }

  #done(accepted: Accepted, token: Uint8Array | undefined, consumed: number): Step {
    const { opened, checked, subkey, seqNumber, flags, delegated } = accepted
    const { ticket, authenticator, client, server } = opened
    const key = subkey ?? opened.subkey ?? opened.sessionKey
    for (const other of [opened.subkey, opened.sessionKey]) if (other !== key) other?.dispose()
    this.#contextAttr = this.#attributes(accepted)
    const session = new KerberosSession(
      {
        side: 'acceptor',
        flags,
        contextAttr: this.#contextAttr,
        datagram: isDatagram(this.#request.contextReq),
        key,
        acceptorSubkey: subkey !== undefined,
        client,
        server,
        peer: checked.identity,
        targetName: formatName(server.name),
        ticket: {
          flags: ticket.flags,
          authTime: ticket.authtime,
          startTime: ticket.starttime ?? ticket.authtime,
          endTime: ticket.endtime,
          renewTill: ticket.renewTill,
          authorizationData: this.#request.credential.pacBypass ? [] : (ticket.authorizationData ?? []),
          clientAuthorizationData: authenticator.authorizationData ?? [],
          pacVerified: checked.pacVerified,
        },
        delegated,
      },
      { sent: seqNumber, received: { next: authenticator.seqNumber ?? 0, seen: 0n } },
      this.#info,
      this.#world,
    )
    return { kind: 'done', token, consumed, session }
  }

  #attributes({ flags, attributes }: Accepted): number {
    return (contextAttributes('acceptor', flags, this.#request.contextReq) | attributes) >>> 0
  }

  /** Makes errors of which the client is told too. */
  #refuser(request: ApReq, oid: string | undefined): Refuse {
    const { realm, sname } = request.ticket
    return (code, errorCode, message, cause) => {
      const token = writeErrorToken({ errorCode, now: this.#world.now(), realm, sname, time: undefined, oid })
      return new SspiError(code, message, { token, cause })
    }
  }
}

/** What of the flags means something here. */
const UNDERSTOOD =
  GssFlag.DELEGATE |
  GssFlag.MUTUAL |
  GssFlag.REPLAY |
  GssFlag.SEQUENCE |
  GssFlag.CONFIDENTIALITY |
  GssFlag.INTEGRITY |
  GssFlag.DCE_STYLE |
  GssFlag.IDENTIFY |
  GssFlag.EXTENDED_ERROR

/** RFC 8062 section 3. */
function isAnonymous({ ticket }: OpenedRequest): boolean {
  const [first, second] = ticket.cname.nameString
  return (ticket.flags & TicketFlag.ANONYMOUS) !== 0 || (first === 'WELLKNOWN' && second === 'ANONYMOUS')
}

function disposeAccepted({ opened, subkey, delegated }: Accepted): void {
  disposeRequest(opened)
  subkey?.dispose()
  wipe(delegated)
}

function tokenOf(input: Input, what: string): Uint8Array {
  if (input.kind === 'token' && input.token !== undefined) return input.token
  throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `Kerberos: the client's ${what} expected, and none came`)
}
