// The names of the fields that authentication stands in, RFC 9110 §11.6 and §11.7: once for the origin, once for a proxy.

/** Where the messages of one authentication stand: those with an origin server, or those with a proxy. */
export interface AuthFields {
  /** The status of a response that carries challenges. */
  readonly status: 401 | 407
  /** The field with the challenges, in lower case. */
  readonly challenge: 'www-authenticate' | 'proxy-authenticate'
  /** The field with the client's credentials, in lower case. */
  readonly credentials: 'authorization' | 'proxy-authorization'
  /** The field with what the server says of an authentication that succeeded, in lower case. */
  readonly info: 'authentication-info' | 'proxy-authentication-info'
}

/** With an origin server. */
export const ORIGIN_FIELDS: AuthFields = {
  status: 401,
  challenge: 'www-authenticate',
  credentials: 'authorization',
  info: 'authentication-info',
}

/** With a proxy. */
export const PROXY_FIELDS: AuthFields = {
  status: 407,
  challenge: 'proxy-authenticate',
  credentials: 'proxy-authorization',
  info: 'proxy-authentication-info',
}
