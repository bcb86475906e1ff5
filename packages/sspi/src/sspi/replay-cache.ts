/** Remembers what was seen, so that it is not accepted a second time. The memory form is in `io`. */
export interface ReplayCache {
  /**
   * Remembers a key until a time. `false` when it is remembered already: a replay.
   * A cache that cannot answer throws or rejects: then nothing is accepted.
   */
  remember(key: Uint8Array, until: Date): boolean | Promise<boolean>
}
