import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type Server } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { SspiError, type SecurityFunctionTable } from 'sspi'
import { splitChallenges } from 'sspi/digest'

/** What a {@link DigestWeb} has seen. */
export interface SeenRequest {
  readonly authorization: string | undefined
  /** The status that it answered. */
  readonly status: number
  /** Why it refused, or who came in. */
  readonly outcome: string
}

/** A web server whose every page wants Digest, by our acceptor. Whoever asks for `/moved` is sent to `/here`, in the same context. */
export class DigestWeb implements AsyncDisposable {
  readonly seen: SeenRequest[] = []
  /** Told after each answer. */
  onAnswer: () => void = () => undefined
  readonly #server: Server
  readonly #table: SecurityFunctionTable

  static async start(table: SecurityFunctionTable): Promise<DigestWeb> {
    const web = new DigestWeb(table)
    web.#server.listen(0, '127.0.0.1')
    await once(web.#server, 'listening')
    return web
  }

  private constructor(table: SecurityFunctionTable) {
    this.#table = table
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
  }

  async #answer(message: IncomingMessage) {
    const body = new Uint8Array(await buffer(message))
    const http = { method: message.method ?? '', uri: message.url ?? '', body }
    const { authorization } = message.headers
    const exchange = this.#table.accept({ package: 'WDigest', http })
    try {
      const token = authorization === undefined ? undefined : new Uint8Array(Buffer.from(authorization, 'latin1'))
      const step = await exchange.step(token)
      if (!step.done) {
        return challenge(step.token ?? new Uint8Array(), authorization === undefined ? 'challenged' : 'stale')
      }
      const { peer } = exchange.session
      exchange.session[Symbol.dispose]()
      const info = step.token === undefined ? {} : { 'Authentication-Info': Buffer.from(step.token).toString('latin1') }
      const name = peer?.name ?? ''
      if (message.url === '/moved') {
        return { status: 302, headers: { ...info, Location: '/here' }, body: '', outcome: name }
      }
      return { status: 200, headers: info, body: `hello ${name}\n`, outcome: name }
    } catch (error) {
      if (!(error instanceof SspiError)) throw error
      if (error.token !== undefined) return challenge(error.token, error.code)
      return { status: 400, headers: {}, body: `${error.code}\n`, outcome: error.code }
    }
  }
}

function challenge(token: Uint8Array, outcome: string) {
  return { status: 401, headers: { 'WWW-Authenticate': [...splitChallenges(token)] }, body: 'who are you?\n', outcome }
}

/** What a server answered. */
export interface WebAnswer {
  readonly status: number
  /** The first value of each field. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
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
  await buffer(response)
  return { status: response.statusCode ?? 0, headers: response.headers }
}
