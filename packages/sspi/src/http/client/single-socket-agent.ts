import { Agent } from 'node:http'
import type { Duplex } from 'node:stream'
import { SspiError } from '../../status/index.js'

/** An agent with one socket, which it is given: nothing of its requests ever goes over another one. */
export class SingleSocketAgent extends Agent {
  #given: Duplex | undefined
  #idle = true
  #closed = false
  readonly #waiting: (() => void)[] = []

  constructor(socket: Duplex, keepAliveMilliseconds: number) {
    // The timeout is that of a socket which waits for its next request; servers may ask for a shorter one.
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1, timeout: keepAliveMilliseconds })
    this.#given = socket
    socket.once('close', () => {
      this.#idle = false
      this.#closed = true
      this.#tell()
    })
  }

  /** Whether the next request can be sent. */
  get idle(): boolean {
    return this.#idle
  }

  /** A request is about to be sent. */
  take(): void {
    this.#idle = false
  }

  /** Calls when the next request can be sent, or never can. */
  onceIdle(idle: () => void): void {
    // It may have ended while the response was there to be read.
    if (this.#closed) idle()
    else this.#waiting.push(idle)
  }

  override createConnection(
    _options: unknown,
    done?: (error: Error | null, socket: Duplex) => void,
  ): Duplex | undefined {
    const socket = this.#given
    this.#given = undefined
    if (socket !== undefined) return socket
    // Node wants an answer by one way only, and has no socket to go with an error.
    done?.(new SspiError('SEC_E_UNFINISHED_CONTEXT_DELETED', 'HTTP: the connection is gone'), undefined as never)
    return undefined
  }

  override keepSocketAlive(socket: Duplex): boolean {
    // Node answers whether to keep it, and its types say that it does not.
    const keep: (socket: Duplex) => unknown = super.keepSocketAlive.bind(this)
    const kept = keep(socket) === true
    // The agent has put it away when this call returns.
    queueMicrotask(() => {
      this.#idle = kept && !socket.destroyed
      this.#tell()
    })
    return kept
  }

  #tell(): void {
    for (const idle of this.#waiting.splice(0)) idle()
  }
}
