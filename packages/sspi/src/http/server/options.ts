import { MAX_TIMER_MILLISECONDS } from '../../io/timers/index.js'
import type {
  AccessToken,
  ChannelBindings,
  CredentialValue,
  CredHandle,
  SecurityFunctionTable,
  SecWinntAuthIdentity,
  SspiError,
} from '../../sspi/index.js'
import { writeBasicChallenge } from '../messages/index.js'
import type { OfferedScheme } from './log-on.js'
import type { PasswordCheck } from './password-checks.js'
import type { HttpServerRequest } from './node-messages.js'

/** Which log-ons hold for the later requests of their connection. */
export type HttpPersistence = 'none' | 'ntlm' | 'all'

/** Options of {@link createHttpAuthenticator}. */
export interface HttpAuthenticatorOptions {
  /** The security interface, of `initSecurityInterface`: accounts, KDC, stores and clock are its own. */
  readonly sspi: Pick<SecurityFunctionTable, 'accept' | 'acquireCredentialsHandle' | 'hasAccounts'>
  /** What is offered, the best first. Clients take the first that they can, or the strongest. Default `['Negotiate']`. */
  readonly schemes?: readonly OfferedScheme[] | undefined
  /**
   * Of Negotiate: the server's keytab, for Kerberos. With a value it is read again now and then, so that a new keytab needs no restart; a
   * handle of `acquireCredentialsHandle` stays the caller's. Where the interface has no accounts, NTLM has no part in what is made of a
   * value. Default: the package's own, which is NTLM alone.
   */
  readonly credentials?: CredentialValue | SecWinntAuthIdentity | CredHandle | undefined
  /** Who checks the passwords of Basic: {@link kdcPasswords}, {@link accountPasswords}, or a function. Needed where Basic is offered. */
  readonly passwords?: PasswordCheck | undefined
  /** What Basic calls the accounts it asks for: people are shown it. Latin letters. Default `'sspi'`. Digest's realm is the interface's. */
  readonly basicRealm?: string | undefined
  /**
   * Which log-ons hold for the later requests of their connection: those of NTLM, as its clients expect (`ntlm`); those of Kerberos
   * too, as IIS has it with authPersistNonNTLM (`all`); or every request must bring its own (`none`). A request that came through
   * a proxy (it has a Via, Forwarded or X-Forwarded-For field) neither inherits nor leaves one, whatever stands here. Default `ntlm`.
   */
  readonly persist?: HttpPersistence | undefined
  /**
   * Extended protection against relays. `supported`: over TLS a client's channel bindings must be this connection's where it sends any;
   * `required`: it must send them, and without TLS it must name one of `targetNames`; `none`: nothing is compared. Basic has no
   * part in it. Default `supported`.
   */
  readonly extendedProtection?: 'none' | 'supported' | 'required' | undefined
  /**
   * The names by which clients may mean this server, `HTTP/www.example.com`; with this connection's port behind them too, which some clients
   * (Chromium) put there. Default: any that there is a key for, and any at all with NTLM and Digest.
   */
  readonly targetNames?: readonly string[] | undefined
  /** Lets a client that has logged on come back by a sealed cookie for a while. Default: no cookie is given or taken. */
  readonly cookie?: HttpCookieOptions | undefined
  /** Bounds on what clients can make the server spend. */
  readonly limits?: Partial<HttpServerLimits> | undefined
  /**
   * Whether a request came over TLS: without it Basic is neither offered nor taken, and no cookie is given. Default: what the
   * socket says. Behind a proxy that ends TLS, say here what is known of it, by `true` at once or no, and never believe a field that clients can write.
   */
  readonly isSecure?: ((request: HttpServerRequest) => boolean) | undefined
  /**
   * The bindings of the channel in which a client's tokens are, where TLS ends before this server: see
   * {@link endPointBindings}. Default: made from the certificate that this connection was opened with.
   */
  readonly channelBindings?: ((request: HttpServerRequest) => ChannelBindings | undefined) | undefined
  /** The client's address, by which the limits count. Default: the connection's. */
  readonly addressOf?: ((request: HttpServerRequest) => string | undefined) | undefined
  /** What people see with a refusal. Default: the status in words. */
  readonly refusalPage?: ((status: number, request: HttpServerRequest) => HttpRefusalPage) | undefined
  /** Told why somebody was refused. The client is told no more than the status. Default: nobody. */
  readonly onRefused?: ((error: SspiError, request: HttpServerRequest) => void) | undefined
  /** The clock, for what ends. Default: the system's. For tests. */
  readonly now?: (() => Date) | undefined
}

