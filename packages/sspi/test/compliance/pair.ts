import assert from 'node:assert/strict'
import {
  ASC_REQ_INTEGRITY,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_INTEGRITY,
  ISC_REQ_MUTUAL_AUTH,
  ISC_REQ_REPLAY_DETECT,
  ISC_REQ_SEQUENCE_DETECT,
  SEC_E_OK,
  SECBUFFER_CHANNEL_BINDINGS,
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_STREAM,
  SECBUFFER_STREAM_HEADER,
  SECBUFFER_STREAM_TRAILER,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_KEYING_MATERIAL,
  SECPKG_ATTR_KEYING_MATERIAL_INFO,
  SECPKG_ATTR_SESSION_KEY,
  SECPKG_ATTR_SIZES,
  SECPKG_ATTR_STREAM_SIZES,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  SecBuffer,
  SecBufferDesc,
  SspiError,
  writeSecChannelBindings,
  type AuthenticationEvent,
  type ChannelBindings,
  type ContextStep,
  type CredentialValue,
  type CredHandle,
  type CtxtHandle,
  type Driver,
  type SecurityFunctionTable,
} from '../../src/sspi/index.js'
import type { PackageSetup } from './setup.js'

/** Everything that can be asked for. The two sides' flags have the same numbers, but for integrity. */
const PROTECTION = ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT

/** More than any exchange has. */
const MOST_TURNS = 20

/** Codes with which a message may be refused. */
export const REFUSALS: readonly string[] = ['SEC_E_MESSAGE_ALTERED', 'SEC_E_OUT_OF_SEQUENCE', 'SEC_E_INVALID_TOKEN']

/** One party of an exchange, on level 1. Its memory is its own: what it hands to a call is spoiled afterwards. */
export class Party {
  readonly table: SecurityFunctionTable
  readonly #initiates: boolean
  readonly #setup: PackageSetup
  readonly #bindings: ChannelBindings | undefined
  credential: CredHandle | undefined
  context: CtxtHandle | undefined
  step: ContextStep | undefined

  constructor(setup: PackageSetup, table: SecurityFunctionTable, initiates: boolean, bindings?: ChannelBindings) {
    this.#setup = setup
    this.table = table
    this.#initiates = initiates
    this.#bindings = bindings
  }

  /** The context, once it is there. */
  get ctx(): CtxtHandle {
    assert.ok(this.context, 'no context yet')
    return this.context
  }

  get done(): boolean {
    return this.step?.status === SEC_E_OK
  }

  async acquire(value: CredentialValue | undefined): Promise<void> {
    const credentialUse = this.#initiates ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND
    const acquired = await this.table.acquireCredentialsHandle({
      package: this.#setup.name,
      credentialUse,
      authData: value,
    })
    this.credential = acquired.credential
  }

