import type { Socket } from 'node:net'
import type { AcceptorExchange } from '../../sspi/index.js'
import type { HttpLogOn, OfferedScheme } from './log-on.js'
import type { GateEntry } from './half-open-gate.js'

/** An exchange whose client owes the next leg, on this connection and no other. */
export interface PendingExchange {
  readonly scheme: OfferedScheme
  readonly exchange: AcceptorExchange
  readonly entry: GateEntry
}

/**
 * What an authenticator keeps of one connection of HTTP/1: the exchange that is not finished, and who has logged on for all that comes over it.
 * Both end with the connection.
 */
export class Connection {
  #pending: PendingExchange | undefined
  #standing: HttpLogOn | undefined
  #closed = false
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(socket: Socket) {
    socket.once('close', () => {
      this.#closed = true
      this.dropPending()
      this.forget()
    })
  }

  /** Who has logged on for the connection. */
  get standing(): HttpLogOn | undefined {
    return this.#standing
  }

  /** How many requests are waiting, or being looked at. */
  get waiting(): number {
    return this.#waiting
  }

  /**
   * Looks at one request after the other, in the order in which they came: with pipelining the next one is there before it is known
   * whether the first one's client is let in.
   */
  async inTurn<T>(look: () => Promise<T>): Promise<T> {
    const before = this.#last
    this.#waiting++
    const turn = before.then(look, look)
    this.#last = turn.catch(() => undefined)
    try {
      return await turn
    } finally {
      this.#waiting--
    }
  }

  /** What counts the exchange that waits: the leg that goes on with it, or ends it, counts as the same. */
  get pendingEntry(): GateEntry | undefined {
    return this.#pending?.entry
  }

  /** Takes the exchange that waits for a leg of this scheme; one that waits for another is ended. */
  takePending(scheme: string): AcceptorExchange | undefined {
    const pending = this.#pending
    this.#pending = undefined
    if (pending?.scheme.toLowerCase() === scheme) return pending.exchange
    pending?.exchange[Symbol.dispose]()
    return undefined
  }

  /** Lets an exchange wait for its next leg. */
  keepPending(pending: PendingExchange): void {
    if (this.#closed) endPending(pending)
    else this.#pending = pending
  }

  /** Ends an exchange that waits. @param only - This one, if it still is the one. */
  dropPending(only?: AcceptorExchange): void {
    const pending = this.#pending
    if (pending === undefined || (only !== undefined && pending.exchange !== only)) return
    this.#pending = undefined
    endPending(pending)
  }

  /** Lets a client stand for all that comes over the connection from now on. */
  stand(logOn: HttpLogOn): void {
    this.forget()
    if (this.#closed) logOn.session?.[Symbol.dispose]()
    else this.#standing = { ...logOn, from: 'connection' }
  }

  /** Nobody stands for the connection any more. */
  forget(): void {
    this.#standing?.session?.[Symbol.dispose]()
    this.#standing = undefined
  }
}

function endPending({ exchange, entry }: PendingExchange): void {
  entry.leave()
  exchange[Symbol.dispose]()
}
