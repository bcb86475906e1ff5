import type { Identity } from './identity.js'

/** A name to look up, as it stood in the protocol. */
export interface AccountQuery {
  /** The user's name: `alice`; with an empty domain it may be a UPN, `alice@contoso.com`. */
  readonly user: string
  /** The domain that the user named; empty when none was named. */
  readonly domain: string
  /**
   * Set where the client hides its name behind a hash (userhash of RFC 7616 §3.4.4); `user` is empty then. A database that
   * cannot search by it knows nobody of that name.
   */
  readonly userHash?: UserHash | undefined
}

/** The hash of `name:realm` in place of a name. */
export interface UserHash {
  /** What it was made with. */
  readonly algorithm: DigestHashName
  /** The realm that was hashed with the name, as the client spelt it. */
  readonly realm: string
  /** As long as the algorithm makes it. */
  readonly hash: Uint8Array
}

/** The hashes that Digest knows. */
export type DigestHashName = 'MD5' | 'SHA-256' | 'SHA-512-256'

/** What an account database knows of an account: who it is, and one form of its secret. */
export interface Account {
  /** Who it is, as the access token will say. */
  readonly identity: Identity
  /** What its authentication is checked with. */
  readonly secret: AccountSecret
  /** Whether the account may log on at all. A disabled account is refused like a wrong password. Default `true`. */
  readonly enabled?: boolean
}

/** What an account's authentication is checked with: a password, or what can be made from it once and for all. */
export type AccountSecret =
  | { readonly kind: 'password'; readonly password: string }
  /** MD4 of the password in UTF-16LE, 16 bytes: as good as the password for NTLM, and of use for nothing else. */
  | { readonly kind: 'nt-hash'; readonly ntHash: Uint8Array }
  /**
   * H(A1) of Digest: hashes over `name:realm:password` (RFC 7616 §3.4.2), at least one. Each is as good as the password for
   * Digest under just that name, spelt alike, and that realm; of use for nothing else.
   */
  | {
      readonly kind: 'digest'
      readonly realm: string
      readonly hashes: Readonly<Partial<Record<DigestHashName, Uint8Array>>>
    }

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
  /**
   * Gives an account a new password, if the old one is its own: all in one, so that nobody comes between. Left out where
   * passwords cannot be changed.
   *
   * @returns whether it did. `false` stands for an unknown account, a disabled one, and a wrong password alike; take the same
   *   time, as for `lookup`.
   * @throws `SspiError` `SEC_E_LOGON_DENIED` when the new password is against a policy.
   */
  changePassword?(change: AccountPasswordChange, signal?: AbortSignal): boolean | Promise<boolean>
}

/** A password of an account that is to be changed by who knows it. */
export interface AccountPasswordChange extends AccountQuery {
  /** The password that is to go. */
  readonly oldPassword: string
  /** The one that is to come. */
  readonly newPassword: string
}
