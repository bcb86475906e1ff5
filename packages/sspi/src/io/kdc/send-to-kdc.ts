import { isIP } from 'node:net'
import type { KdcProxy } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import type { KerberosConfig } from '../krb5-conf/index.js'
import { AttemptFailed, wordsOf, type Conversation } from './conversation.js'
import { exchangeHttps } from './https.js'
import type { KdcServer } from './kdc-server.js'
import { locateKdcs } from './locate.js'
import { race, type Attempt } from './race.js'
import type { KdcService } from './reply.js'
import { systemResolver, type HostAddress, type KdcResolver } from './resolver.js'
import { exchangeTcp } from './tcp.js'
import { exchangeUdp } from './udp.js'

/** A request to a service of a realm. */
export interface KdcQuery {
  readonly realm: string
  /** `kdc` for tickets, `kpasswd` for changes of passwords. */
  readonly service: KdcService
  /** The message, without a length before it. */
  readonly request: Uint8Array
  /** A KDC proxy: in place of the servers, or after them. Default: none but those of the configuration. */
  readonly proxy?: KdcProxy | undefined
  /** Gives up: the promise rejects with its reason, and every socket is closed. */
  readonly signal?: AbortSignal | undefined
}

/** How requests get to KDCs. */
export interface KdcTransportOptions {
  /** Realms, and the way to their KDCs. */
  readonly config: KerberosConfig
  /** Servers that go before those of the configuration, in its notation; `undefined` or none for realms without. */
  readonly servers?: ((realm: string, service: KdcService) => readonly string[] | undefined) | undefined
  /** Default: the system's. */
  readonly resolver?: KdcResolver | undefined
  /** Draws among SRV records of one priority, from 0 up to, but not, 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined
  /** For how long one server may be silent, in milliseconds. Default 10,000. */
  readonly attemptTimeoutMilliseconds?: number | undefined
  /** After how long without an answer the next server is asked, too, in milliseconds. Default 1,000. */
  readonly staggerMilliseconds?: number | undefined
  /**
   * After how long a datagram is sent again, in milliseconds, and then after twice as long each time; 0 for never.
   * Default 1,000.
   */
  readonly retransmitMilliseconds?: number | undefined
  /** For how long all of it may take, in milliseconds. Default: `request_timeout`, else 30,000. */
  readonly timeoutMilliseconds?: number | undefined
  /** A longer reply is refused. Default 1 MiB. */
  readonly maxReplyBytes?: number | undefined
}

/** No datagram holds more. */
const LONGEST_DATAGRAM = 65_507
/** Of a host with very many addresses so many are tried. */
const MOST_ADDRESSES = 8

/**
 * Sends a request to a KDC of a realm and returns its reply, one whole message: an AS-REP, TGS-REP, KRB-ERROR or reply of
 * RFC 3244, of which nothing but its frame, and the code of a KRB-ERROR, was looked at.
 *
 * The servers are those of `servers`, of the configuration, or of DNS. Each is asked over UDP, or over TCP first when the
 * request is longer than `udp_preference_limit`; after all of them, over the other. An answer of
 * KRB_ERR_RESPONSE_TOO_BIG is followed by TCP to the same server at once; after one of KDC_ERR_SVC_UNAVAILABLE others are
 * asked, and it is returned when they have none. A server that is silent is not given up when the next one is asked: the
 * first answer wins.
 *
 * A change of a password is another matter, as it must not be made twice: TCP goes first, no datagram is sent again, and
 * the next server is asked only when the last one has failed.
 *
 * @throws `SspiError` `SEC_E_NO_AUTHENTICATING_AUTHORITY` when no server answered; the message lists what was tried and what
 *   each said, and `cause` has their errors. The reason of `signal` when that ended it.
 */
export async function sendToKdc(query: KdcQuery, options: KdcTransportOptions): Promise<Uint8Array> {
  const { realm, service, proxy, signal } = query
  signal?.throwIfAborted()
  const milliseconds = options.timeoutMilliseconds ?? options.config.requestTimeoutSeconds * 1000
  const deadline = new AbortController()
  const expire = (): void => deadline.abort(new AttemptFailed(`given up after ${milliseconds} ms in all`))
  const timer = setTimeout(expire, milliseconds)
  const both = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal])
  const failures: Error[] = []
  try {
    const { resolver = systemResolver, random = Math.random, servers: given, config } = options
    const located = await until(both, locateKdcs(realm, service, { config, servers: given, proxy, resolver, random }))
    failures.push(...located.notes.map((note) => new AttemptFailed(note)))
    const plan = new Plan(query, options, resolver, failures)
    const reply = await race(plan.attempts(located.servers, both), {
      signal: both,
      failures,
      staggerMilliseconds: service === 'kpasswd' ? undefined : (options.staggerMilliseconds ?? 1_000),
    })
    if (reply !== undefined) return reply
  } catch (error) {
    signal?.throwIfAborted()
    if (!(error instanceof AttemptFailed)) throw error
    failures.push(error)
  } finally {
    clearTimeout(timer)
  }
  const said = failures.map((failure) => failure.message).join('; ')
  throw new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `no ${service} of ${realm} answered: ${said}`, {
    cause: new AggregateError(failures, said),
  })
}

