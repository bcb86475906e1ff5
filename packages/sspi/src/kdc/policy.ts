import { Enctype } from '../kerberos/index.js'

/** What a KDC allows, and for how long. Everything has a safe default. */
export interface KdcPolicyOptions {
  /**
   * Encryption types of keys and session keys, the best first. Default: the AES types, then Camellia. RC4 and triple DES are left
   * out unless they are allowed by name.
   */
  readonly enctypes?: readonly number[] | undefined
  /** Lets RC4 in, whose keys are unsalted MD4 hashes of passwords. Default `false`. */
  readonly insecureAllowRc4?: boolean | undefined
  /** Lets triple DES in. Default `false`. */
  readonly insecureAllowDes3?: boolean | undefined
  /**
   * Leaves replies under FAST in the client's own key where the client has sent an encrypted timestamp, or nothing, as clients of
   * Heimdal 7 need it; who overhears such a reply can guess passwords from it. Default `false`.
   */
  readonly insecureAllowUnstrengthenedFast?: boolean | undefined
  /**
   * Whether clients prove to know their password before they get anything encrypted in it; without this, anybody gets something
   * to guess passwords from. Default `true`.
   */
  readonly requirePreauth?: boolean | undefined
  /**
   * Answers unknown clients as if they were there with another password. Default `false`: the protocol has an error for them,
   * which says at once what is wrong.
   */
  readonly hideUnknownPrincipals?: boolean | undefined
  /** How far clocks may differ, in seconds. Default 300. */
  readonly clockSkewSeconds?: number | undefined
  /** The longest lifetime of a ticket, in seconds. Default 36,000. */
  readonly maxLifetimeSeconds?: number | undefined
  /** For how long tickets can be renewed, in seconds. Default 604,800; 0 for not at all. */
  readonly maxRenewSeconds?: number | undefined
  /** Whether tickets may start in the future. Default `false`. */
  readonly allowPostdated?: boolean | undefined
  /** What locks accounts. Default: ten failures. */
  readonly lockout?: LockoutPolicyOptions | undefined
  /** What new passwords must be like. */
  readonly passwords?: PasswordPolicyOptions | undefined
  /** Realms by host (`www.example.com`) and by domain (`.example.com`), in lower case, to refer clients to. Default: none. */
  readonly domainRealm?: ReadonlyMap<string, string> | undefined
  /** Realms of clients by what is behind the `@` of an enterprise name, in lower case. Default: none. */
  readonly clientRealms?: ReadonlyMap<string, string> | undefined
  /**
   * For a client's realm, for a server's realm: the realms between, in order; `.` alone for none. Says both whom to refer to and
   * which paths to accept. Default: the hierarchy of the names (RFC 4120 section 3.3.3.2).
   */
  readonly capaths?: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>> | undefined
  /**
   * Whether tickets that came through realms that are not on an accepted path are refused. If not, they are issued without the
   * flag that says that the path was checked. Default `true`.
   */
  readonly rejectBadTransit?: boolean | undefined
}

/** What locks an account for a while. */
export interface LockoutPolicyOptions {
  /** How many failures in a row; 0 for never. Default 10. */
  readonly failures?: number | undefined
  /** After how many seconds without a failure the count starts again. Default 900. */
  readonly windowSeconds?: number | undefined
  /** For how many seconds the account is locked. Default 900. */
  readonly lockSeconds?: number | undefined
}

/** What a new password must be like. */
export interface PasswordPolicyOptions {
  /** Characters. Default 8. */
  readonly minimumLength?: number | undefined
  /** Of the classes lower case, upper case, digits, punctuation, everything else: how many there must be. Default 1. */
  readonly minimumClasses?: number | undefined
  /** How many of the last passwords are refused, as far as their keys are still there. Default 1: the present one. */
  readonly history?: number | undefined
  /** How long a password must be kept, in seconds. Default 0. */
  readonly minimumAgeSeconds?: number | undefined
  /** After how many seconds a new password expires; 0 for never. Default 0. */
  readonly maximumAgeSeconds?: number | undefined
}

