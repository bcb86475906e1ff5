import {
  never,
  qualifiedName,
  SECPKG_ATTR_AUTHORITY,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_DELEGATED_TICKETS,
  SECPKG_ATTR_FLAGS,
  SECPKG_ATTR_KERBEROS_TICKET,
  SECPKG_ATTR_KEY_INFO,
  SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
  SECPKG_ATTR_LIFESPAN,
  SECPKG_ATTR_LOGOFF_TIME,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_NATIVE_NAMES,
  SECPKG_ATTR_NEGO_KEYS,
  SECPKG_ATTR_NEGOTIATION_INFO,
  SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_ATTR_PASSWORD_EXPIRY,
  SECPKG_ATTR_PROTO_INFO,
  SECPKG_ATTR_SESSION_KEY,
  SECPKG_ATTR_SIZES,
  SECPKG_ATTR_USER_FLAGS,
  SECPKG_NEGOTIATION_COMPLETE,
  type ContextAttribute,
  type ContextAttributes,
  type KerberosTicket,
  type KeyInfo,
  type SecPkgInfo,
} from '../../sspi/index.js'
import { AuthorizationDataType } from '../constants.js'
import { checksumProfile, type KerberosKey } from '../enctypes/index.js'
import { findAuthorizationData } from '../messages/index.js'
import { logonFacts, type LogonFacts } from '../pac/index.js'
import { formatName, formatPrincipal } from '../principals.js'
import type { ProtectionSizes } from './message-protection.js'
import type { SessionParts } from './session-parts.js'

/** What the answers of a session are made of. */
export interface SessionFacts {
  readonly parts: SessionParts
  readonly sizes: ProtectionSizes
  readonly info: SecPkgInfo
}

/** The answer of an established session to an attribute; `undefined` for none. */
export function sessionAttribute<A extends ContextAttribute>(
  attribute: A,
  facts: SessionFacts,
): ContextAttributes[A] | undefined {
  return answers[attribute]?.(facts)
}

type Answers = { readonly [A in ContextAttribute]?: (facts: SessionFacts) => ContextAttributes[A] | undefined }

/** What there is. There are no STREAM_SIZES: messages are no records. */
const answers: Answers = {
  [SECPKG_ATTR_SIZES]: ({ sizes, info }) => ({
    maxToken: info.maxToken,
    maxSignature: sizes.signature,
    blockSize: sizes.block,
    securityTrailer: sizes.token,
  }),
  [SECPKG_ATTR_NAMES]: ({ parts: { client } }) => ({
    userName: qualifiedName({ name: formatName(client.name), domain: client.realm }),
  }),
  [SECPKG_ATTR_NATIVE_NAMES]: ({ parts: { client, server } }) => ({
    clientName: formatPrincipal(client),
    serverName: formatPrincipal(server),
  }),
  [SECPKG_ATTR_LIFESPAN]: ({ parts: { ticket } }) => ({ start: ticket.startTime, expiry: ticket.endTime }),
  [SECPKG_ATTR_KEY_INFO]: ({ parts }) => keyInfo(parts.key),
  [SECPKG_ATTR_SESSION_KEY]: ({ parts }) => ({ sessionKey: copyOf(parts.key) }),
  [SECPKG_ATTR_PACKAGE_INFO]: ({ info }) => info,
  [SECPKG_ATTR_NEGOTIATION_INFO]: ({ info }) => ({ packageInfo: info, negotiationState: SECPKG_NEGOTIATION_COMPLETE }),
  [SECPKG_ATTR_FLAGS]: ({ parts }) => ({ flags: parts.contextAttr }),
  [SECPKG_ATTR_CLIENT_SPECIFIED_TARGET]: ({ parts: { targetName } }) =>
    targetName === '' ? undefined : { targetName },
  [SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS]: () => ({ lastClientTokenStatus: 'yes' }),
  [SECPKG_ATTR_AUTHORITY]: ({ parts: { client } }) => ({ authorityName: client.realm }),
  [SECPKG_ATTR_PROTO_INFO]: () => ({ protocolName: 'Kerberos', majorVersion: 5, minorVersion: 0 }),
  // One key for both directions: key usages tell them apart.
  [SECPKG_ATTR_NEGO_KEYS]: ({ parts: { key } }) => ({
    keyType: key.enctype,
    key: copyOf(key),
    verifyKeyType: key.enctype,
    verifyKey: copyOf(key),
  }),
  [SECPKG_ATTR_PASSWORD_EXPIRY]: ({ parts }) => {
    const facts = factsOf(parts)
    return facts && { passwordExpires: facts.passwordExpires ?? never() }
  },
  [SECPKG_ATTR_USER_FLAGS]: ({ parts }) => {
    const facts = factsOf(parts)
    return facts && { userFlags: facts.userFlags }
  },
  [SECPKG_ATTR_LOGOFF_TIME]: ({ parts }) => {
    const ends = [parts.ticket.endTime, factsOf(parts)?.logoff ?? never()]
    return { logoffTime: new Date(Math.min(...ends.map((end) => end.getTime()))) }
  },
  [SECPKG_ATTR_KERBEROS_TICKET]: ({ parts }) => ticketOf(parts),
  [SECPKG_ATTR_DELEGATED_TICKETS]: ({ parts: { delegated } }) =>
    delegated === undefined ? undefined : { cache: new Uint8Array(delegated) },
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

/** What the PAC says of the log-on, once its signature was checked. */
function factsOf({ ticket }: SessionParts): LogonFacts | undefined {
  if (!ticket.pacVerified) return undefined
  const [pac] = findAuthorizationData(ticket.authorizationData, AuthorizationDataType.AD_WIN2K_PAC)
  return pac && logonFacts(pac)
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
    verifiedPac: pac !== undefined && ticket.pacVerified ? new Uint8Array(pac) : undefined,
    unverifiedPac: pac !== undefined && !ticket.pacVerified ? new Uint8Array(pac) : undefined,
  }
}
