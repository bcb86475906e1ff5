/** What says that a peer is up: the variable that its script exports. */
const VARIABLES = {
  'gss-peer': 'GSS_PEER',
  winbind: 'NTLM_AUTH',
  'mit-kdc': 'MIT_KDC',
  'heimdal-kdc': 'HEIMDAL_KDC',
  'samba-ad': 'AD_ADDRESS',
  'heimdal-kcm': 'HEIMDAL_KCM',
  'sssd-kcm': 'SSSD_KCM',
  dns: 'LAB_DNS',
  tls: 'LAB_TLS',
  'heimdal-gss-peer': 'HEIMDAL_GSS_PEER',
  curl: 'LAB_CURL',
  neon: 'LAB_NEON',
  httpclient: 'LAB_HTTPCLIENT',
  webrick: 'LAB_WEBRICK',
  lighttpd: 'LAB_LIGHTTPD',
  apache: 'LAB_APACHE',
  'apache-gssapi': 'LAB_APACHE_GSSAPI',
  squid: 'LAB_SQUID',
  chromium: 'LAB_CHROMIUM',
  'cyrus-sasl': 'CYRUS_SASL',
  java: 'JGSS_PEER',
  freerdp: 'FREERDP',
  rdesktop: 'RDESKTOP',
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

/** Where the Samba AD DC is, and what its clients read. */
export interface SambaAd {
  /** Its IP address, with the standard port for each protocol: 389 for LDAP, 88 for Kerberos, 135 for DCE/RPC, … */
  readonly address: string
  /** The DC's name, which no DNS knows: `ldap/dc1.ad.test` is one of its targets. */
  readonly host: string
  /** The NetBIOS domain of its accounts. */
  readonly domain: string
  readonly realm: string
  /** `address:port`, for UDP and TCP. */
  readonly kdc: string
  readonly kpasswd: string
  /** The path of a krb5.conf with the realm. */
  readonly krb5Conf: string
  /** The path of a keytab with every account, krbtgt among them. */
  readonly keytab: string
  /** The path of a keytab with the services that have a name, as servers of the domain have it. */
  readonly servicesKeytab: string
  /** The path of the certificate that LDAP over TLS is to be trusted by. */
  readonly tlsCa: string
}

/**
 * The Samba AD DC.
 *
 * @throws Error when it is not up.
 */
export function sambaAd(): SambaAd {
  return {
    address: commandOf('samba-ad'),
    host: variable('AD_DC'),
    domain: variable('AD_DOMAIN'),
    realm: variable('AD_REALM'),
    kdc: variable('AD_KDC'),
    kpasswd: variable('AD_KPASSWD'),
    krb5Conf: variable('AD_KRB5_CONFIG'),
    keytab: variable('AD_KEYTAB'),
    servicesKeytab: variable('AD_SPN_KEYTAB'),
    tlsCa: variable('AD_TLS_CA'),
  }
}

/** FreeRDP's client, its server, and certificates for ours. */
export interface FreeRdp {
  /** The program xfreerdp, with a display and a home. */
  readonly client: string
  /** Where its server is, which knows `alice`, `bob` and `utf8user`, in no domain. */
  readonly host: string
  readonly port: number
  /** The folder of what `lab/peers/certificates.sh` makes. */
  readonly certificates: string
}

/**
 * FreeRDP.
 *
 * @throws Error when it is not up.
 */
export function freeRdp(): FreeRdp {
  const client = commandOf('freerdp')
  const [host = '', port] = variable('FREERDP_SERVER').split(':')
  return { client, host, port: Number(port), certificates: variable('FREERDP_CERTIFICATES') }
}

/** rdesktop, a client, and certificates for what it visits. */
export interface Rdesktop {
  /** The program rdesktop, with a display. */
  readonly client: string
  /** A folder with certificates and keys of RSA: `server` and `middle`. */
  readonly certificates: string
}

/**
 * rdesktop.
 *
 * @throws Error when it is not up.
 */
export function rdesktop(): Rdesktop {
  return { client: commandOf('rdesktop'), certificates: variable('RDESKTOP_CERTIFICATES') }
}

/** Apache with mod_auth_gssapi, for `HTTP/localhost` in MIT's realm. */
export interface ApacheGssapi {
  /**
   * The origin, such as `http://localhost:41234`. Behind it `/kerberos` (a token for each request), `/bound` (one for a
   * connection), `/negotiate` (NTLM as well), `/ntlm`, `/basic`, `/delegated`, `/session`, `/tls-only`; `/moved/x` sends to `/x`.
   */
  readonly http: string
  readonly https: string
  /** The path of the certificate to trust over https. */
  readonly ca: string
  /** The path of its log. */
  readonly log: string
}

/**
 * Apache with mod_auth_gssapi.
 *
 * @throws Error when it is not up.
 */
export function apacheGssapi(): ApacheGssapi {
  return {
    http: commandOf('apache-gssapi'),
    https: variable('LAB_APACHE_GSSAPI_TLS'),
    ca: variable('LAB_APACHE_GSSAPI_CA'),
    log: variable('LAB_APACHE_GSSAPI_LOG'),
  }
}

/** Squid, a proxy that wants Negotiate (as `HTTP/localhost` in MIT's realm), NTLM (winbind's accounts) or Digest. */
export interface Squid {
  /** `http://localhost:3128`. */
  readonly url: string
  /** Of Digest. */
  readonly realm: string
  /** The path of its access log. */
  readonly log: string
}

/**
 * Squid.
 *
 * @throws Error when it is not up.
 */
export function squid(): Squid {
  return { url: commandOf('squid'), realm: variable('LAB_SQUID_REALM'), log: variable('LAB_SQUID_LOG') }
}

function variable(name: string): string {
  return process.env[name] ?? ''
}

function reasonOf(name: PeerName): string {
  const lines = (process.env['LAB_MISSING'] ?? '').split('\n')
  return lines.find((line) => line.startsWith(`${name}: `)) ?? `${name}: not up, run the tests with lab/run`
}
