import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type Server } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { SspiError, type SecureSession, type SecurityFunctionTable } from 'sspi'
import { splitChallenges } from 'sspi/digest'

/** What a {@link DigestWeb} has seen. */
export interface SeenRequest {
  readonly authorization: string | undefined
  /** The status that it answered. */
  readonly status: number
  /** Why it refused, or who came in. */
  readonly outcome: string
}

/** Options of {@link DigestWeb}. */
export interface DigestWebOptions {
  /** Whether bodies are protected as well: qop `auth-int`. Default `false`. */
  readonly integrity?: boolean
  /** Whether the requests behind the first one belong to its context, by the nonces that came with its answers. Default `false`. */
  readonly inOneContext?: boolean
  /** What becomes of a request's body on the way. Default: nothing. */
  readonly onTheWay?: (body: Uint8Array) => Uint8Array
  /** What becomes of Authentication-Info on the way back. Default: nothing. */
  readonly onTheWayBack?: (info: string) => string
}

/** A web server whose every page wants Digest, by our acceptor. Whoever asks for `/moved` is sent to `/here`, in the same context. */
export class DigestWeb implements AsyncDisposable {
  readonly seen: SeenRequest[] = []
  /** Told after each answer. */
  onAnswer: () => void = () => undefined
  readonly #server: Server
  readonly #table: SecurityFunctionTable
  readonly #options: DigestWebOptions
  #context: SecureSession | undefined

  static async start(table: SecurityFunctionTable, options: DigestWebOptions = {}): Promise<DigestWeb> {
    const web = new DigestWeb(table, options)
    web.#server.listen(0, '127.0.0.1')
    await once(web.#server, 'listening')
    return web
  }

  private constructor(table: SecurityFunctionTable, options: DigestWebOptions) {
    this.#table = table
    this.#options = options
    this.#server = createServer((message, response) => {
      void this.#answer(message).then(({ status, headers, body, outcome }) => {
        this.seen.push({ authorization: message.headers.authorization, status, outcome })
        this.onAnswer()
        response.writeHead(status, headers).end(body)
      })
    })
  }

  get url(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the server does not listen')
    return `http://127.0.0.1:${address.port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
    this.#context?.[Symbol.dispose]()
  }

  async #answer(message: IncomingMessage) {
    const { integrity, inOneContext = false, onTheWay = unchanged } = this.#options
    const body = onTheWay(new Uint8Array(await buffer(message)))
    const http = { method: message.method ?? '', uri: message.url ?? '', body }
    const { authorization } = message.headers
    const token = authorization === undefined ? undefined : new Uint8Array(Buffer.from(authorization, 'latin1'))
    try {
      if (this.#context !== undefined && token !== undefined) {
        this.#context.verifyRequest(http, token)
        return this.#page(this.#context, http.uri)
      }
      const exchange = this.#table.accept({ package: 'WDigest', http, integrity })
      const step = await exchange.step(token)
      if (!step.done) {
        return challenge(step.token ?? new Uint8Array(), authorization === undefined ? 'challenged' : 'stale')
      }
      if (!inOneContext) {
        using session = exchange.session
        return this.#page(session, http.uri, step.token)
      }
      this.#context = exchange.session
      return this.#page(this.#context, http.uri)
    } catch (error) {
      if (!(error instanceof SspiError)) throw error
      if (error.token !== undefined) return challenge(error.token, error.code)
      return { status: 400, headers: {}, body: `${error.code}\n`, outcome: error.code }
    }
  }

  /** @param proof - That of the exchange. With auth-int there is none: it covers the page, and the session makes it. */
  #page(session: SecureSession, uri: string, proof?: Uint8Array) {
    const { onTheWayBack = unchanged } = this.#options
    const name = session.peer?.name ?? ''
    const moved = uri === '/moved'
    const body = moved ? '' : `hello ${name}\n`
    const info = proof ?? session.sign(new TextEncoder().encode(body))
    const headers = { 'Authentication-Info': onTheWayBack(Buffer.from(info).toString('latin1')) }
    if (moved) return { status: 302, headers: { ...headers, Location: '/here' }, body, outcome: name }
    return { status: 200, headers, body, outcome: name }
  }
}

function unchanged<T>(given: T): T {
  return given
}

function challenge(token: Uint8Array, outcome: string) {
  return { status: 401, headers: { 'WWW-Authenticate': [...splitChallenges(token)] }, body: 'who are you?\n', outcome }
}

/** What a server answered. */
export interface WebAnswer {
  readonly status: number
  /** The first value of each field. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Uint8Array
}

/** One request over a connection of its own. */
export async function ask(
  origin: string,
  path: string,
  options: {
    readonly method?: string
    readonly authorization?: Uint8Array | undefined
    readonly body?: Uint8Array
  } = {},
): Promise<WebAnswer> {
  const { method = 'GET', authorization, body } = options
  const headers =
    authorization === undefined ? {} : { authorization: `Digest ${Buffer.from(authorization).toString('latin1')}` }
  const sent = request(`${origin}${path}`, { method, headers, agent: false, timeout: 30_000 })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const page = new Uint8Array(await buffer(response))
  return { status: response.statusCode ?? 0, headers: response.headers, body: page }
}

/** The octets of a field that must be there, of a challenge or a proof. */
export function octetsOf({ headers }: WebAnswer, name: string): Uint8Array {
  const value = headers[name]
  if (typeof value !== 'string') throw new Error(`the answer has no field ${name}`)
  return new Uint8Array(Buffer.from(value, 'latin1'))
}
