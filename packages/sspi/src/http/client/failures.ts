import { SspiError, type FailureName } from '../../status/index.js'

/** OpenSSL's and Node's names of what is wrong with a certificate. */
const CERTIFICATE_CODES: ReadonlyMap<string, FailureName> = new Map<string, FailureName>([
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'SEC_E_WRONG_PRINCIPAL'],
  ['CERT_HAS_EXPIRED', 'SEC_E_CERT_EXPIRED'],
  ['CERT_NOT_YET_VALID', 'SEC_E_CERT_EXPIRED'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'SEC_E_UNTRUSTED_ROOT'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'SEC_E_UNTRUSTED_ROOT'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'SEC_E_UNTRUSTED_ROOT'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'SEC_E_UNTRUSTED_ROOT'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'SEC_E_UNTRUSTED_ROOT'],
])

/** A connection that could not be made. */
export function unreachable(where: string, cause: Error): SspiError {
  if (cause instanceof SspiError) return cause
  const code = CERTIFICATE_CODES.get((cause as NodeJS.ErrnoException).code ?? '') ?? 'SEC_E_TARGET_UNKNOWN'
  return new SspiError(code, `HTTP: ${where} cannot be reached: ${cause.message}`, { cause })
}

/** A connection that ended, or stood still, before the response was there. */
export function lost(where: string, why: string, cause?: Error): SspiError {
  if (cause instanceof SspiError) return cause
  return new SspiError('SEC_E_UNFINISHED_CONTEXT_DELETED', `HTTP: ${where}: ${why}`, { cause })
}

/** What is asked for after the client has been closed. */
export function closed(): SspiError {
  return new SspiError('SEC_E_INVALID_HANDLE', 'HTTP: the client has been closed')
}
