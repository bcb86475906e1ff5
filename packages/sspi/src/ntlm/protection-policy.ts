import { constantTimeEqual } from '../crypto/index.js'
import { hashChannelBindings, SspiError, type ChannelBindings, type Policy } from '../sspi/index.js'
import { avFlags, avText, avValue, type AvPair } from './av-pairs.js'
import { AvFlag, AvId } from './constants.js'
import type { ProvenClient } from './proofs.js'

/** The client's word on its target: what it sends inside its proof, so that nobody on the way can change it. */
export interface ClaimedTarget {
  /** Empty when it names none. */
  readonly name: string
  /** Whether the client itself does not trust where it has the name from. */
  readonly untrusted: boolean
}

/** What a proven client says of its target. Clients of NTLMv1 cannot say. */
export function claimedTarget(client: ProvenClient): ClaimedTarget {
  const pairs = pairsOf(client)
  return {
    name: avText(pairs, AvId.MsvAvTargetName) ?? '',
    untrusted: (avFlags(pairs) & AvFlag.UNTRUSTED_TARGET_NAME) !== 0,
  }
}

/**
 * Extended protection, the name: whether the client meant this service.
 *
 * @throws `SspiError` `SEC_E_TARGET_UNKNOWN`: the password is right, but it was meant for another service.
 */
export function checkTarget(target: ClaimedTarget, policy: Policy): void {
  if (policy.targetNames === undefined) return
  // A name that the client has from who knows where counts as none.
  if (target.name === '' || target.untrusted) {
    if (!policy.targetNameRequired) return
    throw new SspiError(
      'SEC_E_TARGET_UNKNOWN',
      'NTLM: the client names no target that it trusts, and the policy requires one',
    )
  }
  const wanted = target.name.toLowerCase()
  if (policy.targetNames.some((name) => name.toLowerCase() === wanted)) return
  throw new SspiError('SEC_E_TARGET_UNKNOWN', `NTLM: the client meant to reach '${target.name}', which this is not`)
}

/**
 * Extended protection, the channel: whether the client's channel is this one.
 *
 * @param own - what the acceptor was given; without bindings of its own it cannot compare.
 * @param mayBeMissing - whether the caller lets missing ones pass where the policy requires them.
 * @returns whether the client sent any.
 * @throws `SspiError` `SEC_E_BAD_BINDINGS` when they differ, or are missing and required.
 */
export function checkBindings(
  client: ProvenClient,
  own: ChannelBindings | undefined,
  policy: Policy,
  mayBeMissing: boolean,
): boolean {
  const sent = avValue(pairsOf(client), AvId.MsvAvChannelBindings)
  const present = sent?.some((byte) => byte !== 0) ?? false
  if (own === undefined || policy.channelBindings === 'none') return present
  if (sent === undefined || !present) {
    if (policy.channelBindings === 'supported' || mayBeMissing) return false
    throw new SspiError('SEC_E_BAD_BINDINGS', 'NTLM: the client sent no channel bindings, and the policy requires them')
  }
  if (constantTimeEqual(sent, hashChannelBindings(own))) return true
  throw new SspiError(
    'SEC_E_BAD_BINDINGS',
    "NTLM: the client's channel bindings are of another channel: someone is in between",
  )
}

/** The AV pairs of a proven client; none with NTLMv1. */
export function pairsOf(client: ProvenClient): readonly AvPair[] {
  return client.response.kind === 'v2' ? client.response.avPairs : []
}
