import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { AccessToken } from '../../../sspi/index.js'
import type { HttpAuthenticator } from '../authenticator.js'
import { putFields, resetForHttp1 } from '../decision.js'
import type { HttpLogOn } from '../log-on.js'
import type { HeaderField } from '../scheme-outcome.js'

/** A context of Hono on `@hono/node-server`, as far as it is needed. */
export interface HonoContextLike {
  /** Node's own request and response: log-ons may be of the connection, of which Web requests know nothing. */
  readonly env: {
    /** Node's own request. */
    readonly incoming: IncomingMessage | Http2ServerRequest
    /** Node's own response. */
    readonly outgoing: ServerResponse | Http2ServerResponse
  }
  /** Keeps a variable of the request. */
  set(name: string, value: unknown): void
}

/** The variables that {@link honoAuthentication} sets: `new Hono<{ Bindings: HttpBindings; Variables: HonoVariables }>()`. */
export interface HonoVariables {
  /** The client. */
  user: AccessToken
  /** How that is known. */
  logOn: HttpLogOn
}

/** Middleware of Hono. */
export type HonoMiddleware = (context: HonoContextLike, next: () => Promise<void>) => Promise<Response | undefined>

/**
 * Middleware for Hono 4 on `@hono/node-server` 2: what comes behind it finds `c.get('user')`, the client's access token, and
 * `c.get('logOn')`, how that is known. Requests that are not authenticated are answered.
 *
 * ```ts
 * app.use(honoAuthentication(authenticator))
 * ```
 */
export function honoAuthentication(authenticator: HttpAuthenticator): HonoMiddleware {
  return async (context, next) => {
    const { incoming, outgoing } = context.env
    const decision = await authenticator.decide(incoming, outgoing)
    if (decision.kind === 'http-1.1-required') {
      resetForHttp1(outgoing)
      return new Response(null, { status: 421 }) // which nobody gets: the stream is closed
    }
    // The headers of a Web response join the challenges to one field, of which many clients read the first alone.
    putFields(outgoing, decision.kind === 'refused' ? decision.fields.filter(isChallenge) : decision.fields)
    if (decision.kind === 'refused') {
      const others = decision.fields
        .filter((field) => !isChallenge(field))
        .map(([name, value]): [string, string] => [name, value])
      return new Response(decision.body, { status: decision.status, headers: others })
    }
    context.set('user', decision.logOn.user)
    context.set('logOn', decision.logOn)
    await next()
    return undefined
  }
}

function isChallenge([name]: HeaderField): boolean {
  return name === 'WWW-Authenticate'
}
