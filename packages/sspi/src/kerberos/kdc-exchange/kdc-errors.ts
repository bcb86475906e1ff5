import { SspiError, type FailureName } from '../../status/index.js'
import { describeKerberosError, KerberosErrorCode } from '../constants.js'
import type { KrbError } from '../messages/index.js'
import { printable } from '../printable.js'
import { formatName, formatPrincipal, type Principal, type Target } from '../principals.js'

/** A KRB-ERROR as the `cause` of the `SspiError` that it became. Nobody has signed it: it may be anybody's. */
export class KdcError extends Error {
  override readonly name = 'KdcError'
  /** See `KerberosErrorCode`. */
  readonly errorCode: number

  constructor(errorCode: number, message: string) {
    super(message)
    this.errorCode = errorCode
  }
}

/** What a request was about, for the message. */
export interface RequestSubject {
  /** Whose KDC was asked. */
  readonly realm: string
  readonly client: Principal
  readonly server: Target
}

/** What to make of an error: the status that Windows has for it, and what the reader can do. */
interface ErrorMapping {
  readonly code: FailureName
  readonly cure: string
}

const PASSWORD_CURE = 'check the password (or the keytab: its key may be of an older version)'
const ENCTYPE_CURE =
  'let the account have AES keys (on Windows: a password set after the domain had them), or allow the old type by name'
const CLOCK_CURE = 'set the clock of this machine, or of the KDC'
const REVOKED_CURE = 'the account is disabled, locked or expired: ask its administrator'

