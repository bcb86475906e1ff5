import type { CredentialValue } from '../sspi/index.js'
import { Enctype } from './enctypes/index.js'
import type { PreauthMethod } from './preauth-method.js'
import type { KerberosRealmOptions } from './realm-options.js'

export type { KerberosRealmOptions } from './realm-options.js'

/**
 * What the Kerberos client has to know of realms, and what it may do. Everything has a safe default. The configuration that
 * `io` reads from krb5.conf has these fields and can be given as it is.
 */
export interface KerberosOptions {
  /** The realm of names without one. Default: none, so that names must have theirs. */
  readonly defaultRealm?: string | undefined
  /** Realms by host (`www.example.com`) and by domain (`.example.com`), in lower case. Default: the KDC knows. */
  readonly domainRealm?: ReadonlyMap<string, string> | undefined
  /** What is known of single realms, by name. Default: nothing. */
  readonly realms?: ReadonlyMap<string, KerberosRealmOptions> | undefined
  /** For a client's realm, for a server's realm: the realms between, in order; `.` alone for none. Default: the KDCs know. */
  readonly capaths?: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>> | undefined
  /**
   * Encryption types that may be used at all, in the order of preference. Default: the AES types. RC4 and triple DES are left
   * out of this and the next two unless they are allowed by name.
   */
  readonly permittedEnctypes?: readonly number[] | undefined
  /** For requests for a ticket-granting ticket. Default: those permitted. */
  readonly tktEnctypes?: readonly number[] | undefined
  /** For requests for service tickets. Default: those permitted. */
  readonly tgsEnctypes?: readonly number[] | undefined
  /** Lets RC4 in, whose keys are unsalted MD4 hashes of passwords. Default `false`. */
  readonly insecureAllowRc4?: boolean | undefined
  /** Lets triple DES in. Default `false`. */
  readonly insecureAllowDes3?: boolean | undefined
  /** How far clocks may differ, in seconds. Default 300. */
  readonly clockSkewSeconds?: number | undefined
  /** Whether the KDC's clock counts where ours is off by more. Default `true`. */
  readonly kdcTimesync?: boolean | undefined
  /** For how long ticket-granting tickets are asked for, in seconds. Default 86,400. */
  readonly ticketLifetimeSeconds?: number | undefined
  /** For how long they shall be renewable, in seconds. Default 0: not at all. */
  readonly renewLifetimeSeconds?: number | undefined
  /** Whether to ask for forwardable tickets. Default `false`. */
  readonly forwardable?: boolean | undefined
  /** Whether to ask for proxiable tickets. Default `false`. */
  readonly proxiable?: boolean | undefined
  /** Whether the KDC may give the client another name or realm than was asked for. Default `false`. */
  readonly canonicalize?: boolean | undefined
  /**
   * Whether to ask DNS for the realm of a host that neither the configuration nor the KDC knows. DNS is not authentic: whoever
   * answers chooses among the realms that trust ours. Default `false`.
   */
  readonly dnsLookupRealm?: boolean | undefined
  /**
   * Whether to ask for a service by what DNS calls its host, always or where the KDC does not know it otherwise (`fallback`). Whoever
   * answers DNS chooses the service then. Default `false`.
   */
  readonly dnsCanonicalizeHostname?: boolean | 'fallback' | undefined
  /** Whether that name is the one that the host's address has. Default `false`. */
  readonly rdns?: boolean | undefined
  /** The domain that is put behind host names of one label which DNS is not asked for. Default: none. */
  readonly qualifyShortname?: string | undefined
  /** Whether to delegate only to servers that the KDC trusts with it. Default `false`. */
  readonly enforceOkAsDelegate?: boolean | undefined
  /** Kinds of pre-authentication to prefer, by number. Default: the strongest that the KDC offers. */
  readonly preferredPreauthTypes?: readonly number[] | undefined
  /**
   * Kinds of pre-authentication beside the built-in ones (encrypted timestamp; encrypted challenge inside of FAST), the
   * strongest first. They go before those. Default: none.
   */
  readonly preauthMethods?: readonly PreauthMethod[] | undefined
  /**
   * Whose tickets armour the log-ons of others (FAST): a ticket cache, or a keytab of this host. Default: none. Requests for
   * service tickets need none: they are armoured by the ticket-granting ticket.
   */
  readonly armor?: CredentialValue | undefined
  /** Whether log-ons are armoured. Default: `required` where there is `armor`, else `available`. */
  readonly fast?: FastPolicy | undefined
  /**
   * What acceptors do with the PAC of a ticket, which has the SIDs of Windows' users and groups. `optional`: one that is there must have
   * a good server signature and be the ticket's own, else the client is refused. `required`: and it must be there. `ignored`: it is not
   * looked at, and there are no SIDs: for KDCs that hand on the PAC of another ticket. Default `optional`.
   */
  readonly pac?: PacPolicy | undefined
  /** Through how many realms to go after a ticket. Default 10. */
  readonly maxReferrals?: number | undefined
  /** For how long to remember that a KDC does not know a service, in seconds. Default 60; 0 for not at all. */
  readonly negativeCacheSeconds?: number | undefined
  /** The fewest iterations of PBKDF2 that a KDC may ask for. Default 4096. */
  readonly minimumIterations?: number | undefined
  /** The most. Default 1,000,000. */
  readonly maximumIterations?: number | undefined
}

