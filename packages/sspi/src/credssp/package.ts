import {
  CREDSSP_NAME,
  SECPKG_FLAG_ACCEPT_WIN32_NAME,
  SECPKG_FLAG_CONNECTION,
  SECPKG_FLAG_DELEGATION,
  SECPKG_FLAG_EXTENDED_ERROR,
  SECPKG_FLAG_IMPERSONATION,
  SECPKG_FLAG_MULTI_REQUIRED,
  SECPKG_FLAG_MUTUAL_AUTH,
  SECPKG_FLAG_PRIVACY,
  SECPKG_FLAG_STREAM,
  SECPKG_ID_NONE,
  type SecPkgInfo,
  type SecurityPackage,
} from '../sspi/index.js'
import { CredSspAcceptor } from './acceptor.js'
import { MAX_TOKEN, MAX_TS_REQUEST } from './constants.js'
import { acquireCredSspCredential, type CredSspCredential } from './credential.js'
import { CredSspInitiator } from './initiator.js'
import { readCredSspOptions, type CredSspOptions } from './options.js'

const INFO: SecPkgInfo = {
  name: CREDSSP_NAME,
  comment: 'Microsoft CredSSP Security Provider',
  capabilities:
    SECPKG_FLAG_PRIVACY |
    SECPKG_FLAG_CONNECTION |
    SECPKG_FLAG_MULTI_REQUIRED |
    SECPKG_FLAG_EXTENDED_ERROR |
    SECPKG_FLAG_IMPERSONATION |
    SECPKG_FLAG_ACCEPT_WIN32_NAME |
    SECPKG_FLAG_STREAM |
    SECPKG_FLAG_MUTUAL_AUTH |
    SECPKG_FLAG_DELEGATION,
  version: 1,
  rpcId: SECPKG_ID_NONE,
  maxToken: MAX_TOKEN,
}

/**
 * The package `CREDSSP`, both sides: a TLS channel by Schannel, authentication inside of it by Negotiate, proof that both see the
 * same channel, and then, where the client asks for it and the policy allows it, the client's password for the server.
 *
 * It drives whatever is registered as Schannel and as Negotiate (or as `innerPackage`), and knows neither.
 *
 * @throws `TypeError` for a version that there is not.
 * @see MS-CSSP
 */
export function credSspPackage(options: CredSspOptions = {}): SecurityPackage<CredSspCredential> {
  const settings = readCredSspOptions(options)
  return {
    info: INFO,
    maxInputToken: 2 * MAX_TS_REQUEST,
    acquire: (request, world) => acquireCredSspCredential(request, settings.innerPackage, world),
    initiate: (request, world) => new CredSspInitiator(request, settings, world),
    accept: (request, world) => new CredSspAcceptor(request, settings, world),
  }
}
