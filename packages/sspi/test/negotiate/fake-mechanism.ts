import { createHmac } from 'node:crypto'
import {
  ASC_RET_INTEGRITY,
  ISC_RET_INTEGRITY,
  never,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_SIZES,
  SspiError,
  type AcceptRequest,
  type ContextAttribute,
  type ContextAttributes,
  type Credential,
  type Exchange,
  type InitiateRequest,
  type Input,
  type MechListMic,
  type SecBufferDesc,
  type SecurityPackage,
  type Session,
  type Step,
  type Unsealed,
} from '../../src/sspi/index.js'

/** How a fake mechanism behaves. */
export interface FakeOptions {
  readonly name: string
  readonly oid: string
  readonly oidAliases?: readonly string[]
  readonly lastResort?: boolean
  /** How many tokens are exchanged, the initiator's first included. Default 2. */
  readonly tokens?: number
  readonly micRequired?: boolean
  readonly integrity?: boolean
  /** Whether each step of either side asks something first. */
  readonly asks?: boolean
  readonly applies?: (targetName: string) => boolean
  readonly failsToAcquire?: boolean
  /** Whether the initiator's first step fails: 'at once', after it was answered, or since it is not answered. */
  readonly failsToStart?: 'at once' | 'answered' | 'unanswered' | 'constructor'
  /** Which of its questions find no answer: all, or those behind the initiator's first one. Default: none. */
  readonly unanswered?: 'always' | 'later'
  /** Whether it knows how to go on then. */
  readonly hearsFailure?: boolean
  /** Whether the acceptor refuses the initiator's first token, with a token of its own. */
  readonly refuses?: boolean
  readonly canAccept?: boolean
}

/** What happened to a fake mechanism, for tests to look at. */
export interface FakeLog {
  readonly acquired: FakeCredential[]
  readonly exchanges: FakeExchange[]
  readonly sessions: FakeSession[]
}

export type FakePackage = SecurityPackage<FakeCredential> & { readonly log: FakeLog }

export class FakeCredential implements Credential {
  readonly expiry: Date
  readonly identity = undefined
  disposed = false
  constructor(expiry: Date) {
    this.expiry = expiry
  }
  dispose(): void {
    this.disposed = true
  }
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A mechanism that exchanges `name#1`, `name#2`, … and signs with a key that both sides have. */
export function fakeMechanism(options: FakeOptions, expiry: Date = never()): FakePackage {
  const { name } = options
  const log: FakeLog = { acquired: [], exchanges: [], sessions: [] }
  const begin = (side: 'initiator' | 'acceptor', contextReq: number): Exchange => {
    if (side === 'initiator' && options.failsToStart === 'constructor') throw noAuthority(name)
    const exchange = new FakeExchange(options, side, contextReq, log)
    log.exchanges.push(exchange)
    return exchange
  }
  return {
    log,
    info: { name, comment: '', capabilities: 0, version: 1, rpcId: 0xffff, maxToken: 100 },
    acquire: () => {
      if (options.failsToAcquire === true) throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `${name}: not this kind`)
      const credential = new FakeCredential(expiry)
      log.acquired.push(credential)
      return credential
    },
    initiate: (request: InitiateRequest<FakeCredential>) => begin('initiator', request.contextReq),
    ...(options.canAccept === false
      ? {}
      : { accept: (request: AcceptRequest<FakeCredential>) => begin('acceptor', request.contextReq) }),
    mechanism: {
      oid: options.oid,
      oidAliases: options.oidAliases ?? [],
      lastResort: options.lastResort ?? false,
      recognises: (token) => new TextDecoder().decode(token).startsWith(`${name}#`),
      applies: (_credential, targetName) => options.applies?.(targetName) ?? true,
    },
  }
}

export class FakeExchange implements Exchange {
  readonly contextReq: number
  readonly contextAttr = 0x10
  disposed = false
  /** What was given with the tokens. */
  readonly bindings: (string | undefined)[] = []
  readonly #options: FakeOptions
  readonly #side: 'initiator' | 'acceptor'
  readonly #log: FakeLog
  /** Counted over both sides: the number of the token that comes next. */
  #next = 1
  #waiting: (Input & { readonly kind: 'token' }) | undefined

  constructor(options: FakeOptions, side: 'initiator' | 'acceptor', contextReq: number, log: FakeLog) {
    this.#options = options
    this.#side = side
    this.contextReq = contextReq
    this.#log = log
  }

