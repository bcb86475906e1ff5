import {
  ASC_RET_CONFIDENTIALITY,
  ASC_RET_CONNECTION,
  ASC_RET_INTEGRITY,
  ASC_RET_MUTUAL_AUTH,
  ASC_RET_REPLAY_DETECT,
  ASC_RET_SEQUENCE_DETECT,
  ISC_RET_CONFIDENTIALITY,
  ISC_RET_CONNECTION,
  ISC_RET_INTEGRITY,
  ISC_RET_MUTUAL_AUTH,
  ISC_RET_REPLAY_DETECT,
  ISC_RET_SEQUENCE_DETECT,
  ISC_RET_USED_HTTP_STYLE,
  type Side,
} from '../sspi/index.js'
import type { DigestForm, Qop } from './computations.js'

const NUMBERS = {
  initiator: {
    integrity: ISC_RET_INTEGRITY | ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT,
    confidentiality: ISC_RET_CONFIDENTIALITY,
    mutual: ISC_RET_MUTUAL_AUTH,
    connection: ISC_RET_CONNECTION,
    http: ISC_RET_USED_HTTP_STYLE,
  },
  acceptor: {
    integrity: ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT,
    confidentiality: ASC_RET_CONFIDENTIALITY,
    mutual: ASC_RET_MUTUAL_AUTH,
    connection: ASC_RET_CONNECTION,
    http: 0,
  },
} as const

/** What an exchange came to. */
export interface Outcome {
  readonly form: DigestForm
  readonly qop: Qop
  /** Whether the server has proven itself. */
  readonly mutual: boolean
}

/** `ISC_RET_…` or `ASC_RET_…` of a finished exchange: what was achieved, and nothing that was only wished for. */
export function achievedAttributes(side: Side, outcome: Outcome, contextReq: number): number {
  const numbers = NUMBERS[side]
  let achieved = contextReq & numbers.connection
  if (outcome.form === 'http') achieved |= numbers.http
  if (outcome.qop !== 'auth') achieved |= numbers.integrity
  if (outcome.qop === 'auth-conf') achieved |= numbers.confidentiality
  if (outcome.mutual) achieved |= numbers.mutual
  return achieved >>> 0
}
