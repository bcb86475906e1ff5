import assert from 'node:assert/strict'
import {
  SecBuffer,
  SecBufferDesc,
  SECBUFFER_DATA,
  SECBUFFER_TOKEN,
  SspiError,
  type AuthenticationEvent,
  type ChannelBindings,
  type Exchange,
  type Input,
  type Packages,
  type RevealedCredential,
  type SecurityPackage,
  type Session,
  type Step,
  type World,
} from '../../src/sspi/index.js'
import { negotiatePackage, type NegotiateOptions } from '../../src/negotiate/index.js'
import { noAuthority, NOWHERE } from './fake-mechanism.js'

export const world: World = {
  now: () => new Date('2026-01-01T00:00:00Z'),
  random: (length) => new Uint8Array(length).fill(0x5a),
  policy: { channelBindings: 'supported', targetNames: undefined, targetNameRequired: false },
  emit: () => undefined,
}

/** Packages in the order of an array. */
export function packagesOf(list: readonly SecurityPackage[]): Packages {
  const find = (name: string): SecurityPackage | undefined => list.find((each) => each.info.name === name)
  return { find, [Symbol.iterator]: () => list[Symbol.iterator]() }
}

/** What one side is made of. */
export interface SideOptions extends NegotiateOptions {
  readonly contextReq?: number
  readonly targetName?: string
  readonly value?: RevealedCredential
  readonly emit?: (event: AuthenticationEvent) => void
}

export function initiate(list: readonly SecurityPackage[], options: SideOptions = {}): Exchange {
  const negotiate = negotiatePackage(options)
  const packages = packagesOf([negotiate, ...list])
  const { value, targetName = 'HTTP/www.example.com', contextReq = 0, emit = () => undefined } = options
  const credential = negotiate.acquire({ use: 'outbound', principal: undefined, value, packages }, world)
  const exchange = negotiate.initiate?.({ credential, targetName, contextReq, packages }, { ...world, emit })
  assert.ok(exchange)
  return exchange
}

export function accept(list: readonly SecurityPackage[], options: SideOptions = {}): Exchange {
  const negotiate = negotiatePackage(options)
  const packages = packagesOf([negotiate, ...list])
  const { value, contextReq = 0 } = options
  const credential = negotiate.acquire({ use: 'inbound', principal: undefined, value, packages }, world)
  const exchange = negotiate.accept?.({ credential, contextReq, packages }, world)
  assert.ok(exchange)
  return exchange
}

export function token(bytes: Uint8Array | undefined, channelBindings?: ChannelBindings): Input & { kind: 'token' } {
  return { kind: 'token', token: bytes, channelBindings }
}

type Result = Exclude<Step, { readonly kind: 'ask' }>

/** Steps an exchange, answering with nobody whatever account it asks for; and not at all for one of {@link NOWHERE}. */
export function stepThrough(exchange: Exchange, input: Input, asked: string[] = []): Result {
  let step = exchange.step(input)
  while (step.kind === 'ask') {
    assert.equal(step.ask.effect, 'account')
    asked.push(step.ask.query.user)
    const { user, domain } = step.ask.query
    if (domain === NOWHERE) {
      assert.equal(step.hearsFailure, true, 'whoever has a peer to tell, or another mechanism, wants to hear of it')
      step = exchange.step({ kind: 'unanswered', error: noAuthority(user) })
    } else step = exchange.step({ kind: 'answer', answer: { effect: 'account', value: undefined } })
  }
  return step
}

/** A step that must be the last one. */
export function doneOf(step: Step | undefined): Step & { kind: 'done' } {
  assert.ok(step?.kind === 'done', `done expected, ${step?.kind ?? 'nothing'} came`)
  return step
}

/** A step that must have a token. */
export function tokenOf(step: Step): Uint8Array {
  assert.ok(step.kind === 'continue' || step.kind === 'done')
  assert.ok(step.token !== undefined)
  return step.token
}

/** One token on the wire. */
export interface Sent {
  readonly from: 'initiator' | 'acceptor'
  readonly token: Uint8Array
}

/** What an exchange came to. */
export interface Outcome {
  readonly initiator: (Step & { kind: 'done' }) | undefined
  readonly acceptor: (Step & { kind: 'done' }) | undefined
  readonly wire: readonly Sent[]
  /** The first failure, and whose it was. */
  readonly failure: { readonly at: 'initiator' | 'acceptor'; readonly error: SspiError } | undefined
}

/** What someone on the way makes of a token: the number counts over both directions, from 0. */
export type Tamper = (token: Uint8Array, number: number) => Uint8Array

/** Lets both sides talk until one has nothing to say or fails. */
export function talk(
  initiator: Exchange,
  acceptor: Exchange,
  options: { readonly tamper?: Tamper; readonly serverFirst?: boolean; readonly bindings?: ChannelBindings } = {},
): Outcome {
  const wire: Sent[] = []
  const done: { initiator: (Step & { kind: 'done' }) | undefined; acceptor: (Step & { kind: 'done' }) | undefined } = {
    initiator: undefined,
    acceptor: undefined,
  }
  let at: 'initiator' | 'acceptor' = options.serverFirst === true ? 'acceptor' : 'initiator'
  let next: Uint8Array | undefined
  for (let turns = 0; turns < 20; turns++) {
    let step: Result
    try {
      step = stepThrough(at === 'initiator' ? initiator : acceptor, token(next, options.bindings))
    } catch (error) {
      assert.ok(error instanceof SspiError, String(error))
      return { ...done, wire, failure: { at, error } }
    }
    assert.ok(step.kind === 'continue' || step.kind === 'done')
    if (step.kind === 'done') done[at] = step
    if (step.token === undefined) break
    wire.push({ from: at, token: step.token })
    next = options.tamper?.(step.token, wire.length - 1) ?? step.token
    at = at === 'initiator' ? 'acceptor' : 'initiator'
    if (done[at] !== undefined) break
  }
  return { ...done, wire, failure: undefined }
}

/** Lets both sides talk; both must be done. Then messages must pass in both directions, twice. */
export function establish(
  initiator: Exchange,
  acceptor: Exchange,
  options: Parameters<typeof talk>[2] = {},
): { initiator: Step & { kind: 'done' }; acceptor: Step & { kind: 'done' }; wire: readonly Sent[] } {
  const outcome = talk(initiator, acceptor, options)
  if (outcome.failure !== undefined) throw outcome.failure.error
  const client = doneOf(outcome.initiator)
  const server = doneOf(outcome.acceptor)
  for (let count = 0; count < 2; count++) {
    sendSigned(client.session, server.session)
    sendSigned(server.session, client.session)
  }
  return { initiator: client, acceptor: server, wire: outcome.wire }
}

function sendSigned(from: Session, to: Session): void {
  const data = Uint8Array.of(1, 2, 3)
  const signature = new SecBuffer(SECBUFFER_TOKEN, 32)
  from.sign(new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, data), signature]), 0, 0)
  to.verify(
    new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, data), new SecBuffer(SECBUFFER_TOKEN, signature.bytes)]),
    0,
  )
}
