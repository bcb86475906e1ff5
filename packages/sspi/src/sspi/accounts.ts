import type { Identity } from './identity.js'

/** A name to look up, as it stood in the protocol. */
export interface AccountQuery {
  /** The user's name: `alice`; with an empty domain it may be a UPN, `alice@contoso.com`. */
  readonly user: string
  /** The domain that the user named; empty when none was named. */
  readonly domain: string
}

/** What an account database knows of an account: who it is, and one form of its secret. */
export interface Account {
  /** Who it is, as the access token will say. */
  readonly identity: Identity
  /** What its authentication is checked with. */
  readonly secret: AccountSecret
  /** Whether the account may log on at all. A disabled account is refused like a wrong password. Default `true`. */
  readonly enabled?: boolean
}

/** A password, or the NT hash made from it (MD4 over UTF-16LE, 16 bytes); the hash is as good as the password. */
export type AccountSecret =
  { readonly kind: 'password'; readonly password: string } | { readonly kind: 'nt-hash'; readonly ntHash: Uint8Array }

/**
 * Where acceptors look accounts up. Names match without regard to case. The memory and the file form are in
 * `sspi/accounts`; anything else that can answer may stand in.
 */
export interface AccountDatabase {
  /**
   * The account of a name, or `undefined` for nobody. Take the same time in both cases if you can: acceptors hide
   * whether a user exists, and a slow answer would tell.
   */
  lookup(query: AccountQuery, signal?: AbortSignal): Account | undefined | Promise<Account | undefined>
}