/** What is to be tried for one request, in order. */
class Plan {
  readonly #query: KdcQuery
  readonly #options: KdcTransportOptions
  readonly #resolver: KdcResolver
  readonly #failures: Error[]
  readonly #addresses = new Map<string, Promise<readonly HostAddress[]>>()

  constructor(query: KdcQuery, options: KdcTransportOptions, resolver: KdcResolver, failures: Error[]) {
    this.#query = query
    this.#options = options
    this.#resolver = resolver
    this.#failures = failures
  }

  /** Each server by its first transport, then each by its second. Hosts are looked up when their turn comes. */
  async *attempts(servers: readonly KdcServer[], signal: AbortSignal): AsyncGenerator<Attempt> {
    const { request, service } = this.#query
    const tcpFirst = service === 'kpasswd' || request.length > this.#options.config.udpPreferenceLimitBytes
    for (const first of [true, false]) {
      const transport = first === tcpFirst ? 'tcp' : 'udp'
      for (const server of servers) {
        if (server.transport === 'https') {
          if (first) yield this.#proxy(server.url, signal)
        } else if (server.transport === 'any' || server.transport === transport) {
          if (transport === 'udp' && request.length > LONGEST_DATAGRAM) continue
          for (const address of await this.#lookup(server.host, signal)) {
            yield this.#attempt(transport, address, server.port, signal)
          }
        }
      }
    }
  }

  #attempt(transport: 'udp' | 'tcp', address: HostAddress, port: number, signal: AbortSignal): Attempt {
    const place = address.family === 6 ? `[${address.address}]:${port}` : `${address.address}:${port}`
    const { service } = this.#query
    if (transport === 'tcp') {
      return { label: `tcp ${place}`, service, run: this.#timed(signal, (talk) => exchangeTcp(address, port, talk)) }
    }
    const again = service === 'kpasswd' ? 0 : (this.#options.retransmitMilliseconds ?? 1_000)
    return {
      label: `udp ${place}`,
      service,
      run: this.#timed(signal, (talk) => exchangeUdp(address, port, talk, again)),
      // Even where DNS names the server for UDP only: there is no other way to what it wants to say.
      whenTooBig: () => this.#attempt('tcp', address, port, signal),
    }
  }

  #proxy(url: string, signal: AbortSignal): Attempt {
    const { realm, service } = this.#query
    const anchors = this.#options.config.realms.get(realm)?.httpAnchors ?? []
    const proxy = { url, realm, anchors, resolver: this.#resolver }
    return { label: url, service, run: this.#timed(signal, (talk) => exchangeHttps(proxy, talk)) }
  }

  /** Runs an attempt under its own time limit and that of the whole. */
  #timed(signal: AbortSignal, run: (conversation: Conversation) => Promise<Uint8Array>): Attempt['run'] {
    const { attemptTimeoutMilliseconds: milliseconds = 10_000, maxReplyBytes = 0x10_0000 } = this.#options
    const { service, request } = this.#query
    return async (cancelled) => {
      const limit = new AbortController()
      const timer = setTimeout(() => limit.abort(new AttemptFailed(`no answer in ${milliseconds} ms`)), milliseconds)
      try {
        const either = AbortSignal.any([signal, cancelled, limit.signal])
        return await run({ service, request, signal: either, maxReplyBytes })
      } finally {
        clearTimeout(timer)
      }
    }
  }

  /** The addresses of a host; none, and a failure on the list, when there are none. */
  async #lookup(host: string, signal: AbortSignal): Promise<readonly HostAddress[]> {
    const family = isIP(host)
    if (family !== 0) return [{ address: host, family: family === 6 ? 6 : 4 }]
    const known = this.#addresses.get(host)
    if (known !== undefined) return known
    const limit = new AbortController()
    const { attemptTimeoutMilliseconds: milliseconds = 10_000 } = this.#options
    const timer = setTimeout(() => limit.abort(new AttemptFailed(`no answer in ${milliseconds} ms`)), milliseconds)
    const found = until(AbortSignal.any([signal, limit.signal]), this.#resolver.lookup(host))
      .then((addresses) => {
        if (addresses.length === 0) throw new AttemptFailed('no address')
        return addresses.slice(0, MOST_ADDRESSES)
      })
      .catch((error: unknown) => {
        if (!signal.aborted) this.#failures.push(new AttemptFailed(`${host}: ${wordsOf(error)}`, { cause: error }))
        return []
      })
      .finally(() => clearTimeout(timer))
    this.#addresses.set(host, found)
    return found
  }
}

/** A promise that does not outwait its signal. */
function until<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the caller's own reason, as it is
      reject(signal.reason)
    }
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort)
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
