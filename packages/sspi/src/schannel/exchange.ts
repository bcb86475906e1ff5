import { concatBytes } from '../bytes/index.js'
import { readCertificate, secretFrom, type SecretBytes } from '../crypto/index.js'
import {
  identityFrom,
  never,
  SspiError,
  type Ask,
  type ContextAttribute,
  type ContextAttributes,
  type Exchange,
  type Identity,
  type Input,
  type Side,
  type Step,
  type TlsEngine,
  type TlsPeer,
  type TlsProgress,
  type TlsResult,
  type World,
} from '../sspi/index.js'
import { cipherSuite, type CipherSuite } from './cipher-suites.js'
import { ContentType, MAX_HANDSHAKE_BYTES, TLS1_ALERT_FATAL, TLS_1_3 } from './constants.js'
import { readControlToken } from './control-token.js'
import { exchangeAttributes } from './exchange-attributes.js'
import { handshakeFailure } from './failures.js'
import { alertRecord, openProtections, secretOf } from './handshake-keys.js'
import { identityOf } from './identity.js'
import { judgePeer } from './judgement.js'
import { extensionData, ExtensionType } from './messages/index.js'
import { frameRecords, recordsIn } from './records.js'
import type { Done, Role } from './role.js'
import type { ConnectionFacts } from './session-parts.js'
import { SchannelSession } from './session.js'
import { HandshakeWatcher } from './watcher.js'

type State =
  /** Nothing has happened. */
  | { readonly at: 'start' }
  /** The engine is being opened; what came from the peer waits. */
  | { readonly at: 'opening'; readonly records: Uint8Array | undefined }
  /** The peer is to speak. */
  | { readonly at: 'expect-records'; readonly engine: TlsEngine }
  /** The engine has records. */
  | { readonly at: 'feeding'; readonly records: Uint8Array }
  /** The handshake is done; an account is being looked up. */
  | { readonly at: 'mapping'; readonly done: Done }
  | { readonly at: 'over' }

const NOTHING = new Uint8Array(0)
const INTERNAL_ERROR = 80
const ACCESS_DENIED = 49
const CLOSE_NOTIFY = 0

/**
 * One side of a handshake: a state machine that has the work done by a TLS engine, judges the peer before anything of this side's
 * identity leaves it, and ends in a session whose records are protected here.
 */
export class SchannelExchange implements Exchange {
  readonly #role: Role
  readonly #world: World
  readonly #watcher: HandshakeWatcher
  #state: State = { at: 'start' }
  #engine: TlsEngine | undefined
  /** How much the peer has sent. */
  #received = 0
  /** Whether the peer's certificate has been judged. */
  #judged = false
  /** What `control` has asked for, and the next step gives. */
  #notice: { readonly level: number; readonly number: number } | undefined
  /** An alert of this side was given out: the handshake cannot go on. */
  #closed = false
  #protocols: readonly string[] = []

  constructor(role: Role, world: World) {
    this.#role = role
    this.#world = world
    this.#watcher = new HandshakeWatcher(role.side)
  }

  get contextAttr(): number {
    return this.#role.promised
  }

  step(input: Input): Step {
    const state = this.#state
    if (input.kind === 'token' && this.#notice !== undefined) {
      const { level, number } = this.#notice
      this.#notice = undefined
      // A second one would be under the same key and nonce as the first.
      if (this.#closed) throw closedHere()
      this.#closed = true
      return { kind: 'notice', token: this.#alert(level, number), consumed: 0 }
    }
    this.#state = { at: 'over' }
    switch (state.at) {
      case 'start':
        return this.#begin(input)
      case 'opening':
        return this.#opened(progressIn(input), state.records)
      case 'expect-records':
        return this.#receive(input, state)
      case 'feeding':
        return this.#fed(progressIn(input), state.records)
      case 'mapping':
        return this.#mapped(input, state.done)
      case 'over':
        throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'Schannel: the exchange is over')
    }
  }

  control(message: Uint8Array): void {
    const control = readControlToken(message)
    if (control.kind === 'alert') this.#notice = control
    else throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'Schannel: there is no session yet to be kept or not')
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    return exchangeAttributes(this.#watcher)[attribute]?.()
  }

  dispose(): void {
    this.#state = { at: 'over' }
    this.#engine?.dispose()
    this.#engine = undefined
    this.#watcher.dispose()
    this.#role.dispose()
  }

  #begin(input: Input): Step {
    if (input.kind !== 'token') throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'Schannel: nothing was asked yet')
    const { token } = input
    this.#protocols = input.applicationProtocols ?? this.#protocols
    if (this.#role.side === 'initiator') {
      if (token !== undefined) {
        throw new SspiError('SEC_E_INVALID_TOKEN', 'Schannel: the client begins, and a token of the server came')
      }
      return this.#open(undefined)
    }
    if (token === undefined) throw new SspiError('SEC_E_INVALID_TOKEN', 'Schannel: the client begins: no token came')
    if (this.#closed) throw closedHere()
    const framing = frameRecords(token)
    if (framing.kind === 'whole') return this.#open(token.subarray(0, framing.length))
    this.#state = { at: 'start' }
    return framing
  }

