import { connect as connectSocket, isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { SspiError } from '../../status/index.js'
import { unreachable } from './failures.js'
import { hostOf, portOf } from './host-patterns.js'
import type { HttpSettings } from './options.js'

/** Where to, and for how long to try. */
export interface DialOptions {
  readonly settings: Pick<HttpSettings, 'tls' | 'lookup'>
  /** Ends the attempt: the caller's, or the time is over. */
  readonly signal: AbortSignal
}

/**
 * Opens a connection to the host of a URL, with TLS where its scheme says so.
 *
 * @throws `SspiError` `SEC_E_TARGET_UNKNOWN` when nobody answers; `SEC_E_WRONG_PRINCIPAL`, `SEC_E_UNTRUSTED_ROOT` and
 *   others of `certificateFailure` when the certificate is not one to trust. The signal's reason when it was aborted.
 */
export async function dial(url: URL, options: DialOptions): Promise<Duplex> {
  const { lookup } = options.settings
  const host = hostOf(url)
  const open = (): Socket =>
    connectSocket({ host, port: Number(portOf(url)), noDelay: true, ...(lookup === undefined ? {} : { lookup }) })
  const socket = await ready(open, 'connect', url.host, options.signal)
  return url.protocol === 'https:' ? startTls(socket, url, options) : socket
}

/** Starts TLS to the host of a URL over a stream of bytes: a socket, or a tunnel. Errors as for {@link dial}. */
export function startTls(stream: Duplex, url: URL, { settings, signal }: DialOptions): Promise<TLSSocket> {
  const host = hostOf(url)
  const open = (): TLSSocket =>
    connectTls({
      ...settings.tls,
      socket: stream,
      // The certificate is held to it, an address too; only a name may be told to the server.
      host,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ALPNProtocols: ['http/1.1'],
    })
  return ready(open, 'secureConnect', url.host, signal).catch((error: unknown) => {
    stream.destroy()
    throw error
  })
}

function ready<S extends Duplex>(open: () => S, event: string, where: string, signal: AbortSignal): Promise<S> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const socket = open()
    const settle = (): void => {
      signal.removeEventListener('abort', aborted)
      socket.off(event, succeeded).off('error', failed).off('close', closed)
    }
    const giveUp = (error: Error): void => {
      settle()
      socket.on('error', () => {}) // whatever else it has to say, it is not needed any more
      socket.destroy()
      reject(error)
    }
    const succeeded = (): void => {
      settle()
      resolve(socket)
    }
    const failed = (error: Error): void => {
      giveUp(unreachable(where, error))
    }
    const closed = (): void => {
      giveUp(new SspiError('SEC_E_TARGET_UNKNOWN', `HTTP: ${where} hung up`))
    }
    const aborted = (): void => {
      giveUp(signal.reason as Error) // unless the caller made it something else
    }
    signal.addEventListener('abort', aborted)
    socket.on(event, succeeded).on('error', failed).on('close', closed)
  })
}
