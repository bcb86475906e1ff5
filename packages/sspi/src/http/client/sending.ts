import type { ClientRequest } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import { exactly, type BodySource } from './body.js'

/** A body on its way, at once or when the server wants it. */
export class Sending {
  /** Whether any of it was sent, or was about to be. */
  begun = false
  /** What the body itself has failed with. */
  failure: Error | undefined
  readonly #to: ClientRequest
  readonly #body: BodySource | undefined
  readonly #wait: number | undefined
  #timer: NodeJS.Timeout | undefined
  #over = false

  constructor(to: ClientRequest, body: BodySource | undefined, expectContinue: boolean, waitMilliseconds: number) {
    this.#to = to
    this.#body = body
    this.#wait = expectContinue ? waitMilliseconds : undefined
  }

  /** Whether there is more to send than the head. */
  get hasBody(): boolean {
    return this.#body !== undefined
  }

  start(): void {
    if (this.#wait === undefined || this.#body === undefined) return this.#send()
    const go = (): void => {
      clearTimeout(this.#timer)
      this.#send()
    }
    // RFC 9110 §10.1.1: not for ever, as old servers do not know it.
    this.#timer = setTimeout(go, this.#wait)
    this.#to.once('continue', go)
    this.#to.once('response', () => {
      this.end()
      // It has answered without the body: that is not sent any more, and so the connection is of no further use.
      if (!this.begun) this.#to.shouldKeepAlive = false
    })
    this.#to.flushHeaders()
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#over = true
  }

  #send(): void {
    if (this.#over || this.begun) return
    if (this.#body === undefined) {
      this.#to.end()
      return
    }
    this.begun = true
    const opened = this.#body.open()
    if (opened instanceof Uint8Array) this.#to.end(opened)
    else if (opened instanceof Promise) opened.then((stream) => this.#pipe(stream)).catch(this.#fail)
    else this.#pipe(opened)
  }

  #pipe(stream: Readable): void {
    const length = this.#body?.length
    stream.on('error', this.#fail)
    const over = (): void => {} // it fails with the stream, which has been heard, or the request, which tells itself
    if (length === undefined) pipeline(stream, this.#to, over)
    else pipeline(stream, (pieces) => this.#counted(pieces, length), this.#to, over)
  }

  async *#counted(pieces: AsyncIterable<unknown>, length: number): AsyncGenerator<Uint8Array> {
    try {
      yield* exactly(pieces, length)
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  readonly #fail = (error: unknown): void => {
    this.failure ??= error instanceof Error ? error : new TypeError(`body: ${String(error)}`)
    this.#to.destroy(this.failure)
  }
}
