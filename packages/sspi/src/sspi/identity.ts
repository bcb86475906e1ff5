/** Who someone is, as a security package learned it. */
export interface Identity {
  /** The account's name, without its domain: `alice`. Empty for an anonymous user. */
  readonly name: string
  /** The domain or realm as the package names it: `CONTOSO`. Empty for a local account. */
  readonly domain: string
  /** The security identifier, `S-1-5-21-…`, where the account has one. */
  readonly sid: string | undefined
  /** Security identifiers of the groups, where they are known. */
  readonly groups: readonly string[]
  /** `verified`: the package has proof of it. `asserted`: the peer (or the caller) said so. */
  readonly source: 'verified' | 'asserted'
}

/** How far a server may act as the client, as on Windows. */
export type ImpersonationLevel = 'anonymous' | 'identification' | 'impersonation' | 'delegation'

/** The client as the server's access decisions see it: the result of `SECPKG_ATTR_ACCESS_TOKEN`. */
export interface AccessToken {
  /** Who the client is. */
  readonly user: Identity
  /** The package that authenticated the user. */
  readonly packageName: string
  /** How far the server may act for it. */
  readonly impersonationLevel: ImpersonationLevel
  /** A number of this log-on, different for every context. */
  readonly authenticationId: bigint
  /** When the log-on ends. */
  readonly expiry: Date
}

/** `DOMAIN\name`, or the name alone when there is no domain; empty for an anonymous user. */
export function qualifiedName(identity: Pick<Identity, 'name' | 'domain'>): string {
  return identity.domain === '' ? identity.name : `${identity.domain}\\${identity.name}`
}