  step(input: Input): Step {
    const { asks, name, failsToStart } = this.#options
    if (input.kind === 'complete') throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `${name}: nothing to complete`)
    if (input.kind === 'token') {
      this.bindings.push(input.channelBindings === undefined ? undefined : 'given')
      if (asks === true) {
        this.#waiting = input
        const { hearsFailure, unanswered } = this.#options
        const lost = this.#isStart()
          ? failsToStart === 'unanswered' || unanswered === 'always'
          : unanswered !== undefined
        const domain = lost ? NOWHERE : ''
        return { kind: 'ask', ask: { effect: 'account', query: { user: name, domain } }, hearsFailure }
      }
      if (this.#isStart() && failsToStart === 'at once') throw noAuthority(name)
      return this.#handle(input.token)
    }
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `${name}: not asked`)
    if (this.#isStart() && failsToStart === 'answered') throw noAuthority(name)
    return this.#handle(waiting.token)
  }

  query(): undefined {
    return undefined
  }

  dispose(): void {
    this.disposed = true
  }

  #isStart(): boolean {
    return this.#side === 'initiator' && this.#next === 1
  }

  #handle(token: Uint8Array | undefined): Step {
    const { name, tokens = 2, refuses } = this.#options
    const consumed = token?.length ?? 0
    if (!this.#isStart()) {
      const expected = `${name}#${this.#next}`
      if (token === undefined || new TextDecoder().decode(token) !== expected || refuses === true) {
        throw new SspiError('SEC_E_LOGON_DENIED', `${name}: refused`, { token: encode(`${name}#no`) })
      }
      this.#next++
    }
    if (this.#next > tokens) return { kind: 'done', token: undefined, consumed, session: this.#open() }
    const reply = encode(`${name}#${this.#next}`)
    this.#next++
    if (this.#next > tokens) return { kind: 'done', token: reply, consumed, session: this.#open() }
    return { kind: 'continue', token: reply, consumed }
  }

  #open(): Session {
    const session = new FakeSession(this.#options, this.#side)
    this.#log.sessions.push(session)
    return session
  }
}

/** Signs by HMAC over direction, epoch, number and data. The epoch tells whether keys were reset on both sides alike. */
export class FakeSession implements Session {
  readonly contextAttr: number
  readonly expiry = never()
  readonly peer = undefined
  readonly mechListMic: MechListMic
  readonly resets: string[] = []
  disposed = false
  readonly #options: FakeOptions
  readonly #side: 'initiator' | 'acceptor'
  readonly #epoch = { sent: 0, received: 0 }
  readonly #count = { sent: 0, received: 0 }

  constructor(options: FakeOptions, side: 'initiator' | 'acceptor') {
    this.#options = options
    this.#side = side
    this.contextAttr = options.integrity === false ? 0 : side === 'initiator' ? ISC_RET_INTEGRITY : ASC_RET_INTEGRITY
    this.mechListMic = {
      required: options.micRequired ?? false,
      resetKeys: (direction) => {
        this.resets.push(direction)
        this.#epoch[direction]++
      },
    }
  }

  sign(message: SecBufferDesc): void {
    const token = message.find(SECBUFFER_TOKEN)
    const mac = this.#mac('sent', message)
    this.#count.sent++
    token?.pvBuffer?.set(mac)
    if (token !== undefined) token.cbBuffer = mac.length
  }

  verify(message: SecBufferDesc): number {
    const given = message.find(SECBUFFER_TOKEN)?.bytes
    if (given === undefined || Buffer.compare(given, this.#mac('received', message)) !== 0) {
      throw new SspiError('SEC_E_MESSAGE_ALTERED', `${this.#options.name}: wrong signature`)
    }
    this.#count.received++
    return 0
  }

  seal(): void {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'not here')
  }

  unseal(): Unsealed {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'not here')
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    const table: { readonly [A in ContextAttribute]?: ContextAttributes[A] } = {
      [SECPKG_ATTR_SIZES]: { maxToken: 100, maxSignature: 24, blockSize: 0, securityTrailer: 24 },
    }
    return table[attribute]
  }

  dispose(): void {
    this.disposed = true
  }

  #mac(direction: 'sent' | 'received', message: SecBufferDesc): Uint8Array {
    const sender = (direction === 'sent') === (this.#side === 'initiator') ? 'initiator' : 'acceptor'
    const mac = createHmac('sha256', this.#options.name)
    mac.update(`${sender} ${this.#epoch[direction]} ${this.#count[direction]} `)
    for (const buffer of message.buffers) if (buffer.type !== SECBUFFER_TOKEN) mac.update(buffer.bytes)
    return Uint8Array.from(mac.digest().subarray(0, 20))
  }
}

/** A domain of which nobody knows anything. */
export const NOWHERE = 'nowhere'

export function noAuthority(name: string): SspiError {
  return new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `${name}: no KDC answers`)
}
