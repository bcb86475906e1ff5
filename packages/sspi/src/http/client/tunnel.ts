import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { SspiError } from '../../status/index.js'
import { Authenticator } from './authenticator.js'
import { dial, type DialOptions } from './dial.js'
import { endPointBindings } from './end-point-bindings.js'
import { lost } from './failures.js'
import { portOf } from './host-patterns.js'
import type { HttpSettings } from './options.js'
import { PartyLink, type HttpAuthentication, type Party } from './party.js'
import { readTunnelReply, type TunnelReply } from './tunnel-reply.js'

/** A way through a proxy. */
export interface Tunnel {
  /** What the server at the other end sends, and is sent. */
  readonly stream: Duplex
  /** How the proxy has come to let us through; `undefined` where it did not ask. */
  readonly authentication: HttpAuthentication | undefined
}

/**
 * Opens a tunnel through a proxy to the host of a URL: CONNECT, RFC 9110 §9.3.6, with as many legs as the proxy's authentication
 * takes.
 *
 * @throws `SspiError` `SEC_E_LOGON_DENIED` when the proxy does not let us through for who we are; `SEC_E_TARGET_UNKNOWN` for any other
 *   refusal; else as `dial`, and as the packages.
 */
export async function openTunnel(
  url: URL,
  party: Party,
  options: DialOptions & { readonly settings: HttpSettings },
): Promise<Tunnel> {
  const { signal, settings } = options
  const uri = `${url.hostname}:${portOf(url)}`
  const request = { method: 'CONNECT', uri, hasBody: false }
  const { maxLegs } = settings.limits
  using authenticator = new Authenticator(party, signal)
  let way: ProxyWay | undefined
  try {
    for (let leg = 1; leg <= maxLegs; leg++) {
      way ??= new ProxyWay(await dial(party.url, options), settings)
      const credentials = await authenticator.next(way.link, request)
      const reply = await way.ask(uri, credentials, party.url.host, settings, signal).catch((error: unknown) => {
        // It may have hung up while the answer to its challenge was made: a KDC can take longer than it waits.
        if (way?.used === true && !authenticator.pinned && !signal.aborted && hungUp(error)) return undefined
        throw error
      })
      if (reply === undefined) {
        authenticator.restart()
        way[Symbol.dispose]()
        way = undefined
        continue
      }
      if (reply.status >= 200 && reply.status < 300) {
        await authenticator.passed(way.link, reply)
        const { stream } = way
        way.link[Symbol.dispose]()
        way = undefined
        return { stream, authentication: authenticator.outcome }
      }
      if (reply.status !== 407) throw refused(party.url, uri, reply.status)
      if (!(await authenticator.challenged(way.link, request, reply))) throw denied(party.url, authenticator.outcome)
      if (reply.keepAlive) continue
      if (authenticator.pinned) throw lost(party.url.host, 'the proxy hung up in the middle of an authentication')
      way[Symbol.dispose]()
      way = undefined
    }
    throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `HTTP: ${party.url.host}: no end after ${maxLegs} requests`)
  } finally {
    way?.[Symbol.dispose]()
  }
}

/** A connection to the proxy, before it is a tunnel. */
class ProxyWay implements Disposable {
  readonly stream: Duplex
  readonly link: PartyLink
  /** Whether it has had an answer. */
  used = false

  constructor(stream: Duplex, settings: HttpSettings) {
    this.stream = stream
    const bindings = settings.channelBindings ? endPointBindings(stream) : undefined
    this.link = new PartyLink(bindings, stream instanceof TLSSocket)
    stream.on('error', () => {}) // whoever reads or writes is told
  }

  async ask(
    uri: string,
    credentials: string | undefined,
    where: string,
    settings: HttpSettings,
    signal: AbortSignal,
  ): Promise<TunnelReply> {
    const { maxHeaderBytes, maxChallengeBodyBytes } = settings.limits
    const lines = [`CONNECT ${uri} HTTP/1.1`, `host: ${uri}`, 'proxy-connection: keep-alive']
    if (credentials !== undefined) lines.push(`proxy-authorization: ${credentials}`)
    this.stream.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
    const limits = { maxHeaderBytes, maxBodyBytes: maxChallengeBodyBytes }
    const reply = await readTunnelReply(this.stream, where, limits, signal)
    this.used = true
    return reply
  }

  [Symbol.dispose](): void {
    this.link[Symbol.dispose]()
    this.stream.destroy()
  }
}

function hungUp(error: unknown): boolean {
  return error instanceof SspiError && error.code === 'SEC_E_UNFINISHED_CONTEXT_DELETED'
}

function refused(proxy: URL, uri: string, status: number): SspiError {
  return new SspiError('SEC_E_TARGET_UNKNOWN', `HTTP: the proxy ${proxy.host} opens no way to ${uri}: status ${status}`)
}

function denied(proxy: URL, outcome: HttpAuthentication | undefined): SspiError {
  const cause = outcome?.state === 'refused' ? outcome.reason : undefined
  const why = cause === undefined ? '' : `: ${cause.message}`
  return new SspiError('SEC_E_LOGON_DENIED', `HTTP: the proxy ${proxy.host} refuses us${why}`, { cause })
}
