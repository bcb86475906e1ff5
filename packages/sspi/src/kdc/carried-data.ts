import { wipe } from '../crypto/index.js'
import {
  AuthorizationDataType,
  decodePadded,
  findAuthorizationData,
  KerberosErrorCode,
  KeyUsage,
  readAuthorizationData,
  type AuthorizationDataElement,
  type KdcReqBody,
} from '../kerberos/index.js'
import type { OpenedRequest } from './ap-request.js'
import { Refusal } from './refusal.js'
import type { Turn } from './turn.js'

/** Elements of a ticket, and bytes of them, at most. */
const MOST_ELEMENTS = 256
const MOST_BYTES = 0x8000

/** What only a KDC may say. A client that puts it into a request would vouch for itself. */
const OF_KDCS: readonly number[] = [
  AuthorizationDataType.AD_KDC_ISSUED,
  AuthorizationDataType.AD_INITIAL_VERIFIED_CAS,
  AuthorizationDataType.AD_AUTHENTICATION_STRENGTH,
  AuthorizationDataType.AD_FX_FAST_ARMOR,
  AuthorizationDataType.AD_FX_FAST_USED,
  AuthorizationDataType.AD_CAMMAC,
  AuthorizationDataType.AD_AUTHENTICATION_INDICATOR,
  AuthorizationDataType.AD_WIN2K_PAC,
  AuthorizationDataType.AD_SIGNTICKET,
]

/**
 * The authorization data of a new ticket: what the ticket-granting ticket has, and what the client adds to restrict it (RFC 4120
 * section 3.3.2). What only a KDC may say is left out of the latter, and of tickets of other realms: our services take it for ours.
 *
 * @throws `SspiError` `KRB_AP_ERR_BAD_INTEGRITY`; `KDC_ERR_POLICY` for what the KDC must understand and does not, and for too much.
 */
export function carriedAuthorizationData(
  { realm }: Turn,
  body: KdcReqBody,
  granted: OpenedRequest,
): readonly AuthorizationDataElement[] {
  const added = openAdded(body, granted)
  if (findAuthorizationData(added, AuthorizationDataType.AD_MANDATORY_FOR_KDC).length > 0) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_POLICY, 'authorization data that the KDC must understand, and does not')
  }
  const present = granted.part.authorizationData ?? []
  const elements = [
    ...withoutWordsOfKdcs(added),
    ...(granted.server.realm === realm ? present : withoutWordsOfKdcs(present)),
  ]
  const bytes = elements.reduce((sum, { adData }) => sum + adData.length, 0)
  if (elements.length > MOST_ELEMENTS || bytes > MOST_BYTES) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_POLICY, 'too much authorization data')
  }
  return elements
}

function withoutWordsOfKdcs(elements: readonly AuthorizationDataElement[]): readonly AuthorizationDataElement[] {
  return elements.filter((element) => OF_KDCS.every((type) => findAuthorizationData([element], type).length === 0))
}

function openAdded(
  { encAuthorizationData }: KdcReqBody,
  { sessionKey, subkey }: OpenedRequest,
): readonly AuthorizationDataElement[] {
  if (encAuthorizationData === undefined) return []
  const plain =
    subkey === undefined
      ? sessionKey.decrypt(KeyUsage.TGS_REQ_AUTHDATA_SESSION_KEY, encAuthorizationData.cipher)
      : subkey.decrypt(KeyUsage.TGS_REQ_AUTHDATA_SUBKEY, encAuthorizationData.cipher)
  try {
    return decodePadded(plain, readAuthorizationData).map(({ adType, adData }) => ({ adType, adData: adData.slice() }))
  } finally {
    wipe(plain)
  }
}
