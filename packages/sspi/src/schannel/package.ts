import {
  RPC_C_AUTHN_GSS_SCHANNEL,
  SCHANNEL_NAME,
  SECPKG_FLAG_ACCEPT_WIN32_NAME,
  SECPKG_FLAG_CONNECTION,
  SECPKG_FLAG_EXTENDED_ERROR,
  SECPKG_FLAG_IMPERSONATION,
  SECPKG_FLAG_INTEGRITY,
  SECPKG_FLAG_MULTI_REQUIRED,
  SECPKG_FLAG_MUTUAL_AUTH,
  SECPKG_FLAG_PRIVACY,
  SECPKG_FLAG_STREAM,
  UNISP_NAME,
  type SecPkgInfo,
  type SecurityPackage,
} from '../sspi/index.js'
import { AcceptorRole } from './acceptor.js'
import { MAX_INPUT_TOKEN, MAX_TOKEN } from './constants.js'
import { acquireSchannelCredential, type SchannelCredential } from './credential.js'
import { SchannelExchange } from './exchange.js'
import { InitiatorRole } from './initiator.js'

const INFO: SecPkgInfo = {
  name: SCHANNEL_NAME,
  comment: 'Schannel Security Package',
  capabilities:
    SECPKG_FLAG_INTEGRITY |
    SECPKG_FLAG_PRIVACY |
    SECPKG_FLAG_CONNECTION |
    SECPKG_FLAG_MULTI_REQUIRED |
    SECPKG_FLAG_EXTENDED_ERROR |
    SECPKG_FLAG_IMPERSONATION |
    SECPKG_FLAG_ACCEPT_WIN32_NAME |
    SECPKG_FLAG_STREAM |
    SECPKG_FLAG_MUTUAL_AUTH,
  version: 1,
  rpcId: RPC_C_AUTHN_GSS_SCHANNEL,
  maxToken: MAX_TOKEN,
}

/**
 * The Schannel security package, both sides: TLS 1.2 and 1.3 with AEAD cipher suites.
 *
 * The handshake is OpenSSL's, by the effect `tls`; records are protected here, so that messages need no waiting. The peer's chain
 * is judged by OpenSSL, its name and the use of its certificate here, before anything of this side's identity is sent.
 *
 * @param name - Windows lists the same package under two names.
 * @see RFC 8446, RFC 5246
 */
export function schannelPackage(
  name: typeof SCHANNEL_NAME | typeof UNISP_NAME = SCHANNEL_NAME,
): SecurityPackage<SchannelCredential> {
  return {
    info: { ...INFO, name },
    shortBufferStatus: 'SEC_E_INSUFFICIENT_MEMORY',
    maxInputToken: MAX_INPUT_TOKEN,
    acquire: (request) => acquireSchannelCredential(request),
    initiate: (request, world) => new SchannelExchange(new InitiatorRole(request), world),
    accept: (request, world) => new SchannelExchange(new AcceptorRole(request), world),
  }
}
