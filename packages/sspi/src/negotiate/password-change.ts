import { SspiError, type PasswordChange, type PasswordChangeRequest, type World } from '../sspi/index.js'
import { acquireNegotiateCredential, describeUnavailable } from './credential.js'

/** Some service on a host: whether a mechanism applies is a matter of the account alone here. */
const ANY_SERVICE = 'kadmin/changepw'

/**
 * Begins a change of a password with the package that a context of the account would be negotiated with first: where a
 * better one applies, one of last resort is not asked, whatever comes of it.
 *
 * @throws {@link SspiError} `SEC_E_UNSUPPORTED_FUNCTION` when there is none that can change passwords; `SEC_E_NO_CREDENTIALS` when
 *   none can do anything with the account.
 */
export function beginPasswordChange(request: PasswordChangeRequest, world: World): PasswordChange {
  const { user, domain, oldPassword: password, packages } = request
  const value = { kind: 'password', user, domain, packageList: undefined, password } as const
  const credential = acquireNegotiateCredential({ use: 'outbound', principal: undefined, value, packages }, world)
  try {
    const applicable = credential.mechanisms.filter(
      ({ mechanism, credential: own, package: of }) =>
        of.changePassword !== undefined && mechanism.applies(own, ANY_SERVICE),
    )
    const [chosen] = applicable.filter(({ mechanism }) => !mechanism.lastResort).concat(applicable)
    const change = chosen?.package.changePassword?.(request, world)
    if (change !== undefined) return change
    const why = credential.unavailable.length === 0 ? '' : `; ${describeUnavailable(credential.unavailable)}`
    throw new SspiError(
      'SEC_E_UNSUPPORTED_FUNCTION',
      `Negotiate: no package can change the password of this account${why}`,
    )
  } finally {
    credential.dispose()
  }
}
