import { concatBytes, Reader } from '../../bytes/index.js'

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

/** A body is given memory as it comes, not as it is announced. */
const FIRST_BYTES = 4096

/**
 * Messages with their lengths in four bytes before them (RFC 4120 §7.2.2), however they are cut. The top bit of a length
 * is reserved: a message that has it is refused, as are empty and overlong ones.
 */
export class FrameDecoder {
  readonly #what: string
  readonly #most: number
  readonly #header = new Uint8Array(4)
  #headerLength = 0
  /** Of the body under way: its announced length, what is there of it, and how much that is. */
  #announced = 0
  #body: Uint8Array = new Uint8Array(0)
  #bodyLength = 0
  #rest: Uint8Array = new Uint8Array(0)

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
    if (this.#headerLength === 0) return 'no byte'
    if (this.#headerLength < 4) return `${this.#headerLength} bytes of length`
    return `${this.#bodyLength} of ${this.#announced} bytes`
  }

  /** Whether a message has begun that is not whole. */
  get midFrame(): boolean {
    return this.#headerLength > 0 || this.#rest.length > 0
  }

  /** Takes what came; it is kept as it is until {@link next} gives nothing. */
  push(chunk: Uint8Array): void {
    this.#rest = this.#rest.length === 0 ? chunk : concatBytes(this.#rest, chunk)
  }

  /**
   * The next message that is whole, the caller's; or `undefined`.
   * @throws {@link FrameRefused} for a length that no message has.
   */
  next(): Uint8Array | undefined {
    if (this.#headerLength < 4) {
      const part = this.#take(4 - this.#headerLength)
      this.#header.set(part, this.#headerLength)
      this.#headerLength += part.length
      if (this.#headerLength < 4) return undefined
      this.#announced = this.#checkedLength()
      this.#body = new Uint8Array(Math.min(this.#announced, FIRST_BYTES))
      this.#bodyLength = 0
    }
    const part = this.#take(this.#announced - this.#bodyLength)
    this.#append(part)
    if (this.#bodyLength < this.#announced) return undefined
    this.#headerLength = 0
    return this.#body
  }

  #take(most: number): Uint8Array {
    const part = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(part.length)
    return part
  }

  #append(part: Uint8Array): void {
    const length = this.#bodyLength + part.length
    if (length > this.#body.length) {
      const larger = new Uint8Array(Math.min(this.#announced, Math.max(length, 2 * this.#body.length)))
      larger.set(this.#body.subarray(0, this.#bodyLength))
      this.#body = larger
    }
    this.#body.set(part, this.#bodyLength)
    this.#bodyLength = length
  }

  #checkedLength(): number {
    const length = new Reader(this.#header).u32be('length')
    if (length > 0x7fff_ffff) throw new FrameRefused('reserved bit', `a ${this.#what} length with its top bit set`)
    if (length > 0 && length <= this.#most) return length
    const problem = length === 0 ? 'empty' : 'too long'
    throw new FrameRefused(problem, `a ${this.#what} of ${length} bytes, ${this.#most} allowed`)
  }
}
