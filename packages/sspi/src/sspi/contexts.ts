import {
  SEC_E_INCOMPLETE_MESSAGE,
  SEC_E_OK,
  SEC_I_COMPLETE_NEEDED,
  SEC_I_CONTINUE_NEEDED,
  SspiError,
  type FailureName,
} from '../status/index.js'
import type { ContextAttribute, ContextAttributes, SettableAttribute, SettableAttributes } from './attributes.js'
import type { SecBuffer, SecBufferDesc } from './buffer.js'
import { serialiseChannelBindings, type ChannelBindings } from './channel-bindings.js'
import { commonAttributes } from './common-attributes.js'
import {
  ASC_REQ_ALLOCATE_MEMORY,
  ISC_REQ_ALLOCATE_MEMORY,
  ISC_RET_ALLOCATED_MEMORY,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_NAMES,
} from './constants/index.js'
import type {
  AcceptSecurityContextOptions,
  ContextStep,
  ExportOptions,
  ImportedContext,
  ImportOptions,
  InitializeSecurityContextOptions,
} from './context-calls.js'
import { exportContext, importContext, unsupported, type ImportParts } from './context-moving.js'
import { ContextState, runExchange, type Outcome } from './context-state.js'
import type { Exchange, Input, SecurityPackage, Session } from './contract.js'
import type { CredentialKeeper, CredentialState } from './credentials.js'
import type { Driver } from './effects.js'
import type { Side } from './events.js'
import { HalfOpenKeeper, type HalfOpenLimits } from './half-open.js'
import { CtxtHandle } from './handles.js'
import { qualifiedName } from './identity.js'
import { readInput } from './input.js'
import { checkAlert, outputToken, putMissing, putOutcome, type Delivery } from './output.js'
import { never } from './time.js'
import { withPolicy } from './world.js'

/** What the contexts of one interface share. */
export interface ContextParts extends ImportParts {
  readonly credentials: CredentialKeeper
  readonly driver: Driver
  readonly limits: HalfOpenLimits
}

/** The contexts of one security interface, by handle: from the first step to the end. */
export class ContextKeeper {
  readonly #states = new WeakMap<CtxtHandle, ContextState>()
  readonly #parts: ContextParts
  readonly #halfOpen: HalfOpenKeeper

  constructor(parts: ContextParts) {
    this.#parts = parts
    this.#halfOpen = new HalfOpenKeeper(parts.limits)
  }

