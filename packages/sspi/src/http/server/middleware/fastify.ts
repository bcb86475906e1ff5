import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { HttpAuthenticator } from '../authenticator.js'
import { resetForHttp1 } from '../decision.js'
import type { HeaderField } from '../scheme-outcome.js'
import { markAuthenticated } from './request-fields.js'

/** A request of Fastify, as far as it is needed. */
export interface FastifyRequestLike {
  /** Node's own. */
  readonly raw: IncomingMessage | Http2ServerRequest
  /** As it stood in the request line. */
  readonly originalUrl: string
}

/** A reply of Fastify, as far as it is needed. */
export interface FastifyReplyLike {
  /** Node's own. */
  readonly raw: ServerResponse | Http2ServerResponse
  /** Sets the status. */
  code(status: number): unknown
  /** Sets a field. */
  header(name: string, value: string | readonly string[]): unknown
  /** Answers. */
  send(body: string): unknown
  /** Takes the response from Fastify. */
  hijack(): unknown
}

/** An instance of Fastify, as far as it is needed. */
export interface FastifyLike {
  /** Announces a field of requests. */
  decorateRequest(name: string, value: null): unknown
  /** Is called for each request, before its body is read. */
  addHook(name: 'onRequest', hook: (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown>): unknown
}

/** A plugin of Fastify. */
export type FastifyPlugin = (instance: FastifyLike, options: object, done: (error?: Error) => void) => void

/**
 * A plugin for Fastify 5: every route of the instance that it is registered in gets `request.user` and `request.logOn`
 * ({@link authenticated} has their types); those that are not authenticated are answered.
 *
 * ```ts
 * app.register(fastifyAuthentication(authenticator))
 * ```
 */
export function fastifyAuthentication(authenticator: HttpAuthenticator): FastifyPlugin {
  const plugin: FastifyPlugin = (instance, _options, done) => {
    instance.decorateRequest('user', null)
    instance.decorateRequest('logOn', null)
    instance.addHook('onRequest', async (request, reply) => {
      const decision = await authenticator.decide(request.raw, reply.raw, { uri: request.originalUrl })
      switch (decision.kind) {
        case 'accepted':
          for (const [name, values] of byName(decision.fields)) reply.header(name, values)
          markAuthenticated(request, decision.logOn)
          return undefined
        case 'refused':
          reply.code(decision.status)
          for (const [name, values] of byName(decision.fields)) reply.header(name, values)
          return reply.send(decision.body)
        case 'http-1.1-required':
          reply.hijack()
          resetForHttp1(reply.raw)
          return reply
      }
    })
    done()
  }
  // What fastify-plugin does: the hook is for the instance itself, not for a child of it.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true, [Symbol.for('fastify.display-name')]: 'sspi' })
}

function byName(fields: readonly HeaderField[]): ReadonlyMap<string, string | readonly string[]> {
  const found = new Map<string, string | readonly string[]>()
  for (const [name, value] of fields) {
    const before = found.get(name)
    found.set(name, before === undefined ? value : [before, value].flat())
  }
  return found
}
