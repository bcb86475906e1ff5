interface Waiter<T> {
  readonly resolve: (value: T | undefined) => void
  readonly reject: (error: Error) => void
}

/** What has come from a peer and what is being waited for, in order. */
export class Inbox<T> {
  readonly #items: T[] = []
  readonly #waiters: Waiter<T>[] = []
  #end: { readonly error: Error | undefined } | undefined

  /** Gives an item to who waits longest, or keeps it. */
  push(item: T): void {
    if (this.#end) return
    const waiter = this.#waiters.shift()
    if (waiter) waiter.resolve(item)
    else this.#items.push(item)
  }

  /** No more will come. What has come can still be taken; after that, `next` gives `undefined` or throws `error`. */
  close(error?: Error): void {
    if (this.#end) return
    this.#end = { error }
    for (const waiter of this.#waiters.splice(0)) settle(waiter, error)
  }

  /**
   * Takes the next item.
   *
   * @param timeoutMilliseconds - How long to wait for it.
   * @param late - Makes the error of a wait that took too long.
   * @returns `undefined` when the peer has ended.
   */
  next(timeoutMilliseconds: number, late: () => Error): Promise<T | undefined> {
    const item = this.#items.shift()
    if (item !== undefined) return Promise.resolve(item)
    return new Promise((resolve, reject) => {
      if (this.#end) return settle({ resolve, reject }, this.#end.error)
      const timer = setTimeout(() => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
        reject(late())
      }, timeoutMilliseconds)
      const waiter: Waiter<T> = {
        resolve: (value) => {
          clearTimeout(timer)
          resolve(value)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      }
      this.#waiters.push(waiter)
    })
  }
}

function settle<T>(waiter: Waiter<T>, error: Error | undefined): void {
  if (error) waiter.reject(error)
  else waiter.resolve(undefined)
}
