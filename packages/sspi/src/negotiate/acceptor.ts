import {
  ASC_REQ_INTEGRITY,
  ASC_RET_INTEGRITY,
  SECPKG_NEGOTIATION_IN_PROGRESS,
  SspiError,
  type AcceptRequest,
  type ContextAttribute,
  type ContextAttributes,
  type Exchange,
  type Input,
  type SecPkgInfo,
  type Session,
  type Step,
  type World,
} from '../sspi/index.js'
import { DEFAULT_MAX_MECH_TYPES, HINT_NAME, NegState } from './constants.js'
import { describeUnavailable, type AvailableMechanism, type NegotiateCredential } from './credential.js'
import { DirectExchange } from './direct-exchange.js'
import { finishWithoutMic, makeMechListMic, verifyMechListMic } from './mech-list-mic.js'
import { MechanismRun } from './mechanism-run.js'
import {
  looksLikeNegotiationToken,
  micOf,
  readNegotiationToken,
  tokenOf,
  writeMechTypeList,
  writeNegTokenInit,
  writeNegTokenResp,
  type NegTokenInit,
  type NegTokenResp,
} from './messages.js'
import { isMicRequired, Negotiation, type Chosen, type TokenInput } from './negotiation.js'
import { matchesOid, oidsOf } from './oids.js'
import type { NegotiateOptions } from './options.js'

type State =
  | { readonly at: 'start' }
  /** The hints are out. */
  | { readonly at: 'expect-list' }
  | { readonly at: 'expect-token'; readonly chosen: Chosen }
  /** Our MIC is out, with the mechanism's last token; the initiator's ends it. */
  | { readonly at: 'expect-mic'; readonly chosen: Chosen; readonly session: Session }
  | { readonly at: 'over' }

const OVER: State = { at: 'over' }

/**
 * The side that chooses: RFC 4178 §4, MS-SPNG 3.1 and 3.2. It has no preference of its own: the initiator's first
 * mechanism that is available here is taken.
 */
export class NegotiateAcceptor extends Negotiation {
  readonly #request: AcceptRequest<NegotiateCredential>
  readonly #world: World
  #state: State = { at: 'start' }
  /** The OID that was chosen, until it has been told to the initiator. */
  #untold: string | undefined
  #direct: DirectExchange | undefined

  constructor(info: SecPkgInfo, request: AcceptRequest<NegotiateCredential>, options: NegotiateOptions, world: World) {
    super(info, options.maxMechTypes ?? DEFAULT_MAX_MECH_TYPES)
    this.#request = request
    this.#world = world
  }

  override get contextAttr(): number {
    return this.#direct?.contextAttr ?? super.contextAttr
  }

  override step(input: Input): Step {
    return this.#direct === undefined ? super.step(input) : this.#direct.step(input)
  }

