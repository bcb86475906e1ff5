import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { SspiError } from 'sspi'
import {
  createHttpAuthenticator,
  type HttpAuthenticator,
  type HttpAuthenticatorOptions,
  type HttpLogOn,
  type HttpServerRequest,
  type HttpServerResponse,
} from 'sspi/http'
import { localhostIdentity } from './ntlm-web.js'

/** Options of {@link GuardedWeb}. */
export interface GuardedWebOptions extends HttpAuthenticatorOptions {
  /** By the lab's certificate for `localhost`, which the peer `tls` has; with HTTP/2 as well, where that is wanted. Default: none. */
  readonly tls?: boolean | 'http2'
  /** Makes the page for who has come. Default: their name, and how that is known. */
  readonly page?: (logOn: HttpLogOn) => string | Promise<string>
}

/** A web server on loopback whose every page wants to know who comes, by our own authenticator. */
export class GuardedWeb implements AsyncDisposable {
  /** Who was let in, in order. */
  readonly seen: HttpLogOn[] = []
  /** Why others were not. */
  readonly refusals: SspiError['code'][] = []
  /** How many connections there were. */
  connections = 0
  readonly authenticator: HttpAuthenticator
  readonly #server: Server | Http2SecureServer
  readonly #scheme: string
  readonly #page: NonNullable<GuardedWebOptions['page']>

  static async start(options: GuardedWebOptions): Promise<GuardedWeb> {
    const web = new GuardedWeb(options)
    web.#server.listen(0, '127.0.0.1')
    await once(web.#server, 'listening')
    return web
  }

  private constructor({ tls = false, page = describe, ...options }: GuardedWebOptions) {
    this.authenticator = createHttpAuthenticator({ ...options, onRefused: ({ code }) => this.refusals.push(code) })
    this.#page = page
    this.#scheme = tls === false ? 'http' : 'https'
    const listener = (request: HttpServerRequest, response: HttpServerResponse): void => {
      this.#answer(request, response).catch((error: unknown) => {
        response.statusCode = 500
        response.end(`${String(error)}\n`)
      })
    }
    this.#server =
      tls === false
        ? createServer(listener)
        : tls === true
          ? createTlsServer(localhostIdentity(), listener)
          : createSecureServer({ ...localhostIdentity(), allowHTTP1: true }, listener)
    this.#server.on(tls === false ? 'connection' : 'secureConnection', () => (this.connections += 1))
  }

  /** Where it is, by the name that the keytabs of the lab are for. */
  get url(): string {
    return `${this.#scheme}://localhost:${(this.#server.address() as AddressInfo).port}` // it listens on TCP
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if ('closeAllConnections' in this.#server) this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
    this.authenticator[Symbol.dispose]()
  }

  async #answer(request: HttpServerRequest, response: HttpServerResponse): Promise<void> {
    const logOn = await this.authenticator.authenticate(request, response)
    if (logOn === undefined) return
    this.seen.push(logOn)
    const body = await this.#page(logOn)
    request.resume()
    response.setHeader('Content-Type', body.startsWith('<') ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8')
    response.end(body)
  }
}

function describe({ user, mechanism, from }: HttpLogOn): string {
  return `${user.qualifiedName} by ${mechanism} from ${from}\n`
}