  /** Another exchange with this party's credential. */
  another(): Party {
    const party = new Party(this.#setup, this.table, this.#initiates, this.#bindings)
    party.credential = this.credential
    return party
  }

  /** One step with buffers of its own, or with an output buffer that a test gives. */
  async advance(
    token: Uint8Array | undefined,
    output = new SecBuffer(SECBUFFER_TOKEN),
  ): Promise<Uint8Array | undefined> {
    const memory = token?.slice()
    const step = await this.call(memory, output)
    memory?.fill(0xee)
    this.context = step.context
    this.step = step
    const reply = output.cbBuffer > 0 ? output.bytes.slice() : undefined
    output.pvBuffer?.fill(0xee)
    return reply
  }

  call(token: Uint8Array | undefined, output: SecBuffer): Promise<ContextStep> {
    const buffers = [new SecBuffer(SECBUFFER_EMPTY)]
    if (token !== undefined) buffers.unshift(new SecBuffer(SECBUFFER_TOKEN, token))
    if (this.#bindings !== undefined) {
      buffers.push(new SecBuffer(SECBUFFER_CHANNEL_BINDINGS, writeSecChannelBindings(this.#bindings)))
    }
    const common = {
      context: this.context,
      credential: this.context === undefined ? this.credential : undefined,
      contextReq: PROTECTION | (this.#initiates ? ISC_REQ_INTEGRITY : ASC_REQ_INTEGRITY),
      input: new SecBufferDesc(buffers),
      output: new SecBufferDesc([output]),
    }
    if (!this.#initiates) return this.table.acceptSecurityContext(common)
    return this.table.initializeSecurityContext({ ...common, targetName: this.#setup.target })
  }

  sign(...message: SecBuffer[]): void {
    this.table.makeSignature(this.ctx, 0, new SecBufferDesc(message))
  }

  verify(...message: SecBuffer[]): void {
    this.table.verifySignature(this.ctx, new SecBufferDesc(message))
  }

  seal(...message: SecBuffer[]): void {
    this.table.encryptMessage(this.ctx, 0, new SecBufferDesc(message))
  }

  unseal(...message: SecBuffer[]): void {
    const { status } = this.table.decryptMessage(this.ctx, new SecBufferDesc(message))
    assert.equal(status, SEC_E_OK)
  }

  /** Something that only the holder of the keys can make of a message: a signature, or a record where there are none. */
  proofOf(message: Uint8Array): Uint8Array {
    return this.#setup.supports.records === true ? this.sealed(message).data : this.signatureOf(message)
  }

  /** Takes the other side's proof. */
  accepts(message: Uint8Array, proof: Uint8Array): void {
    if (this.#setup.supports.records !== true) this.check(message, proof)
    else assert.deepEqual(this.opened({ token: new Uint8Array(0), data: proof }), message)
  }

  /** A key that both sides hold: a copy. */
  sharedKey(): Uint8Array {
    const { table, ctx } = this
    if (this.#setup.supports.records !== true) {
      return table.queryContextAttributes(ctx, SECPKG_ATTR_SESSION_KEY).sessionKey
    }
    const info = { label: 'EXPORTER-compliance', keyingMaterialLength: 32 }
    table.setContextAttributes(ctx, SECPKG_ATTR_KEYING_MATERIAL_INFO, info)
    return table.queryContextAttributes(ctx, SECPKG_ATTR_KEYING_MATERIAL).keyingMaterial
  }

  /** A signature over one piece of data. */
  signatureOf(message: Uint8Array): Uint8Array {
    const token = new SecBuffer(SECBUFFER_TOKEN)
    this.sign(new SecBuffer(SECBUFFER_DATA, message), token)
    return token.bytes.slice()
  }

  check(message: Uint8Array, signature: Uint8Array): void {
    this.verify(new SecBuffer(SECBUFFER_DATA, message.slice()), new SecBuffer(SECBUFFER_TOKEN, signature.slice()))
  }

  /** A sealed message in two pieces; a record has no token beside it. */
  sealed(message: Uint8Array): Sealed {
    if (this.#setup.supports.records === true) return { token: new Uint8Array(0), data: this.#record(message) }
    const token = new SecBuffer(SECBUFFER_TOKEN)
    const data = new SecBuffer(SECBUFFER_DATA, message.slice())
    this.seal(token, data)
    return { token: token.bytes.slice(), data: data.bytes.slice() }
  }

  opened({ token, data }: Sealed): Uint8Array {
    if (this.#setup.supports.records === true) {
      const message = [SECBUFFER_DATA, SECBUFFER_EMPTY, SECBUFFER_EMPTY, SECBUFFER_EMPTY].map(
        (type) => new SecBuffer(type),
      )
      message[0]!.become(SECBUFFER_DATA, data.slice())
      this.unseal(...message)
      return message[1]!.bytes // header, data, trailer
    }
    const buffer = new SecBuffer(SECBUFFER_DATA, data.slice())
    this.unseal(buffer, new SecBuffer(SECBUFFER_TOKEN, token.slice()))
    return buffer.bytes
  }

  #record(message: Uint8Array): Uint8Array {
    const { header, trailer } = this.table.queryContextAttributes(this.ctx, SECPKG_ATTR_STREAM_SIZES)
    const parts = [
      new SecBuffer(SECBUFFER_STREAM_HEADER, header),
      new SecBuffer(SECBUFFER_DATA, message.slice()),
      new SecBuffer(SECBUFFER_STREAM_TRAILER, trailer),
    ]
    this.seal(...parts)
    return join(...parts.map((part) => part.bytes))
  }

  /** A sealed message in one piece, in the package's own order. */
  inOnePiece({ token, data }: Sealed): Uint8Array {
    const { tokenLast = false } = this.table.queryContextAttributes(this.ctx, SECPKG_ATTR_SIZES)
    return tokenLast ? join(data, token) : join(token, data)
  }

  /** A sealed message in one piece, opened in its own memory. */
  openedStream(sealed: Sealed): Uint8Array {
    const plain = new SecBuffer(SECBUFFER_DATA)
    this.unseal(new SecBuffer(SECBUFFER_STREAM, this.inOnePiece(sealed)), plain)
    return plain.bytes
  }

  end(): void {
    if (this.context !== undefined) this.table.deleteSecurityContext(this.context)
    if (this.credential !== undefined) this.table.freeCredentialsHandle(this.credential)
    this.context = this.credential = undefined
  }
}

/** A sealed message in two pieces. */
export interface Sealed {
  readonly token: Uint8Array
  readonly data: Uint8Array
}

/** Both parties of an exchange. */
export interface Pair {
  readonly client: Party
  readonly server: Party
}

/** What of a pair differs from the default. */
export interface PairOptions {
  readonly clientCredential?: CredentialValue
  readonly clientBindings?: ChannelBindings
  readonly serverBindings?: ChannelBindings
  readonly onEvent?: (event: AuthenticationEvent) => void
  readonly around?: (driver: Driver) => Driver
}

/** Two parties with their credentials, before the first step. */
export async function meet(setup: PackageSetup, options: PairOptions = {}): Promise<Pair> {
  const tables = setup.tables({ onEvent: options.onEvent, around: options.around })
  const client = new Party(setup, tables.client, true, options.clientBindings)
  const server = new Party(setup, tables.server, false, options.serverBindings)
  await client.acquire(options.clientCredential ?? setup.clientCredential)
  await server.acquire(setup.serverCredential)
  return { client, server }
}

/** What happens to the tokens on their way: the number counts from 0, the client's first. */
export type OnTheWay = (token: Uint8Array, number: number) => Uint8Array

/** Runs an exchange until both are done. @returns the tokens in their order. */
export async function shakeHands({ client, server }: Pair, onTheWay?: OnTheWay): Promise<readonly Uint8Array[]> {
  const tokens: Uint8Array[] = []
  let token: Uint8Array | undefined
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const party = turn % 2 === 0 ? client : server
    if (party.done) {
      assert.equal(token, undefined, 'a token came for a party that is done')
      if (client.done && server.done) return tokens
    }
    token = await party.advance(token)
    if (token !== undefined) {
      tokens.push(token)
      token = onTheWay?.(token, tokens.length - 1) ?? token
    }
    if (client.done && server.done) {
      assert.equal(token, undefined, 'a token came for a party that is done')
      return tokens
    }
  }
  throw new SspiError('SEC_E_INTERNAL_ERROR', 'the exchange does not end')
}

/** Runs the rest of an exchange in which it is the server's turn. */
export async function goOn({ client, server }: Pair, token: Uint8Array | undefined): Promise<void> {
  let next = token
  for (let turn = 0; !(client.done && server.done); turn++) {
    assertEnds(turn)
    next = await (turn % 2 === 0 ? server : client).advance(next)
  }
}

/** How long each party's token is, turn by turn; `undefined` for a turn without one, as of a client whose server speaks first. */
export async function tokenLengths({ client, server }: Pair): Promise<readonly (number | undefined)[]> {
  const lengths: (number | undefined)[] = []
  let token: Uint8Array | undefined
  while (!(client.done && server.done)) {
    assertEnds(lengths.length)
    token = await (lengths.length % 2 === 0 ? client : server).advance(token)
    lengths.push(token?.length)
  }
  return lengths
}

/** Fails in place of going on for ever, which would keep the whole file from ending. */
export function assertEnds(turn: number): void {
  assert.ok(turn < MOST_TURNS, 'the exchange does not end')
}

/** Two parties with an established context. */
export async function establish(setup: PackageSetup, options?: PairOptions): Promise<Pair> {
  const pair = await meet(setup, options)
  await shakeHands(pair)
  return pair
}

/** Bytes one behind the other. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Some text as bytes. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Asserts that a message is refused with one of the codes for that. */
export function refused(call: () => unknown, what: string): void {
  assert.throws(call, (error: unknown) => error instanceof SspiError && REFUSALS.includes(error.code), what)
}

/** Asserts that memory holds no piece of a plaintext where the plaintext would stand. */
export function holdsNothingOf(plaintext: Uint8Array, memory: Uint8Array, what: string): void {
  const PIECE = 6
  for (let at = 0; at + PIECE <= Math.min(plaintext.length, memory.length); at++) {
    const same = plaintext.subarray(at, at + PIECE).every((byte, index) => memory[at + index] === byte)
    assert.ok(!same, `${what}: plaintext at ${at}`)
  }
}
