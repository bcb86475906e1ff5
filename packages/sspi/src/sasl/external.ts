import { encodeUtf8 } from '../bytes/index.js'
import { SspiError, type Identity } from '../sspi/index.js'
import { requireAuthorized, type Authorize } from './authorization.js'
import { checkGivenAuthorizationId, readAuthorizationId } from './layer-messages.js'

/**
 * The client's only message of EXTERNAL (RFC 4422 appendix A): whom it wants to act as, while the channel beneath (TLS with a
 * certificate, a local socket) has said who it is. Empty: as itself.
 *
 * @throws `SspiError` `SEC_E_INVALID_PARAMETER` when the name is too long, or has a NUL in it.
 */
export function saslExternalResponse(authorizationId = ''): Uint8Array {
  const response = encodeUtf8(authorizationId)
  checkGivenAuthorizationId(response)
  return response
}

/** Options of {@link acceptSaslExternal}. */
export interface AcceptExternalOptions {
  /** Whom the channel has authenticated: `SecureSession.peer` of a Schannel session, for instance. */
  readonly client: Identity | undefined
  /** Whether it may act as somebody whom it names. Default: as itself alone, by its own name. */
  readonly authorize?: Authorize | undefined
}

/**
 * The server's side of EXTERNAL.
 *
 * @returns whom the client acts as; empty for itself.
 * @throws `SspiError` `SEC_E_LOGON_DENIED` when the channel has authenticated nobody, or the client may not act as whom it names;
 *   `SEC_E_INVALID_TOKEN` when the response is no name.
 */
export function acceptSaslExternal(response: Uint8Array, { client, authorize }: AcceptExternalOptions): string {
  const authorizationId = readAuthorizationId(response)
  if (client === undefined) {
    throw new SspiError('SEC_E_LOGON_DENIED', 'SASL: EXTERNAL, and the channel has authenticated nobody')
  }
  requireAuthorized(client, authorizationId, authorize)
  return authorizationId
}
