import { Reader, ReceivedBytes } from '../../bytes/index.js'

/** Why what came is no message. */
export type FrameProblem = 'reserved bit' | 'empty' | 'too long'

/** A length that no message has. Nothing behind it can be read. */
export class FrameRefused extends Error {
  override readonly name = 'FrameRefused'
  readonly problem: FrameProblem

  constructor(problem: FrameProblem, message: string) {
    super(message)
    this.problem = problem
  }
}

const LENGTH_BYTES = 4

/**
 * Messages with their lengths in four bytes before them (RFC 4120 §7.2.2), however they are cut. The top bit of a length
 * is reserved: a message that has it is refused, as are empty and overlong ones. Memory is given to what has come, not to what
 * is announced.
 */
export class FrameDecoder {
  readonly #what: string
  readonly #most: number
  readonly #received = new ReceivedBytes()

  /**
   * @param what - What the messages are, for errors: `reply`.
   * @param most - A longer message is refused.
   */
  constructor(what: string, most: number) {
    this.#what = what
    this.#most = most
  }

  /** How much of a message is there, in words. */
  get progress(): string {
    const { bytes } = this.#received
    if (bytes.length === 0) return 'no byte'
    if (bytes.length < LENGTH_BYTES) return `${bytes.length} bytes of length`
    return `${bytes.length - LENGTH_BYTES} of ${announced(bytes)} bytes`
  }

  /** Whether a message has begun that is not whole. */
  get midFrame(): boolean {
    return this.#received.bytes.length > 0
  }

  /** Takes a copy of what came. */
  push(chunk: Uint8Array): void {
    this.#received.append(chunk)
  }

  /**
   * The next message that is whole, the caller's; or `undefined`.
   * @throws {@link FrameRefused} for a length that no message has.
   */
  next(): Uint8Array | undefined {
    const { bytes } = this.#received
    if (bytes.length < LENGTH_BYTES) return undefined
    const end = LENGTH_BYTES + this.#checked(announced(bytes))
    if (bytes.length < end) return undefined
    const message = bytes.slice(LENGTH_BYTES, end)
    this.#received.drop(end)
    return message
  }

  #checked(length: number): number {
    if (length > 0x7fff_ffff) throw new FrameRefused('reserved bit', `a ${this.#what} length with its top bit set`)
    if (length > 0 && length <= this.#most) return length
    const problem = length === 0 ? 'empty' : 'too long'
    throw new FrameRefused(problem, `a ${this.#what} of ${length} bytes, ${this.#most} allowed`)
  }
}

function announced(bytes: Uint8Array): number {
  return new Reader(bytes).u32be('length')
}
