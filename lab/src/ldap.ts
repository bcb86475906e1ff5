import { once } from 'node:events'
import { connect as connectTls } from 'node:tls'
import type { InitiatorExchange, SecureSession } from 'sspi'
import type { SaslClient, SaslSession } from 'sspi/sasl'
import {
  ber,
  berInteger,
  berString,
  readBer,
  readBerHeader,
  readBerInteger,
  readBerString,
  type BerElement,
} from './ber.js'
import { Wire, type WireOptions } from './wire.js'

/** The tags of the LDAP messages that are used here, RFC 4511 §4. */
const Tag = {
  BIND_REQUEST: 0x60,
  BIND_RESPONSE: 0x61,
  SEARCH_REQUEST: 0x63,
  SEARCH_RESULT_ENTRY: 0x64,
  SEARCH_RESULT_DONE: 0x65,
  SEARCH_RESULT_REFERENCE: 0x73,
} as const

const ResultCode = { SUCCESS: 0, SASL_BIND_IN_PROGRESS: 14 } as const
const MAX_MESSAGE = 16 << 20

/** The server refuses. */
export class LdapError extends Error {
  override readonly name = 'LdapError'
  /** A code of RFC 4511 appendix A: 49 is invalidCredentials, 8 strongerAuthRequired. */
  readonly resultCode: number

  constructor(operation: string, resultCode: number, diagnostic: string) {
    super(`${operation}: result ${resultCode}${diagnostic === '' ? '' : `, ${diagnostic}`}`)
    this.resultCode = resultCode
  }
}

/** What a SASL layer does with the messages of a connection: one buffer in, one buffer out, in order. */
export interface SaslLayer {
  protect(message: Uint8Array): Uint8Array
  /** @throws to refuse. */
  unprotect(buffer: Uint8Array): Uint8Array
}

/** Where to connect to within TLS. */
export interface TlsOptions {
  readonly host: string
  /** What its certificate must be for. */
  readonly servername: string
  /** The roots to trust, as PEM. */
  readonly ca: string
}

/** How to bind. */
export interface BindOptions {
  /** The SASL mechanism; default `GSS-SPNEGO`, which takes tokens of raw NTLM as well. */
  readonly mechanism?: string
  /**
   * What protects the connection from then on; default {@link layerOf}. Answer `undefined` for nothing, as under TLS.
   */
  readonly layer?: (session: SecureSession) => SaslLayer | undefined
}

/** What to search for. */
export interface Search {
  readonly base: string
  /** Whether to look at the base alone; default at everything below it as well. */
  readonly baseOnly?: boolean
  /** Default any entry. */
  readonly filter?: readonly [attribute: string, value: string]
  /** Default all. */
  readonly attributes?: readonly string[]
}

/** One entry, its attributes by their lower-case names. */
export interface LdapEntry {
  readonly name: string
  readonly attributes: ReadonlyMap<string, readonly Uint8Array[]>
}

/** An LDAP client, as small as it can be: it binds by SASL with an exchange of ours, and searches. */
export class LdapClient implements Disposable {
  readonly #wire: Wire
  #messageId = 0
  #layer: SaslLayer | undefined
  #plain: Uint8Array = new Uint8Array()

  /** Connects; the default port is 389. */
  static async connect(options: Omit<WireOptions, 'port'> & { readonly port?: number }): Promise<LdapClient> {
    return new LdapClient(await Wire.connect({ port: 389, ...options }))
  }

  /** Connects within TLS, port 636. @throws Error when the server's certificate is not of `ca`, or not for `servername`. */
  static async connectByTls(options: TlsOptions): Promise<LdapClient> {
    const socket = connectTls({ port: 636, ...options })
    try {
      await once(socket, 'secureConnect', { signal: AbortSignal.timeout(30_000) })
    } catch (cause) {
      socket.destroy()
      throw new Error(`${options.host}:636: no connection by TLS`, { cause })
    }
    return new LdapClient(Wire.over(socket))
  }

  private constructor(wire: Wire) {
    this.#wire = wire
  }

  /**
   * Binds with the tokens of an exchange, whatever its package, and puts the layer of its session in place.
   *
   * @throws {@link LdapError} when the server refuses.
   */
  async bind(exchange: InitiatorExchange, options: BindOptions = {}): Promise<SecureSession> {
    const { mechanism = 'GSS-SPNEGO', layer = layerOf } = options
    await this.#bind(exchange, mechanism)
    this.#layer = layer(exchange.session)
    return exchange.session
  }

