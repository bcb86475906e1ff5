import {
  qualifiedName,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_DELEGATED_TICKETS,
  SECPKG_ATTR_FLAGS,
  SECPKG_ATTR_KERBEROS_TICKET,
  SECPKG_ATTR_KEY_INFO,
  SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
  SECPKG_ATTR_LIFESPAN,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_NATIVE_NAMES,
  SECPKG_ATTR_NEGOTIATION_INFO,
  SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_ATTR_SESSION_KEY,
  SECPKG_ATTR_SIZES,
  SECPKG_NEGOTIATION_COMPLETE,
  type AttributeTable,
  type KerberosTicket,
  type KeyInfo,
  type SecPkgInfo,
} from '../../sspi/index.js'
import { AuthorizationDataType } from '../constants.js'
import { checksumProfile, type KerberosKey } from '../enctypes/index.js'
import { findAuthorizationData } from '../messages/index.js'
import { formatName, formatPrincipal } from '../principals.js'
import type { ProtectionSizes } from './message-protection.js'
import type { SessionParts } from './session-parts.js'

/** What an established session answers. There are no STREAM_SIZES: messages are no records. */
export function sessionAttributes(parts: SessionParts, sizes: ProtectionSizes, info: SecPkgInfo): AttributeTable {
  const { client, server, ticket, targetName, delegated } = parts
  return {
    [SECPKG_ATTR_SIZES]: () => ({
      maxToken: info.maxToken,
      maxSignature: sizes.signature,
      blockSize: sizes.block,
      securityTrailer: sizes.token,
    }),
    [SECPKG_ATTR_NAMES]: () => ({ userName: qualifiedName({ name: formatName(client.name), domain: client.realm }) }),
    [SECPKG_ATTR_NATIVE_NAMES]: () => ({ clientName: formatPrincipal(client), serverName: formatPrincipal(server) }),
    [SECPKG_ATTR_LIFESPAN]: () => ({ start: ticket.startTime, expiry: ticket.endTime }),
    [SECPKG_ATTR_KEY_INFO]: () => keyInfo(parts.key),
    [SECPKG_ATTR_SESSION_KEY]: () => ({ sessionKey: copyOf(parts.key) }),
    [SECPKG_ATTR_PACKAGE_INFO]: () => info,
    [SECPKG_ATTR_NEGOTIATION_INFO]: () => ({ packageInfo: info, negotiationState: SECPKG_NEGOTIATION_COMPLETE }),
    [SECPKG_ATTR_FLAGS]: () => ({ flags: parts.contextAttr }),
    [SECPKG_ATTR_CLIENT_SPECIFIED_TARGET]: () => (targetName === '' ? undefined : { targetName }),
    [SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS]: () => ({ lastClientTokenStatus: 'yes' }),
    [SECPKG_ATTR_KERBEROS_TICKET]: () => ticketOf(parts),
    [SECPKG_ATTR_DELEGATED_TICKETS]: () => (delegated === undefined ? undefined : { cache: new Uint8Array(delegated) }),
  }
}

function keyInfo(key: KerberosKey): KeyInfo {
  const { profile } = key
  return {
    signatureAlgorithmName: `checksum type ${profile.checksumType} (${8 * checksumProfile(profile.checksumType).bytes} bits)`,
    encryptAlgorithmName: profile.names[0],
    keySize: 8 * profile.seedBytes,
    signatureAlgorithm: profile.checksumType >>> 0,
    encryptAlgorithm: profile.enctype,
  }
}

function copyOf(key: KerberosKey): Uint8Array {
  const secret = key.reveal()
  const copy = new Uint8Array(secret)
  secret.fill(0)
  return copy
}

function ticketOf({ client, server, ticket }: SessionParts): KerberosTicket {
  const copies = (data: readonly { readonly adType: number; readonly adData: Uint8Array }[]) =>
    data.map(({ adType, adData }) => ({ type: adType, data: new Uint8Array(adData) }))
  const [pac] = findAuthorizationData(ticket.authorizationData, AuthorizationDataType.AD_WIN2K_PAC)
  return {
    client: formatPrincipal(client),
    server: formatPrincipal(server),
    flags: ticket.flags,
    authTime: ticket.authTime,
    startTime: ticket.startTime,
    endTime: ticket.endTime,
    renewTill: ticket.renewTill,
    authorizationData: copies(ticket.authorizationData),
    clientAuthorizationData: copies(ticket.clientAuthorizationData),
    unverifiedPac: pac === undefined ? undefined : new Uint8Array(pac),
  }
}
