import type { FailureName } from '../sspi/index.js'
import { alertName, alertNumber, alertStatus } from './alerts.js'

/** Why a handshake broke off. */
export interface HandshakeFailure {
  readonly code: FailureName
  readonly message: string
}

/** OpenSSL's reasons that are not alerts of the peer, by a piece of Node's code for them. The first that fits counts. */
const REASONS: readonly (readonly [RegExp, FailureName])[] = [
  [
    /NO_SHARED|NO_CIPHER|NO_SUITABLE|NO_COMPATIBLE|UNSUPPORTED_PROTOCOL|VERSION_TOO|WRONG_CURVE/,
    'SEC_E_ALGORITHM_MISMATCH',
  ],
  [/NO_APPLICATION_PROTOCOL/, 'SEC_E_APPLICATION_PROTOCOL_MISMATCH'],
  [/INAPPROPRIATE_FALLBACK|DOWNGRADE/, 'SEC_E_DOWNGRADE_DETECTED'],
  [/DECRYPTION_FAILED|BAD_RECORD_MAC|BAD_DECRYPT|DIGEST_CHECK_FAILED|BAD_SIGNATURE/, 'SEC_E_MESSAGE_ALTERED'],
  [
    /WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|HTTP_REQUEST|LENGTH_MISMATCH|LENGTH_TOO|BAD_PACKET|BAD_LENGTH|DECODE/,
    'SEC_E_INVALID_TOKEN',
  ],
]

/** What a failure of the engine means. @param code - Node's: `ERR_SSL_…`. */
export function handshakeFailure(code: string, message: string): HandshakeFailure {
  const alert = peersAlert(code)
  if (alert !== undefined) {
    return { code: alertStatus(alert), message: `TLS: the peer gave up with the alert ${alertName(alert)}` }
  }
  const status = REASONS.find(([pattern]) => pattern.test(code))?.[1] ?? 'SEC_E_ILLEGAL_MESSAGE'
  // OpenSSL's words are about the protocol and hold no secret.
  return { code: status, message: `TLS: the handshake failed: ${reasonOf(code, message)}` }
}

/** The number of the peer's alert, which OpenSSL has in its reason: `ERR_SSL_TLSV1_ALERT_UNKNOWN_CA`. */
function peersAlert(code: string): number | undefined {
  const name = /_ALERT_([A-Z_]+)$/.exec(code)?.[1]?.toLowerCase()
  if (name !== undefined) return alertNumber(OLD_NAMES.get(name) ?? name)
  return alertNumber(/^ERR_SSL_TLSV1_([A-Z_]+)$/.exec(code)?.[1]?.toLowerCase() ?? '')
}

/** OpenSSL's own names of some alerts. */
const OLD_NAMES: ReadonlyMap<string, string> = new Map([
  ['user_cancelled', 'user_canceled'],
  ['no_certificate', 'certificate_unknown'],
])

/** `error:0A0000C1:SSL routines::no shared cipher` has its reason behind the last colon. */
function reasonOf(code: string, message: string): string {
  const reason = /SSL routines:[^:]*:([^:\n]+)/.exec(message)?.[1]
  return reason ?? code
}
