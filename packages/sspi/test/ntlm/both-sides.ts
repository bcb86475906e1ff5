import assert from 'node:assert/strict'
import { fromHex, utf16leDecode } from '../../src/bytes/index.js'
import { randomBytes, secretFrom, type SecretBytes } from '../../src/crypto/index.js'
import {
  SecBuffer,
  SECBUFFER_DATA,
  SECBUFFER_TOKEN,
  SecBufferDesc,
  type Account,
  type AuthenticationEvent,
  type ChannelBindings,
  type Credential,
  type Exchange,
  type Packages,
  type Policy,
  type RevealedCredential,
  type SecurityPackage,
  type Session,
  type Step,
  type World,
} from '../../src/sspi/index.js'
import { ntlmPackage, type HostNames, type NtlmOptions } from '../../src/ntlm/index.js'
import { NtlmSession } from '../../src/ntlm/session.js'

export const HOST: HostNames = {
  netbiosName: 'SERVER01',
  netbiosDomain: 'CONTOSO',
  dnsName: 'server01.contoso.com',
  dnsDomain: 'contoso.com',
}

export const NOW = new Date('2026-03-01T12:00:00Z')

export const ALICE = {
  kind: 'password',
  user: 'alice',
  domain: 'CONTOSO',
  packageList: undefined,
  password: 'Passw0rd!',
} as const satisfies RevealedCredential

export const ALICES_ACCOUNT: Account = {
  identity: {
    name: 'alice',
    domain: 'CONTOSO',
    sid: 'S-1-5-21-1-2-3-1104',
    groups: ['S-1-5-32-545'],
    source: 'verified',
  },
  secret: { kind: 'password', password: 'Passw0rd!' },
}

export const NO_PACKAGES: Packages = { find: () => undefined, [Symbol.iterator]: () => [][Symbol.iterator]() }

export interface TestWorld extends World {
  readonly events: AuthenticationEvent[]
  /** How many random bytes each call asked for. */
  readonly drawn: number[]
}

export interface WorldOptions {
  readonly now?: Date
  /** What `random` gives, one after the other; after that, random bytes. */
  readonly random?: readonly string[]
  readonly policy?: Partial<Policy>
}

export function testWorld(options: WorldOptions = {}): TestWorld {
  const events: AuthenticationEvent[] = []
  const drawn: number[] = []
  return {
    events,
    drawn,
    now: () => options.now ?? NOW,
    random: (length) => {
      const given = options.random?.[drawn.length]
      drawn.push(length)
      if (given === undefined) return randomBytes(length)
      const bytes = fromHex(given)
      assert.equal(bytes.length, length, 'as many random bytes as the vector has')
      return bytes
    },
    policy: { channelBindings: 'supported', targetNames: undefined, targetNameRequired: false, ...options.policy },
    emit: (event) => events.push(event),
  }
}

/** What a pair of sides is made of. Everything has a default that works. */
export interface PairOptions {
  readonly client?: Partial<NtlmOptions>
  readonly server?: Partial<NtlmOptions>
  readonly credential?: RevealedCredential
  readonly account?: Account | undefined
  readonly targetName?: string
  readonly initiateReq?: number
  readonly acceptReq?: number
  readonly clientBindings?: ChannelBindings
  readonly serverBindings?: ChannelBindings
  readonly clientWorld?: TestWorld
  readonly serverWorld?: TestWorld
  /** Changes a token on its way. */
  readonly tamper?: (token: Uint8Array, index: number) => Uint8Array
}

export interface Established {
  readonly client: Session
  readonly server: Session
  readonly tokens: readonly Uint8Array[]
  readonly clientWorld: TestWorld
  readonly serverWorld: TestWorld
}

export function packageOf(options: Partial<NtlmOptions> = {}): SecurityPackage {
  return ntlmPackage({ host: HOST, ...options })
}

export function initiator(options: PairOptions = {}, world: World = testWorld()): Exchange {
  const of = packageOf(options.client)
  const credential = acquire(of, options.credential ?? ALICE, 'outbound', world)
  const { targetName = '', initiateReq = 0 } = options
  return of.initiate!({ credential, targetName, contextReq: initiateReq, packages: NO_PACKAGES }, world)
}

export function acceptor(options: PairOptions = {}, world: World = testWorld()): Exchange {
  const of = packageOf(options.server)
  const credential = acquire(of, undefined, 'inbound', world)
  return of.accept!({ credential, contextReq: options.acceptReq ?? 0, packages: NO_PACKAGES }, world)
}

