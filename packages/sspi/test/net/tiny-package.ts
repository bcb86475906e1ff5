import { createHash, createHmac } from 'node:crypto'
import {
  ASC_RET_CONFIDENTIALITY,
  ASC_RET_INTEGRITY,
  constantTimeEqual,
  ISC_REQ_CONFIDENTIALITY,
  ISC_RET_CONFIDENTIALITY,
  ISC_RET_INTEGRITY,
  never,
  readMessageLayout,
  readStreamLayout,
  SECBUFFER_DATA,
  SECPKG_ATTR_SIZES,
  SecurityFunctionTable,
  signatureRoom,
  SspiError,
  type ContextAttribute,
  type ContextAttributes,
  type Credential,
  type Exchange,
  type Identity,
  type Input,
  type SecBufferDesc,
  type SecurityPackage,
  type Session,
  type Step,
} from '../../src/sspi/index.js'

/** How the tiny package behaves. */
export interface TinyOptions {
  /** Whether the acceptor, too, sends a token at the end. Default `false`. */
  readonly lastWord?: boolean
  /** Whether the initiator goes on for ever. */
  readonly endless?: boolean
  /** Whether a context comes with neither integrity nor privacy. */
  readonly weak?: boolean
  /** Whether the acceptor claims privacy whatever the initiator said. */
  readonly acceptorSeals?: boolean
}

/** Sessions that were made and not yet disposed of. */
const liveSessions = new Set<Session>()

/** Gives streams that are closing a few turns to do so, then sees that they left no session. */
export async function noSessionsLeft(): Promise<void> {
  for (let turn = 0; turn < 50 && liveSessions.size > 0; turn++) await new Promise((resolve) => setImmediate(resolve))
  const left = liveSessions.size
  liveSessions.clear()
  if (left > 0) throw new Error(`${left} sessions are left`)
}

/** An interface with nothing but the tiny package, `'Tiny'`, where everybody's password is `secret`. */
export function tinyInterface(options: TinyOptions = {}): SecurityFunctionTable {
  return new SecurityFunctionTable({
    packages: [tinyPackage(options)],
    driver: {
      answer: () => {
        throw new SspiError('SEC_E_INTERNAL_ERROR', 'nothing is ever asked')
      },
    },
    world: {
      now: () => new Date(0),
      random: (length) => new Uint8Array(length),
      policy: { channelBindings: 'none', targetNames: undefined, targetNameRequired: false },
      emit: () => {},
    },
  })
}

interface TinyCredential extends Credential {
  readonly user: string
  readonly password: string
}

