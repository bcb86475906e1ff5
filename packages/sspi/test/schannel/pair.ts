import assert from 'node:assert/strict'
import { schannelPackage } from '../../src/schannel/index.js'
import {
  ASC_REQ_CONFIDENTIALITY,
  ASC_REQ_INTEGRITY,
  ASC_REQ_MUTUAL_AUTH,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_INTEGRITY,
  ISC_REQ_MUTUAL_AUTH,
  SEC_E_OK,
  SECBUFFER_APPLICATION_PROTOCOLS,
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_EXTRA,
  SECBUFFER_STREAM_HEADER,
  SECBUFFER_STREAM_TRAILER,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_STREAM_SIZES,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  SecBuffer,
  SecBufferDesc,
  writeApplicationProtocols,
  type ContextAttribute,
  type ContextAttributes,
  type ContextStep,
  type CredentialValue,
  type CredHandle,
  type CtxtHandle,
  type Driver,
  type SecurityFunctionTable,
} from '../../src/sspi/index.js'
import { createDriver } from '../../src/system/driver.js'
import { memoryAccounts } from '../../src/io/accounts/index.js'
import { testTable } from '../compliance/suite.js'
import { credentialOf, SERVER, trusting } from './certificates.js'

/** What of a party differs from the default. */
export interface PartyOptions {
  readonly credential?: CredentialValue
  readonly target?: string
  readonly flags?: number
  readonly protocols?: readonly string[]
  readonly now?: () => Date
  readonly driver?: Driver
  /** Another party whose credential this one uses too. */
  readonly like?: Party
}

const accounts = memoryAccounts([{ user: 'alice', domain: '', password: 'unused' }])

/** One end of a connection, on level 1. */
export class Party {
  readonly table: SecurityFunctionTable
  readonly client: boolean
  readonly options: PartyOptions
  credential: CredHandle | undefined
  context: CtxtHandle | undefined
  step: ContextStep | undefined
  /** What came behind the last token. */
  extra: Uint8Array | undefined

  private constructor(client: boolean, options: PartyOptions) {
    this.client = client
    this.options = options
    const driver = options.driver ?? createDriver({ accounts })
    this.table =
      options.like?.table ?? testTable([schannelPackage()], { driver, ...(options.now && { now: options.now }) })
  }

  static async make(client: boolean, options: PartyOptions = {}): Promise<Party> {
    const party = new Party(client, options)
    if (options.like !== undefined) party.credential = options.like.credential
    else {
      const acquired = await party.table.acquireCredentialsHandle({
        package: 'Schannel',
        credentialUse: client ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND,
        authData: options.credential ?? (client ? trusting() : credentialOf('server')),
      })
      party.credential = acquired.credential
    }
    return party
  }

  get ctx(): CtxtHandle {
    assert.ok(this.context)
    return this.context
  }

  get done(): boolean {
    return this.step?.status === SEC_E_OK
  }

  /** One step; gives the token, empty for none. */
  async advance(token?: Uint8Array): Promise<Uint8Array> {
    const empty = new SecBuffer(SECBUFFER_EMPTY)
    const output = new SecBuffer(SECBUFFER_TOKEN)
    const input = [empty]
    if (token !== undefined) input.unshift(new SecBuffer(SECBUFFER_TOKEN, token))
    const { protocols } = this.options
    if (protocols !== undefined && this.context === undefined) {
      input.push(new SecBuffer(SECBUFFER_APPLICATION_PROTOCOLS, writeApplicationProtocols(protocols)))
    }
    this.step = await this.call(new SecBufferDesc(input), new SecBufferDesc([output]))
    this.context = this.step.context
    this.extra = empty.type === SECBUFFER_EXTRA ? empty.bytes.slice() : undefined
    return output.bytes.slice()
  }

