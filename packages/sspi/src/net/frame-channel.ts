import type { Duplex } from 'node:stream'
import { SspiError } from '../status/index.js'
import { FRAME_HEADER_LENGTH, isFrameType, writeFrame, type Frame, type FrameType } from './framing.js'

/** What a channel tells its user. Both are called again and again while there is something to tell. */
export interface ChannelListener {
  /** Frames may have come, or the transport has ended: call `next()` until it gives nothing. */
  readable(): void
  /** The transport is broken or gone. */
  failed(error: Error | undefined): void
}

/** The transport's two ways to be over. */
export type TransportState = 'open' | 'ended' | 'gone'

/**
 * Frames over a byte stream, whose owner it is. It reads from the transport only when asked for a frame, so that a user
 * who does not ask holds the peer back.
 */
export class FrameChannel {
  /** The longest payload that is accepted. */
  maxPayload: number
  /** Who is told; nobody at first. */
  listener: ChannelListener | undefined
  readonly #transport: Duplex
  readonly #header = Buffer.alloc(FRAME_HEADER_LENGTH)
  #headerLength = 0
  /** The payload under way, when it came in pieces. */
  #payload: Uint8Array | undefined
  #payloadLength = 0
  #chunk: Uint8Array | undefined
  #state: TransportState = 'open'
  #error: Error | undefined

  /** @throws `TypeError` when the transport does not carry bytes. */
  constructor(transport: Duplex, maxPayload: number) {
    if (transport.readableObjectMode || transport.writableObjectMode || transport.readableEncoding !== null) {
      throw new TypeError('a secured stream needs a transport of bytes: no object mode, no setEncoding')
    }
    this.#transport = transport
    this.maxPayload = maxPayload
    transport.on('readable', this.#onReadable)
    transport.on('end', this.#onEnd)
    transport.on('error', this.#onError)
    transport.on('close', this.#onClose)
    if (transport.destroyed) this.#fail(transport.errored ?? undefined)
    else if (transport.readableEnded) this.#state = 'ended'
  }

  /** Whether the peer can still be heard, or at least written to. */
  get state(): TransportState {
    return this.#state
  }

  /** What broke the transport. */
  get error(): Error | undefined {
    return this.#error
  }

  /** Whether bytes of a frame that is not whole have been read. */
  get midFrame(): boolean {
    return this.#headerLength > 0
  }

  /**
   * The next frame that is whole, or `undefined`.
   * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when what comes is no frame, or a longer one than is accepted.
   */
  next(): Frame | undefined {
    if (!this.#readHeader()) return undefined
    const length = this.#header.readUInt32BE(0)
    const type = this.#header[4]!
    if (length > this.maxPayload) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `frame: a payload of ${length} bytes, ${this.maxPayload} allowed`)
    }
    if (!isFrameType(type)) throw new SspiError('SEC_E_INVALID_TOKEN', `frame: of an unknown type, ${type}`)
    const payload = this.#readPayload(length)
    if (payload === undefined) return undefined
    this.#headerLength = 0
    return { type, payload }
  }

  /** Sends a frame. @returns `false` when the transport asks to wait for {@link drained}. */
  send(type: FrameType, ...parts: readonly Uint8Array[]): boolean {
    return this.#transport.write(writeFrame(type, ...parts))
  }

  /** Calls back once, when the transport can take more. */
  drained(callback: () => void): void {
    this.#transport.once('drain', callback)
  }

  /** Sends a frame and calls back when it has left for the transport, or cannot. */
  sendAndWait(callback: (error?: Error | null) => void, type: FrameType, ...parts: readonly Uint8Array[]): void {
    this.#transport.write(writeFrame(type, ...parts), callback)
  }

  /**
   * Ends the transport for good: sends a last frame, waits for the peer to close its side, and destroys it. What comes
   * meanwhile is thrown away, since a socket that is closed with bytes unread takes back what it sent before.
   */
  close(lingerMilliseconds: number, last?: { readonly type: FrameType; readonly parts: readonly Uint8Array[] }): void {
    const transport = this.#letGo()
    if (this.#state === 'gone' || transport.destroyed) return
    const timer = setTimeout(() => transport.destroy(), lingerMilliseconds)
    timer.unref()
    let ended = this.#state === 'ended' || transport.readableEnded
    const destroyIfDone = () => {
      if (ended && transport.writableFinished) transport.destroy()
    }
    transport.once('close', () => {
      clearTimeout(timer)
    })
    transport.once('finish', destroyIfDone)
    transport.once('end', () => {
      ended = true
      destroyIfDone()
    })
    if (!transport.writableEnded) {
      if (last !== undefined) transport.write(writeFrame(last.type, ...last.parts))
      transport.end()
    }
    if (!ended) transport.resume()
  }

  /** Destroys the transport at once. */
  destroy(): void {
    this.#letGo().destroy()
  }

  /** Stops listening; errors of the transport are nobody's business any more, but must not end the process. */
  #letGo(): Duplex {
    const transport = this.#transport
    this.listener = undefined
    transport.off('readable', this.#onReadable)
    transport.off('end', this.#onEnd)
    transport.off('close', this.#onClose)
    return transport
  }

  readonly #onReadable = (): void => {
    this.listener?.readable()
  }

  readonly #onEnd = (): void => {
    if (this.#state !== 'open') return
    this.#state = 'ended'
    this.listener?.readable()
  }

  readonly #onError = (error: Error): void => {
    this.#fail(error)
  }

  readonly #onClose = (): void => {
    this.#fail(undefined)
  }

  #fail(error: Error | undefined): void {
    if (this.#state === 'gone') return
    this.#state = 'gone'
    this.#error = error
    this.listener?.failed(error)
  }

  #readHeader(): boolean {
    while (this.#headerLength < FRAME_HEADER_LENGTH) {
      const piece = this.#take(FRAME_HEADER_LENGTH - this.#headerLength)
      if (piece === undefined) return false
      this.#header.set(piece, this.#headerLength)
      this.#headerLength += piece.length
    }
    return true
  }

  #readPayload(length: number): Uint8Array | undefined {
    if (this.#payload === undefined) {
      // Most payloads lie in one chunk: no copy then.
      const whole = this.#take(length)
      if (whole?.length === length) return whole
      this.#payload = plain(Buffer.allocUnsafeSlow(length))
      this.#payloadLength = 0
      if (whole !== undefined) this.#append(whole)
    }
    while (this.#payloadLength < length) {
      const piece = this.#take(length - this.#payloadLength)
      if (piece === undefined) return undefined
      this.#append(piece)
    }
    const payload = this.#payload
    this.#payload = undefined
    return payload
  }

  #append(piece: Uint8Array): void {
    this.#payload!.set(piece, this.#payloadLength) // only called with a payload under way
    this.#payloadLength += piece.length
  }

  /** Up to `most` bytes, at least one (or none of none); `undefined` when none are there. */
  #take(most: number): Uint8Array | undefined {
    if (most === 0) return NOTHING
    const chunk = this.#chunk ?? this.#read()
    if (chunk === undefined) return undefined
    this.#chunk = chunk.length > most ? chunk.subarray(most) : undefined
    return chunk.length > most ? chunk.subarray(0, most) : chunk
  }

  #read(): Uint8Array | undefined {
    const chunk = this.#transport.read() as Uint8Array | null // no object mode and no encoding: bytes
    return chunk === null ? undefined : plain(chunk)
  }
}

/** The same bytes without what Buffer adds: its `slice` makes no copy. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

const NOTHING = new Uint8Array(0)