/** Options of the session cookie. */
export interface HttpCookieOptions {
  /**
   * 32 secret bytes that seal the cookies, the same on all machines that serve one name; copied. Several when a key is being changed: the
   * first seals, all of them open.
   */
  readonly key: Uint8Array | readonly Uint8Array[]
  /** How long a cookie is good, in seconds; never longer than the log-on. Default 900. */
  readonly seconds?: number | undefined
  /** Its name. Default `'__Host-sspi'`; `'sspi'` where it may go without TLS. */
  readonly name?: string | undefined
  /** Whether browsers send it with requests that other sites cause. Default `'Strict'`: those log on anew. */
  readonly sameSite?: 'Strict' | 'Lax' | undefined
  /** Whether it is given and taken without TLS, where everybody on the way can take it for himself. Default `false`. */
  readonly insecureAllowWithoutTls?: boolean | undefined
  /**
   * Asked each time a cookie comes: whether that log-on still counts. Default: until the cookie ends, whatever becomes of the
   * account meanwhile.
   */
  readonly stillValid?: ((user: AccessToken) => boolean | Promise<boolean>) | undefined
}

/** The body of a refusal. */
export interface HttpRefusalPage {
  /** Its media type: `text/html; charset=utf-8`. */
  readonly type: string
  /** The body itself. */
  readonly body: string
}

/** Bounds of an authenticator; see docs/limits.md. */
export interface HttpServerLimits {
  /** How many authentications may be under way at once, those that wait for a client's next leg among them. Default 1,000. */
  readonly maxHalfOpen: number
  /** As many of them may be of one address, or one network of IPv6 (/64). Default 100. */
  readonly maxHalfOpenPerAddress: number
  /** How long this server may take over a leg, and the client to come with the next one, in seconds. Default 30. */
  readonly authenticationSeconds: number
  /** The longest Authorization field that is read, in characters. Node's `maxHeaderSize` (16 KiB) comes before it. Default 65,536. */
  readonly maxAuthorizationLength: number
  /** How much of the body of a refused request is read and thrown away before the connection ends, in bytes. Default 1,048,576. */
  readonly maxDiscardedBytes: number
  /** For how long, in seconds. Default 10. */
  readonly discardSeconds: number
  /** How many requests of one connection may wait for each other (pipelining). Default 32. */
  readonly maxPipelined: number
  /** No refusal of Basic is given sooner, in milliseconds: unknown users take as long as wrong passwords. Default 500. */
  readonly basicRefusalMilliseconds: number
  /** How long the credentials are good that were made of a value, before it is read again, in seconds. Default 60. */
  readonly credentialSeconds: number
}

/** The limits that hold where none are given. */
export const DEFAULT_HTTP_SERVER_LIMITS: HttpServerLimits = {
  maxHalfOpen: 1_000,
  maxHalfOpenPerAddress: 100,
  authenticationSeconds: 30,
  maxAuthorizationLength: 65_536,
  maxDiscardedBytes: 1_048_576,
  discardSeconds: 10,
  maxPipelined: 32,
  basicRefusalMilliseconds: 500,
  credentialSeconds: 60,
}

/** The options with their defaults in place. */
export interface HttpServerSettings extends HttpAuthenticatorOptions {
  readonly schemes: readonly OfferedScheme[]
  readonly basicRealm: string
  readonly persist: HttpPersistence
  readonly extendedProtection: 'none' | 'supported' | 'required'
  readonly limits: HttpServerLimits
  readonly now: () => Date
}

const SCHEMES: readonly OfferedScheme[] = ['Negotiate', 'NTLM', 'Digest', 'Basic']

/** Puts the defaults in place. @throws `TypeError` for what cannot be. */
export function readOptions(options: HttpAuthenticatorOptions): HttpServerSettings {
  const { schemes = ['Negotiate'], limits } = options
  if (schemes.length === 0) throw new TypeError('schemes: none')
  for (const [index, scheme] of schemes.entries()) {
    if (!SCHEMES.includes(scheme)) throw new TypeError(`schemes: there is no '${scheme}': ${SCHEMES.join(', ')}`)
    if (schemes.indexOf(scheme) !== index) throw new TypeError(`schemes: ${scheme} twice`)
  }
  if (schemes.includes('Basic') && options.passwords === undefined) {
    throw new TypeError('passwords: Basic needs somebody who checks them: kdcPasswords() or accountPasswords()')
  }
  const { basicRealm = 'sspi' } = options
  requireRealm(basicRealm)
  const bounds: HttpServerLimits = { ...DEFAULT_HTTP_SERVER_LIMITS, ...limits }
  for (const [name, value] of Object.entries(bounds) as [string, number][]) {
    if (!(value >= 0 && value <= MAX_BOUND)) throw new TypeError(`limits.${name}: ${value} is no bound`)
  }
  return {
    ...options,
    schemes,
    basicRealm,
    persist: options.persist ?? 'ntlm',
    extendedProtection: options.extendedProtection ?? 'supported',
    limits: bounds,
    now: options.now ?? (() => new Date()),
  }
}

/** Said at once, and not to the first client. @throws `TypeError` for a realm that no challenge can name. */
function requireRealm(realm: string): void {
  try {
    writeBasicChallenge(realm)
  } catch (cause) {
    throw new TypeError('basicRealm: it holds what no header field may', { cause })
  }
}

/** Numbers, and milliseconds of a timer of Node's even when they were given as seconds. */
const MAX_BOUND = MAX_TIMER_MILLISECONDS / 1000