  call(input: SecBufferDesc | undefined, output: SecBufferDesc): Promise<ContextStep> {
    const common = {
      context: this.context,
      credential: this.context === undefined ? this.credential : undefined,
      output,
    }
    const flags = this.options.flags ?? 0
    if (this.client) {
      const contextReq = ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_MUTUAL_AUTH | flags
      const targetName = this.options.target ?? SERVER
      return this.table.initializeSecurityContext({ ...common, input, contextReq, targetName })
    }
    const contextReq = ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY | ASC_REQ_MUTUAL_AUTH | flags
    return this.table.acceptSecurityContext({ ...common, input: input ?? new SecBufferDesc([]), contextReq })
  }

  ask<A extends ContextAttribute>(attribute: A): ContextAttributes[A] {
    return this.table.queryContextAttributes(this.ctx, attribute)
  }

  /** One record with the message in it. */
  seal(message: Uint8Array, qop = 0): Uint8Array {
    const { header, trailer } = this.ask(SECPKG_ATTR_STREAM_SIZES)
    const memory = new Uint8Array(header + message.length + trailer)
    memory.set(message, header)
    const parts = [
      new SecBuffer(SECBUFFER_STREAM_HEADER, memory.subarray(0, header)),
      new SecBuffer(SECBUFFER_DATA, memory.subarray(header, header + message.length)),
      new SecBuffer(SECBUFFER_STREAM_TRAILER, memory.subarray(header + message.length)),
      new SecBuffer(SECBUFFER_EMPTY),
    ]
    this.table.encryptMessage(this.ctx, qop, new SecBufferDesc(parts))
    return memory.slice(
      0,
      parts.reduce((sum, part) => sum + part.cbBuffer, 0),
    )
  }

  /** Opens the first record; what it held, the status, and what is left. */
  open(records: Uint8Array): {
    readonly status: number
    readonly data: Uint8Array
    readonly extra: Uint8Array | undefined
  } {
    const message = incoming(records.slice())
    const { status } = this.table.decryptMessage(this.ctx, message)
    return {
      status,
      data: message.find(SECBUFFER_DATA)?.bytes ?? new Uint8Array(0),
      extra: message.find(SECBUFFER_EXTRA)?.bytes,
    }
  }

  end(): void {
    if (this.context !== undefined) this.table.deleteSecurityContext(this.context)
    if (this.options.like === undefined && this.credential !== undefined) {
      this.table.freeCredentialsHandle(this.credential)
    }
    this.context = this.credential = undefined
  }
}

/** The four buffers of DecryptMessage. */
export function incoming(records: Uint8Array): SecBufferDesc {
  const empties = [0, 1, 2].map(() => new SecBuffer(SECBUFFER_EMPTY))
  return new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, records), ...empties])
}

/** Both ends. */
export interface Pair {
  readonly client: Party
  readonly server: Party
}

export async function meet(client: PartyOptions = {}, server: PartyOptions = {}): Promise<Pair> {
  return { client: await Party.make(true, client), server: await Party.make(false, server) }
}

/** Runs the handshake; gives what the server sent when the client was done already (tickets). */
export async function shakeHands({ client, server }: Pair, split?: number): Promise<Uint8Array> {
  let token = await client.advance()
  for (let turn = 0; turn < 10; turn++) {
    token = await deliver(server, token, split)
    if (client.done && server.done) return token
    token = await deliver(client, token, split)
    if (client.done && server.done) return token
  }
  throw new Error('the handshake does not end')
}

/** Hands a token over, in pieces if so wished: what is not whole waits for more, as a caller does it. */
async function deliver(party: Party, token: Uint8Array, split = token.length): Promise<Uint8Array> {
  let waiting = new Uint8Array(0)
  const replies: Uint8Array[] = []
  for (let at = 0; at < token.length; at += split) {
    waiting = Uint8Array.from([...waiting, ...token.subarray(at, at + split)])
    const before = party.step
    replies.push(await party.advance(waiting))
    if (party.step?.status === 0x8009_0318) continue
    assert.notEqual(party.step, before)
    waiting = Uint8Array.from(party.extra ?? [])
  }
  assert.equal(waiting.length, 0)
  return Uint8Array.from(replies.flatMap((reply) => [...reply]))
}

export async function establish(client: PartyOptions = {}, server: PartyOptions = {}): Promise<Pair> {
  const pair = await meet(client, server)
  await shakeHands(pair)
  return pair
}
