import {
  SEC_E_INCOMPLETE_MESSAGE,
  SEC_E_OK,
  SEC_I_COMPLETE_NEEDED,
  SEC_I_CONTINUE_NEEDED,
  SspiError,
} from '../status/index.js'
import type { ContextAttribute, ContextAttributes } from './attributes.js'
import type { SecBufferDesc } from './buffer.js'
import { readSecChannelBindings, type ChannelBindings } from './channel-bindings.js'
import {
  ASC_REQ_ALLOCATE_MEMORY,
  ISC_REQ_ALLOCATE_MEMORY,
  SECBUFFER_CHANNEL_BINDINGS,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
} from './constants/index.js'
import type { Exchange, Input, SecurityPackage, Session } from './contract.js'
import { ContextState, runExchange, type Outcome } from './context-state.js'
import type { CredentialKeeper, CredentialState } from './credentials.js'
import type { Driver } from './effects.js'
import type { Side } from './events.js'
import { HalfOpenKeeper, type HalfOpenLimits } from './half-open.js'
import { CredHandle, CtxtHandle } from './handles.js'
import { EXPORT_ID_LENGTH, openMovingContext, sealMovingContext } from './moving.js'
import { outputToken, putExtra, putMissing, putToken } from './output.js'
import { qualifiedName } from './identity.js'
import type { PackageRegistry } from './registry.js'
import type { ReplayCache } from './replay-cache.js'
import { never } from './time.js'
import type { World } from './world.js'

/** What both sides' calls have in common. */
export interface StepOptions {
  /** The context of the call before; none on the first call. */
  readonly context?: CtxtHandle | undefined
  /** Where the token for the peer goes: a `SECBUFFER_TOKEN`. Without memory, or with `…_ALLOCATE_MEMORY`, it is allocated. */
  readonly output: SecBufferDesc
  /** Gives up waiting (for an account database, a KDC, …); the context is over then. */
  readonly signal?: AbortSignal | undefined
}

/** Options of `initializeSecurityContext`. */
export interface InitializeSecurityContextOptions extends StepOptions {
  /** Needed on the first call; on later ones it may be left out. */
  readonly credential?: CredHandle | undefined
  /** The service to reach, `HTTP/www.example.com`. Default: none named. Counts on the first call. */
  readonly targetName?: string | undefined
  /** `ISC_REQ_…`. Counts on the first call (`ISC_REQ_ALLOCATE_MEMORY` on each). */
  readonly contextReq: number
  /** The server's token in a `SECBUFFER_TOKEN`, `SECBUFFER_CHANNEL_BINDINGS`, a `SECBUFFER_EMPTY` for what is left over. */
  readonly input?: SecBufferDesc | undefined
}

/** Options of `acceptSecurityContext`. */
export interface AcceptSecurityContextOptions extends StepOptions {
  /** Needed on the first call; on later ones it may be left out. */
  readonly credential?: CredHandle | undefined
  /** The client's token, bindings, a `SECBUFFER_EMPTY` for what is left over. Only a datagram server starts without. */
  readonly input?: SecBufferDesc | undefined
  /** `ASC_REQ_…`. Counts on the first call (`ASC_REQ_ALLOCATE_MEMORY` on each). */
  readonly contextReq: number
}

/** The statuses of a step that went well. */
export type StepStatus =
  typeof SEC_E_OK | typeof SEC_I_CONTINUE_NEEDED | typeof SEC_I_COMPLETE_NEEDED | typeof SEC_E_INCOMPLETE_MESSAGE

/** Result of `initializeSecurityContext` and `acceptSecurityContext`. */
export interface ContextStep {
  /**
   * `SEC_E_OK`: the context stands; send the token if there is one. `SEC_I_CONTINUE_NEEDED`: send it and come back with
   * the answer. `SEC_I_COMPLETE_NEEDED`: call `completeAuthToken` before sending. `SEC_E_INCOMPLETE_MESSAGE`: come back with more input.
   */
  readonly status: StepStatus
  readonly context: CtxtHandle
  /** `ISC_RET_…` or `ASC_RET_…`: what has been achieved so far. */
  readonly contextAttr: number
  readonly expiry: Date
}

/** Options of `exportSecurityContext`. */
export interface ExportOptions {
  /** 32 bytes that only those know who may import. */
  readonly key: Uint8Array
  /** How long the blob can be imported, in seconds. Default 60. */
  readonly lifetimeSeconds?: number | undefined
}

/** Options of `importSecurityContext`. */
export interface ImportOptions {
  /** The package that the context was made with. */
  readonly package: string
  readonly blob: Uint8Array
  /** The key of the export. */
  readonly key: Uint8Array
}

/** What the contexts of one interface share. */
export interface ContextParts {
  readonly registry: PackageRegistry
  readonly credentials: CredentialKeeper
  readonly driver: Driver
  readonly world: World
  readonly limits: HalfOpenLimits
  /** Remembers imports; without one nothing can be imported. */
  readonly imports: ReplayCache | undefined
}

