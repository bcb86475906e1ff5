import { SspiError, type FailureName } from '../../status/index.js'
import { describeKerberosError, KerbErrorDataType, KerberosErrorCode, NameType } from '../constants.js'
import {
  decodeDer,
  encodeDer,
  readKrbError,
  writeKerbErrorData,
  writeKrbError,
  type KrbError,
  type PrincipalName,
} from '../messages/index.js'
import { printable } from '../printable.js'
import type { Timestamp } from '../timestamps.js'
import { writeContextToken } from './context-tokens.js'

/** What an acceptor's failures mean here. Nobody has signed them: they end an exchange and do nothing else. */
const STATUSES: ReadonlyMap<number, FailureName> = new Map([
  [KerberosErrorCode.KRB_AP_ERR_SKEW, 'SEC_E_TIME_SKEW'],
  [KerberosErrorCode.KRB_AP_ERR_TKT_NYV, 'SEC_E_TIME_SKEW'],
  [KerberosErrorCode.KRB_AP_ERR_TKT_EXPIRED, 'SEC_E_CONTEXT_EXPIRED'],
  // As Windows: the key is not that of the name, so the name is another's.
  [KerberosErrorCode.KRB_AP_ERR_MODIFIED, 'SEC_E_WRONG_PRINCIPAL'],
  [KerberosErrorCode.KRB_AP_ERR_BAD_INTEGRITY, 'SEC_E_WRONG_PRINCIPAL'],
  [KerberosErrorCode.KRB_AP_ERR_NOT_US, 'SEC_E_WRONG_PRINCIPAL'],
  [KerberosErrorCode.KRB_AP_ERR_BADKEYVER, 'SEC_E_NO_KERB_KEY'],
  [KerberosErrorCode.KRB_AP_ERR_NOKEY, 'SEC_E_NO_KERB_KEY'],
])

/** The failure that an acceptor's KRB-ERROR stands for. @throws `SspiError` `SEC_E_INVALID_TOKEN` when it does not parse. */
export function failureOfError(error: KrbError): SspiError {
  const { errorCode, eText } = error
  const code = STATUSES.get(errorCode) ?? 'SEC_E_LOGON_DENIED'
  const text = eText === undefined || eText === '' ? '' : ` ("${printable(eText)}")`
  return new SspiError(code, `Kerberos: the server refuses: ${describeKerberosError(errorCode)}${text}`)
}

/** Reads a KRB-ERROR. */
export function readErrorMessage(message: Uint8Array): KrbError {
  return decodeDer(message, readKrbError)
}

/** What an acceptor says of its failure. */
export interface ErrorParts {
  readonly errorCode: number
  readonly now: Date
  /** Of the ticket, as far as it was read. */
  readonly realm: string | undefined
  readonly sname: PrincipalName | undefined
  /** Of the authenticator, once it was decrypted. */
  readonly time: Timestamp | undefined
  readonly oid: string | undefined
}

/** The token of an acceptor's failure, RFC 4121 section 4.1. It says no more than the code. */
export function writeErrorToken(parts: ErrorParts): Uint8Array {
  const { errorCode, now, realm, sname, time, oid } = parts
  const skewed = errorCode === KerberosErrorCode.KRB_AP_ERR_SKEW
  const error: KrbError = {
    ctime: time?.seconds,
    cusec: time?.microseconds,
    stime: now,
    susec: (now.getTime() % 1000) * 1000,
    errorCode,
    realm: realm ?? '',
    sname: sname ?? { nameType: NameType.NT_UNKNOWN, nameString: [] },
    // MS-KILE 2.2.2: says that another try with this time is welcome.
    eData: skewed
      ? encodeDer({ dataType: KerbErrorDataType.KERB_AP_ERR_TYPE_SKEW_RECOVERY }, writeKerbErrorData)
      : undefined,
  }
  return writeContextToken('error', encodeDer(error, writeKrbError), oid)
}
