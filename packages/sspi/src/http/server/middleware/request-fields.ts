import { SspiError } from '../../../status/index.js'
import type { HttpAuthenticated } from '../authenticator.js'
import type { HttpLogOn } from '../log-on.js'

/** Puts onto a request, or onto what a framework keeps beside it, who it is of. */
export function markAuthenticated(request: object, logOn: HttpLogOn): void {
  const fields: HttpAuthenticated = { user: logOn.user, logOn }
  Object.assign(request, fields)
}

/**
 * Who a request is of, as the middleware has found it: `request.user` and `request.logOn`, with their types.
 *
 * @param request - Node's own, or that of Express or Fastify.
 * @throws `SspiError` `SEC_E_NO_IMPERSONATION` when no middleware has authenticated it.
 */
export function authenticated(request: object): HttpAuthenticated {
  // Nobody else writes this field.
  const { user, logOn } = request as Partial<HttpAuthenticated>
  if (user !== undefined && logOn !== undefined) return { user, logOn }
  throw new SspiError(
    'SEC_E_NO_IMPERSONATION',
    'HTTP: the request was not authenticated: is the middleware in front of it?',
  )
}
