import { SEC_E_OK, SspiError, Status, type SecurityStatus } from '../../status/index.js'

/** SspiAsyncNotifyCallback: told that a call is complete, with what was given to `sspiSetAsyncNotifyCallback`. */
export type SspiAsyncNotifyCallback = (asyncContext: SspiAsyncContext, callbackData: unknown) => void

/** Where a context stands: good for one call, which is under way, or complete with its status. */
type AsyncState =
  | { readonly at: 'ready' }
  | { readonly at: 'pending' }
  | { readonly at: 'complete'; readonly status: SecurityStatus }
  | { readonly at: 'freed' }

/**
 * SspiAsyncContext: follows one asynchronous call. Made by `sspiCreateAsyncContext`; the calls give a promise as well, so that
 * programs that await have no need of it.
 */
export class SspiAsyncContext {
  #state: AsyncState = { at: 'ready' }
  #callback: SspiAsyncNotifyCallback | undefined
  #callbackData: unknown

  /** @internal */
  setCallback(callback: SspiAsyncNotifyCallback | undefined, callbackData: unknown): void {
    this.#requireAlive()
    this.#callback = callback
    this.#callbackData = callbackData
  }

  /** @internal */
  get requiresNotify(): boolean {
    this.#requireAlive()
    return this.#callback !== undefined
  }

  /** @internal */
  get status(): SecurityStatus {
    const state = this.#requireAlive()
    switch (state.at) {
      case 'ready':
        throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'asynchronous context: no call has been made with it')
      case 'pending':
        return Status.SEC_I_ASYNC_CALL_PENDING
      case 'complete':
        return state.status
    }
  }

  /** @internal Good for another call; the callback stays. */
  reinit(): void {
    this.#requireIdle()
    this.#state = { at: 'ready' }
  }

  /** @internal */
  free(): void {
    if (this.#state.at === 'freed') return
    this.#requireIdle()
    this.#state = { at: 'freed' }
    this.#callback = undefined
    this.#callbackData = undefined
  }

  /**
   * @internal Makes the call. The promise is the call's own; who rather looks at the status, or waits for the callback, may leave it
   * alone, also when it is rejected.
   */
  begin<T>(run: () => Promise<T>, statusOf: (result: T) => SecurityStatus): Promise<T> {
    const { at } = this.#requireAlive()
    if (at !== 'ready') {
      throw new SspiError(
        'SEC_E_OUT_OF_SEQUENCE',
        `asynchronous context: its call is ${at}; sspiReinitAsyncContext makes it good for another`,
      )
    }
    this.#state = { at: 'pending' }
    const call = this.#follow(run, statusOf)
    const tell = (): void => {
      this.#callback?.(this, this.#callbackData)
    }
    void call.then(tell, tell)
    return call
  }

  /** The status is there before anybody hears of the call's end. */
  async #follow<T>(run: () => Promise<T>, statusOf: (result: T) => SecurityStatus): Promise<T> {
    try {
      const result = await run()
      this.#state = { at: 'complete', status: statusOf(result) }
      return result
    } catch (error) {
      // A status of an error is a number of the table all the same.
      const status = (error instanceof SspiError ? error.status : Status.SEC_E_INTERNAL_ERROR) as SecurityStatus
      this.#state = { at: 'complete', status }
      throw error
    }
  }

  #requireAlive(): Exclude<AsyncState, { readonly at: 'freed' }> {
    if (this.#state.at !== 'freed') return this.#state
    throw new SspiError('SEC_E_INVALID_HANDLE', 'asynchronous context: it was freed')
  }

  #requireIdle(): void {
    if (this.#requireAlive().at !== 'pending') return
    throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'asynchronous context: its call is under way')
  }
}

/** The status of a call that has nothing else to say. */
export const ok = (): typeof SEC_E_OK => SEC_E_OK
