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
  /** The user principal name, `alice@contoso.com`, where it is known beside the other. */
  readonly userPrincipalName?: string | undefined
  /** `CONTOSO\alice`, where the account is known under another name than `domain` and `name` make. */
  readonly accountName?: string | undefined
  /** Where each of these comes from, where the package says. */
  readonly origins?: IdentityOrigins | undefined
}

/** Where what is said of someone comes from. */
export type ClaimSource =
  /** The peer itself: nobody else stands for it. */
  | 'peer'
  /** A Kerberos ticket, which its KDC made. */
  | 'ticket'
  /** The privilege attribute certificate in a Kerberos ticket (MS-PAC), which its KDC made. */
  | 'pac'
  /** The account database of this side. */
  | 'account-database'
  /** The peer's certificate, which its authority made. */
  | 'certificate'
  /** A package that says no more than that. */
  | 'package'

/** What keeps others from having made it up. */
export type ClaimIntegrity =
  /** A signature over it was checked. */
  | 'signed'
  /** It came encrypted and authenticated under a key that this side shares with its source. */
  | 'sealed'
  /** It never left this side. */
  | 'local'
  /** The package says that it has proof, and not which. */
  | 'vouched'
  /** Nothing. */
  | 'none'

/** Where one claim comes from, and what was checked of it. */
export interface ClaimOrigin {
  /** Who says it. */
  readonly source: ClaimSource
  /** Why that is believed. */
  readonly integrity: ClaimIntegrity
  /** Signatures that came with it and cannot be checked here, as their keys are others': in words. */
  readonly unchecked: readonly string[]
}

/** Where the claims of an identity come from; those that it does not make are left out. */
export interface IdentityOrigins {
  /** Of `name` and `domain`. */
  readonly name: ClaimOrigin
  /** Of `userPrincipalName`. */
  readonly userPrincipalName?: ClaimOrigin | undefined
  /** Of `accountName`. */
  readonly accountName?: ClaimOrigin | undefined
  /** Of `sid`. */
  readonly sid?: ClaimOrigin | undefined
  /** Of `groups`. */
  readonly groups?: ClaimOrigin | undefined
}

/** How far a server may act as the client, as on Windows. */
export type ImpersonationLevel = 'anonymous' | 'identification' | 'impersonation' | 'delegation'

/** The client as the server's access decisions see it: the result of `SECPKG_ATTR_ACCESS_TOKEN`. */
export interface AccessToken {
  /** Who the client is. */
  readonly user: Identity
  /** The name to show and to log: `CONTOSO\alice`. */
  readonly qualifiedName: string
  /** `alice@contoso.com`, where it is known. */
  readonly userPrincipalName: string | undefined
  /** Where each claim comes from, and whether its signature was checked. */
  readonly origins: IdentityOrigins
  /** The package that authenticated the user. */
  readonly packageName: string
  /** How the user came here: over the network, as all that a security package lets in. Windows' logon type 3. */
  readonly logonType: 'network'
  /** How far the server may act for it. */
  readonly impersonationLevel: ImpersonationLevel
  /** A number of this log-on (a LUID), different for every context; it goes with a context that is exported. */
  readonly authenticationId: bigint
  /** When the log-on ends. */
  readonly expiry: Date
}

/** `DOMAIN\name`, or the name alone when there is no domain; empty for an anonymous user. */
export function qualifiedName(identity: Pick<Identity, 'name' | 'domain'>): string {
  return identity.domain === '' ? identity.name : `${identity.domain}\\${identity.name}`
}

/** The identity with one origin for all its claims: for packages that have them all from one place. */
export function identityFrom(identity: Identity, source: ClaimSource, integrity: ClaimIntegrity): Identity {
  return { ...identity, origins: originsOf(identity, { source, integrity, unchecked: [] }) }
}

/** The origins that an identity names; where it names none, the package stands for all, as far as it says so. */
function identityOrigins(identity: Identity): IdentityOrigins {
  if (identity.origins !== undefined) return identity.origins
  return identity.source === 'verified'
    ? originsOf(identity, { source: 'package', integrity: 'vouched', unchecked: [] })
    : originsOf(identity, { source: 'peer', integrity: 'none', unchecked: [] })
}

/** The access token of somebody, with what the log-on says beside who it is. */
export function tokenOfIdentity(
  user: Identity,
  parts: Pick<AccessToken, 'packageName' | 'impersonationLevel' | 'authenticationId' | 'expiry'>,
): AccessToken {
  return {
    user,
    qualifiedName: user.accountName ?? qualifiedName(user),
    userPrincipalName: user.userPrincipalName,
    origins: identityOrigins(user),
    logonType: 'network',
    ...parts,
  }
}

function originsOf({ userPrincipalName, accountName, sid, groups }: Identity, origin: ClaimOrigin): IdentityOrigins {
  const where = (claimed: boolean): ClaimOrigin | undefined => (claimed ? origin : undefined)
  return {
    name: origin,
    userPrincipalName: where(userPrincipalName !== undefined),
    accountName: where(accountName !== undefined),
    sid: where(sid !== undefined),
    groups: where(groups.length > 0),
  }
}
