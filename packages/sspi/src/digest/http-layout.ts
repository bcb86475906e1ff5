import { toHex } from '../bytes/index.js'
import {
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_PADDING,
  SECBUFFER_PKG_PARAMS,
  SECBUFFER_TOKEN,
  signatureRoom,
  SspiError,
  type SecBuffer,
  type SecBufferDesc,
} from '../sspi/index.js'
import type { DigestAlgorithm } from './algorithms.js'
import { octetsOf } from './octets.js'

/** What a request is authenticated by, as far as the caller has said it: octets. */
export interface RequestFacts {
  /** Empty where there is none. */
  readonly method: string
  readonly uri: string
  readonly entity: Entity
}

/** The body of a message, or its hash in hexadecimal digits, or neither. */
export interface Entity {
  readonly digits: string
  /** `undefined` where no data buffer came. */
  readonly body: readonly Uint8Array[] | undefined
}

/** A message of an HTTP context: `makeSignature` and `verifySignature`. */
export interface HttpLayout {
  /** What is verified; where a signature goes if there is no padding buffer. */
  readonly token: SecBuffer
  /** Where a signature goes, as Windows has it. */
  readonly padding: SecBuffer | undefined
  /** `undefined` for a response, which has no parameters. */
  readonly request: RequestFacts | undefined
  readonly entity: Entity
}

/**
 * Finds token, parameters and body among a caller's buffers. The parameters are, in this order: method, URI, H(entity-body).
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when there is no token or more than one, or a buffer of a type that such a message
 *   cannot have.
 */
export function readHttpLayout(message: SecBufferDesc): HttpLayout {
  let token: SecBuffer | undefined
  let padding: SecBuffer | undefined
  const parameters: Uint8Array[] = []
  const body: Uint8Array[] = []
  for (const buffer of message.buffers) {
    switch (buffer.type) {
      case SECBUFFER_TOKEN:
        if (token !== undefined) {
          throw new SspiError('SEC_E_INVALID_TOKEN', 'message: two buffers of type SECBUFFER_TOKEN')
        }
        token = buffer
        break
      case SECBUFFER_PADDING:
        padding ??= buffer
        break
      case SECBUFFER_PKG_PARAMS:
        parameters.push(buffer.bytes)
        break
      case SECBUFFER_DATA:
        body.push(buffer.bytes)
        break
      case SECBUFFER_EMPTY:
        break
      default:
        throw new SspiError('SEC_E_INVALID_TOKEN', `message: a buffer of type ${buffer.type} has no place in it`)
    }
  }
  if (token === undefined) throw new SspiError('SEC_E_INVALID_TOKEN', 'message: no buffer of type SECBUFFER_TOKEN')
  const entity: Entity = { digits: parameterOf(parameters, 2), body: body.length === 0 ? undefined : body }
  if (parameters.length === 0) return { token, padding, request: undefined, entity }
  const request = { method: parameterOf(parameters, 0), uri: parameterOf(parameters, 1), entity }
  return { token, padding, request, entity }
}

/** A parameter as octets; empty where it is missing. Windows' callers may end texts with a zero byte. */
export function parameterOf(parameters: readonly Uint8Array[] | undefined, index: number): string {
  const bytes = parameters?.[index]
  return bytes === undefined ? '' : octetsOf(bytes).replace(/\0+$/, '')
}

/** Writes a signature where it belongs. @throws {@link SspiError} `SEC_E_BUFFER_TOO_SMALL`; nothing was changed. */
export function putSignature({ token, padding }: HttpLayout, signature: Uint8Array): void {
  const buffer = padding ?? token
  // A token buffer without length is Windows' way of saying that there is none, not that it is full.
  if (buffer.cbBuffer === 0) buffer.pvBuffer = undefined
  signatureRoom(buffer, signature.length).set(signature)
  buffer.cbBuffer = signature.length
}

/**
 * H(entity-body) in hexadecimal digits: of the body, or as the caller has made it; of an empty body where it gave neither.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_PARAMETER` for a hash of another length than the algorithm's.
 */
export function entityHash(algorithm: DigestAlgorithm, { digits, body }: Entity): string {
  if (body !== undefined || digits === '') return toHex(algorithm.hash(...(body ?? [])))
  if (digits.length === 2 * algorithm.hashBytes && /^[0-9a-fA-F]*$/.test(digits)) return digits.toLowerCase()
  throw new SspiError(
    'SEC_E_INVALID_PARAMETER',
    `Digest: H(entity-body) has ${2 * algorithm.hashBytes} hexadecimal digits with ${algorithm.name}: give the body in a SECBUFFER_DATA`,
  )
}
