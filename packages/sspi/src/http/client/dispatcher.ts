import { Readable } from 'node:stream'
import { SspiError } from '../../status/index.js'
import { readBody, readLength, withLength, type BodySource, type HttpBody } from './body.js'
import type { EngineResponse, HttpEngine } from './engine.js'
import { withoutConnectionFields } from './header-fields.js'
import type { HttpIdentity } from './identity.js'

// undici's interface, as far as a dispatcher has to keep to it. Handlers come in two forms: that of undici 5 to 7, which the global
// fetch of Node 20 to 24 has as well, and that of undici 7 and 8, which the global fetch of Node 26 has.

/** What undici asks a dispatcher for. */
export interface DispatchOptions {
  /** `https://www.example.com`. */
  readonly origin?: string | URL | undefined
  /** `/index.html`; may be a whole URL. */
  readonly path: string
  /** `GET`. */
  readonly method: string
  /** Names and values in turn, or by name. */
  readonly headers?: unknown
  /** Whatever undici takes. */
  readonly body?: unknown
  /** Further parameters of the path. */
  readonly query?: Readonly<Record<string, unknown>> | undefined
  /** Another protocol, which is not spoken here. */
  readonly upgrade?: unknown
}

/** undici's handler of a response, in either of its forms. */
export type DispatchHandler = object

/** What `setGlobalDispatcher`, and the `dispatcher` of a fetch, want. */
export interface AuthenticatingDispatcher {
  /** Sends a request, and tells the handler what comes of it. @returns `true`: there is no need to wait for `drain`. */
  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean
  /** Does nothing: connections are the client's, and end with it. */
  close(): Promise<void>
  /** Does nothing, likewise. */
  destroy(): Promise<void>
}

/** The form of undici 5 to 7. */
interface OldHandler {
  onConnect?(abort: (reason?: Error) => void, context?: unknown): void
  onHeaders?(status: number, rawHeaders: readonly Buffer[], resume: () => void, statusText: string): boolean
  onData?(chunk: Buffer): boolean
  onComplete?(trailers: readonly Buffer[]): void
  onError?(error: Error): void
}

/** The form of undici 7 and 8. */
interface NewHandler {
  onRequestStart?(controller: DispatchController, context: unknown): void
  onResponseStart?(
    controller: DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[]>>,
    statusText: string,
  ): void
  onResponseData?(controller: DispatchController, chunk: Buffer): void
  onResponseEnd?(controller: DispatchController, trailers: object): void
  onResponseError?(controller: DispatchController, error: Error): void
}

/** Dispatches over an engine. @param mayAuthenticate - Which servers may learn who the client is. */
export function dispatcherOver(engine: HttpEngine, mayAuthenticate: (url: URL) => boolean): AuthenticatingDispatcher {
  const nothing = (): Promise<void> => Promise.resolve()
  return {
    dispatch: (options, handler) => {
      void new Dispatch(engine, mayAuthenticate, options, handler).run()
      return true
    },
    close: nothing,
    destroy: nothing,
  }
}

/** What handlers of the new form steer by. */
class DispatchController {
  rawHeaders: readonly Buffer[] | undefined = undefined
  rawTrailers: readonly Buffer[] = []
  readonly #abort = new AbortController()
  #body: Readable | undefined
  #paused = false

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get aborted(): boolean {
    return this.signal.aborted
  }

  get reason(): unknown {
    return this.aborted ? (this.signal.reason as unknown) : null
  }

  get paused(): boolean {
    return this.#paused
  }

  abort(reason?: unknown): void {
    this.#abort.abort(reason)
  }

  pause(): void {
    this.#paused = true
    this.#body?.pause()
  }

  resume(): void {
    this.#paused = false
    this.#body?.resume()
  }

  /** The body that is paused and resumed from now on. */
  steer(body: Readable): void {
    this.#body = body
  }
}

/** One request of undici's. */
class Dispatch {
  readonly #engine: HttpEngine
  readonly #mayAuthenticate: (url: URL) => boolean
  readonly #options: DispatchOptions
  readonly #handler: OldHandler & NewHandler
  readonly #isNew: boolean
  readonly #identity: HttpIdentity
  readonly #controller = new DispatchController()

  constructor(
    engine: HttpEngine,
    mayAuthenticate: (url: URL) => boolean,
    options: DispatchOptions,
    handler: DispatchHandler,
  ) {
    this.#engine = engine
    this.#mayAuthenticate = mayAuthenticate
    this.#options = options
    this.#handler = handler
    this.#isNew = 'onRequestStart' in handler
    // Whoever the caller is, or acts as, while it calls.
    this.#identity = engine.identityOf(engine.settings.credentials)
  }

  async run(): Promise<void> {
    try {
      this.#start()
      const { signal } = this.#controller
      signal.throwIfAborted()
      const response = await this.#request(signal)
      this.#begin(response)
      await this.#pass(response.body)
    } catch (error) {
      this.#fail(error instanceof Error ? error : new SspiError('SEC_E_INTERNAL_ERROR', `HTTP: ${String(error)}`))
    }
  }

