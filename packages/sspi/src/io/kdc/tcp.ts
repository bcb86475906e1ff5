import { connect } from 'node:net'
import { Reader, Writer } from '../../bytes/index.js'
import { AttemptFailed, wordsOf, type Conversation } from './conversation.js'
import { kindOfReply } from './reply.js'
import type { HostAddress } from './resolver.js'

/**
 * Sends a request over a connection of its own and reads the reply, each with its length in four bytes before it (RFC 4120
 * §7.2.2). The top bit of a length is reserved: a reply that has it is refused, as are empty and overlong ones.
 */
export function exchangeTcp(
  { address, family }: HostAddress,
  port: number,
  conversation: Conversation,
): Promise<Uint8Array> {
  const { service, request, signal, maxReplyBytes } = conversation
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, family })
    const incoming = new FramedReply(maxReplyBytes)
    const end = (): void => {
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
    }
    const fail = (error: unknown): void => {
      end()
      reject(new AttemptFailed(wordsOf(error), { cause: error }))
    }
    const onAbort = (): void => fail(signal.reason)
    socket.on('error', fail)
    socket.once('connect', () => {
      socket.write(new Writer(4 + request.length).u32be(request.length).bytes(request).finish())
    })
    socket.on('data', (chunk) => {
      try {
        const reply = incoming.take(chunk)
        if (reply === undefined) return
        kindOfReply(service, reply)
        end()
        resolve(reply)
      } catch (error) {
        fail(error)
      }
    })
    socket.once('close', () => fail(new AttemptFailed(`closed after ${incoming.progress}`)))
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort)
  })
}

/** A length and as many bytes, however they are cut. */
class FramedReply {
  readonly #most: number
  readonly #header = new Uint8Array(4)
  #headerLength = 0
  #body: Uint8Array | undefined
  #bodyLength = 0

  constructor(most: number) {
    this.#most = most
  }

  get progress(): string {
    if (this.#body === undefined) return this.#headerLength === 0 ? 'no byte' : `${this.#headerLength} bytes of length`
    return `${this.#bodyLength} of ${this.#body.length} bytes`
  }

  /** @returns the reply when it is whole; what comes behind it is nobody's. */
  take(chunk: Uint8Array): Uint8Array | undefined {
    let rest = chunk
    if (this.#body === undefined) {
      const part = rest.subarray(0, 4 - this.#headerLength)
      this.#header.set(part, this.#headerLength)
      this.#headerLength += part.length
      if (this.#headerLength < 4) return undefined
      rest = rest.subarray(part.length)
      this.#body = new Uint8Array(this.#announced())
    }
    const part = rest.subarray(0, this.#body.length - this.#bodyLength)
    this.#body.set(part, this.#bodyLength)
    this.#bodyLength += part.length
    return this.#bodyLength === this.#body.length ? this.#body : undefined
  }

  #announced(): number {
    const length = new Reader(this.#header).u32be('length')
    if (length > 0x7fff_ffff) throw new AttemptFailed('a reply length with its top bit set')
    if (length === 0 || length > this.#most) {
      throw new AttemptFailed(`a reply of ${length} bytes, ${this.#most} allowed`)
    }
    return length
  }
}
