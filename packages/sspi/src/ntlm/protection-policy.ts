import { constantTimeEqual } from '../crypto/index.js'
import { hashChannelBindings, SspiError, type ChannelBindings, type Policy } from '../sspi/index.js'
import { avFlags, avText, avValue } from './av-pairs.js'
import { AvFlag, AvId } from './constants.js'
import { pairsOf, type ProvenClient } from './proofs.js'
import type { Integrity } from './integrity.js'

/** The client's word on its target, out of what its proof covers. */
export interface ClaimedTarget {
  /** Empty when it names none. */
  readonly name: string
  /**
   * - `sure`: it is the client's word.
   * - `planted`: there is no MIC. Such clients give back what the CHALLENGE held, and never heard of target names and channel
   *   bindings: whoever relays them can put his own into the CHALLENGE and have them proven. So it counts against the client only.
   * - `untrusted`: the client itself says that it does not trust where it has the name from. It counts as none.
   */
  readonly trust: 'sure' | 'planted' | 'untrusted'
}

/** What a proven client says of its target. Clients of NTLMv1 cannot say. */
export function claimedTarget(client: ProvenClient, integrity: Integrity): ClaimedTarget {
  const pairs = pairsOf(client)
  const untrusted = (avFlags(pairs) & AvFlag.UNTRUSTED_TARGET_NAME) !== 0
  return {
    name: avText(pairs, AvId.MsvAvTargetName) ?? '',
    trust: untrusted ? 'untrusted' : integrity === 'mic' ? 'sure' : 'planted',
  }
}

/**
 * Extended protection, the name: whether the client meant this service.
 *
 * @throws `SspiError` `SEC_E_TARGET_UNKNOWN`: the password is right, but it was meant for another service.
 */
export function checkTarget({ name, trust }: ClaimedTarget, policy: Policy): void {
  if (policy.targetNames === undefined) return
  const wanted = name.toLowerCase()
  const named = name !== '' && trust !== 'untrusted'
  if (named && !policy.targetNames.some((each) => each.toLowerCase() === wanted)) {
    throw new SspiError('SEC_E_TARGET_UNKNOWN', `NTLM: the client meant to reach '${name}', which this is not`)
  }
  if ((named && trust === 'sure') || !policy.targetNameRequired) return
  throw new SspiError(
    'SEC_E_TARGET_UNKNOWN',
    named
      ? 'NTLM: the policy requires a target name, and without a MIC the one that came may be of someone in between'
      : 'NTLM: the client names no target that it trusts, and the policy requires one',
  )
}

/**
 * Extended protection, the channel: whether the client's channel is this one.
 *
 * @param own - what the acceptor was given; without bindings of its own it cannot compare.
 * @param mayBeMissing - whether the caller lets missing ones pass where the policy requires them.
 * @returns whether the client sent any that count: without a MIC they are not the client's, as of {@link ClaimedTarget}.
 * @throws `SspiError` `SEC_E_BAD_BINDINGS` when they differ, or are missing and required.
 */
export function checkBindings(
  client: ProvenClient,
  integrity: Integrity,
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
  if (!constantTimeEqual(sent, hashChannelBindings(own))) {
    throw new SspiError(
      'SEC_E_BAD_BINDINGS',
      "NTLM: the client's channel bindings are of another channel: someone is in between",
    )
  }
  if (integrity === 'mic') return true
  if (policy.channelBindings === 'supported' || mayBeMissing) return false
  throw new SspiError(
    'SEC_E_BAD_BINDINGS',
    'NTLM: the policy requires channel bindings, and without a MIC those that came may be of someone in between',
  )
}
