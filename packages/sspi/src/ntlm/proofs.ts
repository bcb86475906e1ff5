import { constantTimeEqual, secretFrom, wipe, type SecretBytes } from '../crypto/index.js'
import { SspiError, type Account } from '../sspi/index.js'
import type { AvPair } from './av-pairs.js'
import { NegotiateFlag } from './constants.js'
import { hasFlag } from './flags.js'
import type { AuthenticateMessage } from './messages/index.js'
import {
  keyExchangeKey,
  lmv2Response,
  ntlmv1Response,
  ntowfv1,
  ntowfv2,
  provesV2,
  sessionBaseKeyV1,
  sessionBaseKeyV2,
  type NtResponse,
} from './responses.js'

declare const brand: unique symbol

/** A client that has proven to know its account's secret; nothing but {@link checkProof} makes one. */
export type ProvenClient = {
  readonly account: Account
  readonly response: ClientResponse
  /** The holder's to wipe. */
  readonly keyExchangeKey: SecretBytes
} & { readonly [brand]: 'ProvenClient' }

/** The response that counts among those that a client sent. */
export type ClientResponse =
  | Extract<NtResponse, { readonly kind: 'v1' | 'v2' }>
  /** A bare LMv2 response, of clients that know no other form of NTLMv2. */
  | { readonly kind: 'lmv2'; readonly response: Uint8Array }

/** What a proof is checked against. */
export interface ProofCheck {
  readonly message: AuthenticateMessage
  readonly response: ClientResponse
  readonly serverChallenge: Uint8Array
  /** What was negotiated. */
  readonly flags: number
  /** Random bytes to work with when there is no account: 16. */
  readonly decoy: Uint8Array
}

/** The one answer to an unknown user, a wrong password and a disabled account. */
export function denied(): SspiError {
  return new SspiError('SEC_E_LOGON_DENIED', 'NTLM: unknown user, wrong password, or the account is disabled')
}

/**
 * Checks a client's response against its account. For nobody's account the same is computed with a random secret, so that the
 * time tells nothing; only then is it refused.
 *
 * @throws `SspiError` `SEC_E_LOGON_DENIED`, with the same message whatever the reason.
 */
export function checkProof(account: Account | undefined, check: ProofCheck): ProvenClient {
  const ntHash = ntHashOf(account, check.decoy)
  const key = proveWith(ntHash, check)
  wipe(ntHash)
  if (account === undefined || account.enabled === false || key === undefined) {
    wipe(key)
    throw denied()
  }
  return { account, response: check.response, keyExchangeKey: key } as ProvenClient // checked just now
}

/** The AV pairs of a proven client; none with NTLMv1. */
export function pairsOf(client: ProvenClient): readonly AvPair[] {
  return client.response.kind === 'v2' ? client.response.avPairs : []
}

/** The NT hash of an account or of nobody: always one hashing of a password, and one copy of a hash. */
function ntHashOf(account: Account | undefined, decoy: Uint8Array): SecretBytes {
  const secret = account?.secret
  const hashed = ntowfv1(secret?.kind === 'password' ? secret.password : String.fromCharCode(...decoy))
  try {
    return secretFrom(secret?.kind === 'nt-hash' ? secret.ntHash : hashed)
  } finally {
    wipe(hashed)
  }
}

/** The key exchange key when the response is that of the hash. */
function proveWith(ntHash: Uint8Array, check: ProofCheck): SecretBytes | undefined {
  const { response, message } = check
  if (response.kind === 'v1') return proveV1(ntHash, response.response, check)
  // MS-NLMP 3.2.5.1.2: servers should bear with clients that leave the domain out of their key. Both are always tried.
  const asSent = proveV2(ntowfv2(ntHash, message.user, message.domain), response, check)
  const withoutDomain = proveV2(ntowfv2(ntHash, message.user, ''), response, check)
  if (asSent === undefined) return withoutDomain
  wipe(withoutDomain)
  return asSent
}

function proveV2(
  responseKey: SecretBytes,
  response: Exclude<ClientResponse, { readonly kind: 'v1' }>,
  check: ProofCheck,
): SecretBytes | undefined {
  const { serverChallenge } = check
  const proof = response.kind === 'v2' ? response.ntProofStr : response.response.subarray(0, 16)
  const proven =
    response.kind === 'v2'
      ? provesV2(responseKey, serverChallenge, response)
      : constantTimeEqual(lmv2Response(responseKey, serverChallenge, response.response.subarray(16)), response.response)
  const key = sessionBaseKeyV2(responseKey, proof)
  wipe(responseKey)
  if (proven) return key
  wipe(key)
  return undefined
}

function proveV1(ntHash: Uint8Array, response: Uint8Array, check: ProofCheck): SecretBytes | undefined {
  const { flags, serverChallenge, message } = check
  const { lmResponse } = message
  const extended = hasFlag(flags, NegotiateFlag.NEGOTIATE_EXTENDED_SESSIONSECURITY)
  const expected = ntlmv1Response(ntHash, serverChallenge, extended ? lmResponse.subarray(0, 8) : undefined)
  const sessionBaseKey = sessionBaseKeyV1(ntHash)
  const key = keyExchangeKey({ flags, ntlmVersion: 1, sessionBaseKey, lmResponse, serverChallenge })
  wipe(sessionBaseKey)
  if (constantTimeEqual(expected, response)) return key
  wipe(key)
  return undefined
}
