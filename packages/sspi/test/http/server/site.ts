import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import {
  createHttpAuthenticator,
  type HttpLogOn,
  type HttpAuthenticator,
  type HttpAuthenticatorOptions,
} from '../../../src/http/index.js'
import type { SecurityFunctionTable, SspiError } from '../../../src/sspi/index.js'
import { createTestDomain, type TestDomain, type TestMachineOptions } from '../../../src/testing/index.js'
import { filesOf } from '../../schannel/certificates.js'
import { Wire } from './wire.js'

/** The service that a site is. */
export const SERVICE = 'HTTP/www.example.test'

/** Options of {@link Site}. */
export interface SiteOptions extends Omit<HttpAuthenticatorOptions, 'sspi'> {
  /** The name of a certificate of the vectors. Default: none, and no TLS. */
  readonly tls?: string
  readonly machine?: TestMachineOptions
  /** The interface of the site. Default: that of a machine of the domain. */
  readonly sspi?: HttpAuthenticatorOptions['sspi']
  /** Where it is. Default: a domain of its own. */
  readonly domain?: TestDomain
  /** What it says to whom it has let in. Default: who that is. */
  readonly page?: (client: HttpLogOn, sspi: SecurityFunctionTable) => Promise<string>
}

/** A web site whose every page says who has come, in a domain with `alice` and `bob`. */
export class Site implements AsyncDisposable {
  readonly domain: TestDomain
  readonly authenticator: HttpAuthenticator
  readonly server: Server
  /** Why clients were refused. */
  readonly refusals: SspiError[] = []
  /** Who was let in. */
  readonly seen: HttpLogOn[] = []
  readonly #secure: boolean
  readonly #ownDomain: boolean
  readonly #page: (client: HttpLogOn) => Promise<string> = async ({ user, mechanism, from }) =>
    `${user.user.name} by ${mechanism} from ${from}`

  static async open(options: SiteOptions = {}): Promise<Site> {
    const site = new Site(options)
    site.server.listen(0, '127.0.0.1')
    await once(site.server, 'listening')
    return site
  }

  private constructor({ tls, machine, sspi: own, domain, page, ...options }: SiteOptions) {
    this.#ownDomain = domain === undefined
    this.domain = domain ?? createTestDomain({ users: ['alice', 'bob'], services: [SERVICE] })
    const sspi = this.domain.sspi(machine)
    if (page !== undefined) this.#page = (client) => page(client, sspi)
    this.authenticator = createHttpAuthenticator({
      sspi: own ?? sspi,
      credentials: this.domain.serviceCredential(SERVICE),
      now: this.domain.clock.now,
      onRefused: (error) => this.refusals.push(error),
      ...options,
    })
    this.#secure = tls !== undefined
    const files = tls === undefined ? undefined : filesOf(tls)
    this.server =
      files === undefined
        ? createServer(this.#listener)
        : createSecureServer({ key: files.privateKey, cert: files.certificate }, this.#listener)
    this.server.keepAliveTimeout = 0 // a test that stands still for five seconds must not lose its connections
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port // it listens on TCP
  }

  /** A connection of its own. */
  async connect(): Promise<Wire> {
    return Wire.open(this.port, this.#secure)
  }

  /** Why the last client was refused. */
  get lastRefusal(): SspiError['code'] | undefined {
    return this.refusals.at(-1)?.code
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections()
    this.server.close()
    await once(this.server, 'close')
    this.authenticator[Symbol.dispose]()
    if (this.#ownDomain) await this.domain[Symbol.asyncDispose]()
  }

  readonly #listener: RequestListener = (request, response) => {
    void this.#answer(request, response)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const client = await this.authenticator.authenticate(request, response)
    if (client === undefined) return
    this.seen.push(client)
    request.resume()
    response.end(await this.#page(client))
  }
}
