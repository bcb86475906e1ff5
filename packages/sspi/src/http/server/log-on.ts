import { ASC_RET_MISSING_BINDINGS, type AccessToken, type SecureSession } from '../../sspi/index.js'

/** A scheme of HTTP authentication, as it stands in WWW-Authenticate. */
export type OfferedScheme = 'Negotiate' | 'NTLM' | 'Digest' | 'Basic'

/** Who a request is of, and how that is known. */
export interface HttpLogOn {
  /** The client: what middleware puts into `req.user`. */
  readonly user: AccessToken
  /** The scheme that the client has answered. */
  readonly scheme: OfferedScheme
  /** The package that did the work: `'Kerberos'` or `'NTLM'` under Negotiate; `'Basic'` where an account database was asked. */
  readonly mechanism: string
  /** Whether this server has proven itself to the client in the same exchange. */
  readonly mutual: boolean
  /** Whether the client has sent the bindings of this very TLS connection. */
  readonly channelBound: boolean
  /** By what this request is the client's: credentials of its own, its connection, or a session cookie. */
  readonly from: 'exchange' | 'connection' | 'cookie'
  /** Until when the log-on is good. */
  readonly expiry: Date
  /**
   * The security context, for impersonation and for whatever else can be asked of it; it ends with the response, or with the connection
   * that the log-on is bound to. `undefined` where none stands any more (cookies), or never did (accounts by Basic).
   */
  readonly session: SecureSession | undefined
}

/** What is known of a client when its context stands. @throws `SspiError` when that is nobody; the context is ended then. */
export function logOnOf(session: SecureSession, scheme: OfferedScheme, bindingsGiven: boolean): HttpLogOn {
  try {
    return {
      user: session.accessToken,
      scheme,
      mechanism: session.mechanism,
      mutual: session.achieved.includes('mutual authentication'),
      channelBound: bindingsGiven && (session.contextAttr & ASC_RET_MISSING_BINDINGS) === 0,
      from: 'exchange',
      expiry: session.expiry,
      session,
    }
  } catch (error) {
    session[Symbol.dispose]()
    throw error
  }
}
