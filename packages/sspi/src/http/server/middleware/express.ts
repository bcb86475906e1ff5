import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpAuthenticator } from '../authenticator.js'
import { markAuthenticated } from './request-fields.js'

/** Middleware as Express (4 and 5), Connect and others like them take it. */
export type ConnectMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Middleware for Express 4 and 5: requests go on with `request.user`, the client's access token, and `request.logOn`, how that is
 * known ({@link authenticated} has their types). Those that are not authenticated have been answered.
 *
 * ```ts
 * app.use(expressAuthentication(authenticator)) // or for some routes alone
 * app.get('/', (request, response) => response.send(`hello ${authenticated(request).user.qualifiedName}`))
 * ```
 *
 * Put it in front of what reads bodies: a refused request's body is thrown away.
 */
export function expressAuthentication(authenticator: HttpAuthenticator): ConnectMiddleware {
  return (request, response, next) => {
    authenticator.authenticate(request, response).then((logOn) => {
      if (logOn === undefined) return
      markAuthenticated(request, logOn)
      next()
    }, next)
  }
}
