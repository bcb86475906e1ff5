import { agentsOver, type AuthenticatingAgents } from './agents.js'
import { dispatcherOver, type AuthenticatingDispatcher } from './dispatcher.js'
import { HttpEngine } from './engine.js'
import { fetchOver, type AuthenticatingFetch } from './fetch.js'
import { Gateway } from './gateway.js'
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
  readonly #hosts: ((url: URL) => boolean) | undefined
  #agents: AuthenticatingAgents | undefined

  /** @internal */
  constructor(options: HttpClientOptions) {
    this.#hosts = options.hosts === undefined ? undefined : readHostPatterns(options.hosts, 'hosts')
    this.#engine = new HttpEngine(readSettings(options))
    this.fetch = fetchOver(this.#engine, this.#hosts)
  }

  /**
   * Agents for `http.request`, `https.request`, and what is built on them: axios, got, node-fetch. What is asked for with them is made
   * by this client, authenticated, and comes back as if it came from the agent's own connection.
   *
   * @throws `TypeError` without `hosts`: whoever uses an agent follows redirects without its knowing, so that it must be said which
   *   servers may learn who the client is.
   */
  get agents(): AuthenticatingAgents {
    return (this.#agents ??= agentsOver(new Gateway(this.#engine, this.#requireHosts('agents'))))
  }

  /**
   * A dispatcher for the `dispatcher` of the global fetch: it can dispatch, which is all that a fetch asks of it.
   *
   * @throws `TypeError` without `hosts`, as {@link HttpClient.agents}.
   */
  dispatcher(): AuthenticatingDispatcher
  /**
   * A dispatcher for undici.
   *
   * @param Dispatcher - The caller's undici's own class, so that the result has its methods (`request`, `compose`, …).
   * @throws `TypeError` without `hosts`, as {@link HttpClient.agents}.
   */
  dispatcher<D extends object>(Dispatcher: new () => D): D
  dispatcher<D extends object>(Dispatcher?: new () => D): AuthenticatingDispatcher | D {
    const own = dispatcherOver(this.#engine, this.#requireHosts('dispatcher'))
    return Dispatcher === undefined ? own : Object.assign(new Dispatcher(), own)
  }

  #requireHosts(what: string): (url: URL) => boolean {
    if (this.#hosts !== undefined) return this.#hosts
    throw new TypeError(
      `${what}: it must be said which servers may learn who the client is: give hosts to createClient`,
    )
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
