import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Where to connect to. */
export interface WireOptions {
  readonly host: string
  readonly port: number
  /** How long to wait for the connection, and for each reading; default 30000. */
  readonly timeoutMilliseconds?: number
}

/** A TCP connection from which one reads as many bytes as one wants. */
export class Wire implements Disposable {
  readonly #name: string
  readonly #socket: Socket
  readonly #timeoutMilliseconds: number
  #chunks: Uint8Array[] = []
  #length = 0
  #closed = false
  /** Told of bytes, and of the end. */
  #wake: () => void = () => {}

  static async connect(options: WireOptions): Promise<Wire> {
    const { host, port, timeoutMilliseconds = 30_000 } = options
    const socket = connect({ host, port, noDelay: true })
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMilliseconds) })
    } catch (cause) {
      socket.destroy()
      throw new Error(`${host}:${port}: no connection`, { cause })
    }
    return new Wire(`${host}:${port}`, socket, timeoutMilliseconds)
  }

  /** A connection that has been accepted. */
  static over(socket: Socket, timeoutMilliseconds = 30_000): Wire {
    return new Wire('client', socket, timeoutMilliseconds)
  }

  private constructor(name: string, socket: Socket, timeoutMilliseconds: number) {
    this.#name = name
    this.#socket = socket
    this.#timeoutMilliseconds = timeoutMilliseconds
    socket.on('error', () => {}) // whoever reads is told by the end of the stream
    socket.on('data', (chunk: Uint8Array) => {
      this.#chunks.push(chunk)
      this.#length += chunk.length
      this.#wake()
    })
    const over = (): void => {
      this.#closed = true
      this.#wake()
    }
    socket.once('end', over).once('close', over)
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /**
   * Takes so many bytes, a copy. One reading at a time.
   *
   * @throws Error when the peer closes before, or does not send them in time.
   */
  async read(length: number): Promise<Uint8Array> {
    await this.#until(length)
    return this.#take(length)
  }

  /** Takes what has come, at least one byte, a copy. Throws as {@link read}. */
  async some(): Promise<Uint8Array> {
    await this.#until(1)
    return this.#take(this.#length)
  }

  /** Gives back what was taken too much: the next reading begins with it. */
  putBack(bytes: Uint8Array): void {
    this.#chunks.unshift(bytes)
    this.#length += bytes.length
  }

  /** Writes no more; what was written still goes out. */
  end(): void {
    this.#socket.end()
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  async #until(length: number): Promise<void> {
    const patience = AbortSignal.timeout(this.#timeoutMilliseconds)
    patience.addEventListener('abort', () => this.#wake())
    while (this.#length < length) {
      const came = `${length} bytes were expected, ${this.#length} came`
      if (this.#closed) throw new Error(`${this.#name}: closed, ${came}`)
      if (patience.aborted) throw new Error(`${this.#name}: ${came} within ${this.#timeoutMilliseconds} ms`)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  #take(length: number): Uint8Array {
    const all = Buffer.concat(this.#chunks)
    this.#chunks = [all.subarray(length)]
    this.#length -= length
    return new Uint8Array(all.subarray(0, length))
  }
}
