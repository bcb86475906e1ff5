import {
  ISC_REQ_INTEGRITY,
  ISC_REQ_NO_INTEGRITY,
  ISC_REQ_NULL_SESSION,
  ISC_RET_INTEGRITY,
  SECPKG_NEGOTIATION_IN_PROGRESS,
  SECPKG_NEGOTIATION_OPTIMISTIC,
  SspiError,
  type ChannelBindings,
  type InitiateRequest,
  type Mechanism,
  type SecPkgInfo,
  type Session,
  type Step,
  type World,
} from '../sspi/index.js'
import { DEFAULT_MAX_MECH_TYPES, NegState } from './constants.js'
import { describeUnavailable, type AvailableMechanism, type NegotiateCredential } from './credential.js'
import { finishWithoutMic, makeMechListMic, verifyMechListMic } from './mech-list-mic.js'
import { MechanismRun } from './mechanism-run.js'
import {
  micOf,
  readNegotiationToken,
  tokenOf,
  writeMechTypeList,
  writeNegTokenInit,
  writeNegTokenResp,
  type NegTokenResp,
} from './messages.js'
import { isMicRequired, Negotiation, type Chosen, type TokenInput } from './negotiation.js'
import { matchesOid, oidsOf } from './oids.js'
import { fallbackAllowed, type NegotiateOptions } from './options.js'

/** What was sent in the NegTokenInit. */
interface Offer {
  /** In the order of the list; the optimistic token is the first one's. */
  readonly candidates: readonly [AvailableMechanism, ...AvailableMechanism[]]
  readonly mechTypeList: Uint8Array
  readonly optimistic: MechanismRun
  /** What the caller gave with the first call, in case that another mechanism must begin anew. */
  readonly channelBindings: ChannelBindings | undefined
}

/** A mechanism that the acceptor has agreed to. */
interface Agreed extends Chosen {
  readonly mechanism: Mechanism
  readonly micSent: boolean
}

type State =
  | { readonly at: 'start' }
  | { readonly at: 'expect-choice'; readonly offer: Offer }
  | { readonly at: 'expect-reply'; readonly agreed: Agreed }
  | { readonly at: 'over' }

const OVER: State = { at: 'over' }

/** The side that lists mechanisms: RFC 4178 §4, MS-SPNG 3.1 and 3.3. */
export class NegotiateInitiator extends Negotiation {
  readonly #request: InitiateRequest<NegotiateCredential>
  readonly #options: NegotiateOptions
  readonly #world: World
  #state: State = { at: 'start' }
  protected considered: readonly AvailableMechanism[] = []
  /** Whether mechanisms of last resort may follow better ones. */
  #fallbackAllowed = false
  /** Whether the acceptor has an exchange that it should hear the end of. */
  #heard = false

  constructor(
    info: SecPkgInfo,
    request: InitiateRequest<NegotiateCredential>,
    options: NegotiateOptions,
    world: World,
  ) {
    super(info, options.maxMechTypes ?? DEFAULT_MAX_MECH_TYPES)
    this.#request = request
    this.#options = options
    this.#world = world
  }

  protected get negotiationState(): number {
    return this.#state.at === 'expect-choice' ? SECPKG_NEGOTIATION_OPTIMISTIC : SECPKG_NEGOTIATION_IN_PROGRESS
  }

