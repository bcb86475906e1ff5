import type { KdcHandler } from '../../kdc/index.js'
import type { Socket } from 'node:net'
import { frameKdcMessage } from '../../kerberos/messages/index.js'
import { FrameDecoder, FrameRefused } from '../kdc/frame-decoder.js'
import type { KdcSource } from './client-address.js'
import type { Gate } from './gate.js'
import { fieldTooLong } from './listener-errors.js'

/** How connections are served. */
export interface ConnectionOptions {
  readonly answer: KdcHandler
  readonly gate: Gate
  /** The realm that errors of the listener itself name. */
  readonly realm: string
  readonly maxRequestBytes: number
  /** For a whole request to come, since the connection stands or the last reply has gone; and for a reply to be taken. */
  readonly clientMilliseconds: number
}

/**
 * One client's connection: requests and replies in turn, each with its length before it (RFC 4120 §7.2.2). While a request
 * is answered nothing more is read. A client that ends its side behind a request gets the reply all the same.
 */
export class TcpConnection {
  readonly from: KdcSource
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #incoming: FrameDecoder
  readonly #onIdle: () => void
  #timer: NodeJS.Timeout | undefined
  #answering = false
  /** No request is taken any more. */
  #finishing = false
  #answered = 0

  /** @param onIdle - Called when a reply has gone and the next request may come. */
  constructor(socket: Socket, from: KdcSource, options: ConnectionOptions, onIdle: () => void) {
    this.from = from
    this.#socket = socket
    this.#options = options
    this.#incoming = new FrameDecoder('request', options.maxRequestBytes)
    this.#onIdle = onIdle
    this.#restartTimer()
    socket.setNoDelay(true)
    socket.on('error', () => {}) // `close` follows
    socket.once('close', () => clearTimeout(this.#timer))
    socket.on('data', (chunk) => {
      if (this.#finishing) return
      this.#incoming.push(chunk)
      if (!this.#answering) void this.#serve()
    })
    // Not before what came is answered: a socket that is paused does not tell its end.
    socket.once('end', () => socket.end())
  }

  /** Whether it waits for a request, so that nobody but its client loses by its end. */
  get idle(): boolean {
    return !this.#answering
  }

  /** Ends at once, or after the reply under way. */
  finish(): void {
    this.#finishing = true
    if (!this.#answering) this.destroy()
  }

  /** Ends at once. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** Answers what is there, one after the other. */
  async #serve(): Promise<void> {
    this.#answering = true
    this.#socket.pause()
    try {
      for (let request = this.#incoming.next(); request !== undefined; request = this.#incoming.next()) {
        await this.#serveOne(request)
        if (this.#finishing || this.#socket.destroyed) {
          this.#socket.destroySoon()
          return
        }
        this.#onIdle()
      }
    } catch (error) {
      if (!(error instanceof FrameRefused)) throw error
      await this.#refuse()
    } finally {
      this.#answering = false
      this.#socket.resume()
    }
  }

  async #serveOne(request: Uint8Array): Promise<void> {
    const { answer, gate } = this.#options
    // The time that the answer takes is not the client's.
    clearTimeout(this.#timer)
    const reply = gate.admits(this.from) ? await gate.answer(answer, request, this.from) : undefined
    if (reply === undefined) {
      this.destroy()
      return
    }
    this.#answered++
    await this.#write(reply)
  }

  /**
   * RFC 4120 §7.2.2: a length whose top bit is set is answered with KRB_ERR_FIELD_TOOLONG, and so is one that is too long;
   * then the connection ends. What still comes is thrown away, as closing with bytes unread would take the answer back.
   */
  async #refuse(): Promise<void> {
    const { gate, realm } = this.#options
    gate.refused('bad length', this.from)
    this.#finishing = true
    await this.#write(fieldTooLong(realm))
    this.#socket.end()
  }

  /** Sends a message and waits until the system has taken it, or the client has taken too long. */
  #write(message: Uint8Array): Promise<void> {
    this.#restartTimer()
    return new Promise((resolve) => {
      this.#socket.once('close', resolve)
      this.#socket.write(frameKdcMessage(message), () => {
        this.#socket.off('close', resolve)
        if (!this.#socket.destroyed) this.#restartTimer()
        resolve()
      })
    })
  }

  #restartTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      // A client that keeps its connection for later has done nothing wrong.
      const keptForLater = this.#answered > 0 && !this.#answering && !this.#incoming.midFrame
      if (!keptForLater && !this.#finishing) this.#options.gate.refused('too slow', this.from)
      this.destroy()
    }, this.#options.clientMilliseconds)
  }
}
