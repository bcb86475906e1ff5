import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { HttpAuthenticator } from '../authenticator.js'
import { resetForHttp1 } from '../decision.js'
import { markAuthenticated } from './request-fields.js'

/** A context of Koa, as far as it is needed. */
export interface KoaContextLike {
  /** Node's own request. */
  readonly req: IncomingMessage | Http2ServerRequest
  /** Node's own response. */
  readonly res: ServerResponse | Http2ServerResponse
  /** As it stood in the request line. */
  readonly originalUrl: string
  /** Where middleware puts what it knows. */
  readonly state: object
  /** The status of the response. */
  status: number
  /** The body of the response. */
  body: unknown
  /** Whether Koa answers itself. */
  respond?: boolean | undefined
  /** Adds a field. */
  append(name: string, value: string): void
}

/** Middleware of Koa. */
export type KoaMiddleware = (context: KoaContextLike, next: () => Promise<unknown>) => Promise<void>

/**
 * Middleware for Koa 2 and 3: what comes behind it finds `ctx.state.user`, the client's access token, and `ctx.state.logOn`, how that is
 * known. Requests that are not authenticated are answered.
 *
 * ```ts
 * app.use(koaAuthentication(authenticator))
 * ```
 */
export function koaAuthentication(authenticator: HttpAuthenticator): KoaMiddleware {
  return async (context, next) => {
    const decision = await authenticator.decide(context.req, context.res, { uri: context.originalUrl })
    if (decision.kind === 'http-1.1-required') {
      context.respond = false
      resetForHttp1(context.res)
      return
    }
    if (decision.kind === 'refused') context.status = decision.status
    for (const [name, value] of decision.fields) context.append(name, value)
    if (decision.kind === 'refused') {
      context.body = decision.body
      return
    }
    const { logOn } = decision
    markAuthenticated(context.state, logOn)
    await next()
  }
}
