const NOTHING = new Uint8Array(0)
/** Memory that is larger is given back when it has been read to its end. */
const KEPT_BYTES = 65_536

/**
 * Bytes that came and wait to be read. Its memory grows with what has come, never with what is announced, and twice as much at a
 * time: so a long buffer may come byte by byte.
 */
export class ReceivedBytes {
  #memory: Uint8Array = NOTHING
  #start = 0
  #end = 0

  /** What waits: a view, good until the next `append`. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(this.#start, this.#end)
  }

  /** Takes a copy of more bytes. */
  append(bytes: Uint8Array): void {
    if (this.#memory.length - this.#end < bytes.length) this.#makeRoom(bytes.length)
    this.#memory.set(bytes, this.#end)
    this.#end += bytes.length
  }

  /** Lets go of the first bytes, which were read; views of them stay good until the next `append`. */
  drop(count: number): void {
    this.#start += count
    if (this.#start < this.#end) return
    this.#start = 0
    this.#end = 0
    if (this.#memory.length > KEPT_BYTES) this.#memory = NOTHING
  }

  /** Lets go of everything. */
  clear(): void {
    this.drop(this.#end - this.#start)
  }

  #makeRoom(more: number): void {
    const waiting = this.bytes
    const needed = waiting.length + more
    const memory = needed <= this.#memory.length ? this.#memory : new Uint8Array(Math.max(needed, 2 * waiting.length))
    memory.set(waiting)
    this.#memory = memory
    this.#start = 0
    this.#end = waiting.length
  }
}
