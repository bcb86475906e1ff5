/**
 * A security package of one's own, small but real: two sides that hold the same key prove it to each other in three
 * tokens and then sign and encrypt messages. Register it, and it is like the built-in ones:
 *
 *   sspi.addSecurityPackage(sharedKeyPackage)
 *   const exchange = sspi.initiate({ package: 'SharedKey', credentials: passwordCredential({ user: 'till-7', password: keyInHex }) })
 *
 * What to take from it for a package of your own:
 * - An exchange and a session are synchronous: no clock and no entropy but `World`'s, no waiting. What only somebody else
 *   knows (an account, say) is asked for with `{ kind: 'ask' }`, and `step` is called again with the answer; with `hearsFailure`,
 *   also when there is none, as nobody could be asked. Else that ends the exchange.
 * - The caller's buffers and arguments are checked first; only then does anything change, so that the call can be repeated.
 * - A peer's error is thrown as an `SspiError` and ends the exchange. In a session it refuses the one message.
 * - Keys are bytes that `dispose` overwrites; neither errors nor events hold any.
 * - The interface copies every token that comes in and wipes what `export` returns, so both may be used as they are.
 */
import { createHash, createHmac } from 'node:crypto'
import {
  constantTimeEqual,
  never,
  qualifiedName,
  secretBytes,
  SECPKG_FLAG_CONNECTION,
  SECPKG_FLAG_IMPERSONATION,
  SECPKG_FLAG_INTEGRITY,
  SECPKG_FLAG_MUTUAL_AUTH,
  SECPKG_FLAG_NEGOTIABLE,
  SECPKG_FLAG_PRIVACY,
  SECPKG_FLAG_READONLY_WITH_CHECKSUM,
  SECPKG_FLAG_TOKEN_ONLY,
  SECPKG_ID_NONE,
  serialiseChannelBindings,
  SspiError,
  wipe,
  type ChannelBindings,
  type Credential,
  type Exchange,
  type Identity,
  type Input,
  type Policy,
  type SecPkgInfo,
  type SecretBytes,
  type SecurityPackage,
  type Session,
  type Side,
  type Step,
  type World,
} from 'sspi/core'
import { identityOf, importSession, MAX_TOKEN, startSession } from './third-party-session.js'

const info: SecPkgInfo = {
  name: 'SharedKey',
  comment: 'Mutual authentication with a key that both sides hold',
  capabilities:
    SECPKG_FLAG_INTEGRITY |
    SECPKG_FLAG_PRIVACY |
    SECPKG_FLAG_TOKEN_ONLY |
    SECPKG_FLAG_CONNECTION |
    SECPKG_FLAG_IMPERSONATION |
    SECPKG_FLAG_NEGOTIABLE |
    SECPKG_FLAG_MUTUAL_AUTH |
    SECPKG_FLAG_READONLY_WITH_CHECKSUM,
  version: 1,
  rpcId: SECPKG_ID_NONE,
  maxToken: MAX_TOKEN,
}

/** The package: all that the interface needs to know of it. */
export const sharedKeyPackage: SecurityPackage<SharedKey> = {
  info,
  acquire({ value }) {
    if (value === undefined) throw new SspiError('SEC_E_NO_CREDENTIALS', 'SharedKey: there is no default key')
    if (value.kind !== 'password') {
      throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', 'SharedKey: needs a key in hexadecimal')
    }
    if (!/^([0-9a-f]{2}){32,}$/i.test(value.password)) {
      throw new SspiError(
        'SEC_E_UNKNOWN_CREDENTIALS',
        'SharedKey: the password must be a key of 32 bytes or more in hexadecimal',
      )
    }
    const key = secretBytes(value.password.length / 2)
    Buffer.from(key.buffer).write(value.password, 'hex')
    return new SharedKey(qualifiedName({ name: value.user, domain: value.domain }), key)
  },
  initiate: ({ credential, targetName }, world) => new Initiator(credential, targetName, world),
  accept: ({ credential }, world) => new Acceptor(credential, world),
  importSession: (blob) => importSession(blob),
  mechanism: {
    oid: '1.3.6.1.4.1.32473.1.1', // the arc for examples, RFC 5612
    oidAliases: [],
    lastResort: false,
    recognises: (token) => MAGIC.every((byte, index) => token[index] === byte),
    applies: () => true,
  },
}

/** A key with its name. The interface keeps it alive as long as an exchange is under way with it. */
class SharedKey implements Credential {
  readonly expiry = never()
  readonly identity: Identity
  readonly key: SecretBytes

  constructor(id: string, key: SecretBytes) {
    this.identity = identityOf(id)
    this.key = key
  }

  dispose(): void {
    wipe(this.key)
  }
}

// ---------------------------------------------------------------- tokens: "SKEY", type, length of the body, body

