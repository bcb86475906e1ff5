import { AuthorizationDataType, KerberosErrorCode } from '../constants.js'
import type { AuthorizationDataElement } from '../messages/index.js'
import { formatPrincipal } from '../principals.js'
import type { OpenedRequest, Refuse } from './ap-request-check.js'

/**
 * What an acceptor need not refuse at the outermost level: what says of itself that it may be passed over, what is for KDCs
 * alone, and what this one, or whoever asks it for `SECPKG_ATTR_KERBEROS_TICKET`, can make something of.
 */
const UNDERSTOOD: ReadonlySet<number> = new Set<number>([
  AuthorizationDataType.AD_IF_RELEVANT,
  AuthorizationDataType.AD_MANDATORY_FOR_KDC,
  AuthorizationDataType.AD_WIN2K_PAC,
  AuthorizationDataType.AD_ETYPE_NEGOTIATION,
  AuthorizationDataType.KERB_AUTH_DATA_TOKEN_RESTRICTIONS,
  AuthorizationDataType.KERB_LOCAL,
  AuthorizationDataType.AD_AUTH_DATA_AP_OPTIONS,
  AuthorizationDataType.KERB_AUTH_DATA_CLIENT_TARGET,
])

/**
 * Refuses a client whose ticket or authenticator is restricted by something that is not understood and does not say, by standing in
 * AD-IF-RELEVANT, that this does not matter: RFC 4120 section 5.2.6.
 *
 * @throws {@link SspiError} `SEC_E_LOGON_DENIED`.
 */
export function checkAuthorizationData({ ticket, authenticator, client }: OpenedRequest, refuse: Refuse): void {
  const check = (where: string, elements: readonly AuthorizationDataElement[] = []): void => {
    const unknown = elements.find(({ adType }) => !UNDERSTOOD.has(adType))
    if (unknown === undefined) return
    throw refuse(
      'SEC_E_LOGON_DENIED',
      KerberosErrorCode.KDC_ERR_POLICY,
      `${where} of ${formatPrincipal(client)}: authorization data of type ${unknown.adType}, which must be understood, and is not`,
    )
  }
  check('ticket', ticket.authorizationData)
  check('authenticator', authenticator.authorizationData)
}