  initialize(options: InitializeSecurityContextOptions): Promise<ContextStep> {
    const allocate = (options.contextReq & ISC_REQ_ALLOCATE_MEMORY) !== 0
    const targetName = options.targetName ?? ''
    return this.#step('initiator', options, allocate, targetName, (of, held) => {
      if (of.initiate === undefined) throw unsupported(of, 'cannot initiate')
      if (held.use === 'inbound') throw wrongUse(of, 'inbound')
      const { contextReq } = options
      return of.initiate(
        { credential: held.credential, targetName, contextReq, packages: this.#parts.registry },
        this.#parts.world,
      )
    })
  }

  accept(options: AcceptSecurityContextOptions): Promise<ContextStep> {
    const allocate = (options.contextReq & ASC_REQ_ALLOCATE_MEMORY) !== 0
    return this.#step('acceptor', options, allocate, '', (of, held) => {
      if (of.accept === undefined) throw unsupported(of, 'cannot accept')
      if (held.use === 'outbound') throw wrongUse(of, 'outbound')
      const { contextReq, policy } = options
      const world = policy === undefined ? this.#parts.world : withPolicy(this.#parts.world, policy)
      return of.accept({ credential: held.credential, contextReq, packages: this.#parts.registry }, world)
    })
  }

  /** CompleteAuthToken: gives the exchange the message that its token went into, and takes the finished token back. */
  async complete(context: CtxtHandle, token: SecBufferDesc): Promise<ContextStep> {
    const state = this.state(context)
    if (state.busy) throw overlapping(state.package)
    if (state.phase.at !== 'complete-needed') {
      throw unsupported(state.package, 'no token is waiting to be completed')
    }
    const { exchange } = state.phase
    const buffer = outputToken(token, shortStatus(state.package))
    const input: Input = { kind: 'complete', message: new Uint8Array(buffer.bytes) }
    this.#enter(state)
    try {
      const outcome = await this.#run(context, state, exchange, input, undefined)
      // In place where it fits. The message is gone into it, so that the call could not be repeated: else it is allocated.
      const room = buffer.pvBuffer?.length ?? 0
      const allocate = (outcome.kind === 'incomplete' ? 0 : (outcome.token?.length ?? 0)) > room
      buffer.cbBuffer = room
      return this.#deliver(context, state, exchange, outcome, {
        output: token,
        input: undefined,
        token: undefined,
        allocate,
        attributes: 0,
      })
    } finally {
      state.busy = false
    }
  }

  set<A extends SettableAttribute>(context: CtxtHandle, attribute: A, value: SettableAttributes[A]): void {
    const session = this.session(context)
    if (session.set?.(attribute, value) === true) return
    throw unsupported(this.state(context).package, `attribute ${attribute} cannot be set here`)
  }

  /** ApplyControlToken: what the message asks for, the next step does. */
  control(context: CtxtHandle, input: SecBufferDesc): void {
    const state = this.state(context)
    if (state.busy) throw overlapping(state.package)
    // Programs without types may leave it out; Windows answers so.
    if ((input as SecBufferDesc | undefined) === undefined) {
      throw new SspiError('SEC_E_INTERNAL_ERROR', 'applyControlToken: no buffers were given')
    }
    const { phase } = state
    const controlled = phase.at === 'established' ? phase.session : openExchange(state)
    if (controlled.control === undefined) throw unsupported(state.package, 'nothing can be controlled')
    const [token, ...others] = input.buffers
    if (token?.type !== SECBUFFER_TOKEN || others.length > 0) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'applyControlToken: one buffer of type SECBUFFER_TOKEN is needed')
    }
    controlled.control(new Uint8Array(token.bytes))
  }

  delete(context: CtxtHandle): void {
    const state = this.state(context)
    this.#states.delete(context)
    state.end()
  }

  query<A extends ContextAttribute>(context: CtxtHandle, attribute: A): ContextAttributes[A] {
    const state = this.state(context)
    const { phase } = state
    const asked = phase.at === 'established' ? phase.session : phase.at === 'over' ? undefined : phase.exchange
    const answer = asked?.query(attribute) ?? commonAttributes(state, this.#parts.world)[attribute]?.()
    if (answer === undefined) throw unsupported(state.package, `attribute ${attribute} has no answer here`)
    return answer
  }

  /** The session of an established context, for the message calls. */
  session(context: CtxtHandle): Session {
    const state = this.state(context)
    if (state.busy) throw overlapping(state.package)
    return state.session
  }

  /** The context itself. @throws {@link SspiError} `SEC_E_INVALID_HANDLE` when there is none (any more). */
  state(context: CtxtHandle): ContextState {
    const state = this.#states.get(context)
    if (state === undefined) {
      throw new SspiError('SEC_E_INVALID_HANDLE', 'the context was deleted, or is of another security interface')
    }
    return state
  }

  /** Moves a context out: the handle is ended. */
  export(context: CtxtHandle, options: ExportOptions): Uint8Array {
    const blob = exportContext(this.state(context), options, this.#parts.world)
    this.delete(context)
    return blob
  }

  /** Takes a context in, once. */
  async import(options: ImportOptions): Promise<ImportedContext> {
    const { state, session } = await importContext(options, this.#parts)
    const { contextAttr, expiry } = session
    return { context: this.#handle(state), side: state.side, contextAttr, expiry }
  }

  async #step(
    side: Side,
    options: InitializeSecurityContextOptions | AcceptSecurityContextOptions,
    allocate: boolean,
    targetName: string,
    start: (of: SecurityPackage, credential: CredentialState) => Exchange,
  ): Promise<ContextStep> {
    // The caller's part is checked before anything is begun.
    const held = options.credential === undefined ? undefined : this.#parts.credentials.require(options.credential)
    const before = options.context === undefined ? undefined : this.state(options.context)
    const of = before?.package ?? held?.package
    if (of === undefined) {
      throw new SspiError('SEC_E_INVALID_HANDLE', 'the first call needs a credential, later ones the context')
    }
    if (before !== undefined && before.side !== side) {
      throw new SspiError('SEC_E_INVALID_HANDLE', `the context is the ${before.side}'s`)
    }
    if (before !== undefined && held !== undefined && held.package !== before.package) {
      throw new SspiError('SEC_E_WRONG_CREDENTIAL_HANDLE', `the context was begun with a credential of ${of.info.name}`)
    }
    const output = outputToken(options.output, shortStatus(of))
    checkAlert(options.output, allocate, shortStatus(of))
    const input = readInput(options.input, of, before !== undefined)
    options.signal?.throwIfAborted()

    const given = options.context ?? (side === 'acceptor' ? this.#repeated(held!, input) : undefined)
    // `of` came from one of the two.
    const state = given === undefined ? this.#begin(of, side, targetName, held!, start) : this.state(given)
    const context = given ?? this.#handle(state)
    const attributes = allocate ? ISC_RET_ALLOCATED_MEMORY : 0 // ASC_RET_ALLOCATED_MEMORY is the same
    const delivery = { output: options.output, input: options.input, token: input.token, allocate, attributes }
    this.#enter(state)
    try {
      if (state.phase.at === 'established' && state.phase.session.step !== undefined) {
        return this.#goOn(context, state, state.phase.session, input.token, delivery)
      }
      const again = this.#undelivered(state, input.token)
      const exchange = again?.exchange ?? openExchange(state)
      const outcome = again?.outcome ?? (await this.#run(context, state, exchange, input, options.signal, output))
      try {
        return this.#deliver(context, state, exchange, outcome, delivery)
      } catch (error) {
        // After a first call the caller has no context to come back with. What an acceptor has accepted once it must not
        // accept again, so it is kept for the same call; an initiator begins anew.
        if (options.context === undefined) {
          const { channelBindings } = input
          if (side === 'acceptor' && state.phase.at === 'undelivered') {
            held!.keepUndelivered({ context, channelBindings })
          } else state.end()
        }
        throw error
      }
    } finally {
      state.busy = false
    }
  }

  /** A step of a context that stands. */
  #goOn(
    context: CtxtHandle,
    state: ContextState,
    session: Session,
    token: Uint8Array | undefined,
    delivery: Delivery,
  ): ContextStep {
    const { contextAttr, expiry } = session
    // The caller has looked whether it can.
    session.step!(token, (reply, consumed) => {
      putOutcome(delivery, { kind: 'notice', token: reply, consumed }, shortStatus(state.package))
    })
    return { status: SEC_E_OK, context, contextAttr: contextAttr | delivery.attributes, expiry }
  }

  /** The context of an acceptor's first call that could not deliver its token, when this is the same call again. */
  #repeated(held: CredentialState, input: Input & { readonly kind: 'token' }): CtxtHandle | undefined {
    const { undelivered } = held
    if (undelivered === undefined) return undefined
    const phase = this.#states.get(undelivered.context)?.phase
    if (phase?.at !== 'undelivered' || !sameBytes(phase.input, input.token)) return undefined
    if (!sameBindings(undelivered.channelBindings, input.channelBindings)) return undefined
    held.takeUndelivered()
    return undelivered.context
  }

  #begin(
    of: SecurityPackage,
    side: Side,
    targetName: string,
    held: CredentialState,
    start: (of: SecurityPackage, credential: CredentialState) => Exchange,
  ): ContextState {
    const exchange = start(of, held)
    const letGo = held.retain()
    const state: ContextState = new ContextState(of, side, targetName, exchange, {
      release: () => {
        letGo()
        this.#halfOpen.leave(state)
      },
      abandoned: (reason) => {
        this.#refused(state, reason)
      },
    })
    const { identity } = held.credential
    if (side === 'initiator' && identity !== undefined) state.credentialName = qualifiedName(identity)
    try {
      this.#halfOpen.enter(state, this.#parts.world.now())
    } catch (error) {
      state.end()
      throw error
    }
    return state
  }

  #handle(state: ContextState): CtxtHandle {
    const handle = new CtxtHandle(() => {
      if (this.#states.has(handle)) this.delete(handle)
    })
    this.#states.set(handle, state)
    return handle
  }

  /** The outcome that a caller's short buffer kept from being handed over, when this is the same call again. */
  #undelivered(
    state: ContextState,
    token: Uint8Array | undefined,
  ): { exchange: Exchange; outcome: Outcome } | undefined {
    if (state.phase.at !== 'undelivered') return undefined
    if (!sameBytes(state.phase.input, token)) throw notDelivered(state)
    return state.phase
  }

  /** Keeps every other call out until this one has left the context in its new state, and is no longer `busy`. */
  #enter(state: ContextState): void {
    if (state.busy) throw overlapping(state.package)
    this.#halfOpen.checkTime(state, this.#parts.world.now())
    state.busy = true
  }

  /** Runs an exchange until it has a result; whatever it throws ends the context. */
  #run(
    context: CtxtHandle,
    state: ContextState,
    exchange: Exchange,
    input: Input,
    signal: AbortSignal | undefined,
    output?: SecBuffer,
  ): Outcome | Promise<Outcome> {
    const stillThere = (): void => {
      // Nothing that was deleted or given up while it waited may come to life again.
      if (this.#states.get(context) !== state) {
        throw new SspiError('SEC_E_INVALID_HANDLE', 'the context was deleted during the call')
      }
      if (state.phase.at === 'over') throw exchangeOver(state)
    }
    const failed = (error: unknown): never => {
      if (output !== undefined) output.cbBuffer = 0
      if (state.phase.at !== 'over') {
        state.end()
        this.#refused(state, error)
      }
      throw error
    }
    try {
      const outcome = runExchange(exchange, input, this.#parts.driver, signal, stillThere)
      return outcome instanceof Promise ? outcome.catch(failed) : outcome
    } catch (error) {
      return failed(error)
    }
  }

  #deliver(
    context: CtxtHandle,
    state: ContextState,
    exchange: Exchange,
    outcome: Outcome,
    delivery: Delivery,
  ): ContextStep {
    if (outcome.kind === 'incomplete') {
      if (delivery.input !== undefined) putMissing(delivery.input, outcome.missing)
      return { status: SEC_E_INCOMPLETE_MESSAGE, context, contextAttr: exchange.contextAttr, expiry: never() }
    }
    try {
      putOutcome(delivery, outcome, shortStatus(state.package))
    } catch (error) {
      state.phase = { at: 'undelivered', exchange, outcome, input: delivery.token }
      throw error
    }
    const contextAttr = exchange.contextAttr | delivery.attributes
    switch (outcome.kind) {
      case 'continue':
        state.phase = { at: 'open', exchange }
        return { status: SEC_I_CONTINUE_NEEDED, context, contextAttr, expiry: never() }
      case 'notice':
        state.phase = { at: 'open', exchange }
        return { status: SEC_E_OK, context, contextAttr, expiry: never() }
      case 'complete':
        state.phase = { at: 'complete-needed', exchange }
        return { status: SEC_I_COMPLETE_NEEDED, context, contextAttr, expiry: never() }
      case 'done': {
        const { session } = outcome
        const by = outcome.by ?? state.package
        state.establish(exchange, session, by, outcome.attributes ?? {})
        this.#established(state, session, by)
        const achieved = session.contextAttr | delivery.attributes
        return { status: SEC_E_OK, context, contextAttr: achieved, expiry: session.expiry }
      }
    }
  }

  #established(state: ContextState, session: Session, by: SecurityPackage): void {
    const target = session.query(SECPKG_ATTR_CLIENT_SPECIFIED_TARGET)?.targetName
    this.#parts.world.emit({
      kind: 'context-established',
      packageName: state.package.info.name,
      mechanism: by.info.name,
      side: state.side,
      peer: session.peer === undefined ? session.query(SECPKG_ATTR_NAMES)?.userName : qualifiedName(session.peer),
      target: target ?? (state.targetName || undefined),
    })
  }

  #refused(state: ContextState, error: unknown): void {
    if (!(error instanceof SspiError)) return
    const { code, message } = error
    this.#parts.world.emit({
      kind: 'context-refused',
      packageName: state.package.info.name,
      side: state.side,
      code,
      message,
    })
  }
}

