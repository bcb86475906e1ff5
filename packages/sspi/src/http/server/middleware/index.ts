export { expressAuthentication, type ConnectMiddleware } from './express.js'
export {
  fastifyAuthentication,
  type FastifyLike,
  type FastifyPlugin,
  type FastifyReplyLike,
  type FastifyRequestLike,
} from './fastify.js'
export { honoAuthentication, type HonoContextLike, type HonoMiddleware, type HonoVariables } from './hono.js'
export { koaAuthentication, type KoaContextLike, type KoaMiddleware } from './koa.js'
export {
  passportStrategy,
  type PassportActions,
  type PassportStrategy,
  type PassportStrategyOptions,
} from './passport.js'
export { authenticated } from './request-fields.js'
