import { SspiError } from '../../status/index.js'
import { ORIGIN_FIELDS, PROXY_FIELDS } from '../messages/index.js'
import type { RequestFacts, ResponseFacts } from './attempts.js'
import { Authenticator } from './authenticator.js'
import type { BodySource } from './body.js'
import type { Connection, WireResponse } from './connection.js'
import type { HttpIdentity } from './identity.js'
import type { Party } from './party.js'

/** A request, without what the connection adds to it. */
export interface EngineRequest {
  readonly method: string
  /** `http:` or `https:`. */
  readonly url: URL
  /** By name in lower case. Those that are the engine's own (`host`, `content-length`, …) it sets itself. */
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: BodySource | undefined
  /** Whether the server may learn who the client is. */
  readonly mayAuthenticate: boolean
  /** Whom to make it as. */
  readonly identity: HttpIdentity
  readonly signal: AbortSignal | undefined
}

/** RFC 9110 §9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])
/** Bodies that are longer are not sent in vain if that can be helped. */
const EXPECT_ABOVE_BYTES = 65_536

/** One request on its way to being answered: who is authenticated to, and what goes with each leg. */
export class Call implements Disposable {
  readonly origin: Authenticator | undefined
  readonly proxy: Authenticator | undefined
  readonly #request: EngineRequest
  /** For the server: what it sees in the request line, whatever stands between. */
  readonly #toOrigin: RequestFacts
  readonly #toProxy: RequestFacts
  readonly #forwarded: boolean
  /** Whether the last leg asked for `100 Continue`, and whether somebody on the way has refused to be asked. */
  #expected = false
  #refusesExpectation = false

  constructor(request: EngineRequest, origin: Party | undefined, forward: Party | undefined) {
    const { method, url, body, signal } = request
    const hasBody = body !== undefined
    this.#request = request
    this.#forwarded = forward !== undefined
    this.#toOrigin = { method, uri: `${url.pathname}${url.search}`, hasBody }
    this.#toProxy = { method, uri: `${url.origin}${url.pathname}${url.search}`, hasBody }
    this.origin = origin === undefined ? undefined : new Authenticator(origin, signal)
    this.proxy = forward === undefined ? undefined : new Authenticator(forward, signal)
  }

  /** Whether the next leg must go over the connection of the last one. */
  get pinned(): boolean {
    return (this.origin?.pinned ?? false) || (this.proxy?.pinned ?? false)
  }

  /** Begins all authentications anew: what was sent may not be sent again, or not over another connection. */
  restart(): void {
    this.origin?.restart()
    this.proxy?.restart()
  }

  /**
   * Sends one leg.
   *
   * @param kept - Whether the connection was used before this call.
   * @returns `stale` when a connection that was used before has turned out to have ended, and nothing is lost.
   */
  async send(connection: Connection, kept: boolean): Promise<WireResponse | 'stale'> {
    const { method, url, headers, body, signal } = this.#request
    const authorization = await this.origin?.next(connection.origin, this.#toOrigin)
    const proxyAuthorization = await this.proxy?.next(connection.proxy, this.#toProxy)
    const inVain = (this.origin?.expectsChallenge ?? false) || (this.proxy?.expectsChallenge ?? false)
    const withBody = body !== undefined && !inVain
    // In the middle of an exchange it has just been there: only one from before this call may have come to its end.
    const mayHaveEnded = this.pinned ? kept : connection.used
    this.#expected = withBody && this.#shouldExpect(connection, body)
    try {
      return await connection.send({
        method,
        target: this.#forwarded ? this.#toProxy.uri : this.#toOrigin.uri,
        headers: {
          host: url.host,
          ...headers,
          ...(authorization === undefined ? {} : { authorization }),
          ...(proxyAuthorization === undefined ? {} : { 'proxy-authorization': proxyAuthorization }),
        },
        body: withBody ? body : undefined,
        expectContinue: this.#expected,
        signal,
      })
    } catch (error) {
      const again = mayHaveEnded && IDEMPOTENT.has(method) && (body?.replayable ?? true)
      if (!again || signal?.aborted === true || !hasEnded(error)) throw error
      this.restart()
      return 'stale'
    }
  }

  /** Judges a response. @returns whether it is the caller's; else the request is sent again. */
  async isOver(connection: Connection, message: WireResponse['message']): Promise<boolean> {
    const response: ResponseFacts = {
      status: message.statusCode ?? 0,
      values: (field) => message.headersDistinct[field] ?? [],
    }
    // RFC 9110 §15.5.18: whoever cannot meet the expectation is sent the body without it.
    if (response.status === 417 && this.#expected) {
      this.#refusesExpectation = true
      this.restart()
      return false
    }
    if (response.status === PROXY_FIELDS.status && this.proxy !== undefined) {
      return !(await this.proxy.challenged(connection.proxy, this.#toProxy, response))
    }
    await this.proxy?.passed(connection.proxy, response)
    if (response.status === ORIGIN_FIELDS.status && this.origin !== undefined) {
      return !(await this.origin.challenged(connection.origin, this.#toOrigin, response))
    }
    await this.origin?.passed(connection.origin, response)
    return true
  }

  /** @throws `SspiError` `SEC_E_CANNOT_PACK` when the body has been sent and is not there any more. */
  requireReplayable({ bodySent }: WireResponse): void {
    const { body, url } = this.#request
    if (!bodySent || body === undefined || body.replayable) return
    throw new SspiError(
      'SEC_E_CANNOT_PACK',
      `HTTP: ${url.host} has read the body and asks who we are: give a body that can be sent again (bytes, or a function ` +
        'that makes the stream), or send a request without one first',
    )
  }

  #shouldExpect(connection: Connection, body: BodySource): boolean {
    if (this.#refusesExpectation) return false
    const maybeRefused =
      (this.origin !== undefined && connection.origin.bound === undefined) ||
      (this.proxy !== undefined && connection.proxy.bound === undefined)
    return maybeRefused && (!body.replayable || (body.length ?? Infinity) > EXPECT_ABOVE_BYTES)
  }

  [Symbol.dispose](): void {
    this.origin?.[Symbol.dispose]()
    this.proxy?.[Symbol.dispose]()
  }
}

/** Whether a connection ended by itself; one that stood still has a server that may be at work on the request. */
function hasEnded(error: unknown): boolean {
  return error instanceof SspiError && error.code === 'SEC_E_UNFINISHED_CONTEXT_DELETED' && error.cause !== undefined
}
