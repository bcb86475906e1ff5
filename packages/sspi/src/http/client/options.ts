import type { LookupFunction } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import { timerMilliseconds } from '../../io/timers/index.js'
import type { CredentialValue, HostDirectory, SecurityFunctionTable, SecWinntAuthIdentity } from '../../sspi/index.js'

/**
 * A way to authenticate with HTTP. `Kerberos` is a Negotiate header that carries nothing but Kerberos; `Basic` sends the
 * password itself.
 */
export type HttpScheme = 'Negotiate' | 'Kerberos' | 'Digest' | 'NTLM' | 'Basic'

/** Who a client is: a credential's value. */
export type HttpCredentials = CredentialValue | SecWinntAuthIdentity

/** A proxy. */
export interface ProxyOptions {
  /** `http://proxy.example.com:3128`, or `https://…` where the way to the proxy is TLS itself. A name and a password in it are refused. */
  readonly url: string | URL
  /** Who the proxy is told. Default: the credentials of the client. */
  readonly credentials?: HttpCredentials | undefined
  /** As {@link HttpClientOptions.schemes}, for the proxy. Default: as for servers. */
  readonly schemes?: readonly HttpScheme[] | undefined
}

/** What happened on the way, for people who want to see it: each message of an authentication. */
export interface HttpLeg {
  /** With whom. */
  readonly party: 'origin' | 'proxy'
  /** Whether we sent it. */
  readonly direction: 'sent' | 'received'
  /** The scheme of the header. */
  readonly scheme: string
  /** The token; the text of a response or a challenge with Digest; `undefined` for a header that is the scheme alone, and always with Basic. */
  readonly token: Uint8Array | undefined
  /** The response's status, where it was received. */
  readonly status: number | undefined
  /** The URL that was asked for. */
  readonly url: string
}

/** What a client needs of a security interface. */
export type HttpSecurity = Pick<
  SecurityFunctionTable,
  'acquireCredentialsHandle' | 'captureIdentity' | 'defaultCredentialsOwner' | 'initiate'
>

/** Options of {@link createClient}. */
export interface HttpClientOptions {
  /** The security interface, of `initSecurityInterface`. */
  readonly sspi: HttpSecurity
  /** Who the client is. Default: the packages' own default, which is nobody unless they are told. */
  readonly credentials?: HttpCredentials | undefined
  /**
   * The ways to authenticate, the best first: the first one that the server offers, and the credentials are good for, is taken.
   * Default `['Negotiate', 'Digest', 'NTLM']`. `Basic` is used inside of TLS alone.
   */
  readonly schemes?: readonly HttpScheme[] | undefined
  /**
   * The servers that may learn who the client is: `'www.example.com'`, `'*.example.com'` (any name under it), with a scheme or a
   * port in front or behind where it matters (`'https://*.example.com'`, `'localhost:8080'`). Default, for `fetch`: the origin of
   * the URL that it is called with; no redirect leads the credentials elsewhere.
   */
  readonly hosts?: readonly string[] | undefined
  /**
   * Whether servers must prove themselves. `true`: always, so that NTLM and Basic are not used, and Digest must bring its proof.
   * `false`: not asked for. Default: with Kerberos servers must; of proxies, and with Digest, a proof is checked where there is one.
   */
  readonly mutual?: boolean | undefined
  /** Hosts to which the client's Kerberos tickets may be delegated; as {@link hosts}. Default: none. */
  readonly delegateTo?: readonly string[] | undefined
  /**
   * Names the service that is asked for: `HTTP/www.example.com`. A function makes the whole name. Default: the host as it stands in
   * the URL, without its port.
   */
  readonly targetName?: TargetNameOptions | ((service: ServiceName) => string | Promise<string>) | undefined
  /** Whether to bind to the TLS channel (`tls-server-end-point`). Default `true`. */
  readonly channelBindings?: boolean | undefined
  /**
   * Whether to authenticate without being asked: `known`, where the server has asked for the same before; `always`, with
   * Negotiate or Kerberos from the first request on; `never`. Default `known`.
   */
  readonly preemptive?: 'known' | 'always' | 'never' | undefined
  /**
   * The proxy to use; `'environment'` goes by `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in capitals or not; a
   * function chooses for each URL. Default: none.
   */
  readonly proxy?: ProxyOptions | 'environment' | ((url: URL) => ProxyOptions | undefined) | undefined
  /** TLS: `ca`, a client's certificate, versions. Default: Node's. */
  readonly tls?: TlsOptions | undefined
  /** Finds the address of a host. Default: the system's. */
  readonly lookup?: LookupFunction | undefined
  /** Bounds in time. */
  readonly timeouts?: Partial<HttpTimeouts> | undefined
  /** Bounds in number and size. */
  readonly limits?: Partial<HttpClientLimits> | undefined
  /** Told each message of an authentication. **Whoever reads the tokens may be able to use them: they are not for logs.** */
  readonly onLeg?: ((leg: HttpLeg) => void) | undefined
}

/** A service that is to be named. */
export interface ServiceName {
  /** With whom. */
  readonly party: 'origin' | 'proxy'
  /** The host as it stands in the URL, in lower case; an IPv6 address without its brackets. */
  readonly host: string
  /** Its port. */
  readonly port: number
  /** The URL that is asked for, or the proxy's. */
  readonly url: URL
}

