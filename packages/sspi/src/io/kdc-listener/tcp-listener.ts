import { createServer, isIPv6, type AddressInfo, type Server, type Socket } from 'node:net'
import type { KdcService } from '../kdc/index.js'
import { networkOf, plainAddress } from '../addresses/index.js'
import type { KdcSource } from './client-address.js'
import { TcpConnection, type ConnectionOptions } from './tcp-connection.js'

/** How connections are taken. */
export interface TcpOptions extends ConnectionOptions {
  readonly service: KdcService
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
}

/**
 * Takes connections, RFC 4120 §7.2.2. When there are as many as may be, the one that has waited longest for its client goes:
 * clients with something to say say it at once.
 */
export class TcpListener {
  readonly #server: Server
  readonly #options: TcpOptions
  /** The one that has waited longest first; with what counts as its address, {@link networkOf}. */
  readonly #connections = new Map<TcpConnection, string>()
  /** How many each address has. */
  readonly #perAddress = new Map<string, number>()

  private constructor(options: TcpOptions) {
    this.#options = options
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#onConnection(socket))
  }

  /** Begins to listen. @throws the system's error when it cannot. */
  static async listen(address: string, port: number, options: TcpOptions): Promise<TcpListener> {
    const listener = new TcpListener(options)
    const server = listener.#server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: address, port, ipv6Only: isIPv6(address), exclusive: true }, () => {
        server.off('error', reject)
        resolve()
      })
    })
    // A connection that could not be taken, for want of descriptors: the next one may.
    server.on('error', () => {})
    return listener
  }

  /** The port. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port // it listens on no path
  }

  /** Takes nothing more, lets what is being answered be answered, as long as `cut` has not come, and closes. */
  async close(cut: Promise<void>): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const connection of this.#connections.keys()) connection.finish()
    void cut.then(() => {
      for (const connection of this.#connections.keys()) connection.destroy()
    })
    await closed
  }

  #onConnection(socket: Socket): void {
    const { service, gate, maxConnections, maxConnectionsPerAddress } = this.#options
    const from: KdcSource = { address: plainAddress(socket.remoteAddress), transport: 'tcp', service }
    const network = networkOf(from.address)
    const ofAddress = this.#perAddress.get(network) ?? 0
    const room =
      (ofAddress < maxConnectionsPerAddress || this.#dropOne((other) => other === network)) &&
      (this.#connections.size < maxConnections || this.#dropOne(() => true))
    if (!room) {
      gate.refused('too many connections', from)
      socket.destroy()
      return
    }
    const connection = new TcpConnection(socket, from, this.#options, () => {
      // To the end of those that wait.
      this.#connections.delete(connection)
      this.#connections.set(connection, network)
    })
    this.#connections.set(connection, network)
    this.#perAddress.set(network, (this.#perAddress.get(network) ?? 0) + 1)
    socket.once('close', () => this.#forget(connection))
  }

  /** Ends the connection that has waited longest, of those that are meant. @returns whether there was one. */
  #dropOne(meant: (network: string) => boolean): boolean {
    for (const [connection, network] of this.#connections) {
      if (!connection.idle || !meant(network)) continue
      this.#options.gate.refused('too many connections', connection.from)
      connection.destroy()
      this.#forget(connection)
      return true
    }
    return false
  }

  #forget(connection: TcpConnection): void {
    const network = this.#connections.get(connection)
    if (network === undefined) return
    this.#connections.delete(connection)
    const left = (this.#perAddress.get(network) ?? 1) - 1
    if (left > 0) this.#perAddress.set(network, left)
    else this.#perAddress.delete(network)
  }
}