const MAGIC = Buffer.from('SKEY')
const HELLO = 1 // 32 random bytes, hash of the channel bindings (zeros for none), name of the key, name of the target
const CHALLENGE = 2 // 32 random bytes, the server's proof
const PROOF = 3 // the client's proof
const HEADER_LENGTH = 7
const NO_BINDINGS = new Uint8Array(32)

function writeToken(type: number, ...body: Uint8Array[]): Uint8Array {
  const header = Buffer.alloc(HEADER_LENGTH)
  header.set(MAGIC)
  header.writeUInt8(type, 4)
  const token = Buffer.concat([header, ...body])
  token.writeUInt16BE(token.length - HEADER_LENGTH, 5)
  return token
}

interface Whole {
  readonly whole: Buffer
  readonly body: Buffer
  readonly consumed: number
}

/** The body of a token of the type that is expected, or how much of it is missing. The length it says bounds everything. */
function readToken(input: Input, type: number): Whole | { readonly missing: number } {
  const bytes = input.kind === 'token' ? input.token : undefined
  if (bytes === undefined) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `SharedKey: a token of type ${type} is expected, none came`)
  }
  const token = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (token.compare(MAGIC, 0, Math.min(4, token.length), 0, Math.min(4, token.length)) !== 0) {
    throw new SspiError('SEC_E_INVALID_TOKEN', 'SharedKey: this is no token of this package')
  }
  if (token.length < HEADER_LENGTH) return { missing: HEADER_LENGTH - token.length }
  const came = token.readUInt8(4)
  if (came !== type) throw new SspiError('SEC_E_INVALID_TOKEN', `SharedKey: type ${type} is expected, ${came} came`)
  const end = HEADER_LENGTH + token.readUInt16BE(5)
  if (end > info.maxToken) throw new SspiError('SEC_E_INVALID_TOKEN', `SharedKey: a token of ${end} bytes is too long`)
  if (token.length < end) return { missing: end - token.length }
  return { whole: token.subarray(0, end), body: token.subarray(HEADER_LENGTH, end), consumed: end }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  if (bytes.length > 512) {
    throw new SspiError('SEC_E_INVALID_PARAMETER', `SharedKey: a name of ${bytes.length} bytes, 512 at most`)
  }
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes])
}

/** Reads texts one after the other up to the end; as many as are expected. */
function readTexts(bytes: Buffer, count: number): string[] {
  const texts: string[] = []
  let at = 0
  while (texts.length < count && at + 2 <= bytes.length) {
    const end = at + 2 + bytes.readUInt16BE(at)
    texts.push(bytes.toString('utf8', at + 2, end))
    at = end
  }
  if (at !== bytes.length || texts.length !== count) {
    throw new SspiError('SEC_E_INVALID_TOKEN', 'SharedKey: names do not fit')
  }
  return texts
}

// ---------------------------------------------------------------- the exchange

/** What every proof and every key is bound to: the whole HELLO and the server's random bytes. */
const transcriptOf = (hello: Uint8Array, serverRandom: Uint8Array): Buffer =>
  createHash('sha256').update(hello).update(serverRandom).digest()
const proofOf = (side: Side, key: Uint8Array, transcript: Uint8Array): Buffer =>
  createHmac('sha256', key).update(side).update(transcript).digest()
const exchangeOver = (): SspiError => new SspiError('SEC_E_OUT_OF_SEQUENCE', 'SharedKey: the exchange is over')

type InitiatorState =
  { readonly at: 'start' } | { readonly at: 'expect-challenge'; readonly hello: Uint8Array } | { readonly at: 'over' }

class Initiator implements Exchange {
  readonly contextAttr = 0
  #state: InitiatorState = { at: 'start' }
  readonly #credential: SharedKey
  readonly #target: string
  readonly #world: World

  constructor(credential: SharedKey, target: string, world: World) {
    this.#credential = credential
    this.#target = target
    this.#world = world
  }

