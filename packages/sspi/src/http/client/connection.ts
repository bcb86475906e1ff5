import { request as sendRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { BodySource } from './body.js'
import { endPointBindings } from './end-point-bindings.js'
import { lost } from './failures.js'
import type { HttpSettings } from './options.js'
import { PartyLink } from './party.js'
import { Sending } from './sending.js'
import { SingleSocketAgent } from './single-socket-agent.js'

/** A request as it goes over one connection. */
export interface WireRequest {
  readonly method: string
  /** What stands in the request line. */
  readonly target: string
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: BodySource | undefined
  /** Whether to wait for the server's `100 Continue` before the body is sent. */
  readonly expectContinue: boolean
  readonly signal: AbortSignal | undefined
}

/** What came of a request. */
export interface WireResponse {
  readonly message: IncomingMessage
  /** Whether the body, or the beginning of it, was sent. */
  readonly bodySent: boolean
}

/**
 * One connection, to a server or to a proxy, for requests one after another. It is its owner's who made it, and nobody else's:
 * what has been authenticated on it lasts as long as it does.
 */
export class Connection implements Disposable {
  /** With the server. */
  readonly origin: PartyLink
  /** With the proxy that requests are sent to, where there is one. */
  readonly proxy: PartyLink
  readonly #socket: Duplex
  readonly #agent: SingleSocketAgent
  readonly #where: string
  readonly #settings: HttpSettings
  #requests = 0
  #last: ClientRequest | undefined

  /**
   * @param socket - Ready for requests; it is the connection's from now on.
   * @param where - The other end, for errors.
   * @param toProxy - Whether that is a proxy that requests are sent to, or the server.
   */
  constructor(socket: Duplex, where: string, settings: HttpSettings, toProxy: boolean) {
    this.#socket = socket
    this.#where = where
    this.#settings = settings
    const bindings = settings.channelBindings ? endPointBindings(socket) : undefined
    const link = new PartyLink(bindings, socket instanceof TLSSocket)
    const other = new PartyLink(undefined, false)
    this.origin = toProxy ? other : link
    this.proxy = toProxy ? link : other
    this.#agent = new SingleSocketAgent(socket, settings.timeouts.keepAlive)
    socket.on('error', () => {}) // the request under way tells; an idle connection just ends
  }

  /** Whether a request can be sent over it. */
  get usable(): boolean {
    return !this.#socket.destroyed && this.#socket.writable && this.#agent.idle
  }

  /** Whether a request went over it before: then it may have ended at the other side without our knowing yet. */
  get used(): boolean {
    return this.#requests > 0
  }

  /** Calls when the connection has ended. */
  onceClosed(closed: () => void): void {
    this.#socket.once('close', closed)
  }

  /** Calls when the response has been read to its end and the next request may come, or when that will never be. */
  onceIdle(idle: () => void): void {
    this.#agent.onceIdle(idle)
  }

  /** Sends a request. @returns the head of its response. @throws `SspiError` `SEC_E_UNFINISHED_CONTEXT_DELETED` when none comes. */
  async send(request: WireRequest): Promise<WireResponse> {
    const { method, target, headers, body, expectContinue, signal } = request
    signal?.throwIfAborted()
    this.#requests++
    this.#agent.take()
    const sent = sendRequest({
      agent: this.#agent,
      method,
      path: target,
      headers: writable(headers, body, expectContinue),
      setHost: false,
      maxHeaderSize: this.#settings.limits.maxHeaderBytes,
    })
    this.#last = sent
    const sending = new Sending(sent, body, expectContinue, this.#settings.timeouts.continue)
    try {
      return await this.#response(sent, sending, signal)
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  #response(sent: ClientRequest, sending: Sending, signal: AbortSignal | undefined): Promise<WireResponse> {
    const { headers, body } = this.#settings.timeouts
    return new Promise<WireResponse>((resolve, reject) => {
      let message: IncomingMessage | undefined
      const fail = (error: Error): void => {
        settle()
        reject(error)
      }
      const aborted = (): void => {
        // An Error unless the caller made it something else.
        const reason = signal?.reason as Error
        fail(reason)
        message?.destroy(reason instanceof Error ? reason : undefined)
        this[Symbol.dispose]()
      }
      const settle = (): void => {
        clearTimeout(timer)
        sent.off('finish', allSent)
      }
      let timer: NodeJS.Timeout | undefined
      const allSent = (): void => {
        sent.setTimeout(0)
        timer = setTimeout(() => {
          fail(lost(this.#where, `no response in ${headers / 1000} s`))
        }, headers)
      }
      const still = (): void => {
        const error = lost(this.#where, `nothing came or went for ${body / 1000} s`)
        if (message === undefined) fail(error)
        else message.destroy(error)
      }
      // A body takes as long as it takes, if only it moves: the socket's own clock tells.
      if (sending.hasBody) sent.once('finish', allSent).setTimeout(body, still)
      else allSent()
      signal?.addEventListener('abort', aborted)
      sent.on('error', (error) => {
        sending.end()
        const ended = `the connection ended before the response: ${error.message}`
        fail(sending.failure ?? lost(this.#where, ended, error))
      })
      sent.on('upgrade', (_, socket) => {
        socket.destroy()
        fail(lost(this.#where, 'the server has changed the protocol'))
      })
      sent.on('close', () => {
        signal?.removeEventListener('abort', aborted)
      })
      sent.on('response', (response) => {
        message = response
        settle()
        sent.setTimeout(body, still)
        // Who reads it is told; before there is a reader, nobody would be, and Node ends then.
        response.on('error', () => {})
        response.once('end', () => {
          if (!sent.writableFinished) this.#watchRest(sent)
        })
        resolve({ message: response, bodySent: sending.begun })
      })
      sending.start()
    })
  }

  /** Node looks after no request that was answered; one whose body stands still must not keep the connection for ever. */
  #watchRest(sent: ClientRequest): void {
    const { socket } = sent
    const giveUp = (): void => {
      this[Symbol.dispose]()
    }
    socket?.setTimeout(this.#settings.timeouts.body, giveUp)
    sent.once('close', () => {
      socket?.setTimeout(0, giveUp)
    })
  }

  /** Reads over the rest of a response. @returns whether another request can be sent over the connection. */
  async drain(message: IncomingMessage): Promise<boolean> {
    let left = this.#settings.limits.maxChallengeBodyBytes
    const idle = new Promise<void>((resolve) => {
      this.onceIdle(resolve)
    })
    try {
      for await (const piece of message) {
        left -= (piece as Uint8Array).length // no encoding was set: pieces are Buffers
        if (left < 0) return this.#giveUp()
      }
    } catch {
      return this.#giveUp()
    }
    // It has answered without having read the body, and may never read it.
    if (this.#last?.writableFinished === false) return this.#giveUp()
    await idle
    return this.usable
  }

  #giveUp(): false {
    this[Symbol.dispose]()
    return false
  }

  /** Ends the connection, and what has been authenticated on it. */
  [Symbol.dispose](): void {
    this.origin[Symbol.dispose]()
    this.proxy[Symbol.dispose]()
    this.#agent.destroy()
    this.#socket.destroy()
  }
}

/** The headers that say how long the body is. */
function writable(
  headers: WireRequest['headers'],
  body: BodySource | undefined,
  expectContinue: boolean,
): Record<string, string | string[]> {
  const { 'content-length': _length, 'transfer-encoding': _encoding, expect: _expect, ...others } = headers
  if (body === undefined) return others
  return {
    ...others,
    ...(body.length === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(body.length) }),
    ...(expectContinue ? { expect: '100-continue' } : {}),
  }
}
