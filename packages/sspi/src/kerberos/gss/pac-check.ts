import type { Identity } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { AuthorizationDataType, KerberosErrorCode } from '../constants.js'
import { findAuthorizationData } from '../messages/index.js'
import type { KerberosSettings } from '../options.js'
import { pacIdentity, readPac, ticketIdentity, verifyServerSignature } from '../pac/index.js'
import { formatPrincipal } from '../principals.js'
import type { OpenedRequest, Refuse } from './ap-request-check.js'

/** Who the client is, and whether its PAC was checked. */
export interface CheckedClient {
  readonly identity: Identity
  readonly pacVerified: boolean
}

/**
 * Takes the client's names, SID and groups out of the ticket: MS-KILE 3.4.5.3. Of the PAC nothing counts before its server signature
 * was found good, and it was found to be this ticket's.
 *
 * @throws {@link SspiError} `SEC_E_MESSAGE_ALTERED` for a signature that is not good; `SEC_E_LOGON_DENIED` for the PAC of somebody else,
 *   or for none where one is required; `SEC_E_INVALID_TOKEN` for one that does not parse.
 */
export function checkPac(opened: OpenedRequest, policy: KerberosSettings['pac'], refuse: Refuse): CheckedClient {
  const { ticket, client, serviceKey } = opened
  const plain: CheckedClient = { identity: ticketIdentity(client), pacVerified: false }
  if (policy === 'ignored') return plain
  const { KDC_ERR_POLICY, KRB_AP_ERR_BADMATCH, KRB_AP_ERR_MODIFIED } = KerberosErrorCode
  const whose = `ticket of ${formatPrincipal(client)}`
  const [pac, ...others] = findAuthorizationData(ticket.authorizationData ?? [], AuthorizationDataType.AD_WIN2K_PAC)
  if (pac === undefined) {
    if (policy === 'optional') return plain
    throw refuse('SEC_E_LOGON_DENIED', KDC_ERR_POLICY, `${whose}: it has no PAC, which is required here`)
  }
  if (others.length > 0) {
    throw refuse('SEC_E_LOGON_DENIED', KRB_AP_ERR_BADMATCH, `${whose}: it has ${others.length + 1} PACs`)
  }
  try {
    const verified = verifyServerSignature(readPac(pac), serviceKey)
    return { identity: pacIdentity(verified, { client, authTime: ticket.authtime }), pacVerified: true }
  } catch (cause) {
    if (!(cause instanceof SspiError)) throw cause
    const errorCode = cause.code === 'SEC_E_LOGON_DENIED' ? KRB_AP_ERR_BADMATCH : KRB_AP_ERR_MODIFIED
    throw refuse(cause.code, errorCode, `${whose}: ${cause.message}`, cause)
  }
}
