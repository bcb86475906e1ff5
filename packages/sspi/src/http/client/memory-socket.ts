import { Duplex } from 'node:stream'

/** What is written waits until the other end has room. */
type Written = (error?: Error | null) => void

/**
 * One end of a connection inside of this process. To Node's HTTP, and to libraries on top of it, it is a socket: what they ask of one
 * is here, though only the timeout means anything.
 */
export class MemorySocket extends Duplex {
  #other: MemorySocket | undefined
  #unread: Written | undefined
  #timer: NodeJS.Timeout | undefined
  #timeout = 0

  /** Two ends of one connection. */
  static pair(): readonly [MemorySocket, MemorySocket] {
    const [one, other] = [new MemorySocket(), new MemorySocket()]
    one.#other = other
    other.#other = one
    return [one, other]
  }

  override _read(): void {
    const other = this.#other
    if (other === undefined) return
    const written = other.#unread
    other.#unread = undefined
    written?.()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Written): void {
    this.#touch()
    const other = this.#other
    if (other === undefined || other.destroyed) {
      done()
      return
    }
    other.#touch()
    if (other.push(chunk)) done()
    else this.#unread = done
  }

  override _final(done: Written): void {
    this.#other?.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#timer)
    const other = this.#other
    this.#other = undefined
    const written = this.#unread
    this.#unread = undefined
    written?.()
    other?.destroy()
    done(error)
  }

  /** Ends the connection; the other end is told why. */
  failOther(error: Error): void {
    this.#other?.destroy(error)
    this.destroy()
  }

  /** As a socket's: `'timeout'` is emitted when nothing comes or goes for so long, in milliseconds; 0 for never. */
  setTimeout(milliseconds: number, callback?: () => void): this {
    this.#timeout = milliseconds
    if (callback !== undefined) {
      if (milliseconds === 0) this.off('timeout', callback)
      else this.once('timeout', callback)
    }
    this.#touch()
    return this
  }

  /** As a socket's; without effect, like those that follow. */
  setNoDelay(): this {
    return this
  }

  /** @see setNoDelay */
  setKeepAlive(): this {
    return this
  }

  /** @see setNoDelay */
  ref(): this {
    return this
  }

  /** @see setNoDelay */
  unref(): this {
    return this
  }

  #touch(): void {
    clearTimeout(this.#timer)
    if (this.#timeout === 0 || this.destroyed) return
    this.#timer = setTimeout(() => {
      this.emit('timeout')
    }, this.#timeout).unref()
  }
}