export function acquire(
  of: SecurityPackage,
  value: RevealedCredential | undefined,
  use: 'inbound' | 'outbound' | 'both',
  world: World = testWorld(),
): Credential {
  return of.acquire({ use, principal: undefined, value, packages: NO_PACKAGES }, world)
}

/** Gives a token to a side; questions about accounts are answered. */
export function give(
  side: Exchange,
  token: Uint8Array | undefined,
  account?: Account,
  channelBindings?: ChannelBindings,
): Exclude<Step, { readonly kind: 'ask' }> {
  const step = side.step({ kind: 'token', token, channelBindings })
  if (step.kind !== 'ask') return step
  const answered = side.step({ kind: 'answer', answer: { effect: 'account', value: account } })
  assert.notEqual(answered.kind, 'ask')
  return answered as Exclude<Step, { readonly kind: 'ask' }> // asserted
}

/** Runs an exchange to its end. */
export function establish(options: PairOptions = {}): Established {
  const clientWorld = options.clientWorld ?? testWorld()
  const serverWorld = options.serverWorld ?? testWorld()
  const client = initiator(options, clientWorld)
  const server = acceptor(options, serverWorld)
  const account = 'account' in options ? options.account : ALICES_ACCOUNT
  const tamper = options.tamper ?? ((token) => token)
  const negotiate = tamper(tokenOf(give(client, undefined, undefined, options.clientBindings)), 0)
  const challenge = tamper(tokenOf(give(server, negotiate.length === 0 ? undefined : negotiate)), 1)
  const done = give(client, challenge, undefined, options.clientBindings)
  const authenticate = tamper(tokenOf(done), 2)
  const accepted = give(server, authenticate, account, options.serverBindings)
  client.dispose()
  server.dispose()
  return {
    client: sessionOf(done),
    server: sessionOf(accepted),
    tokens: [negotiate, challenge, authenticate],
    clientWorld,
    serverWorld,
  }
}

export function tokenOf(step: Step): Uint8Array {
  assert.ok('token' in step && step.token !== undefined, `a token, not ${step.kind}`)
  return step.token
}

export function sessionOf(step: Step): Session {
  assert.ok(step.kind === 'done', `done, not ${step.kind}`)
  return step.session
}

export function sign(session: Session, data: Uint8Array, sequence = 0): Uint8Array {
  const token = new SecBuffer(SECBUFFER_TOKEN, 16)
  session.sign(new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, data), token]), 0, sequence)
  return token.bytes
}

export function verify(session: Session, data: Uint8Array, signature: Uint8Array, sequence = 0): number {
  const message = [new SecBuffer(SECBUFFER_DATA, data), new SecBuffer(SECBUFFER_TOKEN, signature)]
  return session.verify(new SecBufferDesc(message), sequence)
}

/** Seals a copy: signature, then ciphertext. */
export function seal(session: Session, data: Uint8Array, sequence = 0): Uint8Array {
  const whole = new Uint8Array(16 + data.length)
  whole.set(data, 16)
  const message = [
    new SecBuffer(SECBUFFER_TOKEN, whole.subarray(0, 16)),
    new SecBuffer(SECBUFFER_DATA, whole.subarray(16)),
  ]
  session.seal(new SecBufferDesc(message), 0, sequence)
  return whole
}

/** Opens a copy of what {@link seal} made. */
export function unseal(session: Session, sealed: Uint8Array, sequence = 0): Uint8Array {
  const copy = sealed.slice()
  const data = copy.subarray(16)
  const message = [new SecBuffer(SECBUFFER_DATA, data), new SecBuffer(SECBUFFER_TOKEN, copy.subarray(0, 16))]
  session.unseal(new SecBufferDesc(message), sequence)
  return data
}

export function text(bytes: Uint8Array): string {
  return utf16leDecode(bytes, 'text')
}

export function bytesOf(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

/** A session out of nothing but flags and a key. */
export function sessionWith(
  flags: number,
  key: SecretBytes = secretFrom(new Uint8Array(16).fill(1)),
  side: 'initiator' | 'acceptor' = 'initiator',
): NtlmSession {
  const parts = {
    side,
    flags,
    contextAttr: 0,
    exportedSessionKey: key,
    micUsed: false,
    start: NOW,
    user: 'alice',
    domain: '',
    serverName: '',
    targetName: '',
    targetInfo: new Uint8Array(0),
    peer: undefined,
  }
  return new NtlmSession(parts, packageOf().info)
}
