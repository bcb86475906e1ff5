import {
  ASC_REQ_CONFIDENTIALITY,
  ASC_REQ_INTEGRITY,
  ASC_RET_CONFIDENTIALITY,
  ASC_RET_CONNECTION,
  ASC_RET_DATAGRAM,
  ASC_RET_DELEGATE,
  ASC_RET_EXTENDED_ERROR,
  ASC_RET_IDENTIFY,
  ASC_RET_INTEGRITY,
  ASC_RET_MUTUAL_AUTH,
  ASC_RET_REPLAY_DETECT,
  ASC_RET_SEQUENCE_DETECT,
  ASC_RET_USED_DCE_STYLE,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_DATAGRAM,
  ISC_REQ_EXTENDED_ERROR,
  ISC_REQ_IDENTIFY,
  ISC_REQ_INTEGRITY,
  ISC_REQ_MUTUAL_AUTH,
  ISC_REQ_REPLAY_DETECT,
  ISC_REQ_SEQUENCE_DETECT,
  ISC_REQ_USE_DCE_STYLE,
  ISC_RET_CONFIDENTIALITY,
  ISC_RET_CONNECTION,
  ISC_RET_DATAGRAM,
  ISC_RET_DELEGATE,
  ISC_RET_EXTENDED_ERROR,
  ISC_RET_IDENTIFY,
  ISC_RET_INTEGRITY,
  ISC_RET_MUTUAL_AUTH,
  ISC_RET_REPLAY_DETECT,
  ISC_RET_SEQUENCE_DETECT,
  ISC_RET_USED_DCE_STYLE,
  type Side,
} from '../../sspi/index.js'
import { GssFlag } from './authenticator-checksum.js'
import type { SequencePolicy } from './sequence-window.js'

/**
 * The flags that an initiator asks for, without `DELEGATE`, which depends on what the KDC gives. Whoever wants messages
 * encrypted or their order watched wants them signed.
 */
export function requestedFlags(contextReq: number): number {
  const requested = (mask: number): boolean => (contextReq & mask) !== 0
  const protects = ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT
  const dceStyle = requested(ISC_REQ_USE_DCE_STYLE)
  return (
    (requested(ISC_REQ_MUTUAL_AUTH) || dceStyle ? GssFlag.MUTUAL : 0) |
    (requested(ISC_REQ_REPLAY_DETECT) ? GssFlag.REPLAY : 0) |
    (requested(ISC_REQ_SEQUENCE_DETECT) ? GssFlag.SEQUENCE : 0) |
    (requested(ISC_REQ_CONFIDENTIALITY) ? GssFlag.CONFIDENTIALITY : 0) |
    (requested(protects) ? GssFlag.INTEGRITY : 0) |
    (dceStyle ? GssFlag.DCE_STYLE : 0) |
    (requested(ISC_REQ_IDENTIFY) ? GssFlag.IDENTIFY : 0) |
    (requested(ISC_REQ_EXTENDED_ERROR) ? GssFlag.EXTENDED_ERROR : 0)
  )
}

/** Each flag with what it is called in the attributes of a context, for either side. */
const NAMES: readonly (readonly [GssFlag, Readonly<Record<Side, number>>])[] = [
  [GssFlag.DELEGATE, { initiator: ISC_RET_DELEGATE, acceptor: ASC_RET_DELEGATE }],
  [GssFlag.MUTUAL, { initiator: ISC_RET_MUTUAL_AUTH, acceptor: ASC_RET_MUTUAL_AUTH }],
  [GssFlag.REPLAY, { initiator: ISC_RET_REPLAY_DETECT, acceptor: ASC_RET_REPLAY_DETECT }],
  [GssFlag.SEQUENCE, { initiator: ISC_RET_SEQUENCE_DETECT, acceptor: ASC_RET_SEQUENCE_DETECT }],
  [GssFlag.CONFIDENTIALITY, { initiator: ISC_RET_CONFIDENTIALITY, acceptor: ASC_RET_CONFIDENTIALITY }],
  [GssFlag.INTEGRITY, { initiator: ISC_RET_INTEGRITY, acceptor: ASC_RET_INTEGRITY }],
  [GssFlag.DCE_STYLE, { initiator: ISC_RET_USED_DCE_STYLE, acceptor: ASC_RET_USED_DCE_STYLE }],
  [GssFlag.IDENTIFY, { initiator: ISC_RET_IDENTIFY, acceptor: ASC_RET_IDENTIFY }],
  [GssFlag.EXTENDED_ERROR, { initiator: ISC_RET_EXTENDED_ERROR, acceptor: ASC_RET_EXTENDED_ERROR }],
]

/** `ISC_RET_…` or `ASC_RET_…` of a context with these flags. */
export function contextAttributes(side: Side, flags: number, contextReq: number): number {
  let attributes = 0
  // Whoever takes messages in their order alone takes none twice.
  const achieved = (flags & GssFlag.SEQUENCE) === 0 ? flags : flags | GssFlag.REPLAY
  for (const [flag, names] of NAMES) if ((achieved & flag) !== 0) attributes |= names[side]
  // What kind of connection it is each side says for itself.
  attributes |=
    side === 'initiator'
      ? contextReq & (ISC_RET_DATAGRAM | ISC_RET_CONNECTION)
      : contextReq & (ASC_RET_DATAGRAM | ASC_RET_CONNECTION)
  return attributes >>> 0
}

/** What an acceptor's caller demands and the initiator did not ask for, in words; `undefined` for nothing. */
export function missingProtection(contextReq: number, flags: number): string | undefined {
  const missing: string[] = []
  if ((contextReq & ASC_REQ_INTEGRITY) !== 0 && (flags & GssFlag.INTEGRITY) === 0) missing.push('integrity')
  if ((contextReq & ASC_REQ_CONFIDENTIALITY) !== 0 && (flags & GssFlag.CONFIDENTIALITY) === 0) {
    missing.push('confidentiality')
  }
  return missing.length === 0 ? undefined : missing.join(' and ')
}

/** Whether the caller counts the messages itself. The flag is the same for both sides. */
export function isDatagram(contextReq: number): boolean {
  return (contextReq & ISC_REQ_DATAGRAM) !== 0
}

/** What the flags ask of the order of messages. */
export function sequencePolicy(flags: number): SequencePolicy {
  if ((flags & GssFlag.SEQUENCE) !== 0) return 'in-order'
  return (flags & GssFlag.REPLAY) !== 0 ? 'no-replay' : 'any'
}
