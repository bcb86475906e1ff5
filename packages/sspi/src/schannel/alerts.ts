import type { FailureName } from '../sspi/index.js'

interface Alert {
  /** As in RFC 8446 §6. */
  readonly name: string
  /** What it means to whoever gets it, as Windows answers. */
  readonly status: FailureName
}

/** Alerts by their numbers, RFC 8446 section 6 and RFC 5246 section 7.2. */
const ALERTS: ReadonlyMap<number, Alert> = new Map<number, Alert>([
  [0, { name: 'close_notify', status: 'SEC_E_CONTEXT_EXPIRED' }],
  [10, { name: 'unexpected_message', status: 'SEC_E_ILLEGAL_MESSAGE' }],
  [20, { name: 'bad_record_mac', status: 'SEC_E_MESSAGE_ALTERED' }],
  [21, { name: 'decryption_failed', status: 'SEC_E_DECRYPT_FAILURE' }],
  [22, { name: 'record_overflow', status: 'SEC_E_ILLEGAL_MESSAGE' }],
  [40, { name: 'handshake_failure', status: 'SEC_E_ILLEGAL_MESSAGE' }],
  [42, { name: 'bad_certificate', status: 'SEC_E_CERT_UNKNOWN' }],
  [43, { name: 'unsupported_certificate', status: 'SEC_E_CERT_UNKNOWN' }],
  [44, { name: 'certificate_revoked', status: 'CRYPT_E_REVOKED' }],
  [45, { name: 'certificate_expired', status: 'SEC_E_CERT_EXPIRED' }],
  [46, { name: 'certificate_unknown', status: 'SEC_E_CERT_UNKNOWN' }],
  [47, { name: 'illegal_parameter', status: 'SEC_E_ILLEGAL_MESSAGE' }],
  [48, { name: 'unknown_ca', status: 'SEC_E_UNTRUSTED_ROOT' }],
  [49, { name: 'access_denied', status: 'SEC_E_LOGON_DENIED' }],
  [50, { name: 'decode_error', status: 'SEC_E_ILLEGAL_MESSAGE' }],
  [51, { name: 'decrypt_error', status: 'SEC_E_DECRYPT_FAILURE' }],
  [70, { name: 'protocol_version', status: 'SEC_E_UNSUPPORTED_FUNCTION' }],
  [71, { name: 'insufficient_security', status: 'SEC_E_ALGORITHM_MISMATCH' }],
  [80, { name: 'internal_error', status: 'SEC_E_INTERNAL_ERROR' }],
  [86, { name: 'inappropriate_fallback', status: 'SEC_E_DOWNGRADE_DETECTED' }],
  [90, { name: 'user_canceled', status: 'SEC_E_UNFINISHED_CONTEXT_DELETED' }],
  [100, { name: 'no_renegotiation', status: 'SEC_E_UNSUPPORTED_FUNCTION' }],
  [109, { name: 'missing_extension', status: 'SEC_E_ILLEGAL_MESSAGE' }],
  [110, { name: 'unsupported_extension', status: 'SEC_E_ILLEGAL_MESSAGE' }],
  [112, { name: 'unrecognized_name', status: 'SEC_E_WRONG_PRINCIPAL' }],
  [113, { name: 'bad_certificate_status_response', status: 'SEC_E_CERT_UNKNOWN' }],
  [115, { name: 'unknown_psk_identity', status: 'SEC_E_LOGON_DENIED' }],
  [116, { name: 'certificate_required', status: 'SEC_E_NO_CREDENTIALS' }],
  [120, { name: 'no_application_protocol', status: 'SEC_E_APPLICATION_PROTOCOL_MISMATCH' }],
])

const NUMBERS: ReadonlyMap<string, number> = new Map([...ALERTS].map(([number, { name }]) => [name, number]))

/** The name of an alert; its number where it has none. */
export function alertName(number: number): string {
  return ALERTS.get(number)?.name ?? `alert ${number}`
}

/** What an alert of the peer means. */
export function alertStatus(number: number): FailureName {
  return ALERTS.get(number)?.status ?? 'SEC_E_ILLEGAL_MESSAGE'
}

/** The number of an alert. */
export function alertNumber(name: string): number | undefined {
  return NUMBERS.get(name)
}
