import { NEGOSSP_NAME } from '../sspi/index.js'
import { FIRST_VERSION, OWN_VERSION } from './constants.js'
import type { DelegationPolicy } from './delegation-policy.js'

/** Options of {@link credSspPackage}. */
export interface CredSspOptions {
  /** To which servers clients delegate credentials. Default: to none. */
  readonly delegation?: DelegationPolicy | undefined
  /**
   * The lowest version of the protocol that a peer may speak, 2 to 6. Default 6: versions before 5 let a machine in the middle relay the
   * credentials (CVE-2018-0886).
   */
  readonly minimumVersion?: number | undefined
  /**
   * The registered package that authenticates within the channel. Default `Negotiate`, as MS-CSSP 3.1.5 has it, which as a server
   * takes bare NTLM and Kerberos as well. `NTLM` for a client whose server takes nothing else, as that of FreeRDP 2 does.
   */
  readonly innerPackage?: string | undefined
}

/** The options with their defaults in place. */
export interface CredSspSettings {
  readonly delegation: DelegationPolicy
  readonly minimumVersion: number
  readonly innerPackage: string
}

/** Puts the defaults in place. @throws `TypeError` for a version that there is not. */
export function readCredSspOptions(options: CredSspOptions): CredSspSettings {
  const { delegation = {}, minimumVersion = OWN_VERSION, innerPackage = NEGOSSP_NAME } = options
  if (!(Number.isInteger(minimumVersion) && minimumVersion >= FIRST_VERSION && minimumVersion <= OWN_VERSION)) {
    throw new TypeError(`minimumVersion: ${minimumVersion}, where ${FIRST_VERSION} to ${OWN_VERSION} are known`)
  }
  return { delegation, minimumVersion, innerPackage }
}