  #open(records: Uint8Array | undefined): Step {
    this.#state = { at: 'opening', records }
    const { setup } = this.#role
    return ask({ effect: 'tls', query: { kind: 'open', setup, connection: this.#role.connection(this.#protocols) } })
  }

  #opened(progress: TlsProgress, records: Uint8Array | undefined): Step {
    this.#engine = progress.engine
    return records === undefined ? this.#fed(progress, NOTHING) : this.#feed(progress.engine, records)
  }

  #receive(input: Input, state: State & { readonly at: 'expect-records' }): Step {
    if (input.kind !== 'token') throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'Schannel: a token is expected')
    const token = input.token ?? NOTHING
    const framing = frameRecords(token)
    if (framing.kind === 'incomplete') {
      this.#state = state
      return framing
    }
    if (this.#closed) throw closedHere()
    return this.#feed(state.engine, token.subarray(0, framing.length))
  }

  #feed(engine: TlsEngine, records: Uint8Array): Step {
    this.#received += records.length
    if (this.#received > MAX_HANDSHAKE_BYTES) {
      throw this.#refusal(
        'SEC_E_ILLEGAL_MESSAGE',
        `more than ${MAX_HANDSHAKE_BYTES} bytes of handshake`,
        INTERNAL_ERROR,
      )
    }
    this.#checkClosing(records)
    this.#state = { at: 'feeding', records }
    return ask({ effect: 'tls', query: { kind: 'feed', engine, records } })
  }

  /** A peer that closes in the middle is not waited for. What is encrypted, the engine must read. */
  #checkClosing(records: Uint8Array): void {
    for (const record of recordsIn(records)) {
      if (record[0] !== ContentType.ALERT || record.length !== 7 || record[6] !== CLOSE_NOTIFY) continue
      throw closedByPeer()
    }
  }

  #fed(progress: TlsProgress, records: Uint8Array): Step {
    const { engine, consumed, output, state } = progress
    const resumed = state.kind === 'done' && state.result.resumed
    const peer = progress.peer ?? (resumed ? this.#role.remembered : undefined)
    this.#watcher.received(records.subarray(0, consumed), engine.secrets)
    // In TLS 1.2 what a client answers to the server's certificate is its own: it must not leave before the judgement.
    if (peer !== undefined) this.#judge(peer)
    switch (state.kind) {
      case 'handshake':
        this.#watcher.sent(output, engine.secrets)
        this.#state = { at: 'expect-records', engine }
        return { kind: 'continue', token: output, consumed }
      case 'closed':
        throw closedByPeer()
      case 'failed': {
        const { code, message } = handshakeFailure(state.code, state.message)
        throw new SspiError(code, message, { token: output.length > 0 ? output : undefined })
      }
      case 'done':
        return this.#done({ engine, peer, result: state.result, output, consumed })
    }
  }

  #judge(peer: TlsPeer): void {
    if (this.#judged) return
    this.#judged = true
    const expectation = this.#role.expectation(this.#world.now())
    const refusal = expectation === undefined ? undefined : judgePeer(peer, expectation)
    if (refusal !== undefined) throw this.#refusal(refusal.code, refusal.message, refusal.alert)
  }

  #done(done: Done): Step {
    const refusal = this.#role.refuse(done)
    if (refusal !== undefined) throw this.#refusal(refusal.code, refusal.message, refusal.alert)
    const [certificate] = done.peer?.chain ?? []
    if (!this.#role.asksAccount || certificate === undefined) return this.#finish(done, undefined)
    this.#state = { at: 'mapping', done }
    const { name } = identityOf(certificate, 'verified')
    return ask({ effect: 'account', query: { user: name, domain: '' } })
  }

  #mapped(input: Input, done: Done): Step {
    if (input.kind !== 'answer' || input.answer.effect !== 'account') {
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'Schannel: an account is being looked up')
    }
    const account = input.answer.value
    if (account === undefined || account.enabled === false) {
      throw this.#refusal('SEC_E_LOGON_DENIED', "the client's certificate is that of no account", ACCESS_DENIED)
    }
    return this.#finish(done, identityFrom(account.identity, 'account-database', 'local'))
  }

  #finish(done: Done, account: Identity | undefined): Step {
    const { engine, result, output, consumed } = done
    const role = this.#role
    const suite = cipherSuite(result.cipherSuite)
    if (suite === undefined) {
      throw new SspiError('SEC_E_ALGORITHM_MISMATCH', `Schannel: ${result.cipherSuite} was not offered`)
    }
    // Tickets of TLS 1.3 come behind the handshake, in records of their own that nobody needs: unsent, they never were.
    const ticketsSent = suite.version === TLS_1_3 && role.side === 'acceptor' && role.sendsTickets && output.length > 0
    const token = suite.version === TLS_1_3 && role.side === 'acceptor' && !ticketsSent ? NOTHING : output
    this.#watcher.sent(token, this.#secrets)
    const keys = { side: role.side, secrets: this.#secrets, watcher: this.#watcher }
    const { sent, received } = openProtections(keys, suite, ticketsSent ? [...recordsIn(output)].length : 0)
    const keepsEngine = role.wantsTickets && suite.version === TLS_1_3
    const session = new SchannelSession({
      facts: this.#facts(done, suite, account, ticketsSent),
      exporterSecret: secretFrom(secretOf(keys, suite.version === TLS_1_3 ? 'EXPORTER_SECRET' : 'CLIENT_RANDOM')),
      sent,
      received,
      engine: keepsEngine ? engine : undefined,
    })
    role.settled(done)
    if (keepsEngine) this.#engine = undefined
    return { kind: 'done', token: token.length > 0 ? token : undefined, consumed, session }
  }

  #facts(done: Done, suite: CipherSuite, account: Identity | undefined, ticketsSent: boolean): ConnectionFacts {
    const { peer, result } = done
    const role = this.#role
    const hello = this.#watcher.serverHello
    const chain = peer?.chain ?? []
    const [certificate] = chain
    const proved = certificate !== undefined && role.expectation(this.#world.now()) !== undefined
    return {
      side: role.side,
      suite,
      contextAttr: role.achieved(proved, ticketsSent),
      start: this.#world.now(),
      expiry: certificate === undefined ? never() : expiryOf(certificate),
      peer:
        account ?? (certificate === undefined ? undefined : identityOf(certificate, proved ? 'verified' : 'asserted')),
      peerChain: chain,
      localCertificate: result.localCertificate,
      roots: this.#role.setup.roots,
      applicationProtocol: result.applicationProtocol,
      serverName: role.serverName(result),
      resumed: result.resumed,
      sessionId: hello?.sessionId.slice() ?? NOTHING,
      firstFinished: suite.version === TLS_1_3 ? undefined : firstFinished(role.side, result),
      boundKeys:
        suite.version === TLS_1_3 ||
        extensionData(hello?.extensions ?? [], ExtensionType.EXTENDED_MASTER_SECRET) !== undefined,
      randoms: concatBytes(this.#watcher.clientRandom ?? NOTHING, hello?.random ?? NOTHING),
      issuers: this.#watcher.issuers,
      signatures: this.#watcher.signatures,
      extensions: this.#watcher.extensions,
    }
  }

  #refusal(code: SspiError['code'], message: string, alert: number): SspiError {
    return new SspiError(code, `Schannel: ${message}`, { token: this.#alert(TLS1_ALERT_FATAL, alert) })
  }

  #alert(level: number, number: number): Uint8Array {
    return alertRecord({ side: this.#role.side, secrets: this.#secrets, watcher: this.#watcher }, level, number)
  }

  get #secrets(): ReadonlyMap<string, SecretBytes> {
    return this.#engine?.secrets ?? NO_SECRETS
  }
}

function closedByPeer(): SspiError {
  return new SspiError('SEC_E_CONTEXT_EXPIRED', 'Schannel: the peer closed the connection during the handshake')
}

function closedHere(): SspiError {
  return new SspiError('SEC_E_CONTEXT_EXPIRED', 'Schannel: this side has closed the connection')
}

const NO_SECRETS: ReadonlyMap<string, SecretBytes> = new Map()

function ask(question: Ask): Step {
  return { kind: 'ask', ask: question }
}

function progressIn(input: Input): TlsProgress {
  if (input.kind === 'answer' && input.answer.effect === 'tls') return input.answer.value
  throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'Schannel: the TLS engine is at work')
}

/** The Finished that was sent first: the client's, but the server's where a former session went on (RFC 5929 section 3.1). */
function firstFinished(side: Side, { finished, resumed }: TlsResult): Uint8Array | undefined {
  return (side === 'initiator') === resumed ? finished?.peer : finished?.own
}

function expiryOf(certificate: Uint8Array): Date {
  try {
    return readCertificate(certificate).validTo
  } catch (error) {
    // Only one that nobody checked (manual validation) does not parse.
    if (error instanceof SspiError) return never()
    throw error
  }
}
