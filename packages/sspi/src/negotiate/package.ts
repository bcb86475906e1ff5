import {
  NEGOSSP_NAME,
  RPC_C_AUTHN_GSS_NEGOTIATE,
  SECPKG_FLAG_ACCEPT_WIN32_NAME,
  SECPKG_FLAG_CONNECTION,
  SECPKG_FLAG_EXTENDED_ERROR,
  SECPKG_FLAG_GSS_COMPATIBLE,
  SECPKG_FLAG_IMPERSONATION,
  SECPKG_FLAG_INTEGRITY,
  SECPKG_FLAG_LOGON,
  SECPKG_FLAG_MULTI_REQUIRED,
  SECPKG_FLAG_NEGOTIABLE,
  SECPKG_FLAG_PRIVACY,
  type SecPkgInfo,
  type SecurityPackage,
} from '../sspi/index.js'
import { NegotiateAcceptor } from './acceptor.js'
import { acquireNegotiateCredential, type NegotiateCredential } from './credential.js'
import { NegotiateInitiator } from './initiator.js'
import type { NegotiateOptions } from './options.js'
import { beginPasswordChange } from './password-change.js'

const INFO: SecPkgInfo = {
  name: NEGOSSP_NAME,
  comment: 'Negotiates the security package (SPNEGO)',
  // The oldest of the values that Windows answers with: the newer bits speak of restricted tokens and app containers.
  capabilities:
    SECPKG_FLAG_INTEGRITY |
    SECPKG_FLAG_PRIVACY |
    SECPKG_FLAG_CONNECTION |
    SECPKG_FLAG_MULTI_REQUIRED |
    SECPKG_FLAG_EXTENDED_ERROR |
    SECPKG_FLAG_IMPERSONATION |
    SECPKG_FLAG_ACCEPT_WIN32_NAME |
    SECPKG_FLAG_NEGOTIABLE |
    SECPKG_FLAG_GSS_COMPATIBLE |
    SECPKG_FLAG_LOGON,
  version: 1,
  rpcId: RPC_C_AUTHN_GSS_NEGOTIATE,
  maxToken: 48_256,
}

/**
 * The package `Negotiate`: SPNEGO (RFC 4178, MS-SPNG), both sides.
 *
 * It chooses among the other packages that have a `mechanism`, in the order in which they are registered, and knows
 * none of them by name. What comes out is a context of the chosen package, as it would be without negotiation.
 *
 * - Mechanisms of last resort (NTLM) are offered only where no better one applies; one that applies and fails is not
 *   replaced by them, unless {@link NegotiateOptions.insecureAllowNtlmFallback} names the target. An identity's package
 *   list (`!ntlm`) forbids them altogether.
 * - The list of mechanisms is protected by mechListMICs whenever the choice is not the initiator's first, when the
 *   mechanism demands it, and when the peer does: a changed list ends the exchange with `SEC_E_MESSAGE_ALTERED`.
 * - An acceptor takes the first of the initiator's mechanisms that it has, sends hints when it is called without a
 *   token, and lets a mechanism's own token (NTLM without SPNEGO around it) pass.
 *
 * An initiator always asks its mechanism for integrity, as the MICs need it, unless it is anonymous or
 * `ISC_REQ_NO_INTEGRITY` is given.
 */
export function negotiatePackage(options: NegotiateOptions = {}): SecurityPackage<NegotiateCredential> {
  return {
    info: INFO,
    acquire: acquireNegotiateCredential,
    initiate: (request, world) => new NegotiateInitiator(INFO, request, options, world),
    accept: (request, world) => new NegotiateAcceptor(INFO, request, options, world),
    changePassword: beginPasswordChange,
  }
}