const MIN_INPUT_LIMIT = 0x1_0000

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
      const { contextReq } = options
      return of.accept({ credential: held.credential, contextReq, packages: this.#parts.registry }, this.#parts.world)
    })
  }

  /** CompleteAuthToken: gives the exchange the message that its token went into, and takes the finished token back. */
  async complete(context: CtxtHandle, token: SecBufferDesc): Promise<ContextStep> {
    const state = this.#require(context)
    if (state.phase.at !== 'complete-needed') {
      throw unsupported(state.package, 'no token is waiting to be completed')
    }
    const { exchange } = state.phase
    const buffer = outputToken(token, shortStatus(state.package))
    const input: Input = { kind: 'complete', message: buffer.bytes.slice() }
    const outcome = await this.#guarded(state, () => runExchange(exchange, input, this.#parts.driver, undefined))
    // The finished token is as long as it is: it replaces the buffer's memory where it does not fit.
    return this.#deliver(context, state, exchange, outcome, { output: token, input: undefined, allocate: true })
  }

  delete(context: CtxtHandle): void {
    const state = this.#require(context)
    this.#states.delete(context)
    state.end()
  }

  query<A extends ContextAttribute>(context: CtxtHandle, attribute: A): ContextAttributes[A] {
    const { phase, package: of } = this.#require(context)
    const asked = phase.at === 'established' ? phase.session : phase.at === 'over' ? undefined : phase.exchange
    const answer = asked?.query(attribute)
    if (answer === undefined) throw unsupported(of, `attribute ${attribute} has no answer here`)
    return answer
  }

  /** The session of an established context, for the message calls. */
  session(context: CtxtHandle): Session {
    const state = this.#require(context)
    if (state.busy) throw overlapping(state.package)
    return state.session
  }

  /** Moves a context out: the handle is ended. */
  export(context: CtxtHandle, options: ExportOptions): Uint8Array {
    const state = this.#require(context)
    const { session } = state
    if (state.phase.at !== 'established' || session.export === undefined) {
      throw unsupported(state.package, 'its contexts cannot be exported')
    }
    const { world } = this.#parts
    const { by } = state.phase
    const until = new Date(world.now().getTime() + (options.lifetimeSeconds ?? 60) * 1000)
    const blob = sealMovingContext(
      {
        packageName: state.package.info.name,
        mechanism: by.info.name,
        side: state.side,
        targetName: state.targetName,
        until,
        id: world.random(EXPORT_ID_LENGTH),
        session: session.export(),
      },
      options.key,
    )
    this.delete(context)
    return blob
  }

  /** Takes a context in, once. */
  async import(options: ImportOptions): Promise<CtxtHandle> {
    const { registry, world, imports } = this.#parts
    const of = registry.require(options.package)
    if (imports === undefined) throw unsupported(of, 'importing needs a replay cache, and this interface has none')
    const moving = openMovingContext(options.blob, options.key)
    if (moving.packageName !== of.info.name) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `exported context: it is of package '${moving.packageName}'`)
    }
    const by = registry.require(moving.mechanism)
    if (by.importSession === undefined) throw unsupported(by, 'its contexts cannot be imported')
    if (world.now() > moving.until) {
      throw new SspiError(
        'SEC_E_CONTEXT_EXPIRED',
        `exported context: it could be imported until ${moving.until.toISOString()}`,
      )
    }
    if (!(await imports.remember(moving.id, moving.until))) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'exported context: it was imported before')
    }
    const session = by.importSession(moving.session, world)
    return this.#handle(ContextState.imported(of, by, moving.side, moving.targetName, session))
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
    const before = options.context === undefined ? undefined : this.#require(options.context)
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
    outputToken(options.output, shortStatus(of))
    const input = readInput(options.input, of)
    options.signal?.throwIfAborted()

    const state = before ?? this.#begin(of, side, targetName, held!, start) // `of` came from one of the two
    const context = options.context ?? this.#handle(state)
    const delivery = { output: options.output, input: options.input, allocate }
    const again = this.#undelivered(state, input.token)
    if (again !== undefined) return this.#deliver(context, state, again.exchange, again.outcome, delivery)

    const exchange = openExchange(state)
    const outcome = await this.#guarded(state, () => {
      this.#halfOpen.checkTime(state, this.#parts.world.now())
      return runExchange(exchange, input, this.#parts.driver, options.signal)
    })
    try {
      return this.#deliver(context, state, exchange, outcome, delivery)
    } catch (error) {
      // After a first call the caller has no context to come back with.
      if (options.context === undefined) state.end()
      throw error
    }
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
    const state: ContextState = new ContextState(of, side, targetName, exchange, () => {
      letGo()
      this.#halfOpen.leave(state)
    })
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

  #require(context: CtxtHandle): ContextState {
    const state = this.#states.get(context)
    if (state === undefined) {
      throw new SspiError('SEC_E_INVALID_HANDLE', 'the context was deleted, or is of another security interface')
    }
    return state
  }

  /** The outcome that a caller's short buffer kept from being handed over, when this is the same call again. */
  #undelivered(
    state: ContextState,
    token: Uint8Array | undefined,
  ): { exchange: Exchange; outcome: Outcome } | undefined {
    if (state.phase.at !== 'undelivered') return undefined
    if (state.busy) throw overlapping(state.package)
    if (!sameBytes(state.phase.input, token)) {
      throw new SspiError(
        'SEC_E_OUT_OF_SEQUENCE',
        'the last call could not deliver its token: repeat it with a larger buffer',
      )
    }
    return state.phase
  }

  /** Runs one call of an exchange; whatever it throws ends the context. */
  async #guarded(state: ContextState, call: () => Promise<Outcome>): Promise<Outcome> {
    if (state.busy) throw overlapping(state.package)
    state.busy = true
    try {
      return await call()
    } catch (error) {
      state.end()
      this.#refused(state, error)
      throw error
    } finally {
      state.busy = false
    }
  }

  #deliver(
    context: CtxtHandle,
    state: ContextState,
    exchange: Exchange,
    outcome: Outcome,
    delivery: Delivery,
  ): ContextStep {
    if (this.#states.get(context) !== state) {
      // Deleted while it waited: nothing of it may come to life again.
      if (outcome.kind === 'done') outcome.session.dispose()
      throw new SspiError('SEC_E_INVALID_HANDLE', 'the context was deleted during the call')
    }
    if (outcome.kind === 'incomplete') {
      if (delivery.input !== undefined) putMissing(delivery.input, outcome.missing)
      return { status: SEC_E_INCOMPLETE_MESSAGE, context, contextAttr: exchange.contextAttr, expiry: never() }
    }
    const short = shortStatus(state.package)
    const token = delivery.input?.find(SECBUFFER_TOKEN)
    try {
      if (delivery.input !== undefined && token !== undefined) putExtra(delivery.input, token, outcome.consumed)
      putToken(outputToken(delivery.output, short), outcome.token, delivery.allocate, short)
    } catch (error) {
      state.phase = { at: 'undelivered', exchange, outcome, input: token?.bytes.slice() }
      throw error
    }
    switch (outcome.kind) {
      case 'continue':
        state.phase = { at: 'open', exchange }
        return { status: SEC_I_CONTINUE_NEEDED, context, contextAttr: exchange.contextAttr, expiry: never() }
      case 'complete':
        state.phase = { at: 'complete-needed', exchange }
        return { status: SEC_I_COMPLETE_NEEDED, context, contextAttr: exchange.contextAttr, expiry: never() }
      case 'done': {
        const { session } = outcome
        const by = outcome.by ?? state.package
        state.establish(exchange, session, by)
        this.#established(state, session, by)
        return { status: SEC_E_OK, context, contextAttr: session.contextAttr, expiry: session.expiry }
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

/** Where an outcome goes. */
interface Delivery {
  readonly output: SecBufferDesc
  readonly input: SecBufferDesc | undefined
  readonly allocate: boolean
}

function readInput(input: SecBufferDesc | undefined, of: SecurityPackage): Input & { readonly kind: 'token' } {
  const buffer = input?.find(SECBUFFER_TOKEN)
  const limit = of.maxInputToken ?? Math.max(2 * of.info.maxToken, MIN_INPUT_LIMIT)
  if (buffer !== undefined && buffer.cbBuffer > limit) {
    throw new SspiError(
      'SEC_E_INVALID_TOKEN',
      `token: ${buffer.cbBuffer} bytes, ${of.info.name} reads at most ${limit}`,
    )
  }
  return {
    kind: 'token',
    // A copy, so that an exchange may keep views of it over a wait.
    token: buffer === undefined || buffer.cbBuffer === 0 ? undefined : buffer.bytes.slice(),
    channelBindings: readBindings(input),
  }
}

function readBindings(input: SecBufferDesc | undefined): ChannelBindings | undefined {
  const buffer = input?.find(SECBUFFER_CHANNEL_BINDINGS)
  return buffer === undefined ? undefined : readSecChannelBindings(buffer.bytes.slice())
}

function openExchange(state: ContextState): Exchange {
  if (state.busy) throw overlapping(state.package)
  switch (state.phase.at) {
    case 'open':
      return state.phase.exchange
    case 'undelivered': // cannot be: such a call was answered from what waits
    case 'complete-needed':
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `${state.package.info.name}: completeAuthToken must come first`)
    case 'established':
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `${state.package.info.name}: the context is established already`)
    case 'over':
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `${state.package.info.name}: the exchange is over`)
  }
}

function shortStatus(of: SecurityPackage): NonNullable<SecurityPackage['shortBufferStatus']> {
  return of.shortBufferStatus ?? 'SEC_E_BUFFER_TOO_SMALL'
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

function overlapping(of: SecurityPackage): SspiError {
  return new SspiError('SEC_E_OUT_OF_SEQUENCE', `${of.info.name}: another call on this context is under way`)
}

function unsupported(of: SecurityPackage, what: string): SspiError {
  return new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${of.info.name}: ${what}`)
}

function wrongUse(of: SecurityPackage, use: string): SspiError {
  return new SspiError('SEC_E_NO_CREDENTIALS', `${of.info.name}: the credential was acquired for ${use} use only`)
}