  /** Binds with a client of `sspi/sasl`, and puts its layer in place. @throws {@link LdapError} when the server refuses. */
  async bindBySasl(client: SaslClient, mechanism: string): Promise<SaslSession> {
    await this.#bind(client, mechanism)
    const { session } = client
    // The session frames by itself what this client frames as well; requests are short enough to be one buffer.
    if (session.layer !== 'none') {
      this.#layer = {
        protect: (message) => session.wrap(message).subarray(4),
        unprotect: (buffer) => session.unwrap(saslFrame(buffer)),
      }
    }
    return session
  }

  async #bind(exchange: Pick<InitiatorExchange | SaslClient, 'step'>, mechanism: string): Promise<void> {
    for (let step = await exchange.step(); ;) {
      const credentials = step.token === undefined ? [] : [ber(0x04, step.token)]
      const sasl = ber(0xa3, berString(mechanism), ...credentials)
      const response = await this.#ask(ber(Tag.BIND_REQUEST, berInteger(3), berString(''), sasl), Tag.BIND_RESPONSE)
      const { code, rest } = resultOf('bind', response, ResultCode.SASL_BIND_IN_PROGRESS)
      const token = rest.find(({ tag }) => tag === 0x87)?.content
      if (token !== undefined && !step.done) step = await exchange.step(token)
      if (code === ResultCode.SASL_BIND_IN_PROGRESS) continue
      if (!step.done) throw new Error('bind: the server is content, our exchange is not')
      return
    }
  }

  /** The entries that match; references to other servers are passed over. @throws {@link LdapError} */
  async search({ base, baseOnly = false, filter, attributes = [] }: Search): Promise<readonly LdapEntry[]> {
    const scope = berInteger(baseOnly ? 0 : 2, 0x0a)
    const [neverDereference, noLimit, valuesToo] = [berInteger(0, 0x0a), berInteger(0), ber(0x01, Uint8Array.of(0))]
    const options = [scope, neverDereference, noLimit, noLimit, valuesToo]
    const equality = filter && ber(0xa3, berString(filter[0]), berString(filter[1]))
    const condition = equality ?? berString('objectClass', 0x87)
    const wanted = ber(0x30, ...attributes.map((attribute) => berString(attribute)))
    const id = this.#send(ber(Tag.SEARCH_REQUEST, berString(base), ...options, condition, wanted))
    const entries: LdapEntry[] = []
    for (;;) {
      const response = await this.#receive(id)
      switch (response.tag) {
        case Tag.SEARCH_RESULT_ENTRY:
          entries.push(entryOf(response))
          break
        case Tag.SEARCH_RESULT_REFERENCE:
          break
        case Tag.SEARCH_RESULT_DONE:
          resultOf('search', response)
          return entries
        default:
          throw new Error(`search: an answer with tag 0x${response.tag.toString(16)}`)
      }
    }
  }

  [Symbol.dispose](): void {
    this.#wire[Symbol.dispose]()
  }

  async #ask(operation: Uint8Array, answer: number): Promise<BerElement> {
    const response = await this.#receive(this.#send(operation))
    if (response.tag === answer) return response
    throw new Error(`LDAP: an answer with tag 0x${response.tag.toString(16)}, 0x${answer.toString(16)} was expected`)
  }

  #send(operation: Uint8Array): number {
    const id = ++this.#messageId
    const message = ber(0x30, berInteger(id), operation)
    this.#wire.write(this.#layer === undefined ? message : saslFrame(this.#layer.protect(message)))
    return id
  }

  async #receive(id: number): Promise<BerElement> {
    let start = await this.#take(2)
    let header = readBerHeader(start)
    if (header === undefined) {
      start = join(start, await this.#take(start[1]! & 0x7f))
      header = readBerHeader(start)!
    }
    if (header.contentLength > MAX_MESSAGE) throw new Error(`LDAP: a message of ${header.contentLength} bytes`)
    const [messageId, operation] = readBer(await this.#take(header.contentLength))
    if (messageId === undefined || operation === undefined) throw new Error('LDAP: a message with nothing in it')
    if (readBerInteger(messageId) === id) return operation
    // A notice of disconnection has the number 0 and says why (RFC 4511 §4.4.1).
    throw new Error(
      `LDAP: message ${id} was expected; ${resultOf('notice', operation).rest.length} elements came instead`,
    )
  }

  /** The next bytes of what is inside of the layer. */
  async #take(length: number): Promise<Uint8Array> {
    while (this.#plain.length < length) {
      const more = this.#layer === undefined ? await this.#wire.read(length - this.#plain.length) : await this.#unseal()
      this.#plain = join(this.#plain, more)
    }
    const bytes = this.#plain.subarray(0, length)
    this.#plain = this.#plain.subarray(length)
    return bytes
  }

  async #unseal(): Promise<Uint8Array> {
    const length = new DataView((await this.#wire.read(4)).buffer).getUint32(0)
    if (length > MAX_MESSAGE) throw new Error(`SASL: a buffer of ${length} bytes`)
    return this.#layer!.unprotect(await this.#wire.read(length))
  }
}

/** The layer of a session that seals, none for one that protects nothing. @throws Error for one that signs alone. */
export function layerOf(session: SecureSession): SaslLayer | undefined {
  if (session.achieved.includes('confidentiality')) {
    return { protect: (message) => session.seal(message), unprotect: (buffer) => session.unseal(buffer) }
  }
  if (!session.achieved.includes('integrity')) return undefined
  throw new Error(`${session.mechanism}: which layer signs alone is for the caller to say`)
}

/** RFC 4422 §3.7: four bytes of length go before each protected buffer. */
function saslFrame(buffer: Uint8Array): Uint8Array {
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, buffer.length)
  return join(length, buffer)
}

interface LdapResult {
  readonly code: number
  /** What comes behind the components of every LDAPResult. */
  readonly rest: readonly BerElement[]
}

function resultOf(operation: string, { content }: BerElement, alsoFine?: number): LdapResult {
  const [resultCode, matchedName, diagnostic, ...rest] = readBer(content)
  if (resultCode === undefined || matchedName === undefined || diagnostic === undefined) {
    throw new Error(`${operation}: no LDAPResult`)
  }
  const code = readBerInteger(resultCode)
  if (code !== ResultCode.SUCCESS && code !== alsoFine) throw new LdapError(operation, code, readBerString(diagnostic))
  return { code, rest }
}

function entryOf({ content }: BerElement): LdapEntry {
  const [name, list] = readBer(content)
  if (name === undefined || list === undefined) throw new Error('search: an entry without attributes')
  const attributes = readBer(list.content).map(({ content: attribute }) => {
    const [type, values] = readBer(attribute)
    if (type === undefined || values === undefined) throw new Error('search: an attribute without values')
    return [readBerString(type).toLowerCase(), readBer(values.content).map((value) => value.content)] as const
  })
  return { name: readBerString(name), attributes: new Map(attributes) }
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
