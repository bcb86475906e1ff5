import { connect as connectSocket, isIP, type NetConnectOpts, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { InitiatorExchange } from '../sspi/index.js'
import { transportFailure } from './failures.js'
import { FrameChannel } from './frame-channel.js'
import { shakeHands } from './handshake.js'
import { readLimits, type Limits, type SecureClientOptions } from './options.js'
import { SecureStream } from './secure-stream.js'

/** Options of {@link connect}. */
export interface ConnectOptions extends SecureClientOptions {
  /** The server's name or address. Default `'localhost'`. */
  readonly host?: string | undefined
  /** The server's TCP port. Either this or `path` is needed. */
  readonly port?: number | undefined
  /** A Unix socket or a named pipe, instead of `host` and `port`. */
  readonly path?: string | undefined
}

/**
 * Connects to a {@link createServer} and authenticates.
 *
 * `target` is `host/<host>` where neither it nor `path` is given and `host` is a name, not an address.
 *
 * @returns the stream, once the server has let the client in.
 * @throws `SspiError` `SEC_E_TARGET_UNKNOWN` when the server cannot be reached, with the system's error as `cause`; else as
 *   {@link secureClient}. The signal's reason when it was aborted.
 */
export async function connect(options: ConnectOptions): Promise<SecureStream> {
  const { host, path } = options
  const named = host !== undefined && path === undefined && isIP(host) === 0
  const target = options.target ?? (named ? `host/${host}` : undefined)
  // A caller's mistake shows before anything is opened.
  const limits = readLimits(options)
  const exchange = beginExchange({ ...options, target })
  try {
    const socket = await open(options, limits.handshakeMilliseconds)
    return await authenticate(socket, exchange, limits, options.signal)
  } finally {
    exchange[Symbol.dispose]()
  }
}

/**
 * Authenticates as the client over a transport, which is the stream's from then on: it ends and is destroyed with it.
 *
 * @param transport - Any stream of bytes with a {@link secureServer} at its other end: a socket, a pipe, a child process.
 * @throws `SspiError` of the package, or of the server's refusal (`SEC_E_LOGON_DENIED`); `SEC_E_UNFINISHED_CONTEXT_DELETED` when
 *   it takes too long or the transport ends; `SEC_E_INVALID_TOKEN` when the other end speaks something else. The transport
 *   is closed then.
 */
export async function secureClient(transport: Duplex, options: SecureClientOptions): Promise<SecureStream> {
  const limits = readLimits(options)
  return authenticate(transport, beginExchange(options), limits, options.signal)
}

function beginExchange(options: SecureClientOptions): InitiatorExchange {
  return options.sspi.initiate({ ...options, integrity: true })
}

async function authenticate(
  transport: Duplex,
  exchange: InitiatorExchange,
  limits: Limits,
  signal: AbortSignal | undefined,
): Promise<SecureStream> {
  const channel = new FrameChannel(transport, limits.maxTokenBytes)
  const established = await shakeHands({ channel, exchange, side: 'initiator', limits, signal })
  return new SecureStream(channel, established, limits)
}

function open(options: ConnectOptions, timeoutMilliseconds: number): Promise<Socket> {
  const { host = 'localhost', port, path, signal } = options
  if (path === undefined && port === undefined) throw new TypeError('connect: neither a port nor a path')
  signal?.throwIfAborted()
  const where: NetConnectOpts = path === undefined ? { host, port: port ?? 0, noDelay: true } : { path }
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ ...where, allowHalfOpen: true })
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      socket.off('connect', connected).off('error', failed)
    }
    const connected = () => {
      done()
      resolve(socket)
    }
    const failed = (cause?: Error) => {
      done()
      socket.on('error', () => {}) // whatever else it has to say, it is not needed any more
      socket.destroy()
      const place = path ?? `${host}:${port ?? 0}`
      const what = cause === undefined ? `connect: ${place} does not answer` : `connect: ${place} cannot be reached`
      reject(transportFailure('SEC_E_TARGET_UNKNOWN', what, cause))
    }
    const abort = () => {
      done()
      socket.on('error', () => {})
      socket.destroy()
      reject(signal?.reason as Error) // an Error unless the caller made it something else
    }
    const timer = setTimeout(failed, timeoutMilliseconds)
    signal?.addEventListener('abort', abort)
    socket.on('connect', connected).on('error', failed)
  })
}
