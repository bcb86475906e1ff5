import { Status } from '../../status/index.js'

/** Win32 and NTSTATUS codes for what the statuses of SSPI call SEC_E_LOGON_DENIED and SEC_E_NO_CREDENTIALS: winerror.h, MS-ERREF. */
const ERROR_ACCESS_DENIED = 5
const ERROR_LOGON_FAILURE = 1326
const STATUS_NO_SUCH_USER = 0xc000_0064
const STATUS_WRONG_PASSWORD = 0xc000_006a
const STATUS_LOGON_FAILURE = 0xc000_006d
const STATUS_PASSWORD_EXPIRED = 0xc000_0071
const STATUS_PASSWORD_MUST_CHANGE = 0xc000_0224

const OTHER_CREDENTIALS_HELP: ReadonlySet<number> = new Set([
  Status.SEC_E_LOGON_DENIED,
  Status.SEC_E_NO_CREDENTIALS,
  Status.SEC_E_UNKNOWN_CREDENTIALS,
  Status.SEC_E_INCOMPLETE_CREDENTIALS,
  ERROR_ACCESS_DENIED,
  ERROR_LOGON_FAILURE,
  STATUS_NO_SUCH_USER,
  STATUS_WRONG_PASSWORD,
  STATUS_LOGON_FAILURE,
  STATUS_PASSWORD_EXPIRED,
  STATUS_PASSWORD_MUST_CHANGE,
])

/** See `sspiIsPromptingNeeded`. */
export function isPromptingNeeded(errorOrNtStatus: number): boolean {
  return OTHER_CREDENTIALS_HELP.has(errorOrNtStatus >>> 0)
}
