import type { KdcService } from './reply.js'

/** What one attempt has to work with. */
export interface Conversation {
  readonly service: KdcService
  readonly request: Uint8Array
  /** Ends the attempt; sockets are closed with it. */
  readonly signal: AbortSignal
  /** A longer reply is refused before it is read. */
  readonly maxReplyBytes: number
}

/** Why one attempt came to nothing, in words for the list of all of them. */
export class AttemptFailed extends Error {
  override readonly name = 'AttemptFailed'
}

/** The words of whatever was thrown. */
export function wordsOf(error: unknown): string {
  // Errors of several addresses at once have no message of their own.
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join(', ')
  return error instanceof Error && error.message !== '' ? error.message : String(error)
}
