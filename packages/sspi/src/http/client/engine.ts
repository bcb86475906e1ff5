import type { Readable } from 'node:stream'
import { SspiError } from '../../status/index.js'
import { ORIGIN_FIELDS, PROXY_FIELDS } from '../messages/index.js'
import { Call, type EngineRequest } from './call.js'
import { Connection, type WireResponse } from './connection.js'
import { dial, startTls } from './dial.js'
import { lost } from './failures.js'
import { readHostPatterns } from './host-patterns.js'
import { Identities } from './identities.js'
import type { HttpIdentity } from './identity.js'
import type { HttpCredentials, HttpSettings, ProxyOptions } from './options.js'
import type { HttpAuthentication, Party } from './party.js'
import { ConnectionPool } from './pool.js'
import { proxyChooser, proxyUrl, type ChooseProxy } from './proxies.js'
import { openTunnel } from './tunnel.js'

/** A response. The connection is somebody else's as soon as its body has been read. */
export interface EngineResponse {
  readonly status: number
  readonly statusText: string
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[]
  readonly body: Readable
  /** How the server has come to know who the client is; `undefined` where it did not ask. */
  readonly authentication: HttpAuthentication | undefined
  /** The same of the proxy. */
  readonly proxyAuthentication: HttpAuthentication | undefined
}

/** How a request gets to its server. */
interface Route {
  /** Different for each identity, origin, and way, and for requests that are to be authenticated or not. */
  readonly key: string
  /** The proxy that requests are sent to; `undefined` where they are sent to the server, through a tunnel or not. */
  readonly forward: Party | undefined
  readonly open: (signal: AbortSignal | undefined) => Promise<Connection>
}

/** What is shared by every way in: the connections, the identities, and what is known of servers. It follows no redirects. */
export class HttpEngine {
  readonly settings: HttpSettings
  readonly #pool: ConnectionPool
  readonly #chooseProxy: ChooseProxy
  readonly #mayDelegate: (url: URL) => boolean
  readonly #identities: Identities
  readonly #tunnels = new WeakMap<Connection, HttpAuthentication>()

  constructor(settings: HttpSettings) {
    this.settings = settings
    this.#identities = new Identities(settings.sspi)
    this.#pool = new ConnectionPool(settings.limits.maxConnections)
    this.#chooseProxy = proxyChooser(settings.proxy)
    this.#mayDelegate = readHostPatterns(settings.delegateTo, 'delegateTo')
  }

  /** Who a credential is; see {@link Identities.of}. */
  identityOf(credentials: HttpCredentials | undefined): HttpIdentity {
    return this.#identities.of(credentials)
  }

  /**
   * Sends a request, as often as it takes until it is answered.
   *
   * @returns the response, one that refuses included.
   * @throws `SspiError` as the packages when they cannot go on; `SEC_E_TARGET_UNKNOWN` when nobody answers; `SEC_E_UNFINISHED_CONTEXT_DELETED`
   *   when the connection ends before the response. The signal's reason when it is aborted.
   */
  async request(request: EngineRequest): Promise<EngineResponse> {
    const route = this.#route(request)
    const call = new Call(request, this.#originOf(request), route.forward)
    const { maxLegs } = this.settings.limits
    let connection: Connection | undefined
    let kept = false
    let fresh = false
    try {
      for (let leg = 1; leg <= maxLegs; leg++) {
        if (connection === undefined) {
          const { signal } = request
          connection = await this.#pool.lend(route.key, () => route.open(signal), { fresh, signal })
          kept = connection.used
        }
        const attempt = await call.send(connection, kept)
        if (attempt === 'stale') {
          fresh = true
          connection = undefined
          continue
        }
        if (await call.isOver(connection, attempt.message)) {
          const answered = this.#answer(call, route.key, connection, attempt)
          connection = undefined
          return answered
        }
        call.requireReplayable(attempt)
        if (await connection.drain(attempt.message)) continue
        if (call.pinned) {
          // A server may end a connection after however many requests; one that ends each of them cannot do this scheme.
          if (!kept) throw lost(request.url.host, 'the connection ended in the middle of an authentication')
          call.restart()
          fresh = true
        }
        connection = undefined
      }
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `HTTP: ${request.url.host}: no end after ${maxLegs} requests`)
    } finally {
      call[Symbol.dispose]()
      connection?.[Symbol.dispose]()
    }
  }

