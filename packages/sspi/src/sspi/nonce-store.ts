/**
 * Remembers how often each nonce of Digest was used, so that no request is accepted twice. Only nonces that a client has
 * proven its password with come here. The memory form is in `io`.
 */
export interface NonceStore {
  /**
   * Remembers a use of a nonce until a time. `false` when this count was used before, or lies so far behind the highest one
   * that nobody can tell. Counts may come in any order, as requests do on several connections.
   * A store that cannot answer throws or rejects: then nothing is accepted.
   */
  use(nonce: string, count: number, until: Date): boolean | Promise<boolean>
}
