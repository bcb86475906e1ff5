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
  TicketFlag,
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
 * Opens the ticket that a TGS-REQ comes with, and holds the request to its checksum: RFC 4120 section 3.3.2 and 3.3.3. What the
 * ticket is good for, {@link checkPurpose} says, by the request that counts.
 *
 * @param request - As it came, outside of FAST.
 * @returns what the caller disposes of.
 * @throws `SspiError` a `Refusal`.
 */
export function* openGrantingTicket(turn: Turn, request: KdcReq): KdcEffectful<OpenedRequest> {
  const apReq = paDataOf(request, PaDataType.PA_TGS_REQ)
  if (apReq === undefined) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_PADATA_TYPE_NOSUPP, 'TGS-REQ: there is no ticket in it')
  }
  const opened = yield* openApRequest(turn, apReq, KeyUsage.TGS_REQ_AUTHENTICATOR, true)
  let done = false
  try {
    checkChecksum(request.reqBody, opened.authenticator, opened.sessionKey)
    checkIsNoArmor(opened)
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

/** RFC 6113 section 5.4.1.1: an authenticator that was made to be armor may have been seen, and be shown, by somebody else. */
function checkIsNoArmor({ authenticator: { authorizationData = [] } }: OpenedRequest): void {
  if (findAuthorizationData(authorizationData, AuthorizationDataType.AD_FX_FAST_ARMOR).length === 0) return
  throw new Refusal(KerberosErrorCode.KDC_ERR_POLICY, 'the authenticator was made for armor')
}

/**
 * Refuses a ticket that is not good for what is asked: it is a ticket-granting ticket of this realm's, or, to be renewed or
 * validated, any that this realm has issued; and valid, or about to be validated.
 *
 * @param body - Of the request that counts, which is the one within FAST. Whoever has the key of a service makes tickets of any
 *   client for it: were they taken by the options outside, another request inside would turn them into true ones.
 */
export function checkPurpose(turn: Turn, body: KdcReqBody, { server, part }: OpenedRequest): void {
  const wants = (option: number): boolean => (body.kdcOptions & option) !== 0
  if ((part.flags & TicketFlag.INVALID) !== 0 && !wants(KdcOption.VALIDATE)) {
    throw new Refusal(KerberosErrorCode.KRB_AP_ERR_TKT_NYV, 'the ticket must be validated first')
  }
  const again = wants(KdcOption.RENEW | KdcOption.VALIDATE)
  if (again && server.realm !== turn.realm) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_POLICY, 'the ticket is for the realm that has issued it to renew')
  }
  if (realmOfKrbtgt(server.name) === turn.realm) return
  if (!again) {
    throw new Refusal(KerberosErrorCode.KRB_AP_ERR_NOT_US, 'the ticket is not a ticket-granting ticket of this realm')
  }
  if (body.sname === undefined || !sameName(body.sname, server.name)) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_SERVER_NOMATCH, 'the ticket is for another service than the request')
  }
}
