import { setTimeout as sleep } from 'node:timers/promises'
import type { AccessToken } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { readBasicCredentials, writeBasicChallenge, type SchemeValue } from '../messages/index.js'
import { logOnOf, type HttpLogOn } from './log-on.js'
import type { PasswordCheck } from './password-checks.js'
import type { Leg, SchemeOutcome } from './scheme-outcome.js'

/** What Basic needs to be told. */
export interface BasicSchemeParts {
  readonly realm: string
  readonly check: PasswordCheck
  /** No refusal comes sooner. */
  readonly refusalMilliseconds: number
}

/** Basic, RFC 7617, over TLS alone: the password itself comes, and is checked at once. */
export class BasicScheme {
  /** The challenge. */
  readonly challenge: string
  readonly #parts: BasicSchemeParts

  constructor(parts: BasicSchemeParts) {
    this.#parts = parts
    this.challenge = writeBasicChallenge(parts.realm)
  }

  /** @param value - What the client sent. */
  async answer(value: SchemeValue, { facts, signal }: Leg): Promise<SchemeOutcome> {
    const { check, refusalMilliseconds } = this.#parts
    // The password has gone over the network in clear already; it must not do for a log-on as well.
    if (!facts.secure) {
      return { kind: 'refused', error: new SspiError('SEC_E_SECURITY_QOS_FAILED', 'Basic: over TLS alone') }
    }
    // A KDC that does not know a user answers sooner than one that has a password to check.
    const soonest = sleep(refusalMilliseconds, undefined, { ref: false })
    try {
      const { user, password } = readBasicCredentials(value)
      const proven = await check(user, password, signal)
      const logOn = 'session' in proven ? logOnOf(proven.session, 'Basic', false) : withoutContext(proven.user)
      return { kind: 'accepted', logOn, fields: [], ofConnection: false }
    } catch (error) {
      await soonest
      if (!(error instanceof SspiError)) throw error
      return { kind: 'refused', error: UNAVAILABLE.includes(error.code) ? error : asDenied(error) }
    }
  }
}

function withoutContext(user: AccessToken): HttpLogOn {
  const { packageName: mechanism, expiry } = user
  const how = { mechanism, mutual: false, channelBound: false, from: 'exchange', session: undefined } as const
  return { user, scheme: 'Basic', expiry, ...how }
}

/** Nobody can say whether the password is right. */
const UNAVAILABLE: readonly SspiError['code'][] = [
  'SEC_E_NO_AUTHENTICATING_AUTHORITY',
  'SEC_E_INSUFFICIENT_MEMORY',
  'SEC_E_INTERNAL_ERROR',
  'SEC_E_CONTEXT_EXPIRED',
]

/** Whatever it was, the client is told one thing; the reason stays with it for whoever runs the server. */
function asDenied(cause: SspiError): SspiError {
  return cause.code === 'SEC_E_LOGON_DENIED'
    ? cause
    : new SspiError('SEC_E_LOGON_DENIED', `Basic: ${cause.message}`, { cause })
}
