import { SspiError, type FailureName } from '../status/index.js'
import type { SecBuffer, SecBufferDesc } from './buffer.js'
import type { Outcome } from './context-state.js'
import {
  SECBUFFER_ALERT,
  SECBUFFER_EMPTY,
  SECBUFFER_EXTRA,
  SECBUFFER_MISSING,
  SECBUFFER_TOKEN,
} from './constants/index.js'

/** The token buffer among the output. @throws {@link SspiError} `shortStatus` when there is none. */
export function outputToken(output: SecBufferDesc | undefined, shortStatus: FailureName): SecBuffer {
  const token = output?.find(SECBUFFER_TOKEN)
  if (token === undefined) throw new SspiError(shortStatus, 'output: a buffer of type SECBUFFER_TOKEN is needed')
  return token
}

/**
 * Whether an output buffer for an alert has room, where there is one: alerts of failures come with the error, so it is only
 * ever emptied. @throws {@link SspiError} `shortStatus` when it has none.
 */
export function checkAlert(output: SecBufferDesc, allocate: boolean, shortStatus: FailureName): void {
  const alert = output.find(SECBUFFER_ALERT)
  if (alert !== undefined && !allocate && alert.pvBuffer !== undefined && alert.cbBuffer === 0) {
    throw new SspiError(shortStatus, 'output: the buffer of type SECBUFFER_ALERT has no room')
  }
}

/** Where an outcome goes. */
export interface Delivery {
  readonly output: SecBufferDesc
  readonly input: SecBufferDesc | undefined
  /** The token that the exchange was given: by it the same call is known when it comes again. */
  readonly token: Uint8Array | undefined
  readonly allocate: boolean
  /** What the interface itself adds to the context's attributes. */
  readonly attributes: number
}

/** Hands an outcome to the caller's buffers: all of it or, when one is too short, nothing. */
export function putOutcome(
  delivery: Delivery,
  outcome: Exclude<Outcome, { kind: 'incomplete' }>,
  short: FailureName,
): void {
  const { input, output, allocate } = delivery
  const buffer = outputToken(output, short)
  checkTokenRoom(buffer, outcome.token, allocate, short)
  const given = input?.find(SECBUFFER_TOKEN)
  if (input !== undefined && given !== undefined) putExtra(input, given, outcome.consumed)
  putToken(buffer, outcome.token, allocate)
  const alert = output.find(SECBUFFER_ALERT)
  if (alert !== undefined) alert.cbBuffer = 0
}

/** @throws {@link SspiError} `shortStatus` when a token does not fit into the output buffer. */
function checkTokenRoom(
  buffer: SecBuffer,
  token: Uint8Array | undefined,
  allocate: boolean,
  shortStatus: FailureName,
): void {
  if (token === undefined || allocate || buffer.pvBuffer === undefined) return
  const room = Math.min(buffer.cbBuffer, buffer.pvBuffer.length)
  if (room < token.length) {
    throw new SspiError(shortStatus, `output: the token buffer has ${room} bytes, ${token.length} are needed`)
  }
}

/**
 * Writes a token into the output buffer, which has room for it, allocating where asked to or where the buffer has no
 * memory: always a copy, as the exchange may still need its own.
 */
function putToken(buffer: SecBuffer, token: Uint8Array | undefined, allocate: boolean): void {
  buffer.cbBuffer = token?.length ?? 0
  if (token === undefined || token.length === 0) return
  if (allocate || buffer.pvBuffer === undefined) buffer.pvBuffer = new Uint8Array(token)
  else buffer.pvBuffer.set(token)
}

/** Says which bytes of the input were not the exchange's, in an `SECBUFFER_EMPTY` of the input that becomes `EXTRA`. */
function putExtra(input: SecBufferDesc, token: SecBuffer, consumed: number): void {
  const surplus = token.bytes.length - consumed
  if (surplus <= 0) return
  const empty = input.find(SECBUFFER_EMPTY)
  if (empty === undefined) {
    throw new SspiError(
      'SEC_E_INSUFFICIENT_BUFFERS',
      `input: ${surplus} bytes follow the token; an input buffer of type SECBUFFER_EMPTY is needed to name them`,
    )
  }
  empty.become(SECBUFFER_EXTRA, token.bytes.subarray(consumed))
}

/** Says how many bytes are missing, in an `SECBUFFER_EMPTY` of the input that becomes `MISSING`; where there is one. */
export function putMissing(input: SecBufferDesc, missing: number | undefined): void {
  if (missing === undefined) return
  input.find(SECBUFFER_EMPTY)?.become(SECBUFFER_MISSING, undefined, missing)
}
