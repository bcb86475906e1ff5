import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import { connect as connectSecure, TLSSocket } from 'node:tls'

/** An answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number
  readonly body: string
  /** All values of a field. */
  field(name: string): readonly string[]
}

/** One connection, byte by byte, for what no client of HTTP would do. */
export class Wire implements Disposable {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  #ended = false
  #wake: () => void = () => {}

  static async open(port: number, secure: boolean): Promise<Wire> {
    const socket = secure
      ? connectSecure({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : connectSocket({ port, host: '127.0.0.1' })
    await once(socket, secure ? 'secureConnect' : 'connect')
    return new Wire(socket)
  }

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    const end = () => {
      this.#ended = true
      this.#wake()
    }
    socket.on('end', end).on('close', end).on('error', end)
  }

  /** The certificate of the server, DER. */
  get certificate(): Uint8Array {
    assert.ok(this.socket instanceof TLSSocket)
    return new Uint8Array(this.socket.getPeerCertificate().raw)
  }

  /** Sends a request without waiting for its answer. */
  send(fields: Readonly<Record<string, string>> = {}, target = '/', method = 'GET', body = ''): void {
    const lines = Object.entries({ Host: 'www.example.test', ...fields }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    this.socket.write(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${body}`, 'latin1')
  }

  /** Sends a request, and waits for the answer. */
  async ask(
    fields: Readonly<Record<string, string>> = {},
    target = '/',
    method = 'GET',
    body = '',
  ): Promise<WireAnswer> {
    this.send(fields, target, method, body)
    return this.answer()
  }

  /** The next answer. */
  async answer(): Promise<WireAnswer> {
    await this.#until(() => this.#received.includes('\r\n\r\n'))
    const end = this.#received.indexOf('\r\n\r\n')
    const [first = '', ...lines] = this.#received.subarray(0, end).toString('latin1').split('\r\n')
    const fields = lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ])
    const field = (name: string) =>
      fields.filter(([each]) => each === name.toLowerCase()).map(([, value]) => value ?? '')
    const length = Number(field('Content-Length')[0] ?? 0)
    await this.#until(() => this.#received.length >= end + 4 + length)
    const body = this.#received.subarray(end + 4, end + 4 + length).toString()
    this.#received = this.#received.subarray(end + 4 + length)
    return { status: Number(first.split(' ')[1]), body, field }
  }

  /** Waits until the server has closed the connection. */
  async closed(): Promise<void> {
    while (!this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve))
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  async #until(enough: () => boolean): Promise<void> {
    while (!enough()) {
      if (this.#ended) throw new Error(`the server has hung up after ${this.#received.toString('latin1')}`)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
