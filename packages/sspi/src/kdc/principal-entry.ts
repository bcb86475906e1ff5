import type { AuthorizationDataElement, KerberosKey, Principal } from '../kerberos/index.js'

/** Whom the KDC wants to know of. */
export interface PrincipalQuery {
  /**
   * The name as it came. Its name type matters for one thing: `NT_ENTERPRISE` names, one component with an `@` in it, are
   * looked up among the enterprise names (RFC 6806 section 5). The realm is the KDC's, but for the ticket-granting services of
   * other realms (`krbtgt/HERE@THERE`).
   */
  readonly principal: Principal
  /** Whether it is somebody who logs on, or a service that a ticket is for. */
  readonly as: 'client' | 'service'
}

/** What a KDC knows of a principal. Keys are the database's: they end with it, and are not overwritten before the request is done. */
export interface KdcPrincipal {
  /** Its own name, which an alias differs from. */
  readonly principal: Principal
  /** Of all versions that still count; the newest version is the one that tickets are made with, its first key preferred. */
  readonly keys: readonly PrincipalKey[]
  /** What it may do. */
  readonly attributes: PrincipalAttributes
  /** When the password was last changed. Default: nobody knows. */
  readonly passwordChanged?: Date | undefined
  /** Log-ons that failed since the last one that succeeded. Default: none. */
  readonly failures?: LogonFailures | undefined
}

/** A key of a principal. */
export interface PrincipalKey {
  /** Its version: 1 for the first password. */
  readonly kvno: number
  /** The key. The database's. */
  readonly key: KerberosKey
  /** What went into string-to-key beside the password. Default: realm and name (RFC 4120 section 4); none for random keys. */
  readonly salt?: Uint8Array | undefined
  /** Parameters of string-to-key, such as iterations. Default: the encryption type's own. */
  readonly s2kparams?: Uint8Array | undefined
}

/** Log-ons that failed in a row. */
export interface LogonFailures {
  /** How many. */
  readonly count: number
  /** When the last of them was. */
  readonly last: Date
}

/** What a principal may do. Everything has a default, under which it may do what users and services usually do. */
export interface PrincipalAttributes {
  /** Neither logs on nor gets tickets made for it. Default `false`. */
  readonly disabled?: boolean | undefined
  /** Before this, it is not there yet. Default: always. */
  readonly validFrom?: Date | undefined
  /** When the account ends. Default: never. */
  readonly expires?: Date | undefined
  /** When the password ends: then it can only be changed. Default: as the policy says. */
  readonly passwordExpires?: Date | undefined
  /** The password must be changed before anything else. Default `false`. */
  readonly mustChangePassword?: boolean | undefined
  /** Must prove to know the password before it gets anything. Default: as the policy says. */
  readonly requirePreauth?: boolean | undefined
  /** Tickets are made for it under its own key. If not, only user-to-user ones are. Default `true`. */
  readonly service?: boolean | undefined
  /** Tickets for it are initial ones only: the password must be given for each (`kadmin/changepw`). Default `false`. */
  readonly initialOnly?: boolean | undefined
  /** Who has an expired password gets tickets for it nonetheless (`kadmin/changepw`). Default `false`. */
  readonly changesPasswords?: boolean | undefined
  /** Its tickets may be forwardable. Default `true`. */
  readonly forwardable?: boolean | undefined
  /** Its tickets may be proxiable. Default `true`. */
  readonly proxiable?: boolean | undefined
  /** Its tickets may be renewable. Default `true`. */
  readonly renewable?: boolean | undefined
  /** Its tickets may be postdated, where the policy allows that. Default `true`. */
  readonly postdatable?: boolean | undefined
  /** Clients may delegate to it: OK-AS-DELEGATE in its tickets. Default `false`. */
  readonly okAsDelegate?: boolean | undefined
  /** The longest lifetime of its tickets, in seconds. Default: the policy's. */
  readonly maxLifetimeSeconds?: number | undefined
  /** For how long its tickets can be renewed, in seconds. Default: the policy's. */
  readonly maxRenewSeconds?: number | undefined
  /** Encryption types of session keys that the service understands. Default: those that it has keys of. */
  readonly sessionEnctypes?: readonly number[] | undefined
  /** May set the passwords of others (RFC 3244). Default `false`. */
  readonly maySetPasswords?: boolean | undefined
  /** Put into every ticket of this client. Default: nothing. */
  readonly authorizationData?: readonly AuthorizationDataElement[] | undefined
}

/** A log-on, to be counted: one that succeeded ends the row of failures. */
export interface LogonAttempt {
  /** Who. */
  readonly principal: Principal
  /** Whether the password was right. */
  readonly succeeded: boolean
  /** When. */
  readonly time: Date
  /** Failures that were the last before this do not count any more. */
  readonly forgetBefore: Date
}

/** New keys for a principal. */
export interface PrincipalUpdate {
  /** Whose. */
  readonly principal: Principal
  /** The keys of one new version, whose number the database gives. The database copies what it keeps. */
  readonly keys: readonly Omit<PrincipalKey, 'kvno'>[]
  /** When the password was changed. */
  readonly time: Date
  /** When the new password expires; `undefined` for never. */
  readonly passwordExpires: Date | undefined
}

/** The keys of the newest version. */
export function currentKeys({ keys }: KdcPrincipal): readonly PrincipalKey[] {
  const newest = keys.reduce((highest, { kvno }) => Math.max(highest, kvno), 0)
  return keys.filter(({ kvno }) => kvno === newest)
}
