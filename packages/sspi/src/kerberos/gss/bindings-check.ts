import { constantTimeEqual } from '../../crypto/index.js'
import { hashChannelBindings, type ChannelBindings, type Policy } from '../../sspi/index.js'
import { Reader } from '../../bytes/index.js'
import { AuthorizationDataType, KerberosErrorCode } from '../constants.js'
import { findAuthorizationData } from '../messages/index.js'
import type { OpenedRequest, Refuse } from './ap-request-check.js'

/** KERB_AP_OPTIONS_CBT of MS-KILE 3.2.5.8: the client would have sent bindings if it had a channel. */
const CLIENT_SENDS_BINDINGS = 0x4000

/**
 * Extended protection: whether the client's channel is this one. RFC 4121 section 4.1.1.2, MS-KILE 3.4.5.
 *
 * @param own - what the acceptor was given; without bindings of its own it cannot compare.
 * @param mayBeMissing - whether the caller lets missing ones pass where the policy requires them.
 * @returns whether the client sent any.
 * @throws `SspiError` `SEC_E_BAD_BINDINGS` when they differ, or are missing where they must be there.
 */
export function checkBindings(
  { checksum, authenticator }: OpenedRequest,
  own: ChannelBindings | undefined,
  policy: Policy,
  mayBeMissing: boolean,
  refuse: Refuse,
): boolean {
  const present = checksum.bindings.some((byte) => byte !== 0)
  if (own === undefined || policy.channelBindings === 'none') return present
  const bad = (message: string): Error => refuse('SEC_E_BAD_BINDINGS', KerberosErrorCode.KRB_AP_ERR_MODIFIED, message)
  if (present) {
    if (constantTimeEqual(checksum.bindings, hashChannelBindings(own))) return true
    throw bad("Kerberos: the client's channel bindings are of another channel: someone is in between")
  }
  const aware = findAuthorizationData(
    authenticator.authorizationData ?? [],
    AuthorizationDataType.AD_AUTH_DATA_AP_OPTIONS,
  ).some((data) => data.length === 4 && (new Reader(data).u32le('AP options') & CLIENT_SENDS_BINDINGS) !== 0)
  if (aware) {
    throw bad('Kerberos: the client binds to channels and has seen none, where there is one: someone is in between')
  }
  if (policy.channelBindings === 'required' && !mayBeMissing) {
    throw bad('Kerberos: the client sent no channel bindings, and the policy requires them')
  }
  return false
}
