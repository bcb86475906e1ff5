import { EventEmitter } from 'node:events'
import {
  createServer as createSocketServer,
  type AddressInfo,
  type ListenOptions,
  type Server,
  type Socket,
} from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureSession } from '../sspi/index.js'
import { SspiError } from '../status/index.js'
import { FrameChannel } from './frame-channel.js'
import { shakeHands } from './handshake.js'
import { readLimits, type SecureServerOptions } from './options.js'
import { SecureStream } from './secure-stream.js'

/** Options of {@link createServer}. */
export interface ServerOptions extends Omit<SecureServerOptions, 'signal'> {
  /** How many clients may be authenticating at once; more are hung up on. Default 1000. */
  readonly maxHandshakes?: number | undefined
}

/** Where a connection came from; `undefined` for Unix sockets and named pipes. */
export interface RemoteEnd {
  /** The IP address. */
  readonly address: string | undefined
  /** The TCP port. */
  readonly port: number | undefined
}

/** The events of a {@link SecureServer}, with their arguments. */
export interface SecureServerEvents {
  /** A client was authenticated. */
  secureConnection: [stream: SecureStream, from: RemoteEnd]
  /** A client was not. The server goes on. */
  refused: [error: unknown, from: RemoteEnd]
  /** It waits for clients. */
  listening: []
  /** It listens no more, and every stream has ended. */
  close: []
  /** The server itself failed: the port is taken, … */
  error: [error: Error]
}

/**
 * A server for clients that {@link connect}. Like `net.createServer`, it listens once `listen` is called.
 *
 * @param onConnection - called for each authenticated client; the same as the event `secureConnection`.
 */
export function createServer(
  options: ServerOptions,
  onConnection?: (stream: SecureStream, from: RemoteEnd) => void,
): SecureServer {
  const server = new SecureServer(options)
  if (onConnection !== undefined) server.on('secureConnection', onConnection)
  return server
}

/**
 * Authenticates a client over a transport, which is the stream's from then on; the other half of {@link secureClient}, with
 * the same errors.
 */
export async function secureServer(transport: Duplex, options: SecureServerOptions): Promise<SecureStream> {
  const limits = readLimits(options)
  const exchange = options.sspi.accept({ ...options, integrity: true })
  const channel = new FrameChannel(transport, limits.maxTokenBytes)
  const { authorize, signal } = options
  const admit = async ({ peer }: SecureSession) => {
    if (authorize === undefined) return
    if (peer === undefined || !(await authorize(peer))) {
      throw new SspiError('SEC_E_LOGON_DENIED', 'handshake: the client is authenticated, but may not come in')
    }
  }
  const established = await shakeHands({ channel, exchange, side: 'acceptor', limits, signal, admit })
  return new SecureStream(channel, established, limits)
}

/** Made by {@link createServer}. */
export class SecureServer extends EventEmitter<SecureServerEvents> implements AsyncDisposable {
  readonly #server: Server
  readonly #options: ServerOptions
  readonly #maxHandshakes: number
  /** Gives up what is under way when the server closes. */
  readonly #closing = new AbortController()
  readonly #streams = new Set<SecureStream>()
  #handshakes = 0
  /** Whom to tell that listen() failed, while it is under way. */
  #listening: ((error: Error) => void) | undefined

  /** @internal */
  constructor(options: ServerOptions) {
    super()
    readLimits(options) // a caller's mistake shows at once, not with the first client
    this.#options = options
    this.#maxHandshakes = options.maxHandshakes ?? 1000
    this.#server = createSocketServer({ allowHalfOpen: true, noDelay: true }, (socket) => void this.#accept(socket))
    this.#server.on('listening', () => this.emit('listening'))
    this.#server.on('close', () => this.emit('close'))
    this.#server.on('error', (error) => {
      // What hinders listen() is told by its promise.
      if (this.#listening === undefined) this.emit('error', error)
      else this.#listening(error)
    })
  }

  /** Whether it listens. */
  get listening(): boolean {
    return this.#server.listening
  }

  /** How many authenticated clients are connected. */
  get connections(): number {
    return this.#streams.size
  }

  /**
   * Begins to listen, on a TCP port (0: any that is free) or a path.
   * @returns once it listens. @throws the system's error when it cannot (`EADDRINUSE`); `SspiError` `SEC_E_OUT_OF_SEQUENCE`
   *   after `close`.
   */
  async listen(where: Pick<ListenOptions, 'port' | 'host' | 'path' | 'backlog' | 'ipv6Only'>): Promise<this> {
    if (this.#closing.signal.aborted || this.#listening !== undefined) {
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'the server was closed, or is about to listen already')
    }
    return new Promise<this>((resolve, reject) => {
      this.#listening = reject
      this.#server.listen(where, () => resolve(this))
    }).finally(() => {
      this.#listening = undefined
    })
  }

  /** Where it listens, as `net.Server`. */
  address(): AddressInfo | string | null {
    return this.#server.address()
  }

  /** The TCP port on which it listens. @throws `SspiError` `SEC_E_INVALID_HANDLE` when it listens on none. */
  get port(): number {
    const address = this.address()
    if (address === null || typeof address === 'string') {
      throw new SspiError('SEC_E_INVALID_HANDLE', 'the server listens on no TCP port')
    }
    return address.port
  }

  /** Takes no more clients, and gives up those that are not authenticated yet. @returns once the last client is gone. */
  close(): Promise<void> {
    this.#closing.abort(new SspiError('SEC_E_SHUTDOWN_IN_PROGRESS', 'the server closes'))
    return new Promise((resolve) => {
      // An error says that it does not listen: then it is closed already.
      this.#server.close(() => resolve())
    })
  }

  /** Closes, and destroys the streams of all clients. */
  [Symbol.asyncDispose](): Promise<void> {
    const closed = this.close()
    for (const stream of this.#streams) stream.destroy()
    return closed
  }

  /** Keeps the process alive while it listens (the default), as `net.Server`. */
  ref(): this {
    this.#server.ref()
    return this
  }

  /** Does not keep the process alive, as `net.Server`. */
  unref(): this {
    this.#server.unref()
    return this
  }

  async #accept(socket: Socket): Promise<void> {
    const from: RemoteEnd = { address: socket.remoteAddress, port: socket.remotePort }
    if (this.#handshakes >= this.#maxHandshakes) {
      socket.destroy()
      const what = `${this.#maxHandshakes} clients are authenticating, the limit`
      this.emit('refused', new SspiError('SEC_E_INSUFFICIENT_MEMORY', what), from)
      return
    }
    this.#handshakes++
    let stream: SecureStream
    try {
      stream = await secureServer(socket, { ...this.#options, signal: this.#closing.signal })
    } catch (error) {
      this.emit('refused', error, from)
      return
    } finally {
      this.#handshakes--
    }
    this.#streams.add(stream)
    stream.once('close', () => this.#streams.delete(stream))
    // Whoever listens hears it; for whoever does not, a client's failure must not end the process.
    stream.on('error', () => {})
    this.emit('secureConnection', stream, from)
  }
}
