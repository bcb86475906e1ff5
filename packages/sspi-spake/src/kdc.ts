import { SspiError, wipe } from 'sspi/core'
import { decodeDer, encodeDer, readPaSpake, writePaSpake, type KerberosKey } from 'sspi/kerberos'
import { spakeGroups, type SpakeGroup } from './groups.js'
import { challengeTranscript, deriveSpakeKey, responseTranscript, spakeSecret, type SpakeKeyInput } from './keys.js'
import { openFactor, SF_NONE } from './second-factors.js'

/**
 * What a KDC keeps from its challenge to the client's answer: between two requests it lies, encrypted, in PA-FX-COOKIE, or in the
 * KDC's memory. The scalar is secret, and good for one answer.
 */
export interface SpakeKdcState {
  /** The number of the group. */
  readonly group: number
  /** Secret. */
  readonly scalar: Uint8Array
  /** As `challengeTranscript` makes it. */
  readonly transcript: Uint8Array
}

/** What a KDC makes a challenge of. */
export interface SpakeChallengeOptions {
  readonly group: SpakeGroup
  /** The client's long-term key, of the encryption type that ETYPE-INFO2 names first. Stays the caller's. */
  readonly initialKey: KerberosKey
  /** The client's PA-SPAKE as it came. Default: none, where the challenge is not waited for. */
  readonly support?: Uint8Array | undefined
  readonly random: (length: number) => Uint8Array
}

/** A challenge, and what is to be kept of it. */
export interface SpakeKdcChallenge {
  /** The PA-SPAKE to send. */
  readonly challenge: Uint8Array
  readonly state: SpakeKdcState
}

/** What a KDC opens an answer with. */
export interface SpakeResponseOptions {
  readonly state: SpakeKdcState
  /** As for the challenge. Stays the caller's. */
  readonly initialKey: KerberosKey
  /** The client's PA-SPAKE as it came. */
  readonly response: Uint8Array
  /** The KDC-REQ-BODY that it came with, as it came; inside of FAST that of the request inside. */
  readonly body: Uint8Array
}

/**
 * The first of the client's groups that a KDC takes, RFC 9588 section 4.2.
 *
 * @param support - The client's PA-SPAKE as it came.
 * @returns `undefined` when there is none.
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it is no such message.
 */
export function chooseSpakeGroup(support: Uint8Array, permitted: readonly SpakeGroup[]): SpakeGroup | undefined {
  const message = decodeDer(support, readPaSpake)
  if (message.kind !== 'support') {
    throw new SspiError('SEC_E_INVALID_TOKEN', `PA-SPAKE: the client's groups expected, not a ${message.kind}`)
  }
  for (const number of message.support.groups) {
    const group = permitted.find((other) => other.number === number)
    if (group !== undefined) return group
  }
  return undefined
}

/** A KDC's challenge, RFC 9588 section 4.2, without second factors. */
export function makeSpakeChallenge(options: SpakeChallengeOptions): SpakeKdcChallenge {
  const { group, initialKey, support = new Uint8Array(0), random } = options
  const secret = spakeSecret(initialKey, group)
  try {
    const scalar = group.randomScalar(random)
    const pubkey = group.publicValue('kdc', scalar, secret)
    const value = { group: group.number, pubkey, factors: [{ type: SF_NONE }] }
    const challenge = encodeDer({ kind: 'challenge', challenge: value }, writePaSpake)
    const transcript = challengeTranscript(group, support, challenge)
    return { challenge, state: { group: group.number, scalar, transcript } }
  } finally {
    wipe(secret)
  }
}

/**
 * Opens a client's answer, RFC 9588 section 4.3: that it opens proves the client's key.
 *
 * @returns The reply key, which the caller disposes of.
 * @throws {@link SspiError} `SEC_E_LOGON_DENIED` when the client's key is another; `SEC_E_INVALID_TOKEN` when it is no answer;
 *   `SEC_E_UNSUPPORTED_PREAUTH` for a second factor.
 */
export function openSpakeResponse({ state, initialKey, response, body }: SpakeResponseOptions): KerberosKey {
  const group = spakeGroups.get(state.group)
  if (group === undefined) throw new TypeError(`SPAKE: a state of group ${state.group}`)
  const message = decodeDer(response, readPaSpake)
  if (message.kind !== 'response') {
    throw new SspiError('SEC_E_INVALID_TOKEN', `PA-SPAKE: the client's answer expected, not a ${message.kind}`)
  }
  const { pubkey, factor } = message.response
  const secret = spakeSecret(initialKey, group)
  let shared: Uint8Array | undefined
  let factorKey: KerberosKey | undefined
  try {
    shared = group.sharedValue('kdc', state.scalar, secret, pubkey)
    const transcript = responseTranscript(group, state.transcript, pubkey)
    const input: SpakeKeyInput = { group, initialKey, secret, shared, transcript, body }
    factorKey = deriveSpakeKey(input, 1)
    openFactor(factorKey, factor)
    return deriveSpakeKey(input, 0)
  } finally {
    wipe(secret)
    wipe(shared)
    factorKey?.dispose()
  }
}
