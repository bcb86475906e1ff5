import { certificateFailure } from '../../sspi/index.js'
import { SspiError, type FailureName } from '../../status/index.js'

/** A connection that could not be made. */
export function unreachable(where: string, cause: Error): SspiError {
  if (cause instanceof SspiError) return cause
  const code = failureOf((cause as NodeJS.ErrnoException).code ?? '')
  return new SspiError(code, `HTTP: ${where} cannot be reached: ${cause.message}`, { cause })
}

function failureOf(code: string): FailureName {
  // Node compares the name itself, and has a code of its own for that.
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'SEC_E_WRONG_PRINCIPAL'
  return certificateFailure(code) ?? 'SEC_E_TARGET_UNKNOWN'
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
