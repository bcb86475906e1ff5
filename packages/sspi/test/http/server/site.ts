import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import {
  createHttpAuthenticator,
  type HttpLogOn,
  type HttpAuthenticator,
  type HttpAuthenticatorOptions,
} from '../../../src/http/index.js'
import type { SspiError } from '../../../src/sspi/index.js'
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

  static async open(options: SiteOptions = {}): Promise<Site> {
    const site = new Site(options)
    site.server.listen(0, '127.0.0.1')
    await once(site.server, 'listening')
    return site
  }

  private constructor({ tls, machine, ...options }: SiteOptions) {
    this.domain = createTestDomain({ users: ['alice', 'bob'], services: [SERVICE] })
    this.authenticator = createHttpAuthenticator({
      sspi: this.domain.sspi(machine),
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
    await this.domain[Symbol.asyncDispose]()
  }

  readonly #listener: RequestListener = (request, response) => {
    void this.authenticator.authenticate(request, response).then((client) => {
      if (client === undefined) return
      this.seen.push(client)
      request.resume()
      response.end(`${client.user.user.name} by ${client.mechanism} from ${client.from}`)
    })
  }
}
