import {
  RPC_C_AUTHN_DIGEST,
  SECPKG_FLAG_ACCEPT_WIN32_NAME,
  SECPKG_FLAG_IMPERSONATION,
  SECPKG_FLAG_TOKEN_ONLY,
  WDIGEST_SP_NAME,
  type SecPkgInfo,
  type SecurityPackage,
} from '../sspi/index.js'
import { DigestAcceptor } from './acceptor.js'
import { MAX_INPUT_TOKEN, MAX_TOKEN } from './constants.js'
import { acquireDigestCredential, type DigestCredential } from './credential.js'
import { DigestInitiator } from './initiator.js'
import { NonceMint } from './nonces.js'
import { readOptions, type DigestOptions } from './options.js'
import { SaslSession } from './sasl-session.js'
import { readSession } from './session-export.js'

/** What the package says of itself: Windows' numbers. Messages of SASL are protected though it does not say so. */
const INFO: SecPkgInfo = {
  name: WDIGEST_SP_NAME,
  comment: 'Digest Authentication for Windows',
  capabilities: SECPKG_FLAG_TOKEN_ONLY | SECPKG_FLAG_IMPERSONATION | SECPKG_FLAG_ACCEPT_WIN32_NAME,
  version: 1,
  rpcId: RPC_C_AUTHN_DIGEST,
  maxToken: MAX_TOKEN,
}

/**
 * The Digest security package, both sides, for HTTP and as the SASL mechanism DIGEST-MD5.
 *
 * Whoever sees one exchange can guess passwords at leisure, and what a server offers is not protected: use it inside TLS, with channel
 * bindings. Each use is told to `World.emit` as `weak-mechanism-used`.
 *
 * @see RFC 7616; RFC 2617; RFC 2831; MS-DPSP
 */
export function digestPackage(options: DigestOptions): SecurityPackage<DigestCredential> {
  const settings = readOptions(options)
  const mint = new NonceMint(settings)
  return {
    info: INFO,
    maxInputToken: MAX_INPUT_TOKEN,
    acquire: (request) => acquireDigestCredential(request),
    initiate: (request, world) => new DigestInitiator(request, settings, INFO, world),
    accept: (request, world) => new DigestAcceptor(request, settings, mint, INFO, world),
    importSession: (blob) => {
      const { parts, at } = readSession(blob)
      return new SaslSession(parts, INFO, at)
    },
  }
}
