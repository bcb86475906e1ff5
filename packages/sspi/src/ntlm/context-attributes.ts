import {
  ASC_REQ_CONFIDENTIALITY,
  ASC_REQ_INTEGRITY,
  ASC_RET_CONFIDENTIALITY,
  ASC_RET_CONNECTION,
  ASC_RET_DATAGRAM,
  ASC_RET_IDENTIFY,
  ASC_RET_INTEGRITY,
  ASC_RET_NULL_SESSION,
  ASC_RET_REPLAY_DETECT,
  ASC_RET_SEQUENCE_DETECT,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_INTEGRITY,
  ISC_RET_CONFIDENTIALITY,
  ISC_RET_CONNECTION,
  ISC_RET_DATAGRAM,
  ISC_RET_IDENTIFY,
  ISC_RET_INTEGRITY,
  ISC_RET_NULL_SESSION,
  ISC_RET_REPLAY_DETECT,
  ISC_RET_SEQUENCE_DETECT,
  SspiError,
  type Side,
} from '../sspi/index.js'
import { NegotiateFlag } from './constants.js'
import { hasFlag } from './flags.js'

/** A side's numbers for what a context may achieve. NTLM never authenticates the server, so that is not among them. */
interface AttributeNumbers {
  readonly integrity: number
  /** Messages replayed or reordered are noticed; in datagram contexts the caller counts, so that is not claimed there. */
  readonly sequence: number
  readonly confidentiality: number
  readonly identify: number
  readonly datagram: number
  readonly connection: number
  readonly nullSession: number
}

const NUMBERS: Readonly<Record<Side, AttributeNumbers>> = {
  initiator: {
    integrity: ISC_RET_INTEGRITY,
    sequence: ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT,
    confidentiality: ISC_RET_CONFIDENTIALITY,
    identify: ISC_RET_IDENTIFY,
    datagram: ISC_RET_DATAGRAM,
    connection: ISC_RET_CONNECTION,
    nullSession: ISC_RET_NULL_SESSION,
  },
  acceptor: {
    integrity: ASC_RET_INTEGRITY,
    sequence: ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT,
    confidentiality: ASC_RET_CONFIDENTIALITY,
    identify: ASC_RET_IDENTIFY,
    datagram: ASC_RET_DATAGRAM,
    connection: ASC_RET_CONNECTION,
    nullSession: ASC_RET_NULL_SESSION,
  },
}

/** `ISC_RET_…` or `ASC_RET_…` of a finished exchange: what the negotiated flags come to, and nothing that was only wished for. */
export function achievedAttributes(side: Side, flags: number, contextReq: number): number {
  const numbers = NUMBERS[side]
  const datagram = hasFlag(flags, NegotiateFlag.NEGOTIATE_DATAGRAM)
  let achieved = datagram ? numbers.datagram : contextReq & numbers.connection
  if (hasFlag(flags, NegotiateFlag.NEGOTIATE_SIGN)) achieved |= numbers.integrity | (datagram ? 0 : numbers.sequence)
  if (hasFlag(flags, NegotiateFlag.NEGOTIATE_SEAL)) achieved |= numbers.confidentiality
  if (hasFlag(flags, NegotiateFlag.NEGOTIATE_IDENTIFY)) achieved |= numbers.identify
  if (hasFlag(flags, NegotiateFlag.ANONYMOUS)) achieved |= numbers.nullSession
  return achieved >>> 0
}

/**
 * Sees to it that the protection that the caller demanded was negotiated. Without this, a caller who does not look at what
 * came out would send bare messages after someone on the way took the flags out.
 *
 * @throws `SspiError` `SEC_E_SECURITY_QOS_FAILED`, naming what is missing.
 */
export function requireDemanded(side: Side, flags: number, contextReq: number): void {
  const [integrity, confidentiality] =
    side === 'initiator' ? [ISC_REQ_INTEGRITY, ISC_REQ_CONFIDENTIALITY] : [ASC_REQ_INTEGRITY, ASC_REQ_CONFIDENTIALITY]
  const missing: string[] = []
  if ((contextReq & integrity) !== 0 && !hasFlag(flags, NegotiateFlag.NEGOTIATE_SIGN)) missing.push('integrity')
  if ((contextReq & confidentiality) !== 0 && !hasFlag(flags, NegotiateFlag.NEGOTIATE_SEAL)) {
    missing.push('confidentiality')
  }
  if (missing.length === 0) return
  const why = hasFlag(flags, NegotiateFlag.ANONYMOUS)
    ? 'an anonymous session has no key for it'
    : `the peer does not agree to it`
  throw new SspiError('SEC_E_SECURITY_QOS_FAILED', `NTLM: ${missing.join(' and ')} was asked for, and ${why}`)
}

/**
 * Sees to it that messages, if they are to be protected, are protected well.
 *
 * @throws `SspiError` `SEC_E_ALGORITHM_MISMATCH`, naming what is missing.
 */
export function requireStrong(peer: string, flags: number, required: readonly (keyof typeof NegotiateFlag)[]): void {
  const missing = required.filter((name) => !hasFlag(flags, NegotiateFlag[name]))
  if (missing.length === 0) return
  throw new SspiError(
    'SEC_E_ALGORITHM_MISMATCH',
    `NTLM: the ${peer} does not offer ${missing.map((name) => `NTLMSSP_${name}`).join(', ')}; only insecureAllowNtlmV1 goes on without`,
  )
}
