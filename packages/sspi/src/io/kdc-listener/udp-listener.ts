import type { KdcHandler } from '../../kdc/index.js'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { KdcService } from '../kdc/index.js'
import { plainAddress } from '../addresses/index.js'
import type { KdcSource } from './client-address.js'
import type { Gate } from './gate.js'
import { responseTooBig } from './listener-errors.js'

/** How datagrams are taken. */
export interface UdpOptions {
  readonly service: KdcService
  readonly answer: KdcHandler
  readonly gate: Gate
  /** The realm that errors of the listener itself name. */
  readonly realm: string
  /** A longer reply becomes KRB_ERR_RESPONSE_TOO_BIG. */
  readonly maxDatagramReplyBytes: number
  /** So many are answered at once; what comes beyond is dropped. */
  readonly maxPending: number
}

/** What comes in one burst waits here, in the system. */
const RECEIVE_BUFFER = 0x8_0000

/** Takes requests in datagrams, RFC 4120 §7.2.1. Who sends nonsense gets no answer, as the sender may be made up. */
export class UdpListener {
  readonly #options: UdpOptions
  readonly #socket: Socket
  readonly #pending = new Set<Promise<void>>()
  #closed = false

  private constructor(socket: Socket, options: UdpOptions) {
    this.#socket = socket
    this.#options = options
    socket.on('message', (datagram, from) => this.#onDatagram(datagram, from))
    // What the system says of a datagram that could not be delivered is no reason to stop.
    socket.on('error', () => {})
  }

  /** Begins to listen. @throws the system's error when it cannot. */
  static async listen(address: string, port: number, options: UdpOptions): Promise<UdpListener> {
    const family = isIPv6(address) ? 6 : 4
    const socket = createSocket({
      type: `udp${family}`,
      ipv6Only: family === 6,
      recvBufferSize: RECEIVE_BUFFER,
      // The addresses of senders are no names to look up.
      lookup: (host, _, done) => done(null, host, family),
    })
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind({ address, port, exclusive: true }, () => {
        socket.off('error', reject)
        resolve()
      })
    }).catch((error: unknown) => {
      socket.close()
      throw error
    })
    return new UdpListener(socket, options)
  }

  /** The port. */
  get port(): number {
    return this.#socket.address().port
  }

  /** Takes nothing more, waits for what is being answered, as long as `cut` has not come, and closes. */
  async close(cut: Promise<void>): Promise<void> {
    this.#socket.removeAllListeners('message')
    await Promise.race([Promise.all(this.#pending), cut])
    this.#closed = true
    await new Promise<void>((resolve) => this.#socket.close(resolve))
  }

  #onDatagram(datagram: Uint8Array, { address, port }: RemoteInfo): void {
    const { service, gate, maxPending } = this.#options
    const from: KdcSource = { address: plainAddress(address), transport: 'udp', service }
    if (datagram.length === 0 || !gate.admits(from)) return
    if (this.#pending.size >= maxPending) return gate.refused('too busy', from)
    // Node hands out pieces of its pool.
    const answered = this.#answer(new Uint8Array(datagram), from).then((reply) => {
      if (reply !== undefined) this.#send(reply, address, port)
      this.#pending.delete(answered)
    })
    this.#pending.add(answered)
  }

  async #answer(request: Uint8Array, from: KdcSource): Promise<Uint8Array | undefined> {
    const { answer, gate, realm, maxDatagramReplyBytes } = this.#options
    const reply = await gate.answer(answer, request, from, maxDatagramReplyBytes)
    if (reply === undefined || reply.length <= maxDatagramReplyBytes) return reply
    // A handler that does not look at `maxReplyBytes`, such as one that asks another KDC.
    return responseTooBig(request, realm)
  }

  #send(reply: Uint8Array, address: string, port: number): void {
    // Whoever is not there any more does not get it.
    if (!this.#closed) this.#socket.send(reply, port, address, () => {})
  }
}