  protected receive(input: TokenInput): Step {
    const state = this.#state
    this.#state = OVER
    this.#heard = state.at === 'expect-choice' || state.at === 'expect-reply'
    switch (state.at) {
      case 'start':
        return this.#start(input)
      case 'expect-choice':
        return this.#learnChoice(state.offer, input)
      case 'expect-reply':
        return this.#continue(state.agreed, this.readResponse(input), input)
      case 'over':
        throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'Negotiate: the exchange is over')
    }
  }

  protected refusal(token: Uint8Array | undefined): Uint8Array | undefined {
    return this.#heard ? writeNegTokenResp({ negState: NegState.REJECT, responseToken: token }) : undefined
  }

  // ------------------------------------------------------------------ what to offer

  #start(input: TokenInput): Step {
    const offerable = this.#offerable()
    const candidates = input.token === undefined ? offerable : this.#hinted(offerable, input.token)
    this.considered = candidates
    return this.#begin(candidates, [], input)
  }

  /**
   * The mechanisms to offer, in order. Those of last resort only where no better one applies: otherwise whoever makes
   * the better one fail would choose the weaker one.
   */
  #offerable(): readonly AvailableMechanism[] {
    const { credential, targetName } = this.#request
    const applicable = credential.mechanisms.filter(
      (each) => each.package.initiate !== undefined && each.mechanism.applies(each.credential, targetName),
    )
    if (applicable.length === 0) {
      const refused = credential.mechanisms.map((each) => ({
        packageName: each.package.info.name,
        reason: `it does not apply to this identity and target '${targetName}'`,
      }))
      throw new SspiError(
        'SEC_E_NO_CREDENTIALS',
        `Negotiate: ${describeUnavailable([...refused, ...credential.unavailable])}`,
      )
    }
    const better = applicable.filter(({ mechanism }) => !mechanism.lastResort)
    this.#fallbackAllowed = fallbackAllowed(this.#options.insecureAllowNtlmFallback, targetName)
    if (better.length > 0 && !this.#fallbackAllowed) return better
    return [...better, ...applicable.filter(({ mechanism }) => mechanism.lastResort)]
  }

  /**
   * Of the offerable mechanisms those that a server which spoke first has, MS-SPNG 3.2.5.2. Nothing protects its list,
   * so it can only take mechanisms away, and never brings one of last resort back.
   */
  #hinted(offerable: readonly AvailableMechanism[], token: Uint8Array): readonly AvailableMechanism[] {
    const hints = readNegotiationToken(token, this.maxMechTypes)
    if (hints.kind !== 'negTokenInit') {
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'SPNEGO: NegTokenInit2 expected at the start, NegTokenResp came')
    }
    if (hints.mechTypes.length === 0) return offerable
    const common = offerable.filter(({ mechanism }) => hints.mechTypes.some((oid) => matchesOid(mechanism, oid)))
    if (common.length > 0) return common
    throw new SspiError(
      'SEC_E_UNSUPPORTED_FUNCTION',
      `Negotiate: the server has ${hints.mechTypes.join(', ')}; here are ${oidsOf(offerable).join(', ')}`,
    )
  }

  /** Starts the first candidate that can be started, and offers it with those behind it. */
  #begin(candidates: readonly AvailableMechanism[], failures: readonly Failure[], input: TokenInput): Step {
    const [first, ...rest] = candidates
    if (first === undefined) throw this.#nothingStarted(failures)
    const failed = (error: unknown): Step => {
      if (!(error instanceof SspiError)) throw error
      this.lastFailure = error
      if (rest.length > 0) this.#tellPassedOver(first, error)
      return this.#begin(rest, [...failures, { of: first, error }], input)
    }
    let run: MechanismRun
    try {
      run = this.#initiate(first)
    } catch (error) {
      return failed(error)
    }
    return this.advance(
      run,
      { ...input, token: undefined },
      (mechToken) => this.#offer([first, ...rest], run, mechToken, input),
      failed,
    )
  }

  #tellPassedOver({ package: of }: AvailableMechanism, { code, message }: SspiError): void {
    const target = this.#request.targetName || undefined
    const mechanism = of.info.name
    this.#world.emit({ kind: 'mechanism-passed-over', mechanism, side: 'initiator', target, code, message })
  }

  /** The failure of the first candidate, and in words those of the others, and what was not tried, and why. */
  #nothingStarted(failures: readonly Failure[]): SspiError {
    const [first, ...others] = failures
    if (first === undefined) return new SspiError('SEC_E_INTERNAL_ERROR', 'Negotiate: nothing to offer')
    const { credential, targetName } = this.#request
    const { mechanisms, unavailable } = credential
    const withheld = mechanisms.filter(
      (each) =>
        each.mechanism.lastResort &&
        each.mechanism.applies(each.credential, targetName) &&
        !failures.some(({ of }) => of === each),
    )
    const why = this.#fallbackAllowed
      ? 'since the server does not have it'
      : `since ${first.of.package.info.name} applies, and insecureAllowNtlmFallback does not name the target`
    const more = [
      ...others.map(({ of, error }) => `${of.package.info.name}: ${error.message}`),
      ...withheld.map((each) => `${each.package.info.name} was not tried, ${why}`),
      ...(unavailable.length === 0 ? [] : [describeUnavailable(unavailable)]),
    ]
    if (more.length === 0) return first.error
    return new SspiError(first.error.code, [first.error.message, ...more].join('; '), { cause: first.error })
  }

  #initiate(candidate: AvailableMechanism): MechanismRun {
    const { package: of, credential } = candidate
    const { targetName, packages } = this.#request
    if (of.initiate === undefined) throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${of.info.name}: cannot initiate`)
    // Without integrity there is no mechListMIC; but nobody in particular has no key for it.
    const asked = this.#request.contextReq
    const without = (asked & (ISC_REQ_NO_INTEGRITY | ISC_REQ_NULL_SESSION)) !== 0 || this.#request.credential.anonymous
    const contextReq = without ? asked : (asked | ISC_REQ_INTEGRITY) >>> 0
    return this.adopt(new MechanismRun(of, of.initiate({ credential, targetName, contextReq, packages }, this.#world)))
  }

  #offer(
    candidates: Offer['candidates'],
    run: MechanismRun,
    mechToken: Uint8Array | undefined,
    input: TokenInput,
  ): Step {
    const mechTypeList = writeMechTypeList(oidsOf(candidates))
    const { channelBindings } = input
    this.#state = { at: 'expect-choice', offer: { candidates, mechTypeList, optimistic: run, channelBindings } }
    return { kind: 'continue', token: writeNegTokenInit({ mechTypeList, mechToken }), consumed: lengthOf(input) }
  }

  // ------------------------------------------------------------------ what the acceptor chose

  #learnChoice(offer: Offer, input: TokenInput): Step {
    const response = this.readResponse(input)
    const [first] = offer.candidates
    // RFC 4178 §4.2.2 wants supportedMech here; some Java acceptors send a responseToken alone, for the optimistic one.
    const oid = response.supportedMech ?? first.mechanism.oid
    const chosen = offer.candidates.find(({ mechanism }) => matchesOid(mechanism, oid))
    if (response.negState === NegState.REJECT) return this.#rejected(offer.optimistic, response, input)
    if (chosen === undefined) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `supportedMech: the acceptor chose ${oid}, which was not offered`)
    }
    const agreed = {
      mechanism: chosen.mechanism,
      mechTypeList: offer.mechTypeList,
      micRequired: chosen !== first || response.negState === NegState.REQUEST_MIC,
      micSent: false,
    }
    // An acceptor that knows the first mechanism by another OID only has not looked at the optimistic token.
    const unread = oid !== first.mechanism.oid && saysNothingElse(response)
    if (chosen === first && !unread) return this.#continue({ ...agreed, run: offer.optimistic }, response, input)
    return this.#restart(chosen, agreed, response, {
      ...input,
      channelBindings: input.channelBindings ?? offer.channelBindings,
    })
  }

  /** Begins another mechanism than the optimistic one, RFC 4178 §4.2.2 (request-mic). */
  #restart(chosen: AvailableMechanism, agreed: Omit<Agreed, 'run'>, response: NegTokenResp, input: TokenInput): Step {
    if (!saysNothingElse(response)) {
      throw new SspiError(
        'SEC_E_INVALID_TOKEN',
        `SPNEGO: the acceptor goes on with ${chosen.package.info.name}, which has not begun`,
      )
    }
    const run = this.#initiate(chosen)
    return this.advance(run, { ...input, token: undefined }, (token) =>
      this.#respond({ ...agreed, run }, token, response, lengthOf(input)),
    )
  }

  // ------------------------------------------------------------------ the mechanism's tokens and the mechListMIC

  #continue(agreed: Agreed, response: NegTokenResp, input: TokenInput): Step {
    const { run } = agreed
    if (response.negState === NegState.REJECT) return this.#rejected(run, response, input)
    if (response.supportedMech !== undefined && !matchesOid(agreed.mechanism, response.supportedMech)) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `supportedMech: ${response.supportedMech} is not what was agreed on`)
    }
    const then = (token: Uint8Array | undefined): Step => this.#respond(agreed, token, response, lengthOf(input))
    const token = tokenOf(response)
    if (token !== undefined) return this.advance(run, { ...input, token }, then)
    if (run.session !== undefined) return then(undefined)
    throw new SspiError('SEC_E_INVALID_TOKEN', `responseToken: ${run.package.info.name} waits for one, and none came`)
  }

  /** Answers the acceptor once the mechanism has dealt with its token. */
  #respond(agreed: Agreed, token: Uint8Array | undefined, response: NegTokenResp, consumed: number): Step {
    const { run } = agreed
    const { negState } = response
    const mic = micOf(response)
    if (negState === NegState.ACCEPT_COMPLETED && (token !== undefined || run.session === undefined)) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'negState: accept-completed before the mechanism is done')
    }
    if (mic !== undefined && (token !== undefined || run.session === undefined)) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'mechListMIC: it came before the mechanism is done')
    }
    if (run.session === undefined) return this.#send(agreed, token, undefined, consumed)
    const { session } = run
    const required = isMicRequired(session, agreed.micRequired || agreed.micSent, ISC_RET_INTEGRITY)
    if (token === undefined) return this.#settle(agreed, session, required, { response, mic }, consumed)
    // The last token of the mechanism is ours (§5 c): our MIC goes with it, and the acceptor has the last word.
    return this.#send(agreed, token, required ? makeMechListMic(session, agreed.mechTypeList) : undefined, consumed)
  }

  /** The mechanism is done on both sides, if the acceptor is to be believed: checks and exchanges what is still due. */
  #settle(agreed: Agreed, session: Session, required: boolean, came: Came, consumed: number): Step {
    const { run, mechTypeList, micSent } = agreed
    const { response, mic } = came
    const proof = mic === undefined ? undefined : verifyMechListMic(session, mechTypeList, mic)
    // A MIC beside the mechanism's last token is answered with ours, whatever negState says (§5 b, I).
    const lastWord = response.negState === NegState.ACCEPT_COMPLETED && tokenOf(response) === undefined
    const nothingDue = proof === undefined ? !waits(response) : lastWord
    if (nothingDue || micSent) return this.finish(run, undefined, consumed, proof ?? finishWithoutMic(required))
    // It waits for something, and that can only be our MIC (§5 b).
    const own = makeMechListMic(session, mechTypeList)
    if (proof === undefined) return this.#send(agreed, undefined, own, consumed)
    return this.finish(
      run,
      writeNegTokenResp({ negState: NegState.ACCEPT_COMPLETED, mechListMic: own }),
      consumed,
      proof,
    )
  }

  #send(agreed: Agreed, token: Uint8Array | undefined, mic: Uint8Array | undefined, consumed: number): Step {
    this.#state = { at: 'expect-reply', agreed: { ...agreed, micSent: agreed.micSent || mic !== undefined } }
    const reply = { negState: NegState.ACCEPT_INCOMPLETE, responseToken: token, mechListMic: mic }
    return { kind: 'continue', token: writeNegTokenResp(reply), consumed }
  }

  /** The acceptor gave up. Its mechanism may say why, and better than this. */
  #rejected(run: MechanismRun, response: NegTokenResp, input: TokenInput): never {
    const token = tokenOf(response)
    if (token !== undefined && run.session === undefined) run.step({ ...input, token })
    throw new SspiError('SEC_E_LOGON_DENIED', `Negotiate: the acceptor rejected ${run.package.info.name}`)
  }
}

/** What the acceptor sent last. */
interface Came {
  readonly response: NegTokenResp
  readonly mic: Uint8Array | undefined
}

interface Failure {
  readonly of: AvailableMechanism
  readonly error: SspiError
}

function lengthOf(input: TokenInput): number {
  return input.token?.length ?? 0
}

/** Whether the acceptor says that it is not done. Some leave negState out when they are. */
function waits({ negState }: NegTokenResp): boolean {
  return negState !== undefined && negState !== NegState.ACCEPT_COMPLETED
}

/** Whether a first reply names a choice, and nothing that goes beyond it. */
function saysNothingElse(response: NegTokenResp): boolean {
  return (
    response.negState !== NegState.ACCEPT_COMPLETED && tokenOf(response) === undefined && micOf(response) === undefined
  )
}
