import type { Readable, Writable } from 'node:stream'
import { Inbox } from './inbox.js'

/** The frame types of the gss-peer protocol; see "gss-peer protocol" in `lab/README.md`. */
export const FrameType = {
  TOKEN: 'T',
  ERROR: 'E',
  INFO: 'N',
  WRAP_CONFIDENTIAL: 'W',
  WRAP_INTEGRITY: 'w',
  MIC: 'M',
  AEAD: 'A',
  IOV: 'I',
  PSEUDO_RANDOM: 'R',
  OPEN: 'O',
  SEAL: 'S',
  QUIT: 'Q',
} as const
export type FrameType = (typeof FrameType)[keyof typeof FrameType]

/** One frame: a type of one ASCII character and its payload. */
export interface Frame {
  readonly type: FrameType
  readonly payload: Uint8Array
}

const MAX_PAYLOAD = 64 << 20
const HEADER_LENGTH = 5
const TYPES: ReadonlySet<string> = new Set(Object.values(FrameType))

/** The bytes of a frame: type, length (32 bits, big endian), payload. */
export function encodeFrame({ type, payload }: Frame): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH + payload.length)
  bytes[0] = type.charCodeAt(0)
  new DataView(bytes.buffer).setUint32(1, payload.length)
  bytes.set(payload, HEADER_LENGTH)
  return bytes
}

/** Cuts a stream of bytes into frames. */
export class FrameDecoder {
  #chunks: Uint8Array[] = []
  #length = 0
  #wanted = HEADER_LENGTH

  /**
   * Takes the next bytes.
   *
   * @returns The frames that they complete; payloads are copies.
   * @throws Error for an unknown type or a length over 64 MiB.
   */
  push(chunk: Uint8Array): readonly Frame[] {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    const frames: Frame[] = []
    while (this.#length >= this.#wanted) {
      const bytes = this.#join()
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1)
      if (length > MAX_PAYLOAD) throw new Error(`frame of ${length} bytes`)
      this.#wanted = HEADER_LENGTH + length
      if (bytes.length < this.#wanted) break
      frames.push({ type: typeOf(bytes[0]!), payload: new Uint8Array(bytes.subarray(HEADER_LENGTH, this.#wanted)) })
      this.#chunks = [bytes.subarray(this.#wanted)]
      this.#length = bytes.length - this.#wanted
      this.#wanted = HEADER_LENGTH
    }
    return frames
  }

  /** The bytes of a frame that is not complete yet. */
  get pendingLength(): number {
    return this.#length
  }

  #join(): Uint8Array {
    const first = this.#chunks[0]!
    if (this.#chunks.length === 1) return first
    const bytes = new Uint8Array(this.#length)
    let at = 0
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    this.#chunks = [bytes]
    return bytes
  }
}

function typeOf(byte: number): FrameType {
  const type = String.fromCharCode(byte)
  if (!TYPES.has(type)) throw new Error(`unknown frame type 0x${byte.toString(16)}`)
  return type as FrameType
}

/** What can send and receive frames. */
export interface FrameChannel {
  /** Sends a frame; `payload` is bytes or, for `E` and `N`, text. */
  send(type: FrameType, payload?: Uint8Array | string): void
  /**
   * Takes the next frame, waiting for it if need be.
   *
   * @returns `undefined` when the other side has closed.
   * @throws Error when none comes in time, or when the stream ends inside a frame.
   */
  receive(timeoutMilliseconds?: number): Promise<Frame | undefined>
}

/** Frames over a pair of byte streams. */
export class StreamChannel implements FrameChannel {
  readonly #writable: Writable
  readonly #timeoutMilliseconds: number
  readonly #error: (what: string) => Error
  readonly #inbox = new Inbox<Frame>()

  constructor(
    streams: { readonly readable: Readable; readonly writable: Writable },
    options: { readonly timeoutMilliseconds: number; readonly error?: (what: string) => Error },
  ) {
    this.#writable = streams.writable
    this.#timeoutMilliseconds = options.timeoutMilliseconds
    this.#error = options.error ?? ((what) => new Error(what))
    const decoder = new FrameDecoder()
    streams.readable.on('data', (chunk: Uint8Array) => {
      try {
        for (const frame of decoder.push(chunk)) this.#inbox.push(frame)
      } catch (cause) {
        this.#inbox.close(cause as Error)
      }
    })
    const over = (): void => {
      const cut = decoder.pendingLength > 0 ? this.#error('the stream ended inside a frame') : undefined
      this.#inbox.close(cut)
    }
    streams.readable.once('end', over).once('close', over)
    streams.readable.once('error', (error) => this.#inbox.close(error))
  }

  send(type: FrameType, payload: Uint8Array | string = new Uint8Array()): void {
    this.#writable.write(encodeFrame({ type, payload: typeof payload === 'string' ? utf8(payload) : payload }))
  }

  receive(timeoutMilliseconds = this.#timeoutMilliseconds): Promise<Frame | undefined> {
    const late = (): Error => this.#error(`no frame within ${timeoutMilliseconds} ms`)
    return this.#inbox.next(timeoutMilliseconds, late)
  }

  /** Says that no more will be sent. */
  end(): void {
    this.#writable.end()
  }
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
