import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

const LENGTH_BYTES = 4
/** No frame of the demo comes near. */
const MAXIMUM_FRAME = 0x2_0000

/** A TCP connection that carries frames: four bytes of length, then as many bytes. */
export class Connection implements Disposable {
  readonly #socket: Socket
  readonly #chunks: AsyncIterator<unknown>
  #pending: Buffer = Buffer.alloc(0)

  constructor(socket: Socket) {
    this.#socket = socket
    this.#chunks = socket[Symbol.asyncIterator]()
    // A failure is thrown by whichever call waits next; without one waiting there is nobody to tell.
    socket.on('error', () => undefined)
    socket.setNoDelay(true)
  }

  /** The other end, `127.0.0.1:40123`. */
  get remote(): string {
    return `${this.#socket.remoteAddress ?? '?'}:${this.#socket.remotePort ?? 0}`
  }

  send(frame: Uint8Array): void {
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt32BE(frame.length)
    this.#socket.write(Buffer.concat([length, frame]))
  }

  async receive(): Promise<Uint8Array> {
    const length = (await this.#take(LENGTH_BYTES)).readUInt32BE()
    if (length > MAXIMUM_FRAME) throw new Error(`a frame of ${length} bytes`)
    return this.#take(length)
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  async #take(length: number): Promise<Buffer> {
    while (this.#pending.length < length) {
      const next = await this.#chunks.next()
      if (next.done === true || !Buffer.isBuffer(next.value)) throw new Error('the other end closed the connection')
      this.#pending = Buffer.concat([this.#pending, next.value])
    }
    const taken = this.#pending.subarray(0, length)
    this.#pending = this.#pending.subarray(length)
    return taken
  }
}

/** The two ends of a connection. */
export interface ConnectionPair {
  readonly client: Connection
  readonly server: Connection
}

/** Listens on a port of this machine that the system chooses, connects to it, and listens no more. */
export async function connectToSelf(): Promise<ConnectionPair> {
  const listener = createServer()
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo // of a listener on TCP it is never a path
  const accepted = once(listener, 'connection') as Promise<[Socket]> // what the event carries
  const socket = connect(port, '127.0.0.1')
  const [[server]] = await Promise.all([accepted, once(socket, 'connect')])
  listener.close()
  return { client: new Connection(socket), server: new Connection(server) }
}