const MAPPINGS: ReadonlyMap<number, ErrorMapping> = new Map<number, ErrorMapping>([
  [KerberosErrorCode.KDC_ERR_NAME_EXP, { code: 'SEC_E_LOGON_DENIED', cure: REVOKED_CURE }],
  [KerberosErrorCode.KDC_ERR_SERVICE_EXP, { code: 'SEC_E_TARGET_UNKNOWN', cure: "renew the service's account" }],
  // Windows: STATUS_NO_SUCH_USER, which SSPI gives as SEC_E_LOGON_DENIED. The KDC has told us, so we may tell the user.
  [
    KerberosErrorCode.KDC_ERR_C_PRINCIPAL_UNKNOWN,
    { code: 'SEC_E_LOGON_DENIED', cure: 'check the spelling of user and realm; case counts at most KDCs' },
  ],
  [
    KerberosErrorCode.KDC_ERR_S_PRINCIPAL_UNKNOWN,
    { code: 'SEC_E_TARGET_UNKNOWN', cure: 'check the host name; register the service principal name (setspn, kadmin)' },
  ],
  [
    KerberosErrorCode.KDC_ERR_PRINCIPAL_NOT_UNIQUE,
    { code: 'SEC_E_TARGET_UNKNOWN', cure: 'two accounts have this service principal name (setspn -X finds them)' },
  ],
  [KerberosErrorCode.KDC_ERR_POLICY, { code: 'SEC_E_LOGON_DENIED', cure: 'ask the administrator of the realm' }],
  [
    KerberosErrorCode.KDC_ERR_BADOPTION,
    {
      code: 'SEC_E_KDC_INVALID_REQUEST',
      cure: 'renewable, forwardable or delegation may not be allowed to the account',
    },
  ],
  [KerberosErrorCode.KDC_ERR_ETYPE_NOSUPP, { code: 'SEC_E_KDC_UNKNOWN_ETYPE', cure: ENCTYPE_CURE }],
  [
    KerberosErrorCode.KDC_ERR_SUMTYPE_NOSUPP,
    { code: 'SEC_E_KDC_UNKNOWN_ETYPE', cure: 'the KDC is too old for the encryption types that are permitted' },
  ],
  [
    KerberosErrorCode.KDC_ERR_PADATA_TYPE_NOSUPP,
    {
      code: 'SEC_E_UNSUPPORTED_PREAUTH',
      cure: 'the account may need a smart card, or a kind of log-on that is not there',
    },
  ],
  [KerberosErrorCode.KDC_ERR_CLIENT_REVOKED, { code: 'SEC_E_LOGON_DENIED', cure: REVOKED_CURE }],
  [
    KerberosErrorCode.KDC_ERR_SERVICE_REVOKED,
    { code: 'SEC_E_TARGET_UNKNOWN', cure: "the service's account is disabled" },
  ],
  [KerberosErrorCode.KDC_ERR_TGT_REVOKED, { code: 'SEC_E_NO_CREDENTIALS', cure: 'log on again' }],
  [KerberosErrorCode.KDC_ERR_CLIENT_NOTYET, { code: 'SEC_E_LOGON_DENIED', cure: REVOKED_CURE }],
  [KerberosErrorCode.KDC_ERR_SERVICE_NOTYET, { code: 'SEC_E_TARGET_UNKNOWN', cure: 'the service is not valid yet' }],
  [
    KerberosErrorCode.KDC_ERR_KEY_EXPIRED,
    { code: 'SEC_E_LOGON_DENIED', cure: 'the password has expired: change it, then log on again' },
  ],
  [KerberosErrorCode.KDC_ERR_PREAUTH_FAILED, { code: 'SEC_E_LOGON_DENIED', cure: PASSWORD_CURE }],
  [
    KerberosErrorCode.KDC_ERR_PREAUTH_REQUIRED,
    { code: 'SEC_E_UNSUPPORTED_PREAUTH', cure: 'the KDC wants a kind of pre-authentication that is not there' },
  ],
  [
    KerberosErrorCode.KDC_ERR_MUST_USE_USER2USER,
    { code: 'SEC_E_NO_TGT_REPLY', cure: 'the target is a user without a service principal name: register one' },
  ],
  [
    KerberosErrorCode.KDC_ERR_PATH_NOT_ACCEPTED,
    { code: 'SEC_E_KDC_UNABLE_TO_REFER', cure: 'check the trusts between the realms, and capaths' },
  ],
  [
    KerberosErrorCode.KDC_ERR_SVC_UNAVAILABLE,
    { code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY', cure: 'try again later, or another KDC' },
  ],
  [KerberosErrorCode.KRB_AP_ERR_BAD_INTEGRITY, { code: 'SEC_E_LOGON_DENIED', cure: PASSWORD_CURE }],
  [
    KerberosErrorCode.KRB_AP_ERR_TKT_EXPIRED,
    { code: 'SEC_E_NO_CREDENTIALS', cure: 'log on again, or check the clocks' },
  ],
  [KerberosErrorCode.KRB_AP_ERR_TKT_NYV, { code: 'SEC_E_TIME_SKEW', cure: CLOCK_CURE }],
  [KerberosErrorCode.KRB_AP_ERR_SKEW, { code: 'SEC_E_TIME_SKEW', cure: CLOCK_CURE }],
  [
    KerberosErrorCode.KRB_ERR_RESPONSE_TOO_BIG,
    { code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY', cure: 'the KDC must be asked over TCP' },
  ],
  [
    KerberosErrorCode.KDC_ERR_WRONG_REALM,
    { code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY', cure: 'give the realm that the user is in' },
  ],
  [
    KerberosErrorCode.KDC_ERR_CLIENT_NAME_MISMATCH,
    { code: 'SEC_E_PKINIT_NAME_MISMATCH', cure: 'the certificate is of somebody else' },
  ],
])

/** What any other error becomes: the KDC did not like the request, and no user can do much about it. */
const OTHERWISE: ErrorMapping = { code: 'SEC_E_KDC_INVALID_REQUEST', cure: "the KDC's log may say more" }

/** The failure that a KRB-ERROR stands for, RFC 4120 section 7.5.9; the table is above. */
export function kdcFailure(error: KrbError, { realm, client, server }: RequestSubject): SspiError {
  const { code, cure } = MAPPINGS.get(error.errorCode) ?? OTHERWISE
  const said = error.eText === undefined || error.eText === '' ? '' : ` ("${printable(error.eText)}")`
  const what = `${describeKerberosError(error.errorCode)}${said}`
  const service =
    server.realm === undefined ? formatName(server.name) : formatPrincipal({ ...server, realm: server.realm })
  return new SspiError(code, `KDC of ${realm}: ${what}; ${formatPrincipal(client)} asked for ${service}; ${cure}`, {
    cause: new KdcError(error.errorCode, what),
  })
}

/** The failure of a reply that the KDC cannot have made, or should not have. */
export function refused(realm: string, why: string, cause?: unknown): SspiError {
  return new SspiError('SEC_E_MESSAGE_ALTERED', `the reply of the KDC of ${realm} is refused: ${why}`, { cause })
}

/** Whether a failure is this error of a KDC. */
export function isKdcError(error: unknown, errorCode: number): boolean {
  return error instanceof SspiError && error.cause instanceof KdcError && error.cause.errorCode === errorCode
}
