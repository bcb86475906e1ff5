import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import { readLength, withLength, type BodySource } from './body.js'
import type { EngineResponse, HttpEngine } from './engine.js'
import { withoutConnectionFields } from './header-fields.js'
import type { HttpIdentity } from './identity.js'
import { MemorySocket } from './memory-socket.js'

/** Where the requests of one connection go. */
interface Destination {
  readonly protocol: 'http:' | 'https:'
  readonly host: string
  readonly port: number
}

/** Where the requests of one connection go, and whom they are made as. */
interface Errand extends Destination {
  readonly identity: HttpIdentity
}

/**
 * A server inside of this process, which makes each request that it gets once more, authenticated. So code that asks an `http.Agent` for
 * connections has them authenticated without knowing: what it gets is a connection to here.
 */
export class Gateway {
  readonly #engine: HttpEngine
  readonly #mayAuthenticate: (url: URL) => boolean
  readonly #server: Server
  readonly #errands = new WeakMap<object, Errand>()

  /** @param mayAuthenticate - Which servers may learn who the client is. */
  constructor(engine: HttpEngine, mayAuthenticate: (url: URL) => boolean) {
    this.#engine = engine
    this.#mayAuthenticate = mayAuthenticate
    // It never listens: connections are handed to it, and its clients have timeouts of their own.
    this.#server = createServer({ maxHeaderSize: engine.settings.limits.maxHeaderBytes, keepAliveTimeout: 0 })
    this.#server.on('request', (request, response) => {
      this.#serve(request, response, () => {})
    })
    this.#server.on('checkContinue', (request, response) => {
      this.#serve(request, response, () => {
        response.writeContinue()
      })
    })
  }

  /** A connection to a server by way of here, for whoever the caller is, or acts as. */
  connect(destination: Destination): MemorySocket {
    const [outside, inside] = MemorySocket.pair()
    const identity = this.#engine.identityOf(this.#engine.settings.credentials)
    this.#errands.set(inside, { ...destination, identity })
    inside.on('error', () => {})
    this.#server.emit('connection', inside)
    return outside
  }

  #serve(request: IncomingMessage, response: ServerResponse, readyForBody: () => void): void {
    // Its connections are those that `connect` has made.
    const socket = request.socket as unknown as MemorySocket
    const gone = new AbortController()
    response.once('close', () => {
      gone.abort()
    })
    this.#forward(request, this.#errands.get(socket), readyForBody, gone.signal).then(
      (answer) => {
        answerWith(response, answer)
      },
      (error: unknown) => {
        if (!gone.signal.aborted) socket.failOther(error as Error) // the engine throws nothing else
      },
    )
  }

  async #forward(
    request: IncomingMessage,
    errand: Errand | undefined,
    readyForBody: () => void,
    signal: AbortSignal,
  ): Promise<EngineResponse> {
    const { method = 'GET', url: target = '' } = request
    if (errand === undefined || !target.startsWith('/')) {
      throw new TypeError(`HTTP: '${target}' is no path: what goes by an agent is asked for at its host`)
    }
    const { protocol, host, port, identity } = errand
    const url = new URL(`${protocol}//${host.includes(':') ? `[${host}]` : host}:${port}${target}`)
    const headers = withoutConnectionFields(request.headers)
    const mayAuthenticate = headers['authorization'] === undefined && this.#mayAuthenticate(url)
    const body = await bodyOf(request, readyForBody, this.#engine.settings.limits.maxReplayBytes)
    return this.#engine.request({ method, url, headers, body, mayAuthenticate, identity, signal })
  }
}

async function bodyOf(
  request: IncomingMessage,
  readyForBody: () => void,
  maxReplayBytes: number,
): Promise<BodySource | undefined> {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  if (encoding === undefined && (length === undefined || length === '0')) return undefined
  const open = (): IncomingMessage => {
    readyForBody()
    return request
  }
  const once = { length: undefined, replayable: false, contentType: undefined, open }
  return withLength(once, readLength(length), maxReplayBytes)
}

function answerWith(response: ServerResponse, { status, statusText, rawHeaders, body }: EngineResponse): void {
  response.sendDate = false
  response.writeHead(status, statusText, withoutConnectionFields(fieldsOf(rawHeaders), ['content-length']))
  pipeline(body, response, () => {}) // whichever end fails, the other is destroyed, and its reader sees that
}

function fieldsOf(rawHeaders: readonly string[]): Record<string, string[]> {
  const fields: Record<string, string[]> = {}
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase() // bounded by the loop, as the next one is
    ;(fields[name] ??= []).push(rawHeaders[i + 1]!)
  }
  return fields
}
