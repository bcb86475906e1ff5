import { Status, type FailureName } from './codes.js'

/** What may go with an {@link SspiError}. */
export interface SspiErrorOptions extends ErrorOptions {
  /** A token that must still be sent to the peer, where the protocol has one for its failures. */
  readonly token?: Uint8Array | undefined
}

/**
 * Every failure of this library. Match on `code`; `status` is the number that a Windows peer knows.
 *
 * The message says what was wrong, where, and with which values; it never holds a secret. `cause` keeps the failure
 * beneath, if any. `token` is what the peer should still be sent (an alert, an error token, a reject), if the
 * protocol has such a thing.
 */
export class SspiError extends Error {
  /** Always `SspiError`. */
  override readonly name = 'SspiError'
  /** The symbolic name: what to match on. */
  readonly code: FailureName
  /** The number of `code`, unsigned. */
  readonly status: number
  /** What the peer should still be sent, if anything. */
  readonly token: Uint8Array | undefined

  /** @param message - What was wrong, where, with which values. */
  constructor(code: FailureName, message: string, options?: SspiErrorOptions) {
    super(message, options)
    this.code = code
    this.status = Status[code]
    this.token = options?.token
  }
}