  async #request(signal: AbortSignal): Promise<EngineResponse> {
    const { origin, path, method, headers, query, upgrade } = this.#options
    if ((upgrade !== undefined && upgrade !== null && upgrade !== false) || method === 'CONNECT') {
      throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'HTTP: no other protocol is spoken by this dispatcher')
    }
    const url = urlOf(path, origin)
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.append(name, String(value))
    const fields = readFields(headers)
    const body = await this.#body(fields['content-length'])
    const sent = withoutConnectionFields(fields)
    const mayAuthenticate = sent['authorization'] === undefined && this.#mayAuthenticate(url)
    return this.#engine.request({ method, url, headers: sent, body, mayAuthenticate, identity: this.#identity, signal })
  }

  async #body(length: string | string[] | undefined): Promise<BodySource | undefined> {
    const { body } = this.#options
    // undici takes iterators, too; whatever else there is has been judged by undici.
    const read = await readBody(
      isIterable(body) ? Readable.from(body, { objectMode: false }) : (body as HttpBody | null),
    )
    const { maxReplayBytes } = this.#engine.settings.limits
    return read === undefined ? undefined : withLength(read, readLength(length?.toString()), maxReplayBytes)
  }

  #start(): void {
    if (this.#isNew) this.#handler.onRequestStart?.(this.#controller, {})
    else {
      this.#handler.onConnect?.((reason) => {
        this.#controller.abort(reason)
      }, {})
    }
  }

  #begin({ status, statusText, rawHeaders, body }: EngineResponse): void {
    const raw = rawHeaders.map((each) => Buffer.from(each, 'latin1'))
    this.#controller.steer(body)
    if (this.#isNew) {
      this.#controller.rawHeaders = raw
      this.#handler.onResponseStart?.(this.#controller, status, readFields(rawHeaders), statusText)
      return
    }
    const goOn = this.#handler.onHeaders?.(
      status,
      raw,
      () => {
        this.#controller.resume()
      },
      statusText,
    )
    if (goOn === false) this.#controller.pause()
  }

  /** Hands the body on as it comes, when it is wanted. */
  #pass(body: Readable): Promise<void> {
    return new Promise((resolve, reject) => {
      const aborted = (): void => {
        body.destroy(this.#controller.signal.reason as Error) // an Error unless undici made it something else
      }
      this.#controller.signal.addEventListener('abort', aborted)
      body.on('data', (chunk: Buffer) => {
        if (this.#isNew) this.#handler.onResponseData?.(this.#controller, chunk)
        else if (this.#handler.onData?.(chunk) === false) this.#controller.pause()
      })
      body.once('error', reject)
      body.once('end', () => {
        this.#controller.signal.removeEventListener('abort', aborted)
        if (this.#isNew) this.#handler.onResponseEnd?.(this.#controller, {})
        else this.#handler.onComplete?.([])
        resolve()
      })
      // Before there was a listener, it may have been paused or told to stop.
      if (this.#controller.paused) body.pause()
      if (this.#controller.aborted) aborted()
    })
  }

  #fail(error: Error): void {
    if (this.#isNew) this.#handler.onResponseError?.(this.#controller, error)
    else this.#handler.onError?.(error)
  }
}

/** The URL of a path at an origin. One that begins with two slashes is a path as well, where a URL would begin a host with them. */
function urlOf(path: string, origin: string | URL | undefined): URL {
  return path.startsWith('/') && origin !== undefined
    ? new URL(`${new URL(origin).origin}${path}`)
    : new URL(path, origin)
}

/** undici's headers, in any of their forms, by name in lower case. */
function readFields(headers: unknown): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {}
  for (const [name, value] of pairsOf(headers)) {
    if (value === undefined || value === null) continue
    const key = name.toLowerCase()
    const values = [value].flat().map(String)
    const before = fields[key]
    const all = before === undefined ? values : [before, values].flat()
    fields[key] = all.length === 1 ? all[0]! : all // there is one
  }
  return fields
}

function pairsOf(headers: unknown): Iterable<readonly [string, unknown]> {
  if (headers === undefined || headers === null) return []
  if (Array.isArray(headers)) {
    const list = headers as readonly unknown[]
    if (Array.isArray(list[0])) return list as Iterable<readonly [string, unknown]>
    return list.flatMap((name, i) => (i % 2 === 0 ? [[String(name), list[i + 1]] as const] : []))
  }
  if (isIterable(headers)) return headers as Iterable<readonly [string, unknown]>
  return Object.entries(headers)
}

/** An iterable that is none of what a body may be besides. */
function isIterable(value: unknown): value is Iterable<unknown> {
  if (typeof value !== 'object' || value === null || !(Symbol.iterator in value)) return false
  return !(value instanceof Uint8Array || value instanceof URLSearchParams || value instanceof FormData)
}
