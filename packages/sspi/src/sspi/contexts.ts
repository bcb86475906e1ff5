import { Reader } from '../bytes/index.js'
import { wipe } from '../crypto/index.js'
import {
  SEC_E_INCOMPLETE_MESSAGE,
  SEC_E_OK,
  SEC_I_COMPLETE_NEEDED,
  SEC_I_CONTINUE_NEEDED,
  SspiError,
  type FailureName,
} from '../status/index.js'
import type { AttributeTable, ContextAttribute, ContextAttributes } from './attributes.js'
import type { SecBufferDesc } from './buffer.js'
import { readSecChannelBindings, type ChannelBindings } from './channel-bindings.js'
import {
  ASC_REQ_ALLOCATE_MEMORY,
  ASC_RET_DELEGATE,
  ASC_RET_IDENTIFY,
  ASC_RET_NULL_SESSION,
  ISC_REQ_ALLOCATE_MEMORY,
  ISC_RET_ALLOCATED_MEMORY,
  SECBUFFER_CHANNEL_BINDINGS,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_ACCESS_TOKEN,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_FLAGS,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_PACKAGE_INFO,
} from './constants/index.js'
import type { Exchange, Input, SecurityPackage, Session } from './contract.js'
import { ContextState, runExchange, type Outcome } from './context-state.js'
import type { CredentialKeeper, CredentialState } from './credentials.js'
import type { Driver } from './effects.js'
import type { Side } from './events.js'
import { HalfOpenKeeper, type HalfOpenLimits } from './half-open.js'
import { CredHandle, CtxtHandle } from './handles.js'
import {
  EXPORT_ID_LENGTH,
  EXPORT_KEY_LENGTH,
  openMovingContext,
  sealMovingContext,
  type MovingContext,
} from './moving.js'
import { checkTokenRoom, outputToken, putExtra, putMissing, putToken } from './output.js'
import { qualifiedName, type AccessToken, type Identity } from './identity.js'
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
  /** Gives up waiting (for an account database, a KDC, …): the call rejects with the signal's reason, and the context is over. */
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
  /** How long the blob can be imported, in seconds, at most a day. Default 60. */
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
/** A context on its way for longer than a day has been forgotten, not moved. */
const MAX_EXPORT_SECONDS = 86_400

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
    if (state.busy) throw overlapping(state.package)
    if (state.phase.at !== 'complete-needed') {
      throw unsupported(state.package, 'no token is waiting to be completed')
    }
    const { exchange } = state.phase
    const buffer = outputToken(token, shortStatus(state.package))
    const input: Input = { kind: 'complete', message: buffer.bytes.slice() }
    return this.#exclusively(state, async () => {
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
    })
  }

  delete(context: CtxtHandle): void {
    const state = this.#require(context)
    this.#states.delete(context)
    state.end()
  }

  query<A extends ContextAttribute>(context: CtxtHandle, attribute: A): ContextAttributes[A] {
    const state = this.#require(context)
    const { phase } = state
    const asked = phase.at === 'established' ? phase.session : phase.at === 'over' ? undefined : phase.exchange
    const answer = asked?.query(attribute) ?? this.#common(state)[attribute]?.()
    if (answer === undefined) throw unsupported(state.package, `attribute ${attribute} has no answer here`)
    return answer
  }

  /** What the interface knows itself, for packages that leave it to it. */
  #common(state: ContextState): AttributeTable {
    const { phase } = state
    if (phase.at === 'over') return {}
    if (phase.at !== 'established') {
      const { contextAttr } = phase.exchange
      return { [SECPKG_ATTR_FLAGS]: () => ({ flags: contextAttr }) }
    }
    const { session, by } = phase
    return {
      [SECPKG_ATTR_FLAGS]: () => ({ flags: session.contextAttr }),
      [SECPKG_ATTR_PACKAGE_INFO]: () => by.info,
      [SECPKG_ATTR_ACCESS_TOKEN]: () => {
        if (state.side === 'initiator' || session.peer === undefined) return undefined
        return accessToken(session, session.peer, by, (state.authenticationId ??= this.#newAuthenticationId()))
      },
    }
  }

  #newAuthenticationId(): bigint {
    return new Reader(this.#parts.world.random(8)).u64le('authentication id')
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
    const { key, lifetimeSeconds = 60 } = options
    // Checked before the keys are in hand, so that nothing has happened when the caller is wrong.
    if (key.length !== EXPORT_KEY_LENGTH) {
      throw new TypeError(`exportSecurityContext: the key has ${key.length} bytes, ${EXPORT_KEY_LENGTH} are needed`)
    }
    if (!(lifetimeSeconds > 0 && lifetimeSeconds <= MAX_EXPORT_SECONDS)) {
      throw new TypeError(`exportSecurityContext: a lifetime of ${lifetimeSeconds} s, at most ${MAX_EXPORT_SECONDS}`)
    }
    const { world } = this.#parts
    const { by } = state.phase
    const blob = sealMovingContext(
      {
        packageName: state.package.info.name,
        mechanism: by.info.name,
        side: state.side,
        targetName: state.targetName,
        until: new Date(world.now().getTime() + Math.ceil(lifetimeSeconds * 1000)),
        id: world.random(EXPORT_ID_LENGTH),
        session: session.export(),
      },
      key,
    )
    this.delete(context)
    return blob
  }

  /** Takes a context in, once. */
  async import(options: ImportOptions): Promise<CtxtHandle> {
    const of = this.#parts.registry.require(options.package)
    const moving = openMovingContext(options.blob, options.key)
    try {
      return await this.#takeIn(of, moving)
    } finally {
      wipe(moving.session)
    }
  }

  async #takeIn(of: SecurityPackage, moving: MovingContext): Promise<CtxtHandle> {
    const { registry, world, imports } = this.#parts
    if (imports === undefined) throw unsupported(of, 'importing needs a replay cache, and this interface has none')
    if (registry.find(moving.packageName) !== of) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `exported context: it is of package '${moving.packageName}'`)
    }
    const by = registry.require(moving.mechanism)
    if (by.importSession === undefined) throw unsupported(by, 'its contexts cannot be imported')
    if (world.now() > moving.until) {
      const until = moving.until.toISOString()
      throw new SspiError('SEC_E_CONTEXT_EXPIRED', `exported context: it could be imported until ${until}`)
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
    const attributes = allocate ? ISC_RET_ALLOCATED_MEMORY : 0 // ASC_RET_ALLOCATED_MEMORY is the same
    const delivery = { output: options.output, input: options.input, token: input.token, allocate, attributes }
    return this.#exclusively(state, async () => {
      const again = this.#undelivered(state, input.token)
      const exchange = again?.exchange ?? openExchange(state)
      const outcome = again?.outcome ?? (await this.#run(context, state, exchange, input, options.signal))
      try {
        return this.#deliver(context, state, exchange, outcome, delivery)
      } catch (error) {
        // After a first call the caller has no context to come back with.
        if (options.context === undefined) state.end()
        throw error
      }
    })
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
    if (!sameBytes(state.phase.input, token)) {
      throw new SspiError(
        'SEC_E_OUT_OF_SEQUENCE',
        'the last call could not deliver its token: repeat it with a larger buffer',
      )
    }
    return state.phase
  }

  /** Keeps every other call out until this one has left the context in its new state. */
  async #exclusively<T>(state: ContextState, call: () => Promise<T>): Promise<T> {
    if (state.busy) throw overlapping(state.package)
    state.busy = true
    try {
      this.#halfOpen.checkTime(state, this.#parts.world.now())
      return await call()
    } finally {
      state.busy = false
    }
  }

  /** Runs an exchange until it has a result; whatever it throws ends the context. */
  async #run(
    context: CtxtHandle,
    state: ContextState,
    exchange: Exchange,
    input: Input,
    signal: AbortSignal | undefined,
  ): Promise<Outcome> {
    const stillThere = (): void => {
      // Nothing that was deleted or given up while it waited may come to life again.
      if (this.#states.get(context) !== state) {
        throw new SspiError('SEC_E_INVALID_HANDLE', 'the context was deleted during the call')
      }
      if (state.phase.at === 'over') throw exchangeOver(state)
    }
    try {
      return await runExchange(exchange, input, this.#parts.driver, signal, stillThere)
    } catch (error) {
      if (state.phase.at !== 'over') {
        state.end()
        this.#refused(state, error)
      }
      throw error
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
      case 'complete':
        state.phase = { at: 'complete-needed', exchange }
        return { status: SEC_I_COMPLETE_NEEDED, context, contextAttr, expiry: never() }
      case 'done': {
        const { session } = outcome
        const by = outcome.by ?? state.package
        state.establish(exchange, session, by)
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

function accessToken(session: Session, user: Identity, by: SecurityPackage, authenticationId: bigint): AccessToken {
  const has = (flag: number): boolean => (session.contextAttr & flag) !== 0
  const impersonationLevel = has(ASC_RET_NULL_SESSION)
    ? 'anonymous'
    : has(ASC_RET_IDENTIFY)
      ? 'identification'
      : has(ASC_RET_DELEGATE)
        ? 'delegation'
        : 'impersonation'
  return { user, packageName: by.info.name, impersonationLevel, authenticationId, expiry: session.expiry }
}

/** Where an outcome goes. */
interface Delivery {
  readonly output: SecBufferDesc
  readonly input: SecBufferDesc | undefined
  /** The token that the exchange was given: by it the same call is known when it comes again. */
  readonly token: Uint8Array | undefined
  readonly allocate: boolean
  /** What the interface itself adds to the context's attributes. */
  readonly attributes: number
}

/** Hands an outcome to the caller's buffers: all of it or, when one is too short, nothing. */
function putOutcome(delivery: Delivery, outcome: Exclude<Outcome, { kind: 'incomplete' }>, short: FailureName): void {
  const { input, output, allocate } = delivery
  const buffer = outputToken(output, short)
  checkTokenRoom(buffer, outcome.token, allocate, short)
  const given = input?.find(SECBUFFER_TOKEN)
  if (input !== undefined && given !== undefined) putExtra(input, given, outcome.consumed)
  putToken(buffer, outcome.token, allocate)
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
  switch (state.phase.at) {
    case 'open':
      return state.phase.exchange
    case 'undelivered': // cannot be: such a call was answered from what waits
    case 'complete-needed':
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `${state.package.info.name}: completeAuthToken must come first`)
    case 'established':
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `${state.package.info.name}: the context is established already`)
    case 'over':
      throw exchangeOver(state)
  }
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

function unsupported(of: SecurityPackage, what: string): SspiError {
  return new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${of.info.name}: ${what}`)
}

function wrongUse(of: SecurityPackage, use: string): SspiError {
  return new SspiError('SEC_E_NO_CREDENTIALS', `${of.info.name}: the credential was acquired for ${use} use only`)
}
