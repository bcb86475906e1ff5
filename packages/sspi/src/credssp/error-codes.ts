import { SspiError, type FailureName } from '../sspi/index.js'

/** NTSTATUS values, MS-ERREF 2.3.1, by which servers say why they refuse, and what SSPI has for them. */
const CODES: readonly (readonly [number, FailureName, string])[] = [
  [0xc000_006d, 'SEC_E_LOGON_DENIED', 'STATUS_LOGON_FAILURE: the user is unknown, or the password is wrong'],
  [0xc000_0064, 'SEC_E_LOGON_DENIED', 'STATUS_NO_SUCH_USER'],
  [0xc000_006a, 'SEC_E_LOGON_DENIED', 'STATUS_WRONG_PASSWORD'],
  [0xc000_006e, 'SEC_E_LOGON_DENIED', 'STATUS_ACCOUNT_RESTRICTION: the account may not log on like this'],
  [0xc000_006f, 'SEC_E_LOGON_DENIED', 'STATUS_INVALID_LOGON_HOURS'],
  [0xc000_0070, 'SEC_E_LOGON_DENIED', 'STATUS_INVALID_WORKSTATION'],
  [0xc000_0071, 'SEC_E_LOGON_DENIED', 'STATUS_PASSWORD_EXPIRED: change the password'],
  [0xc000_0072, 'SEC_E_LOGON_DENIED', 'STATUS_ACCOUNT_DISABLED'],
  [0xc000_0193, 'SEC_E_LOGON_DENIED', 'STATUS_ACCOUNT_EXPIRED'],
  [0xc000_0224, 'SEC_E_LOGON_DENIED', 'STATUS_PASSWORD_MUST_CHANGE: change the password'],
  [0xc000_0234, 'SEC_E_LOGON_DENIED', 'STATUS_ACCOUNT_LOCKED_OUT'],
  [0xc000_0022, 'SEC_E_LOGON_DENIED', 'STATUS_ACCESS_DENIED'],
  [0xc000_0133, 'SEC_E_TIME_SKEW', 'STATUS_TIME_DIFFERENCE_AT_DC: the clocks differ too much'],
  [0xc000_005e, 'SEC_E_NO_AUTHENTICATING_AUTHORITY', 'STATUS_NO_LOGON_SERVERS'],
  [0xc000_00bb, 'SEC_E_UNSUPPORTED_FUNCTION', 'STATUS_NOT_SUPPORTED: the version, or what was asked for, is not there'],
  [0xc000_000d, 'SEC_E_INVALID_TOKEN', 'STATUS_INVALID_PARAMETER'],
  [0xc000_0001, 'SEC_E_INTERNAL_ERROR', 'STATUS_UNSUCCESSFUL'],
]

const STATUS_LOGON_FAILURE = 0xc000_006d

/** The NTSTATUS for a failure: one for unknown users and wrong passwords alike, and for whatever has none of its own. */
export function errorCodeOf({ code }: SspiError): number {
  return CODES.find(([, name]) => name === code)?.[0] ?? STATUS_LOGON_FAILURE
}

/** The failure that a server's NTSTATUS stands for; a refused log-on where it is none of the above. */
export function failureOf(errorCode: number): SspiError {
  const [, code] = CODES.find(([number]) => number === errorCode) ?? [0, 'SEC_E_LOGON_DENIED' as const]
  return new SspiError(code, `CredSSP: the server says ${errorCodeText(errorCode)}`)
}

/** An NTSTATUS in words: its number in hexadecimal, and what it is called where that is known. */
export function errorCodeText(errorCode: number): string {
  const [, , what] = CODES.find(([number]) => number === errorCode) ?? [0, '', 'it refuses']
  return `0x${errorCode.toString(16).padStart(8, '0')}: ${what}`
}
