import { SspiError } from '../status/index.js'
import {
  SECPKG_OPTIONS_PERMANENT,
  SECPKG_OPTIONS_TYPE_LSA,
  SECPKG_OPTIONS_TYPE_SSPI,
  SECPKG_OPTIONS_TYPE_UNKNOWN,
} from './constants/index.js'

/** SECURITY_PACKAGE_OPTIONS. The package itself is given, so that there is no signature of a file to check. */
export interface SecurityPackageOptions {
  /** `SECPKG_OPTIONS_TYPE_UNKNOWN` or `SECPKG_OPTIONS_TYPE_SSPI`. Default: the former. */
  readonly type?: number | undefined
  /** 0: the package lasts as long as the interface. Default 0. */
  readonly flags?: number | undefined
}

/** @throws {@link SspiError} `SEC_E_UNSUPPORTED_FUNCTION` for what only Windows can do; `SEC_E_INVALID_PARAMETER` for what nobody can. */
export function checkPackageOptions({ type = SECPKG_OPTIONS_TYPE_UNKNOWN, flags = 0 }: SecurityPackageOptions): void {
  if (type === SECPKG_OPTIONS_TYPE_LSA) {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'addSecurityPackage: there is no local security authority here')
  }
  if (flags === SECPKG_OPTIONS_PERMANENT) {
    throw new SspiError(
      'SEC_E_UNSUPPORTED_FUNCTION',
      'addSecurityPackage: nothing outlasts the interface here; give `packages` to initSecurityInterface each time',
    )
  }
  if ((type !== SECPKG_OPTIONS_TYPE_UNKNOWN && type !== SECPKG_OPTIONS_TYPE_SSPI) || flags !== 0) {
    throw new SspiError('SEC_E_INVALID_PARAMETER', `addSecurityPackage: type ${type} with flags ${flags}`)
  }
}
