import { Duplex } from 'node:stream'

/** The two ends of a wire, held in memory: what one writes is collected, what the other sends is pushed. */
export class MemoryWire extends Duplex {
  #written: Uint8Array[] = []
  #writtenBytes = 0

  override _read(): void {
    // What comes is pushed.
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: () => void): void {
    this.#written.push(chunk)
    this.#writtenBytes += chunk.length
    callback()
  }

  override _final(callback: () => void): void {
    callback()
  }

  /** How many bytes have been written so far. */
  get writtenBytes(): number {
    return this.#writtenBytes
  }

  /** Everything that was written since the last call. */
  takeWritten(): Uint8Array {
    const whole = Buffer.concat(this.#written)
    this.#written = []
    return new Uint8Array(whole)
  }
}