  step(input: Input): Step {
    const state = this.#state
    this.#state = { at: 'over' } // and whatever throws below leaves it there
    switch (state.at) {
      case 'start': {
        const bindings = input.kind === 'token' ? hashBindings(input.channelBindings) : NO_BINDINGS
        const names = [text(this.#credential.identity.name), text(this.#target)]
        const hello = writeToken(HELLO, this.#world.random(32), bindings, ...names)
        this.#state = { at: 'expect-challenge', hello }
        return { kind: 'continue', token: hello, consumed: 0 }
      }
      case 'expect-challenge': {
        const read = readToken(input, CHALLENGE)
        if ('missing' in read) {
          this.#state = state
          return { kind: 'incomplete', missing: read.missing }
        }
        if (read.body.length !== 64) {
          throw new SspiError('SEC_E_INVALID_TOKEN', 'SharedKey: CHALLENGE: 64 bytes are expected')
        }
        const { key, identity } = this.#credential
        const transcript = transcriptOf(state.hello, read.body.subarray(0, 32))
        if (!constantTimeEqual(proofOf('acceptor', key, transcript), read.body.subarray(32))) {
          throw new SspiError('SEC_E_LOGON_DENIED', 'SharedKey: the server does not hold the same key')
        }
        const session = startSession('initiator', key, transcript, identity.name, this.#target)
        const token = writeToken(PROOF, proofOf('initiator', key, transcript))
        return { kind: 'done', token, consumed: read.consumed, session }
      }
      case 'over':
        throw exchangeOver()
    }
  }

  query(): undefined {
    return undefined
  }

  dispose(): void {
    this.#state = { at: 'over' } // it holds no secret of its own: the key is the credential's
  }
}

/** What the client said, and what only its proof can make believable. */
interface Claim {
  readonly key: Uint8Array
  readonly transcript: Uint8Array
  readonly bindings: Uint8Array
  readonly keyId: string
  readonly target: string
}

type AcceptorState =
  { readonly at: 'start' } | { readonly at: 'expect-proof'; readonly claim: Claim } | { readonly at: 'over' }

class Acceptor implements Exchange {
  readonly contextAttr = 0
  #state: AcceptorState = { at: 'start' }
  #bindings: Uint8Array = NO_BINDINGS
  readonly #credential: SharedKey
  readonly #world: World

  constructor(credential: SharedKey, world: World) {
    this.#credential = credential
    this.#world = world
  }

  step(input: Input): Step {
    const state = this.#state
    this.#state = { at: 'over' }
    if (state.at === 'over') throw exchangeOver()
    if (input.kind === 'token' && input.channelBindings !== undefined) {
      this.#bindings = hashBindings(input.channelBindings)
    }
    const read = readToken(input, state.at === 'start' ? HELLO : PROOF)
    if ('missing' in read) {
      this.#state = state
      return { kind: 'incomplete', missing: read.missing }
    }
    if (state.at === 'start') return this.#challenge(read)
    return { kind: 'done', token: undefined, consumed: read.consumed, session: this.#open(state.claim, read.body) }
  }

  #challenge({ whole, body, consumed }: Whole): Step {
    const [keyId = '', target = ''] = readTexts(body.subarray(64), 2)
    const serverRandom = this.#world.random(32)
    // Who names an unknown key is answered like who holds a wrong one: with a proof that will not fit.
    const key = keyId === this.#credential.identity.name ? this.#credential.key : this.#world.random(32)
    const transcript = transcriptOf(whole, serverRandom)
    this.#state = { at: 'expect-proof', claim: { key, transcript, bindings: body.subarray(32, 64), keyId, target } }
    const token = writeToken(CHALLENGE, serverRandom, proofOf('acceptor', key, transcript))
    return { kind: 'continue', token, consumed }
  }

  #open({ key, transcript, bindings, keyId, target }: Claim, proof: Uint8Array): Session {
    const expected = proofOf('initiator', key, transcript)
    if (proof.length !== expected.length || !constantTimeEqual(proof, expected)) {
      throw new SspiError('SEC_E_LOGON_DENIED', 'SharedKey: the client does not hold the key')
    }
    checkBindings(this.#world.policy, this.#bindings, bindings)
    checkTarget(this.#world.policy, target)
    return startSession('acceptor', key, transcript, keyId, target)
  }

  query(): undefined {
    return undefined
  }

  dispose(): void {
    this.#state = { at: 'over' }
  }
}

function hashBindings(bindings: ChannelBindings | undefined): Uint8Array {
  return bindings === undefined ? NO_BINDINGS : createHash('sha256').update(serialiseChannelBindings(bindings)).digest()
}

/** Extended protection: the channel that the client sees must be the one that the server sees. */
function checkBindings(policy: Policy, own: Uint8Array, clients: Uint8Array): void {
  const absent = constantTimeEqual(clients, NO_BINDINGS)
  if (own === NO_BINDINGS || policy.channelBindings === 'none') return
  if (absent && policy.channelBindings === 'supported') return
  if (!constantTimeEqual(own, clients)) {
    throw new SspiError('SEC_E_BAD_BINDINGS', 'SharedKey: the client has other channel bindings, or none')
  }
}

/** The server that the client meant must be one of those that the policy names. */
function checkTarget({ targetNames, targetNameRequired }: Policy, target: string): void {
  if (targetNames === undefined || (target === '' && !targetNameRequired)) return
  if (targetNames.some((name) => name.toLowerCase() === target.toLowerCase())) return
  throw new SspiError('SEC_E_WRONG_PRINCIPAL', `SharedKey: the client asked for '${target}', which is not this server`)
}