/** The options with their defaults in place. */
export type KdcPolicy = Filled<
  Omit<KdcPolicyOptions, 'insecureAllowRc4' | 'insecureAllowDes3' | 'lockout' | 'passwords'>
> & { readonly lockout: Filled<LockoutPolicyOptions>; readonly passwords: Filled<PasswordPolicyOptions> }

/** An interface of options with nothing left out. */
export type Filled<T> = { readonly [K in keyof T]-?: NonNullable<T[K]> }

/** The encryption types that are used unless others are asked for, the best first: RFC 8009, RFC 3962, RFC 6803. */
export const DEFAULT_KDC_ENCTYPES: readonly number[] = [
  Enctype.AES256_CTS_HMAC_SHA384_192,
  Enctype.AES128_CTS_HMAC_SHA256_128,
  Enctype.AES256_CTS_HMAC_SHA1_96,
  Enctype.AES128_CTS_HMAC_SHA1_96,
  Enctype.CAMELLIA256_CTS_CMAC,
  Enctype.CAMELLIA128_CTS_CMAC,
]

/** Puts the defaults in place. @throws `TypeError` when no encryption type is left, and for numbers below zero. */
export function readKdcPolicy(options: KdcPolicyOptions = {}): KdcPolicy {
  const { lockout = {}, passwords = {} } = options
  return {
    enctypes: permittedEnctypes(options),
    insecureAllowUnstrengthenedFast: options.insecureAllowUnstrengthenedFast ?? false,
    requirePreauth: options.requirePreauth ?? true,
    hideUnknownPrincipals: options.hideUnknownPrincipals ?? false,
    clockSkewSeconds: notNegative('clockSkewSeconds', options.clockSkewSeconds ?? 300),
    maxLifetimeSeconds: notNegative('maxLifetimeSeconds', options.maxLifetimeSeconds ?? 36_000),
    maxRenewSeconds: notNegative('maxRenewSeconds', options.maxRenewSeconds ?? 604_800),
    allowPostdated: options.allowPostdated ?? false,
    lockout: {
      failures: notNegative('lockout.failures', lockout.failures ?? 10),
      windowSeconds: notNegative('lockout.windowSeconds', lockout.windowSeconds ?? 900),
      lockSeconds: notNegative('lockout.lockSeconds', lockout.lockSeconds ?? 900),
    },
    passwords: {
      minimumLength: notNegative('passwords.minimumLength', passwords.minimumLength ?? 8),
      minimumClasses: notNegative('passwords.minimumClasses', passwords.minimumClasses ?? 1),
      history: notNegative('passwords.history', passwords.history ?? 1),
      minimumAgeSeconds: notNegative('passwords.minimumAgeSeconds', passwords.minimumAgeSeconds ?? 0),
      maximumAgeSeconds: notNegative('passwords.maximumAgeSeconds', passwords.maximumAgeSeconds ?? 0),
    },
    domainRealm: options.domainRealm ?? new Map(),
    clientRealms: options.clientRealms ?? new Map(),
    capaths: options.capaths ?? new Map(),
    rejectBadTransit: options.rejectBadTransit ?? true,
  }
}

function permittedEnctypes(options: KdcPolicyOptions): readonly number[] {
  const weak = new Set<number>()
  if (options.insecureAllowRc4 === true) weak.add(Enctype.RC4_HMAC)
  if (options.insecureAllowDes3 === true) weak.add(Enctype.DES3_CBC_SHA1_KD)
  const listed = options.enctypes ?? [...DEFAULT_KDC_ENCTYPES, ...weak]
  const left = listed.filter((enctype) => !WEAK.has(enctype) || weak.has(enctype))
  if (left.length === 0) throw new TypeError('enctypes: no encryption type is left')
  return left
}

const WEAK: ReadonlySet<number> = new Set([Enctype.RC4_HMAC, Enctype.RC4_HMAC_EXP, Enctype.DES3_CBC_SHA1_KD])

function notNegative(name: string, value: number): number {
  if (!(value >= 0 && Number.isFinite(value))) throw new TypeError(`${name}: ${value}`)
  return value
}
