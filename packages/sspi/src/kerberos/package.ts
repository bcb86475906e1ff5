import {
  MICROSOFT_KERBEROS_NAME,
  RPC_C_AUTHN_GSS_KERBEROS,
  SECPKG_FLAG_ACCEPT_WIN32_NAME,
  SECPKG_FLAG_CONNECTION,
  SECPKG_FLAG_DATAGRAM,
  SECPKG_FLAG_DELEGATION,
  SECPKG_FLAG_EXTENDED_ERROR,
  SECPKG_FLAG_GSS_COMPATIBLE,
  SECPKG_FLAG_IMPERSONATION,
  SECPKG_FLAG_INTEGRITY,
  SECPKG_FLAG_LOGON,
  SECPKG_FLAG_MULTI_REQUIRED,
  SECPKG_FLAG_MUTUAL_AUTH,
  SECPKG_FLAG_NEGOTIABLE,
  SECPKG_FLAG_PRIVACY,
  SECPKG_FLAG_READONLY_WITH_CHECKSUM,
  SECPKG_FLAG_TOKEN_ONLY,
  SspiError,
  type Mechanism,
  type SecPkgInfo,
  type SecurityPackage,
} from '../sspi/index.js'
import { acquireKerberosCredential, type KerberosCredential } from './credential.js'
import { KerberosAcceptor } from './gss/acceptor.js'
import { isFirstToken } from './gss/context-tokens.js'
import { KerberosInitiator } from './gss/initiator.js'
import { KERBEROS_OID, MICROSOFT_KERBEROS_OID } from './gss/oids.js'
import { KerberosSession } from './gss/session.js'
import { readSession } from './gss/session-export.js'
import { KerberosPasswordChange } from './password-change.js'
import { readOptions, type KerberosOptions, type KerberosSettings } from './options.js'
import { targetPrincipal } from './principals.js'

/** Options of {@link kerberosPackage}. */
export interface KerberosPackageOptions extends KerberosOptions {
  /**
   * That nobody answers `kdc`: then passwords and keys come to nothing, and Negotiate does not take Kerberos for applicable to
   * them. Default `false`.
   */
  readonly withoutKdc?: boolean | undefined
}

/** What the package says of itself: Windows' numbers. */
const INFO: SecPkgInfo = {
  name: MICROSOFT_KERBEROS_NAME,
  comment: 'Microsoft Kerberos V1.0',
  capabilities:
    SECPKG_FLAG_INTEGRITY |
    SECPKG_FLAG_PRIVACY |
    SECPKG_FLAG_TOKEN_ONLY |
    SECPKG_FLAG_DATAGRAM |
    SECPKG_FLAG_CONNECTION |
    SECPKG_FLAG_MULTI_REQUIRED |
    SECPKG_FLAG_EXTENDED_ERROR |
    SECPKG_FLAG_IMPERSONATION |
    SECPKG_FLAG_ACCEPT_WIN32_NAME |
    SECPKG_FLAG_NEGOTIABLE |
    SECPKG_FLAG_GSS_COMPATIBLE |
    SECPKG_FLAG_LOGON |
    SECPKG_FLAG_MUTUAL_AUTH |
    SECPKG_FLAG_DELEGATION |
    SECPKG_FLAG_READONLY_WITH_CHECKSUM,
  version: 1,
  rpcId: RPC_C_AUTHN_GSS_KERBEROS,
  maxToken: 48_000,
}

/**
 * The Kerberos security package, both sides: tickets from a KDC for those who initiate, keys from a keytab for those who
 * accept, mutual authentication, message protection by RFC 4121, channel bindings, delegation, DCE style.
 *
 * Whoever initiates needs a driver that answers `kdc` and `stretch`; whoever accepts one that answers `replay`. Without an
 * answer nothing is accepted.
 *
 * @throws `TypeError` for options that leave nothing.
 * @see RFC 4120; RFC 4121; MS-KILE
 */
export function kerberosPackage(options: KerberosPackageOptions = {}): SecurityPackage<KerberosCredential> {
  const settings = readOptions(options)
  return {
    info: INFO,
    acquire: (request) => acquireKerberosCredential(request, settings),
    initiate: (request, world) => new KerberosInitiator(request, settings, INFO, world),
    accept: (request, world) => new KerberosAcceptor(request, settings, INFO, world),
    importSession: (blob, world) => {
      const { parts, at } = readSession(blob)
      return new KerberosSession(parts, at, INFO, world)
    },
    changePassword: (request, world) => new KerberosPasswordChange(request, settings, world),
    mechanism: mechanismOf(settings, options.withoutKdc ?? false),
  }
}

function mechanismOf(settings: KerberosSettings, withoutKdc: boolean): Mechanism<KerberosCredential> {
  return {
    // As Windows, which lists its own slip first; the tokens inside name the right one.
    oid: MICROSOFT_KERBEROS_OID,
    oidAliases: [KERBEROS_OID],
    lastResort: false,
    recognises: isFirstToken,
    applies: (credential, targetName) =>
      credential.canInitiate &&
      (!withoutKdc || credential.outbound.keys.kind === 'none') &&
      realmIsKnown(credential, settings) &&
      isService(targetName, settings),
  }
}

/**
 * Whether the identity's realm is more than a guess: it has tickets or keys, it is configured, or it is written as a DNS
 * name. What is left is a NetBIOS domain, or a machine with accounts of its own, where Kerberos cannot apply.
 */
function realmIsKnown(credential: KerberosCredential, settings: KerberosSettings): boolean {
  const { principal, keys } = credential.outbound
  const { realm } = principal
  if (keys.kind !== 'password') return true
  return realm.includes('.') || realm === settings.defaultRealm || settings.realms.has(realm)
}

/** Whether the target is the name of a service, on a host that has a name. */
function isService(targetName: string, settings: KerberosSettings): boolean {
  try {
    const { name } = targetPrincipal(targetName, settings)
    const host = name.nameString[1]?.replace(/:\d+$/, '')
    return host !== undefined && !isAddress(host)
  } catch (error) {
    if (error instanceof SspiError) return false
    throw error
  }
}

function isAddress(host: string): boolean {
  return host.includes(':') || host.startsWith('[') || /^\d{1,3}(\.\d{1,3}){3}$/.test(host)
}
