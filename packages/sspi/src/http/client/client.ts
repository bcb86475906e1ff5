import { HttpEngine } from './engine.js'
import { fetchOver, type AuthenticatingFetch } from './fetch.js'
import { readHostPatterns } from './host-patterns.js'
import { readSettings, type HttpClientOptions } from './options.js'

/**
 * Makes a client whose requests authenticate themselves.
 *
 * ```ts
 * const client = createClient({ sspi, credentials })
 * const response = await client.fetch('https://intranet.example.com/')
 * await client.close()
 * ```
 *
 * @throws `TypeError` for an option that makes no sense.
 */
export function createClient(options: HttpClientOptions): HttpClient {
  return new HttpClient(options)
}

/** Made by {@link createClient}: connections that are authenticated, each for one identity. */
export class HttpClient implements AsyncDisposable {
  /**
   * Web's fetch, authenticated. A server's refusal is a response (401) like any other; see {@link authenticationOf}. It can be
   * passed on as a function of its own.
   *
   * @throws `SspiError` of the package that cannot authenticate, or where a server must prove itself and does not;
   *   `SEC_E_TARGET_UNKNOWN` when nobody answers; `SEC_E_UNFINISHED_CONTEXT_DELETED` when the connection ends early;
   *   `SEC_E_CANNOT_PACK` when the body would have to be sent again, and cannot. The signal's reason when it is aborted.
   *   `TypeError` for a request that makes no sense.
   */
  readonly fetch: AuthenticatingFetch
  readonly #engine: HttpEngine

  /** @internal */
  constructor(options: HttpClientOptions) {
    const hosts = options.hosts === undefined ? undefined : readHostPatterns(options.hosts, 'hosts')
    this.#engine = new HttpEngine(readSettings(options))
    this.fetch = fetchOver(this.#engine, hosts)
  }

  /** Ends all connections, requests under way with them, and frees the credentials. */
  async close(): Promise<void> {
    this.#engine.close()
  }

  /** As {@link HttpClient.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
