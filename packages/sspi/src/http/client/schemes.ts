import { ISC_REQ_DELEGATE, WDIGEST_SP_NAME } from '../../sspi/index.js'
import type { HttpScheme } from './options.js'

/** What the engine must know of a scheme that a security package does the work of. */
export interface PackageScheme {
  /** The name in the header. */
  readonly header: string
  /** The package. */
  readonly packageName: string
  /** Which mechanisms Negotiate may use; `undefined` for any that the credentials are good for. */
  readonly packageList: string | undefined
  /** What the package is called in the package list of a credential; `undefined` for Negotiate, which reads it itself. */
  readonly listedAs: string | undefined
  /** Whether the package can prove the server. */
  readonly mutual: boolean
}

/** All but Basic, which is no package's. */
export const PACKAGE_SCHEMES: Readonly<Record<Exclude<HttpScheme, 'Basic'>, PackageScheme>> = {
  Negotiate: {
    header: 'Negotiate',
    packageName: 'Negotiate',
    packageList: undefined,
    listedAs: undefined,
    mutual: true,
  },
  Kerberos: {
    header: 'Negotiate',
    packageName: 'Negotiate',
    packageList: 'Kerberos',
    listedAs: 'Kerberos',
    mutual: true,
  },
  Digest: {
    header: 'Digest',
    packageName: WDIGEST_SP_NAME,
    packageList: undefined,
    listedAs: WDIGEST_SP_NAME,
    mutual: true,
  },
  NTLM: {
    header: 'NTLM',
    packageName: 'NTLM',
    packageList: undefined,
    listedAs: 'NTLM',
    mutual: false,
  },
}

/** The name that a scheme has in a header, in lower case. */
export function headerOf(scheme: HttpScheme): string {
  return scheme === 'Basic' ? 'basic' : PACKAGE_SCHEMES[scheme].header.toLowerCase()
}

/** Whether it authenticates the connection, and not each request: a mechanism of Negotiate's, or the package itself. */
export function bindsConnection(mechanism: string): boolean {
  return mechanism === 'NTLM'
}

/** `ISC_REQ_…` flags for a request that may delegate, or not. */
export function delegationFlags(delegate: boolean): number {
  return delegate ? ISC_REQ_DELEGATE : 0
}
