import { bytesEqual } from '../bytes/index.js'
import {
  AuthorizationDataType,
  checksumProfiles,
  ChecksumType,
  Enctype,
  findAuthorizationData,
  KdcOption,
  KerberosErrorCode,
  KeyUsage,
  PaDataType,
  realmOfKrbtgt,
  sameName,
  type Authenticator,
  type KdcReq,
  type KdcReqBody,
  type KerberosKey,
} from '../kerberos/index.js'
import { SspiError } from '../status/index.js'
import { checkReplay, disposeRequest, openApRequest, type OpenedRequest } from './ap-request.js'
import type { KdcEffectful } from './effects.js'
import { paDataOf } from './padata.js'
import { Refusal } from './refusal.js'
import type { Turn } from './turn.js'

/**
 * Opens the ticket that a TGS-REQ comes with, and holds the request to its checksum: RFC 4120 section 3.3.2 and 3.3.3.
 *
 * @returns what the caller disposes of.
 * @throws `SspiError` a `Refusal`.
 */
export function* openGrantingTicket(turn: Turn, request: KdcReq): KdcEffectful<OpenedRequest> {
  const apReq = paDataOf(request, PaDataType.PA_TGS_REQ)
  if (apReq === undefined) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_PADATA_TYPE_NOSUPP, 'TGS-REQ: there is no ticket in it')
  }
  const { reqBody } = request
  const mayBeInvalid = (reqBody.kdcOptions & KdcOption.VALIDATE) !== 0
  const opened = yield* openApRequest(turn, apReq, KeyUsage.TGS_REQ_AUTHENTICATOR, mayBeInvalid)
  let done = false
  try {
    checkChecksum(reqBody, opened.authenticator, opened.sessionKey)
    checkPurpose(turn, reqBody, opened)
    yield* checkReplay(turn, opened)
    done = true
    return opened
  } finally {
    if (!done) disposeRequest(opened)
  }
}

/** The checksum must be one that only who has the session key could make: RFC 4120 section 3.3.3. */
function checkChecksum({ raw }: KdcReqBody, { cksum }: Authenticator, sessionKey: KerberosKey): void {
  if (cksum === undefined) {
    throw new Refusal(KerberosErrorCode.KRB_AP_ERR_INAPP_CKSUM, 'TGS-REQ: the authenticator has no checksum')
  }
  const profile = checksumProfiles.get(cksum.cksumtype)
  if (profile === undefined) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_SUMTYPE_NOSUPP, `TGS-REQ: checksum type ${cksum.cksumtype}`)
  }
  const modified = (cause?: SspiError): Refusal =>
    new Refusal(KerberosErrorCode.KRB_AP_ERR_MODIFIED, 'TGS-REQ: the request is not the one that was signed', { cause })
  // Heimdal has plain MD5 go with keys of RC4, for old KDCs of Windows; the authenticator, which is encrypted, protects it.
  if (profile.type === ChecksumType.RSA_MD5 && profile.kind === 'unkeyed' && sessionKey.enctype === Enctype.RC4_HMAC) {
    if (!bytesEqual(profile.digest(raw), cksum.checksum)) throw modified()
    return
  }
  if (profile.kind !== 'keyed' || cksum.cksumtype !== sessionKey.profile.checksumType) {
    throw new Refusal(KerberosErrorCode.KRB_AP_ERR_INAPP_CKSUM, 'TGS-REQ: the checksum is not one of the session key')
  }
  try {
    sessionKey.verifyChecksum(KeyUsage.TGS_REQ_AUTHENTICATOR_CHKSUM, raw, cksum.checksum)
  } catch (cause) {
    throw cause instanceof SspiError ? modified(cause) : cause
  }
}

/** A ticket-granting ticket of this realm's; for a service, only to renew or validate it. */
function checkPurpose(turn: Turn, body: KdcReqBody, { server, authenticator }: OpenedRequest): void {
  const { authorizationData = [] } = authenticator
  if (findAuthorizationData(authorizationData, AuthorizationDataType.AD_FX_FAST_ARMOR).length > 0) {
    // RFC 6113 section 5.4.1.1: made to be armor, and shown by somebody else, maybe.
    throw new Refusal(KerberosErrorCode.KDC_ERR_POLICY, 'the authenticator was made for armor')
  }
  if (realmOfKrbtgt(server.name) === turn.realm) return
  const again = (body.kdcOptions & (KdcOption.RENEW | KdcOption.VALIDATE)) !== 0
  if (!again || server.realm !== turn.realm) {
    throw new Refusal(KerberosErrorCode.KRB_AP_ERR_NOT_US, 'the ticket is not a ticket-granting ticket of this realm')
  }
  if (body.sname === undefined || !sameName(body.sname, server.name)) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_SERVER_NOMATCH, 'the ticket is for another service than the request')
  }
}
