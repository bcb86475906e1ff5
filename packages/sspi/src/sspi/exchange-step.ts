/** What a step of an exchange comes to. */
export interface ExchangeStep {
  /** To be sent to the peer; `undefined` when there is nothing to send. */
  readonly token: Uint8Array | undefined
  /** Whether this side is finished: `session` is there. A token, if any, must still be sent. */
  readonly done: boolean
  /** Whether the token given was only the beginning of one: come back with all of it and more. */
  readonly incomplete: boolean
  /** Bytes that came behind the peer's last token: the application's. */
  readonly extra: Uint8Array | undefined
}
