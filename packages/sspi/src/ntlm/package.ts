import { bytesEqual, Reader } from '../bytes/index.js'
import {
  RPC_C_AUTHN_WINNT,
  SECPKG_FLAG_ACCEPT_WIN32_NAME,
  SECPKG_FLAG_CONNECTION,
  SECPKG_FLAG_IMPERSONATION,
  SECPKG_FLAG_INTEGRITY,
  SECPKG_FLAG_LOGON,
  SECPKG_FLAG_MULTI_REQUIRED,
  SECPKG_FLAG_NEGOTIABLE,
  SECPKG_FLAG_PRIVACY,
  SECPKG_FLAG_TOKEN_ONLY,
  type Mechanism,
  type SecPkgInfo,
  type SecurityPackage,
} from '../sspi/index.js'
import { NtlmAcceptor } from './acceptor.js'
import { MAX_TOKEN, MessageType, NTLM_OID, SIGNATURE } from './constants.js'
import { acquireNtlmCredential, type NtlmCredential } from './credential.js'
import { NtlmInitiator } from './initiator.js'
import { readOptions, type NtlmOptions } from './options.js'
import { NtlmPasswordChange } from './password-change.js'
import { NtlmSession } from './session.js'
import { readSession } from './session-export.js'

/**
 * What the package says of itself: Windows' numbers. READONLY_WITH_CHECKSUM buffers work too, but Windows' NTLM does not
 * claim them, and neither does this.
 */
const INFO: SecPkgInfo = {
  name: 'NTLM',
  comment: 'NTLM Security Package',
  capabilities:
    SECPKG_FLAG_INTEGRITY |
    SECPKG_FLAG_PRIVACY |
    SECPKG_FLAG_TOKEN_ONLY |
    SECPKG_FLAG_CONNECTION |
    SECPKG_FLAG_MULTI_REQUIRED |
    SECPKG_FLAG_IMPERSONATION |
    SECPKG_FLAG_ACCEPT_WIN32_NAME |
    SECPKG_FLAG_NEGOTIABLE |
    SECPKG_FLAG_LOGON,
  version: 1,
  rpcId: RPC_C_AUTHN_WINNT,
  maxToken: MAX_TOKEN,
}

/**
 * The NTLM security package, both sides: NTLMv2 with MIC, extended session security, 128 bits and key exchange.
 *
 * NTLM does not authenticate the server, and its strength is that of the password: whoever sees one exchange can guess
 * passwords at leisure. Each use is told to `World.emit` as `weak-mechanism-used`.
 *
 * @see MS-NLMP
 */
export function ntlmPackage(options: NtlmOptions): SecurityPackage<NtlmCredential> {
  const settings = readOptions(options)
  return {
    info: INFO,
    acquire: (request) => acquireNtlmCredential(request),
    initiate: (request, world) => new NtlmInitiator(request, settings, INFO, world),
    accept: (request, world) => new NtlmAcceptor(request, settings, INFO, world),
    importSession: (blob) => {
      const { parts, at } = readSession(blob)
      return new NtlmSession(parts, INFO, at)
    },
    changePassword: (request) => new NtlmPasswordChange(request),
    mechanism: MECHANISM,
  }
}

const MECHANISM: Mechanism<NtlmCredential> = {
  oid: NTLM_OID,
  oidAliases: [],
  lastResort: true,
  recognises: isNegotiate,
  applies: (credential) => credential.secret.kind !== 'none',
}

function isNegotiate(token: Uint8Array): boolean {
  if (token.length < SIGNATURE.length + 4) return false
  const reader = new Reader(token)
  return (
    bytesEqual(reader.take(SIGNATURE.length, 'Signature'), SIGNATURE) &&
    reader.u32le('MessageType') === MessageType.NEGOTIATE
  )
}