  override query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    return this.#direct === undefined ? super.query(attribute) : this.#direct.query(attribute)
  }

  override dispose(): void {
    super.dispose()
    this.#direct?.dispose()
  }

  protected readonly negotiationState = SECPKG_NEGOTIATION_IN_PROGRESS

  protected get considered(): readonly AvailableMechanism[] {
    return this.#available
  }

  protected receive(input: TokenInput): Step {
    const state = this.#state
    this.#state = OVER
    switch (state.at) {
      case 'start':
        return input.token === undefined ? this.#sendHints() : this.#learnList(input, input.token)
      case 'expect-list':
        if (input.token !== undefined) return this.#learnList(input, input.token)
        throw new SspiError('SEC_E_INVALID_TOKEN', 'SPNEGO: the list of mechanisms is missing')
      case 'expect-token':
        return this.#continue(state.chosen, input)
      case 'expect-mic':
        return this.#settle(state.chosen, state.session, input)
      case 'over':
        throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'Negotiate: the exchange is over')
    }
  }

  protected refusal(token: Uint8Array | undefined): Uint8Array | undefined {
    return this.#direct === undefined ? this.#reply(NegState.REJECT, token, undefined) : token
  }

  // ------------------------------------------------------------------ the choice

  /** Speaks first, for protocols that have a place for it: MS-SPNG 3.2.5.2. */
  #sendHints(): Step {
    const mechTypeList = writeMechTypeList(oidsOf(this.#available))
    this.#state = { at: 'expect-list' }
    const negHints = { hintName: HINT_NAME, hintAddress: undefined }
    return { kind: 'continue', token: writeNegTokenInit({ mechTypeList, negHints }), consumed: 0 }
  }

  #learnList(input: TokenInput, token: Uint8Array): Step {
    if (!looksLikeNegotiationToken(token)) {
      const bare = this.#available.find(({ mechanism }) => mechanism.recognises(token))
      if (bare !== undefined) return this.#goDirect(bare, input)
    }
    const init = readNegotiationToken(token, this.maxMechTypes)
    if (init.kind === 'negTokenInit') return this.#choose(init, input, token.length)
    throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'SPNEGO: NegTokenInit expected, NegTokenResp came')
  }

  #choose(init: NegTokenInit, input: TokenInput, consumed: number): Step {
    const { oid, first, found } = this.#firstKnown(init.mechTypes)
    // To an acceptor's mechanism a flag is a demand. Integrity is demanded only where a MIC must be made: otherwise
    // clients that sign nothing (anonymous ones) would be shut out, and it is the initiator who asks for it anyway.
    const run = this.adopt(new MechanismRun(found.package, this.#accept(found, first ? 0 : ASC_REQ_INTEGRITY)))
    const chosen = { run, mechTypeList: init.mechTypeList, micRequired: !first }
    this.#untold = oid
    // The optimistic token is the first mechanism's, and a MIC beside it too: another one does not look at them.
    if (!first) return this.#await(chosen, NegState.REQUEST_MIC, undefined, consumed)
    const token = init.mechToken?.length === 0 ? undefined : init.mechToken
    if (token !== undefined) {
      return this.advance(run, { ...input, token }, (reply) => this.#respond(chosen, reply, init.mechListMic, consumed))
    }
    if (init.mechListMic === undefined) return this.#await(chosen, NegState.ACCEPT_INCOMPLETE, undefined, consumed)
    throw tooEarly()
  }

  /** The initiator's first mechanism that is available. @throws {@link SspiError} `SEC_E_UNSUPPORTED_FUNCTION`. */
  #firstKnown(mechTypes: readonly string[]): { oid: string; first: boolean; found: AvailableMechanism } {
    for (const [index, oid] of mechTypes.entries()) {
      const found = this.#available.find(({ mechanism }) => matchesOid(mechanism, oid))
      if (found !== undefined) return { oid, first: index === 0, found }
    }
    const here = this.#available.map((each) => `${each.package.info.name} (${oidsOf([each]).join(', ')})`)
    const { unavailable } = this.#request.credential
    throw new SspiError(
      'SEC_E_UNSUPPORTED_FUNCTION',
      `Negotiate: no common mechanism: the initiator offers ${mechTypes.join(', ') || 'none'}` +
        `; here are ${here.join(', ')}` +
        (unavailable.length === 0 ? '' : `; ${describeUnavailable(unavailable)}`),
    )
  }

  #goDirect(bare: AvailableMechanism, input: TokenInput): Step {
    this.#direct = new DirectExchange(bare.package, this.#accept(bare, 0))
    return this.#direct.step(input)
  }

  /** The mechanisms that can accept with this credential. */
  get #available(): readonly AvailableMechanism[] {
    return this.#request.credential.mechanisms.filter((each) => each.package.accept !== undefined)
  }

  #accept({ package: of, credential }: AvailableMechanism, moreFlags: number): Exchange {
    if (of.accept === undefined) throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${of.info.name}: cannot accept`)
    const { packages } = this.#request
    const contextReq = (this.#request.contextReq | moreFlags) >>> 0
    return of.accept({ credential, contextReq, packages }, this.#world)
  }

  // ------------------------------------------------------------------ the mechanism's tokens and the mechListMIC

  #continue(chosen: Chosen, input: TokenInput): Step {
    const response = this.#readFromInitiator(input)
    const token = tokenOf(response)
    const { run } = chosen
    if (token === undefined) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `responseToken: ${run.package.info.name} waits for one, and none came`)
    }
    const consumed = input.token?.length ?? 0
    return this.advance(run, { ...input, token }, (reply) => this.#respond(chosen, reply, micOf(response), consumed))
  }

  /** Answers the initiator once the mechanism has dealt with its token; RFC 4178 §5 when that is done. */
  #respond(chosen: Chosen, token: Uint8Array | undefined, mic: Uint8Array | undefined, consumed: number): Step {
    const { run, mechTypeList } = chosen
    const { session } = run
    if (mic !== undefined && (token !== undefined || session === undefined)) throw tooEarly()
    if (session === undefined) return this.#await(chosen, NegState.ACCEPT_INCOMPLETE, token, consumed)
    const required = isMicRequired(session, chosen.micRequired, ASC_RET_INTEGRITY)
    if (mic !== undefined) {
      const proof = verifyMechListMic(session, mechTypeList, mic)
      const own = makeMechListMic(session, mechTypeList)
      return this.finish(run, this.#reply(NegState.ACCEPT_COMPLETED, undefined, own), consumed, proof)
    }
    if (required && (token !== undefined || this.#untold !== undefined)) {
      // The last token of the mechanism is ours (§5 b), or the initiator's first one was its last: its MIC is to come.
      const own = makeMechListMic(session, mechTypeList)
      this.#state = { at: 'expect-mic', chosen, session }
      return { kind: 'continue', token: this.#reply(NegState.ACCEPT_INCOMPLETE, token, own), consumed }
    }
    const proof = finishWithoutMic(required)
    return this.finish(run, this.#reply(NegState.ACCEPT_COMPLETED, token, undefined), consumed, proof)
  }

  #settle({ run, mechTypeList }: Chosen, session: Session, input: TokenInput): Step {
    const response = this.#readFromInitiator(input)
    if (tokenOf(response) !== undefined) {
      throw new SspiError(
        'SEC_E_INVALID_TOKEN',
        `responseToken: ${run.package.info.name} is done, and a token came for it`,
      )
    }
    const mic = micOf(response)
    const proof = mic === undefined ? finishWithoutMic(true) : verifyMechListMic(session, mechTypeList, mic)
    // An initiator that says accept-completed waits for nothing any more; others want to hear it.
    const waits = response.negState !== NegState.ACCEPT_COMPLETED
    const token = waits ? this.#reply(NegState.ACCEPT_COMPLETED, undefined, undefined) : undefined
    return this.finish(run, token, input.token?.length ?? 0, proof)
  }

  #readFromInitiator(input: TokenInput): NegTokenResp {
    const response = this.readResponse(input)
    if (response.negState !== NegState.REJECT) return response
    throw new SspiError('SEC_E_LOGON_DENIED', 'Negotiate: the initiator gave up')
  }

  #await(chosen: Chosen, negState: NegState, token: Uint8Array | undefined, consumed: number): Step {
    this.#state = { at: 'expect-token', chosen }
    return { kind: 'continue', token: this.#reply(negState, token, undefined), consumed }
  }

  #reply(negState: NegState, responseToken: Uint8Array | undefined, mechListMic: Uint8Array | undefined): Uint8Array {
    const supportedMech = this.#untold
    this.#untold = undefined
    return writeNegTokenResp({ negState, supportedMech, responseToken, mechListMic })
  }
}

function tooEarly(): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', 'mechListMIC: it came before the mechanism is done')
}
