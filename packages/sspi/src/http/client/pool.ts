import type { Connection } from './connection.js'
import { closed } from './failures.js'

/** What a caller has asked for and does not have yet. */
interface Waiting {
  readonly open: () => Promise<Connection>
  readonly serve: (connection: Promise<Connection>) => void
}

/** The connections of one identity to one origin, by one way. */
interface Shelf {
  readonly idle: Connection[]
  /** Those that are open, or being opened. */
  count: number
  readonly waiting: Waiting[]
}

/**
 * Open connections, by whose they are. A connection belongs to one identity from its first byte to its last: it is kept on a shelf
 * of that identity, that origin and that way to it, and nobody else is ever given it.
 */
export class ConnectionPool {
  readonly #maxConnections: number
  readonly #shelves = new Map<string, Shelf>()
  readonly #open = new Set<Connection>()
  #closed = false

  /** @param maxConnections - of one shelf. */
  constructor(maxConnections: number) {
    this.#maxConnections = maxConnections
  }

  /**
   * Lends a connection: one that is idle, a new one, or, where there are as many as allowed, the next that is given back.
   *
   * @param fresh - Never one that was used before.
   * @throws `SspiError` `SEC_E_INVALID_HANDLE` when the pool is closed; whatever `open` throws; the signal's reason.
   */
  async lend(
    key: string,
    open: () => Promise<Connection>,
    { fresh, signal }: { readonly fresh: boolean; readonly signal: AbortSignal | undefined },
  ): Promise<Connection> {
    if (this.#closed) throw closed()
    signal?.throwIfAborted()
    const shelf = this.#shelf(key)
    const found = fresh ? undefined : takeUsable(shelf)
    if (found !== undefined) return found
    // One has turned out to have ended unseen: another one makes room, as it has probably ended as well.
    if (fresh) takeUsable(shelf)?.[Symbol.dispose]()
    if (shelf.count < this.#maxConnections) return this.#add(key, shelf, open)
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        open,
        serve: (connection) => {
          signal?.removeEventListener('abort', aborted)
          resolve(connection)
        },
      }
      const aborted = (): void => {
        shelf.waiting.splice(shelf.waiting.indexOf(waiting), 1)
        reject(signal?.reason as Error) // an Error unless the caller made it something else
      }
      signal?.addEventListener('abort', aborted, { once: true })
      shelf.waiting.push(waiting)
    })
  }

  /** Takes a connection back, once its last response has been read, or ends it where it can be used no more. */
  takeBack(key: string, connection: Connection): void {
    const shelf = this.#shelves.get(key)
    if (shelf === undefined || this.#closed || !connection.usable) {
      connection[Symbol.dispose]()
      return
    }
    const next = shelf.waiting.shift()
    if (next === undefined) shelf.idle.push(connection)
    else next.serve(Promise.resolve(connection))
  }

  /** Ends every connection; whoever waits for one is told. */
  close(): void {
    this.#closed = true
    for (const { waiting } of this.#shelves.values()) {
      for (const { serve } of waiting.splice(0)) serve(Promise.reject(closed()))
    }
    for (const connection of this.#open) connection[Symbol.dispose]()
    this.#shelves.clear()
  }

  async #add(key: string, shelf: Shelf, open: () => Promise<Connection>): Promise<Connection> {
    shelf.count++
    const gone = (): void => {
      shelf.count--
      const next = shelf.waiting.shift()
      if (next !== undefined) next.serve(this.#add(key, shelf, next.open))
      else if (shelf.count === 0 && this.#shelves.get(key) === shelf) this.#shelves.delete(key)
    }
    let connection: Connection
    try {
      connection = await open()
    } catch (error) {
      gone()
      throw error
    }
    this.#open.add(connection)
    connection.onceClosed(() => {
      this.#open.delete(connection)
      const at = shelf.idle.indexOf(connection)
      if (at >= 0) shelf.idle.splice(at, 1)
      connection[Symbol.dispose]()
      gone()
    })
    if (!this.#closed) return connection
    connection[Symbol.dispose]()
    throw closed()
  }

  #shelf(key: string): Shelf {
    const shelf = this.#shelves.get(key) ?? { idle: [], count: 0, waiting: [] }
    this.#shelves.set(key, shelf)
    return shelf
  }
}

/** The one that was used last: it is the least likely to have been given up at the other end. */
function takeUsable(shelf: Shelf): Connection | undefined {
  for (let found = shelf.idle.pop(); found !== undefined; found = shelf.idle.pop()) {
    if (found.usable) return found
    found[Symbol.dispose]()
  }
  return undefined
}
