import { fileTimeToDate } from '../../bytes/index.js'
import { pacBuffer, PacBufferType, readPac } from './pac.js'
import { readLogonInfo } from './logon-info.js'

/** What a PAC says of the log-on, beside who it is: MS-PAC 2.5. */
export interface LogonFacts {
  /** See `LogonUserFlag`. */
  readonly userFlags: number
  /** When the password must be changed; `undefined` for never. */
  readonly passwordExpires: Date | undefined
  /** When the user must be logged off; `undefined` for never. */
  readonly logoff: Date | undefined
}

/** FILETIMEs from here on mean never. */
const NEVER = 0x7fff_ffff_ffff_ffffn

/**
 * Reads these facts. Whoever asks has checked the PAC before.
 *
 * @returns `undefined` when it has no KERB_VALIDATION_INFO.
 */
export function logonFacts(pac: Uint8Array): LogonFacts | undefined {
  const buffer = pacBuffer(readPac(pac), PacBufferType.LOGON_INFO)
  if (buffer === undefined) return undefined
  const { userFlags, passwordMustChange, logoffTime, kickOffTime } = readLogonInfo(buffer.bytes)
  return {
    userFlags,
    passwordExpires: dateOf(passwordMustChange),
    logoff: dateOf(logoffTime < kickOffTime ? logoffTime : kickOffTime),
  }
}

/** Nothing at all stands for never, too, as KDCs without such policies write it. */
function dateOf(fileTime: bigint): Date | undefined {
  if (fileTime === 0n || fileTime >= NEVER) return undefined
  return fileTimeToDate(fileTime)
}
