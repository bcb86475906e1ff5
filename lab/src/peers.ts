/** What says that a peer is up: the variable that its script exports. */
const VARIABLES = {
  'gss-peer': 'GSS_PEER',
  winbind: 'NTLM_AUTH',
  'mit-kdc': 'MIT_KDC',
  'heimdal-kdc': 'HEIMDAL_KDC',
} as const

/** A peer of the lab, named as its script in `lab/peers`. */
export type PeerName = keyof typeof VARIABLES

/**
 * Says why the tests against some peers must be skipped, for `test(name, { skip: missing('winbind') }, …)`.
 *
 * @returns `false` when all of them are up, else the reason.
 * @throws Error instead of a reason when `CI` is `true`: there a missing peer is a failure.
 */
export function missing(...names: readonly PeerName[]): string | false {
  const absent = names.filter((name) => !process.env[VARIABLES[name]])
  if (absent.length === 0) return false
  const reasons = absent.map(reasonOf).join('; ')
  if (process.env['CI'] === 'true') throw new Error(`peers are missing: ${reasons}`)
  return reasons
}

/**
 * The command of a peer that is up, or its address.
 *
 * @throws Error when it is not.
 */
export function commandOf(name: PeerName): string {
  const command = process.env[VARIABLES[name]]
  if (!command) throw new Error(`no peer ${reasonOf(name)}`)
  return command
}

/** The password of `alice` and `bob` at every peer. */
export const PASSWORD = process.env['LAB_PASSWORD'] ?? 'Passw0rd-1'

/** The password of `utf8user` at every peer. */
export const UTF8_PASSWORD = 'Pässwörd-€1'

/** The NetBIOS domain of the accounts at gss-ntlmssp. */
export const GSS_DOMAIN = 'LAB'

/** The NetBIOS domain of the accounts at winbind. */
export const WINBIND_DOMAIN = process.env['NTLM_AUTH_DOMAIN'] ?? 'LABWB'

/** Where MIT's KDC and its kpasswd service are, and what its clients read. */
export interface MitKdc {
  /** `address:port`, for UDP and TCP. */
  readonly kdc: string
  readonly kpasswd: string
  readonly realm: string
  /** The KDC of the realm that trusts it and is trusted by it. */
  readonly kdc2: string
  readonly realm2: string
  /** The path of a krb5.conf with both realms. */
  readonly krb5Conf: string
  /** The path of a keytab with all services of the first realm. */
  readonly keytab: string
}

/**
 * MIT's KDC.
 *
 * @throws Error when it is not up.
 */
export function mitKdc(): MitKdc {
  return {
    kdc: commandOf('mit-kdc'),
    kpasswd: variable('MIT_KPASSWD'),
    realm: variable('MIT_REALM'),
    kdc2: variable('MIT2_KDC'),
    realm2: variable('MIT2_REALM'),
    krb5Conf: variable('MIT_KRB5_CONFIG'),
    keytab: variable('MIT_KEYTAB'),
  }
}

/** Where Heimdal's KDC and its kpasswd service are, and what its clients read. */
export interface HeimdalKdc {
  /** `address:port`, for UDP and TCP. */
  readonly kdc: string
  /** `address:port`, for UDP alone. */
  readonly kpasswd: string
  readonly realm: string
  /** The path of a krb5.conf with the realm. */
  readonly krb5Conf: string
  /** The path of a keytab with all services. */
  readonly keytab: string
}

/**
 * Heimdal's KDC.
 *
 * @throws Error when it is not up.
 */
export function heimdalKdc(): HeimdalKdc {
  return {
    kdc: commandOf('heimdal-kdc'),
    kpasswd: variable('HEIMDAL_KPASSWD'),
    realm: variable('HEIMDAL_REALM'),
    krb5Conf: variable('HEIMDAL_KRB5_CONFIG'),
    keytab: variable('HEIMDAL_KEYTAB'),
  }
}

function variable(name: string): string {
  return process.env[name] ?? ''
}

function reasonOf(name: PeerName): string {
  const lines = (process.env['LAB_MISSING'] ?? '').split('\n')
  return lines.find((line) => line.startsWith(`${name}: `)) ?? `${name}: not up, run the tests with lab/run`
}