/**
 * Whether log-ons are armoured by FAST (RFC 6113), so that nobody on the way can guess passwords from them: `required` refuses
 * what comes without; `available` where the KDC offers it and the armour can be had, which an attacker on the way can prevent;
 * `never`. Requests for service tickets have no password to guess: they are armoured unless `never`, and answered by KDCs with
 * armour and without (Heimdal 7).
 */
export type FastPolicy = 'required' | 'available' | 'never'

/** What acceptors do with the PAC of a ticket: see `KerberosOptions.pac`. */
export type PacPolicy = 'optional' | 'required' | 'ignored'

/** The options with their defaults in place. */
export interface KerberosSettings {
  readonly defaultRealm: string | undefined
  readonly domainRealm: ReadonlyMap<string, string>
  readonly realms: ReadonlyMap<string, KerberosRealmOptions>
  readonly capaths: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>
  readonly permittedEnctypes: readonly number[]
  readonly tktEnctypes: readonly number[]
  readonly tgsEnctypes: readonly number[]
  readonly clockSkewSeconds: number
  readonly kdcTimesync: boolean
  readonly ticketLifetimeSeconds: number
  readonly renewLifetimeSeconds: number
  readonly forwardable: boolean
  readonly proxiable: boolean
  readonly canonicalize: boolean
  readonly dnsLookupRealm: boolean
  readonly dnsCanonicalizeHostname: boolean | 'fallback'
  readonly rdns: boolean
  readonly qualifyShortname: string | undefined
  readonly enforceOkAsDelegate: boolean
  readonly preferredPreauthTypes: readonly number[]
  readonly preauthMethods: readonly PreauthMethod[]
  readonly armor: CredentialValue | undefined
  readonly fast: FastPolicy
  readonly pac: PacPolicy
  readonly maxReferrals: number
  readonly negativeCacheSeconds: number
  readonly minimumIterations: number | undefined
  readonly maximumIterations: number | undefined
}

/** The encryption types that are used unless others are asked for, the best first: RFC 8009 and RFC 3962. */
export const DEFAULT_ENCTYPES: readonly number[] = [
  Enctype.AES256_CTS_HMAC_SHA384_192,
  Enctype.AES128_CTS_HMAC_SHA256_128,
  Enctype.AES256_CTS_HMAC_SHA1_96,
  Enctype.AES128_CTS_HMAC_SHA1_96,
]

/** Puts the defaults in place. @throws `TypeError` when no encryption type is left, and for numbers below zero. */
export function readOptions(options: KerberosOptions = {}): KerberosSettings {
  const refused = refusedEnctypes(options)
  const listed = (name: string, list: readonly number[]): readonly number[] => {
    const left = list.filter((enctype) => !refused.has(enctype))
    // An empty list must not become "anything".
    if (left.length === 0) throw new TypeError(`${name}: no encryption type is left`)
    return left
  }
  const permittedEnctypes = listed('permittedEnctypes', options.permittedEnctypes ?? DEFAULT_ENCTYPES)
  const within = (name: string, list: readonly number[] | undefined): readonly number[] =>
    list === undefined
      ? permittedEnctypes
      : listed(
          name,
          list.filter((enctype) => permittedEnctypes.includes(enctype)),
        )
  return {
    defaultRealm: options.defaultRealm,
    domainRealm: options.domainRealm ?? new Map(),
    realms: options.realms ?? new Map(),
    capaths: options.capaths ?? new Map(),
    permittedEnctypes,
    tktEnctypes: within('tktEnctypes', options.tktEnctypes),
    tgsEnctypes: within('tgsEnctypes', options.tgsEnctypes),
    clockSkewSeconds: notNegative('clockSkewSeconds', options.clockSkewSeconds ?? 300),
    kdcTimesync: options.kdcTimesync ?? true,
    ticketLifetimeSeconds: notNegative('ticketLifetimeSeconds', options.ticketLifetimeSeconds ?? 86_400),
    renewLifetimeSeconds: notNegative('renewLifetimeSeconds', options.renewLifetimeSeconds ?? 0),
    forwardable: options.forwardable ?? false,
    proxiable: options.proxiable ?? false,
    canonicalize: options.canonicalize ?? false,
    dnsLookupRealm: options.dnsLookupRealm ?? false,
    dnsCanonicalizeHostname: options.dnsCanonicalizeHostname ?? false,
    rdns: options.rdns ?? false,
    qualifyShortname: options.qualifyShortname,
    enforceOkAsDelegate: options.enforceOkAsDelegate ?? false,
    preferredPreauthTypes: options.preferredPreauthTypes ?? [],
    preauthMethods: options.preauthMethods ?? [],
    armor: options.armor,
    fast: options.fast ?? (options.armor === undefined ? 'available' : 'required'),
    pac: options.pac ?? 'optional',
    maxReferrals: notNegative('maxReferrals', options.maxReferrals ?? 10),
    negativeCacheSeconds: notNegative('negativeCacheSeconds', options.negativeCacheSeconds ?? 60),
    minimumIterations: options.minimumIterations,
    maximumIterations: options.maximumIterations,
  }
}

function refusedEnctypes(options: KerberosOptions): ReadonlySet<number> {
  const refused = new Set<number>()
  if (options.insecureAllowRc4 !== true) refused.add(Enctype.RC4_HMAC).add(Enctype.RC4_HMAC_EXP)
  if (options.insecureAllowDes3 !== true) refused.add(Enctype.DES3_CBC_SHA1_KD)
  return refused
}

function notNegative(name: string, value: number): number {
  if (!(value >= 0 && Number.isFinite(value))) throw new TypeError(`${name}: ${value}`)
  return value
}
