import { describeKerberosError, KerberosErrorCode } from '../kerberos/index.js'
import { SspiError } from '../status/index.js'

/** What goes into a KRB-ERROR beside its code. */
export interface RefusalDetails {
  /** A METHOD-DATA, or whatever else the code asks for. */
  readonly eData?: Uint8Array | undefined
  /** The realm that a client shall go to: with `KDC_ERR_WRONG_REALM`, RFC 6806 section 4. */
  readonly crealm?: string | undefined
  /** What lay beneath. Not sent. */
  readonly cause?: unknown
}

/** A request that is answered by a KRB-ERROR: what a method of pre-authentication throws. None leaves the KDC. */
export class Refusal extends SspiError {
  /** See `KerberosErrorCode`. */
  readonly errorCode: number
  /** In a few words, which the client is shown as well: nothing secret. */
  readonly reason: string
  /** What else goes into the KRB-ERROR. */
  readonly details: RefusalDetails

  /** @param reason - Sent as `e-text`: nothing secret. */
  constructor(errorCode: number, reason: string, details: RefusalDetails = {}) {
    super('SEC_E_KDC_INVALID_REQUEST', `KDC: ${describeKerberosError(errorCode)}: ${reason}`, { cause: details.cause })
    this.errorCode = errorCode
    this.reason = reason
    this.details = details
  }
}

/**
 * What a client is told of a failure: a refusal as it is; bytes that do not parse as a generic error (RFC 4120 has no code for
 * them); what the database could not answer as a service that is not available.
 */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (!(error instanceof SspiError)) throw error
  const entry = FAILURES.get(error.code)
  return entry === undefined
    ? new Refusal(KerberosErrorCode.KDC_ERR_SVC_UNAVAILABLE, 'the KDC cannot answer now', { cause: error })
    : new Refusal(entry.errorCode, entry.reason ?? error.message, { cause: error })
}

const FAILURES: ReadonlyMap<string, { readonly errorCode: number; readonly reason?: string }> = new Map([
  ['SEC_E_INVALID_TOKEN', { errorCode: KerberosErrorCode.KRB_ERR_GENERIC }],
  ['SEC_E_KDC_UNKNOWN_ETYPE', { errorCode: KerberosErrorCode.KDC_ERR_ETYPE_NOSUPP }],
  [
    'SEC_E_MESSAGE_ALTERED',
    { errorCode: KerberosErrorCode.KRB_AP_ERR_BAD_INTEGRITY, reason: 'a part of the request does not decrypt' },
  ],
  ['SEC_E_UNSUPPORTED_FUNCTION', { errorCode: KerberosErrorCode.KDC_ERR_SUMTYPE_NOSUPP }],
])