function tinyPackage(options: TinyOptions): SecurityPackage<TinyCredential> {
  return {
    info: { name: 'Tiny', comment: 'for tests', capabilities: 0, version: 1, rpcId: 0xffff, maxToken: 1000 },
    acquire: ({ value }) => ({
      expiry: never(),
      identity: undefined,
      user: value?.kind === 'password' ? value.user : 'nobody',
      password: value?.kind === 'password' ? value.password : 'secret',
      dispose: () => {},
    }),
    initiate: ({ credential, contextReq }) => new Initiator(credential, contextReq, options),
    accept: () => new Acceptor(options),
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const proofOf = (user: string, password: string) => createHash('sha256').update(`${user}:${password}`).digest('hex')

abstract class TinyExchange implements Exchange {
  contextAttr = 0
  readonly options: TinyOptions
  protected turns = 0

  constructor(options: TinyOptions) {
    this.options = options
  }

  abstract step(input: Input): Step

  query(): undefined {
    return undefined
  }

  dispose(): void {}
}

class Initiator extends TinyExchange {
  readonly #credential: TinyCredential
  readonly #privacy: boolean

  constructor(credential: TinyCredential, contextReq: number, options: TinyOptions) {
    super(options)
    this.#credential = credential
    this.#privacy = (contextReq & ISC_REQ_CONFIDENTIALITY) !== 0
  }

  step(input: Input): Step {
    const came = textOf(input)
    const consumed = came.length
    if (this.turns++ === 0) return { kind: 'continue', token: encoder.encode('hello'), consumed }
    if (came.startsWith('no')) {
      throw new SspiError('SEC_E_WRONG_PRINCIPAL', 'Tiny: the acceptor said no in its own words')
    }
    if (this.options.endless === true) return { kind: 'continue', token: encoder.encode('more'), consumed }
    const { user, password } = this.#credential
    const session = () => new TinySession('initiator', password, this.#privacy, this.options, undefined)
    if (came === 'well') return { kind: 'done', token: undefined, consumed, session: session() }
    const token = encoder.encode([user, proofOf(user, password), this.#privacy ? 'private' : 'public'].join(' '))
    if (this.options.lastWord === true) return { kind: 'continue', token, consumed }
    return { kind: 'done', token, consumed, session: session() }
  }
}

class Acceptor extends TinyExchange {
  step(input: Input): Step {
    const came = textOf(input)
    const consumed = came.length
    if (came === 'hello' || came === 'more') return { kind: 'continue', token: encoder.encode('who'), consumed }
    const [user = '', proof, privacy] = came.split(' ')
    if (proof === undefined) throw new SspiError('SEC_E_INVALID_TOKEN', 'Tiny: no proof')
    if (proof !== proofOf(user, 'secret')) {
      const token = user === 'mallory' ? encoder.encode('no') : undefined
      throw new SspiError('SEC_E_LOGON_DENIED', 'Tiny: wrong name or password', { token })
    }
    const peer: Identity = { name: user, domain: 'TINY', sid: undefined, groups: [], source: 'verified' }
    const isPrivate = privacy === 'private' || this.options.acceptorSeals === true
    const session = new TinySession('acceptor', 'secret', isPrivate, this.options, peer)
    return {
      kind: 'done',
      token: this.options.lastWord === true ? encoder.encode('well') : undefined,
      consumed,
      session,
    }
  }
}

function textOf(input: Input): string {
  return input.kind === 'token' && input.token !== undefined ? decoder.decode(input.token) : ''
}

const TRAILER = 20

class TinySession implements Session {
  readonly contextAttr: number
  readonly expiry = never()
  readonly peer: Identity | undefined
  readonly #own: string
  readonly #others: string
  readonly #password: string
  #sent = 0
  #received = 0

  constructor(
    side: 'initiator' | 'acceptor',
    password: string,
    isPrivate: boolean,
    options: TinyOptions,
    peer: Identity | undefined,
  ) {
    const privacy = side === 'initiator' ? ISC_RET_CONFIDENTIALITY : ASC_RET_CONFIDENTIALITY
    const integrity = side === 'initiator' ? ISC_RET_INTEGRITY : ASC_RET_INTEGRITY
    this.contextAttr = options.weak === true ? 0 : integrity | (isPrivate ? privacy : 0)
    this.peer = peer
    this.#own = side
    this.#others = side === 'initiator' ? 'acceptor' : 'initiator'
    this.#password = password
    liveSessions.add(this)
  }

  sign(message: SecBufferDesc): void {
    const { token, signed } = readMessageLayout(message)
    this.#write(signatureRoom(token, TRAILER), signed)
  }

  verify(message: SecBufferDesc): number {
    const { token, signed } = readMessageLayout(message)
    this.#check(token.bytes, signed)
    return 0
  }

  seal(message: SecBufferDesc): void {
    const { token, signed, sealed } = readMessageLayout(message)
    this.#write(signatureRoom(token, TRAILER), signed)
    sealed.forEach(scramble)
  }

  unseal(message: SecBufferDesc): { kind: 'message'; qop: number } {
    const stream = readStreamLayout(message)
    if (stream === undefined) throw new SspiError('SEC_E_INVALID_TOKEN', 'Tiny: only whole messages')
    const { bytes } = stream.stream
    const text = bytes.subarray(TRAILER)
    scramble(text)
    this.#check(bytes.subarray(0, TRAILER), [text])
    stream.data.become(SECBUFFER_DATA, text)
    return { kind: 'message', qop: 0 }
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    if (attribute !== SECPKG_ATTR_SIZES) return undefined
    const sizes = { maxToken: 1000, maxSignature: TRAILER, blockSize: 0, securityTrailer: TRAILER }
    return sizes as ContextAttributes[A] // the attribute was compared above
  }

  dispose(): void {
    liveSessions.delete(this)
  }

  #write(room: Uint8Array, parts: readonly Uint8Array[]): void {
    const number = Buffer.alloc(4)
    number.writeUInt32BE(this.#sent++)
    room.set(number)
    room.set(this.#mac(this.#own, number, parts), 4)
  }

  #check(trailer: Uint8Array, parts: readonly Uint8Array[]): void {
    const number = Buffer.from(trailer.subarray(0, 4))
    const mac = this.#mac(this.#others, number, parts)
    if (trailer.length !== TRAILER || !constantTimeEqual(mac, trailer.subarray(4))) {
      throw new SspiError('SEC_E_MESSAGE_ALTERED', 'Tiny: altered')
    }
    if (number.readUInt32BE() !== this.#received) throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'Tiny: out of sequence')
    this.#received++
  }

  #mac(side: string, number: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
    const mac = createHmac('sha256', `${side}:${this.#password}`).update(number)
    for (const part of parts) mac.update(part)
    return new Uint8Array(mac.digest()).subarray(0, TRAILER - 4)
  }
}

/** Not even a cipher: enough to see that `seal` was called. */
function scramble(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = bytes[i]! ^ 0x5a
}
