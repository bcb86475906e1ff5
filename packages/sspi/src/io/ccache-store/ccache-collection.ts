import type { CcacheStore } from './ccache-store.js'

/** Several caches, one for each identity, of which one is the primary. */
export interface CcacheCollection {
  /** What other programs take for `KRB5CCNAME`: `DIR:folder`, `KCM:`. */
  readonly name: string
  /** The cache that programs use when none is named; it need not have been saved yet. */
  primary(): Promise<CcacheStore>
  /** All caches that are there, in an order that stays the same. */
  list(): Promise<readonly CcacheStore[]>
  /** A place for one more cache. It is there when it has been saved. */
  create(): Promise<CcacheStore>
  /** Makes one of its caches the primary one. @throws `TypeError` for caches of other places. */
  switchTo(store: CcacheStore): Promise<void>
}
