import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpAuthenticator } from '../authenticator.js'
import { putFields } from '../decision.js'
import type { HttpLogOn } from '../log-on.js'

/** What Passport gives to a strategy for one request. */
export interface PassportActions {
  /** Somebody is known. */
  success(user: unknown, info?: unknown): void
  /** Nobody is. */
  fail(challenge?: string, status?: number): void
  /** Something is wrong. */
  error(error: unknown): void
}

/** A strategy of Passport. */
export interface PassportStrategy {
  /** By what `passport.authenticate` finds it. */
  readonly name: string
  /** Looks at a request. */
  authenticate(this: PassportActions, request: IncomingMessage & { readonly res?: ServerResponse }): void
}

/** Options of {@link passportStrategy}. */
export interface PassportStrategyOptions {
  /** By what `passport.authenticate` finds it. Default `'sspi'`. */
  readonly name?: string | undefined
  /** The application's own user for a client; `false` lets it not in. Default: the access token. */
  readonly userOf?: ((logOn: HttpLogOn) => unknown) | undefined
}

/**
 * A strategy for Passport (0.6 and 0.7) on Express. The client's log-on is Passport's `info`, and `request.authInfo` where that is asked for.
 *
 * ```ts
 * passport.use(passportStrategy(authenticator))
 * app.use(passport.authenticate('sspi', { session: false }))
 * ```
 *
 * Leave Passport's sessions off for it: the authenticator has its own, and a log-on of the connection needs none. Its challenges are put on
 * the response; a strategy behind it that lets the client in leaves them there.
 */
export function passportStrategy(
  authenticator: HttpAuthenticator,
  { name = 'sspi', userOf = ({ user }) => user }: PassportStrategyOptions = {},
): PassportStrategy {
  return {
    name,
    authenticate(request) {
      const response = request.res
      if (response === undefined) {
        this.error(new TypeError('passportStrategy: request.res is missing; Express has it'))
        return
      }
      const look = async (): Promise<void> => {
        const decision = await authenticator.decide(request, response)
        switch (decision.kind) {
          case 'accepted': {
            putFields(response, decision.fields)
            const user = await userOf(decision.logOn)
            if (user === false) this.fail(undefined, 403)
            else this.success(user, decision.logOn)
            return
          }
          case 'refused':
            // The body is Passport's, and so are its type and length.
            putFields(
              response,
              decision.fields.filter(([field]) => !field.startsWith('Content-')),
            )
            this.fail(undefined, decision.status)
            return
          case 'http-1.1-required': // cannot be: Express has HTTP/1 alone
            this.fail(undefined, 400)
        }
      }
      look().catch((error: unknown) => this.error(error))
    },
  }
}
