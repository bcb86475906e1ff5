import type { InitiatorExchange } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { isUnsuitable } from './identity.js'
import type { HttpScheme } from './options.js'
import type { RequestSigner } from './party.js'

/** A request, as far as an authentication must know it. */
export interface RequestFacts {
  readonly method: string
  /** As it stands in the request line. */
  readonly uri: string
  readonly hasBody: boolean
}

/** A response, as far as an authentication must know it. */
export interface ResponseFacts {
  readonly status: number
  /** The values of a field, each line by itself; empty where it is not there. */
  values(field: string): readonly string[]
}

/** A scheme of tokens in base64. */
export type TokenScheme = Exclude<HttpScheme, 'Basic' | 'Digest'>

/** An exchange of tokens under way. */
export interface TokenAttempt {
  readonly kind: 'tokens'
  readonly scheme: TokenScheme
  readonly exchange: InitiatorExchange
  readonly targetName: string
  /** Whether it was begun without a challenge. */
  readonly unasked: boolean
  /** To be sent with the next leg. */
  readonly token: Uint8Array | undefined
  /** Whether this side is done, as soon as the token is sent. */
  readonly done: boolean
  /** Whether the server has answered by a token: from then on all of it is of one connection. */
  readonly pinned: boolean
}

/** What the next leg carries, or the last one carried: the server's verdict on it is due. */
export type Attempt =
  | TokenAttempt
  | {
      readonly kind: 'signed'
      /** Whether the signer is one of the connection's; else it is the attempt's own. */
      readonly unasked: boolean
      readonly authorization: string
      readonly signer: RequestSigner
    }
  | { readonly kind: 'basic'; readonly unasked: boolean; readonly authorization: string }

/** Whether an error leaves a scheme out, and the next one is tried: the credentials are of no use with it, or its server wants too much. */
export function leavesOut(scheme: HttpScheme, error: unknown): error is SspiError {
  return isUnsuitable(error) || isBeyond(scheme, error)
}

/** Whether a server of Digest wants what is not known here, or not allowed: its other schemes are there for that. */
function isBeyond(scheme: HttpScheme, error: unknown): error is SspiError {
  if (scheme !== 'Digest' || !(error instanceof SspiError)) return false
  return error.code === 'SEC_E_ALGORITHM_MISMATCH' || error.code === 'SEC_E_SECURITY_QOS_FAILED'
}

/**
 * Whether a token beside a 401 was the server's own word on why it refuses; anything else is a failure of the exchange. Kerberos lets in
 * by one token, so that what comes back with a refusal is an error of it (RFC 4120 §5.9.1), if it is anything.
 */
export function isRefusal(mechanism: string, { code }: SspiError): boolean {
  return code === 'SEC_E_LOGON_DENIED' || (mechanism === 'Kerberos' && code !== 'SEC_E_INVALID_TOKEN')
}

/** A scheme that is left out, like one that the credentials are no good for. */
export function unsuitable(why: string): SspiError {
  return new SspiError('SEC_E_UNKNOWN_CREDENTIALS', why)
}
