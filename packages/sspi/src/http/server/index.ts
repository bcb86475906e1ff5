export type { HttpLogOn, OfferedScheme } from './log-on.js'
export {
  createHttpAuthenticator,
  type HttpAuthenticated,
  type HttpAuthenticator,
  type HttpDecideOptions,
} from './authenticator.js'
export type { HttpDecision } from './decision.js'
export {
  authenticated,
  expressAuthentication,
  fastifyAuthentication,
  honoAuthentication,
  koaAuthentication,
  passportStrategy,
  type ConnectMiddleware,
  type FastifyLike,
  type FastifyPlugin,
  type FastifyReplyLike,
  type FastifyRequestLike,
  type HonoContextLike,
  type HonoMiddleware,
  type HonoVariables,
  type KoaContextLike,
  type KoaMiddleware,
  type PassportActions,
  type PassportStrategy,
  type PassportStrategyOptions,
} from './middleware/index.js'
export type {
  HttpAuthenticatorOptions,
  HttpCookieOptions,
  HttpPersistence,
  HttpRefusalPage,
  HttpServerLimits,
} from './options.js'
export {
  accountPasswords,
  kdcPasswords,
  type KdcPasswordOptions,
  type PasswordCheck,
  type ProvenByPassword,
} from './password-checks.js'
export type { HttpServerRequest, HttpServerResponse } from './node-messages.js'
export type { HeaderField } from './scheme-outcome.js'