function openExchange(state: ContextState): Exchange {
  switch (state.phase.at) {
    case 'open':
      return state.phase.exchange
    case 'undelivered':
      throw notDelivered(state)
    case 'complete-needed':
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `${state.package.info.name}: completeAuthToken must come first`)
    case 'established':
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `${state.package.info.name}: the context is established already`)
    case 'over':
      throw exchangeOver(state)
  }
}

function notDelivered({ package: { info } }: ContextState): SspiError {
  return new SspiError(
    'SEC_E_OUT_OF_SEQUENCE',
    `${info.name}: the last call could not deliver its token: repeat it with a larger buffer`,
  )
}

function exchangeOver(state: ContextState): SspiError {
  const reason = state.phase.at === 'over' ? state.phase.reason : undefined
  return reason ?? new SspiError('SEC_E_OUT_OF_SEQUENCE', `${state.package.info.name}: the exchange is over`)
}

function shortStatus(of: SecurityPackage): FailureName {
  return of.shortBufferStatus ?? 'SEC_E_BUFFER_TOO_SMALL'
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

function overlapping(of: SecurityPackage): SspiError {
  return new SspiError('SEC_E_OUT_OF_SEQUENCE', `${of.info.name}: another call on this context is under way`)
}

function wrongUse(of: SecurityPackage, use: string): SspiError {
  return new SspiError('SEC_E_NO_CREDENTIALS', `${of.info.name}: the credential was acquired for ${use} use only`)
}

function sameBindings(a: ChannelBindings | undefined, b: ChannelBindings | undefined): boolean {
  return sameBytes(a && serialiseChannelBindings(a), b && serialiseChannelBindings(b))
}