/** How the name of a service is made. */
export interface TargetNameOptions {
  /** Whether the host is called by its canonical name in DNS, of which nothing is authentic. A directory says whom to ask. Default `false`. */
  readonly canonical?: boolean | HostDirectory | undefined
  /** Whether a port that is not the scheme's own belongs to the name. Default `false`. */
  readonly port?: boolean | undefined
}

/** TLS, as `tls.connect` takes it. */
export interface TlsOptions extends SecureContextOptions {
  /** Whether a certificate that is not trusted ends the connection. Default `true`: with `false` anybody can be the server. */
  readonly rejectUnauthorized?: boolean | undefined
}

/** Bounds in time, in seconds. */
export interface HttpTimeouts {
  /** Until a connection stands: name, TCP, TLS, and a proxy's CONNECT. Default 30. */
  readonly connectSeconds: number
  /** From the end of a request to the head of its response. Default 300. */
  readonly headersSeconds: number
  /** Between two pieces of a response, or of a request's body. Default 300. */
  readonly bodySeconds: number
  /** For how long a connection that nobody uses is kept. Default 60. */
  readonly keepAliveSeconds: number
  /** For how long a server may take to say `100 Continue` before the body is sent all the same. Default 1. */
  readonly continueSeconds: number
}

/** Bounds in number and size. */
export interface HttpClientLimits {
  /** Connections at a time for one origin and one identity; further requests wait. Default 64. */
  readonly maxConnections: number
  /** Requests that one call may lead to before it is answered, redirects aside. Default 12. */
  readonly maxLegs: number
  /** Redirects that are followed. Default 20. */
  readonly maxRedirects: number
  /** The head of a response, in bytes. Default 65,536. */
  readonly maxHeaderBytes: number
  /** The body of a challenge that is read over, in bytes; beyond it the connection is given up. Default 1,048,576. */
  readonly maxChallengeBodyBytes: number
  /** The body of a request that could be sent once only, and is kept in memory so that it can be sent again, in bytes. Default 1,048,576. */
  readonly maxReplayBytes: number
}

/** Times as they are waited for, in milliseconds. */
export type Milliseconds = {
  readonly [K in keyof HttpTimeouts as K extends `${infer Name}Seconds` ? Name : never]: number
}

/** The options with their defaults in place. */
export interface HttpSettings extends Pick<
  HttpClientOptions,
  'sspi' | 'credentials' | 'mutual' | 'targetName' | 'proxy' | 'tls' | 'lookup' | 'onLeg'
> {
  readonly schemes: readonly HttpScheme[]
  readonly delegateTo: readonly string[]
  readonly channelBindings: boolean
  readonly preemptive: 'known' | 'always' | 'never'
  readonly timeouts: Milliseconds
  readonly limits: HttpClientLimits
}

const SCHEMES: readonly HttpScheme[] = ['Negotiate', 'Kerberos', 'Digest', 'NTLM', 'Basic']
const DEFAULT_SCHEMES: readonly HttpScheme[] = ['Negotiate', 'Digest', 'NTLM']

const DEFAULT_TIMEOUTS: HttpTimeouts = {
  connectSeconds: 30,
  headersSeconds: 300,
  bodySeconds: 300,
  keepAliveSeconds: 60,
  continueSeconds: 1,
}

const DEFAULT_LIMITS: HttpClientLimits = {
  maxConnections: 64,
  maxLegs: 12,
  maxRedirects: 20,
  maxHeaderBytes: 65_536,
  maxChallengeBodyBytes: 1_048_576,
  maxReplayBytes: 1_048_576,
}

/** Puts the defaults in place. @throws `TypeError` for a bound that is none, or a scheme that is not known. */
export function readSettings(options: HttpClientOptions): HttpSettings {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...withoutUndefined(options.timeouts) }
  const limits = { ...DEFAULT_LIMITS, ...withoutUndefined(options.limits) }
  for (const [name, count] of Object.entries(limits)) {
    if (!Number.isSafeInteger(count) || count < 0) throw new TypeError(`${name}: ${String(count)} is no bound`)
  }
  return {
    ...options,
    schemes: readSchemeNames(options.schemes ?? DEFAULT_SCHEMES),
    delegateTo: options.delegateTo ?? [],
    channelBindings: options.channelBindings ?? true,
    preemptive: options.preemptive ?? 'known',
    timeouts: {
      connect: timerMilliseconds(timeouts.connectSeconds, 'connectSeconds'),
      headers: timerMilliseconds(timeouts.headersSeconds, 'headersSeconds'),
      body: timerMilliseconds(timeouts.bodySeconds, 'bodySeconds'),
      keepAlive: timerMilliseconds(timeouts.keepAliveSeconds, 'keepAliveSeconds'),
      continue: timerMilliseconds(timeouts.continueSeconds, 'continueSeconds'),
    },
    limits,
  }
}

/** @throws `TypeError` for a scheme that is not known, or none. */
function readSchemeNames(schemes: readonly HttpScheme[]): readonly HttpScheme[] {
  if (schemes.length === 0) throw new TypeError('schemes: none')
  for (const each of schemes) {
    if (!SCHEMES.includes(each)) throw new TypeError(`schemes: ${each} is none of ${SCHEMES.join(', ')}`)
  }
  return schemes
}

/** An option that is `undefined` is one that is left out. */
function withoutUndefined<T extends object>(given: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined)) as Partial<T>
}
