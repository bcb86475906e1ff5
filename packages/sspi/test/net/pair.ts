import { Duplex } from 'node:stream'

/** Two ends of a pipe in this process: what one writes the other reads, with backpressure and half-close. */
export function pipePair(highWaterMark = 16_384): readonly [Duplex, Duplex] {
  const ends: PipeEnd[] = []
  const otherOf = (end: PipeEnd) => ends[end === ends[0] ? 1 : 0]!
  ends.push(new PipeEnd(highWaterMark, otherOf), new PipeEnd(highWaterMark, otherOf))
  return [ends[0]!, ends[1]!]
}

class PipeEnd extends Duplex {
  readonly #otherOf: (end: PipeEnd) => PipeEnd
  #resume: (() => void) | undefined

  constructor(highWaterMark: number, otherOf: (end: PipeEnd) => PipeEnd) {
    super({ highWaterMark })
    this.#otherOf = otherOf
  }

  override _read(): void {
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: () => void): void {
    const other = this.#otherOf(this)
    if (other.destroyed) return
    if (other.push(chunk)) setImmediate(callback)
    else other.#resume = () => setImmediate(callback)
  }

  override _final(callback: () => void): void {
    this.#otherOf(this).push(null)
    callback()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const other = this.#otherOf(this)
    // Like a process that is gone: what was not sent is lost, and the other end comes to an end.
    if (!this.writableFinished && !other.destroyed && !other.readableEnded) other.push(null)
    callback(error)
  }
}