  /** Ends all connections, and forgets who the client is. */
  close(): void {
    this.#pool.close()
    this.#identities[Symbol.dispose]()
  }

  #answer(call: Call, key: string, connection: Connection, { message }: WireResponse): EngineResponse {
    connection.onceIdle(() => {
      this.#pool.takeBack(key, connection)
    })
    return {
      status: message.statusCode ?? 0,
      statusText: message.statusMessage ?? '',
      rawHeaders: message.rawHeaders,
      body: message,
      authentication: call.origin?.outcome,
      proxyAuthentication: call.proxy?.outcome ?? this.#tunnels.get(connection),
    }
  }

  // ------------------------------------------------------------------ parties and ways

  #originOf({ url, mayAuthenticate, identity }: EngineRequest): Party | undefined {
    if (!mayAuthenticate) return undefined
    return {
      kind: 'origin',
      fields: ORIGIN_FIELDS,
      url,
      identity,
      schemes: this.settings.schemes,
      delegate: this.#mayDelegate(url),
      memory: identity.memoryOf(url),
      settings: this.settings,
    }
  }

  #proxyParty(proxy: ProxyOptions, identity: HttpIdentity): Party {
    const url = proxyUrl(proxy)
    const own = proxy.credentials === undefined ? identity : this.identityOf(proxy.credentials)
    return {
      kind: 'proxy',
      fields: PROXY_FIELDS,
      url,
      identity: own,
      schemes: proxy.schemes ?? this.settings.schemes,
      delegate: false,
      memory: own.memoryOf(url),
      settings: this.settings,
    }
  }

  #route({ url, identity, mayAuthenticate }: EngineRequest): Route {
    const { settings } = this
    // What is not to be authenticated must not go over a connection that is: a redirect would act in the client's name.
    const owner = `${mayAuthenticate ? '' : 'without '}${identity.id} ${url.origin}`
    const options = this.#chooseProxy(url)
    if (options === undefined) {
      const open = this.#inTime(async (signal) => {
        return new Connection(await dial(url, { settings, signal }), url.host, settings, false)
      })
      return { key: `${owner} direct`, forward: undefined, open }
    }
    const party = this.#proxyParty(options, identity)
    const way = `${party.identity.id} ${party.url.origin}`
    const key = `${owner} by ${way}`
    if (url.protocol === 'http:') {
      const open = this.#inTime(async (signal) => {
        return new Connection(await dial(party.url, { settings, signal }), party.url.host, settings, true)
      })
      return { key, forward: party, open }
    }
    const open = this.#inTime(async (signal) => {
      const { stream, authentication } = await openTunnel(url, party, { settings, signal })
      const connection = new Connection(await startTls(stream, url, { settings, signal }), url.host, settings, false)
      if (authentication !== undefined) this.#tunnels.set(connection, authentication)
      return connection
    })
    return { key, forward: undefined, open }
  }

  /** Opens within the time for it. */
  #inTime(open: (signal: AbortSignal) => Promise<Connection>): Route['open'] {
    const { connect } = this.settings.timeouts
    return async (signal) => {
      const late = new AbortController()
      const timer = setTimeout(() => {
        late.abort(new SspiError('SEC_E_TARGET_UNKNOWN', `HTTP: no connection in ${connect / 1000} s`))
      }, connect)
      try {
        return await open(signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]))
      } finally {
        clearTimeout(timer)
      }
    }
  }
}
