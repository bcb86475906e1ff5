import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { concatBytes, Reader } from '../../../src/bytes/index.js'
import { listenKdc, type KdcListeners, type KdcListenOptions } from '../../../src/io/kdc-listener/index.js'
import {
  decodeDer,
  encodeDer,
  makeKdcReqBody,
  MessageType,
  NameType,
  readKrbError,
  writeKdcReq,
  type KrbError,
} from '../../../src/kerberos/index.js'
import { framed } from '../kdc/messages.js'

/** Listeners on 127.0.0.1 and free ports, closed after the test. */
export async function listen(t: TestContext, options: KdcListenOptions): Promise<KdcListeners> {
  const listeners = await listenKdc({ addresses: ['127.0.0.1'], port: 0, ...options })
  t.after(() => listeners.close(0))
  return listeners
}

/** A client of TCP that says what it likes. */
export class TcpClient {
  readonly socket: Socket
  #got: Uint8Array = new Uint8Array(0)
  /** Resolves with whether the end was a clean one. */
  readonly closed: Promise<boolean>

  constructor(t: TestContext, port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    let clean = false
    this.socket.on('error', () => {})
    this.socket.on('end', () => {
      clean = true
      this.socket.end()
    })
    this.socket.on('data', (chunk) => (this.#got = concatBytes(this.#got, chunk)))
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve(clean)))
    t.after(() => this.socket.destroy())
  }

  send(...messages: readonly Uint8Array[]): this {
    for (const message of messages) this.socket.write(framed(message))
    return this
  }

  /** The next reply; fails when the connection ends before it. */
  async reply(): Promise<Uint8Array> {
    for (;;) {
      const { length } = this.#got
      const announced = length < 4 ? Infinity : new Reader(this.#got).u32be('length')
      if (length >= 4 + announced) {
        const reply = this.#got.slice(4, 4 + announced)
        this.#got = this.#got.slice(4 + announced)
        return reply
      }
      if (this.socket.closed) throw new Error(`closed after ${length} bytes`)
      await Promise.race([once(this.socket, 'data'), this.closed])
    }
  }
}

/** A client of UDP: sends datagrams, and collects what comes. */
export class UdpClient {
  readonly #socket = createSocket('udp4')
  readonly #port: number
  readonly #got: Uint8Array[] = []
  readonly #waiting: ((datagram: Uint8Array) => void)[] = []

  constructor(t: TestContext, port: number) {
    this.#port = port
    this.#socket.on('message', (datagram) => {
      const copy = new Uint8Array(datagram)
      const next = this.#waiting.shift()
      if (next === undefined) this.#got.push(copy)
      else next(copy)
    })
    t.after(() => this.#socket.close())
  }

  send(...datagrams: readonly Uint8Array[]): this {
    for (const datagram of datagrams) this.#socket.send(datagram, this.#port, '127.0.0.1')
    return this
  }

  reply(): Promise<Uint8Array> {
    const got = this.#got.shift()
    return got === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(got)
  }
}

/** Bytes that tell requests apart. */
export function message(...bytes: readonly number[]): Uint8Array {
  return Uint8Array.of(...bytes)
}

/** An AS-REQ for a service of a realm. */
export function asReq(realm: string, nameString: readonly string[]): Uint8Array {
  const reqBody = makeKdcReqBody({
    kdcOptions: 0,
    cname: { nameType: NameType.NT_PRINCIPAL, nameString: ['alice'] },
    realm,
    sname: { nameType: NameType.NT_SRV_INST, nameString },
    till: new Date('2037-01-01T00:00:00Z'),
    nonce: 7,
    etype: [18],
  })
  return encodeDer({ msgType: MessageType.KRB_AS_REQ, reqBody }, writeKdcReq)
}

/** What an error says. */
export function errorOf(reply: Uint8Array): KrbError {
  return decodeDer(reply, readKrbError)
}

/** A promise, and what settles it. */
export function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => (resolve = settle))
  return { promise, resolve }
}
