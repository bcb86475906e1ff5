import type {
  SECPKG_ATTR_ACCESS_TOKEN,
  SECPKG_ATTR_APP_DATA,
  SECPKG_ATTR_AUTHENTICATION_ID,
  SECPKG_ATTR_AUTHORITY,
  SECPKG_ATTR_CONNECTION_INFO_EX,
  SECPKG_ATTR_CREDENTIAL_NAME,
  SECPKG_ATTR_DCE_INFO,
  SECPKG_ATTR_EAP_KEY_BLOCK,
  SECPKG_ATTR_LOCAL_CERT_INFO,
  SECPKG_ATTR_LOGOFF_TIME,
  SECPKG_ATTR_NEGO_KEYS,
  SECPKG_ATTR_NEGO_PKG_INFO,
  SECPKG_ATTR_NEGO_STATUS,
  SECPKG_ATTR_NEGOTIATED_TLS_EXTENSIONS,
  SECPKG_ATTR_PASSWORD_EXPIRY,
  SECPKG_ATTR_PROTO_INFO,
  SECPKG_ATTR_ROOT_STORE,
  SECPKG_ATTR_SUPPORTED_SIGNATURES,
  SECPKG_ATTR_TARGET,
  SECPKG_ATTR_USER_FLAGS,
  SECPKG_ATTR_APPLICATION_PROTOCOL,
  SECPKG_ATTR_CIPHER_INFO,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_CONNECTION_INFO,
  SECPKG_ATTR_ENDPOINT_BINDINGS,
  SECPKG_ATTR_FLAGS,
  SECPKG_ATTR_ISSUER_LIST_EX,
  SECPKG_ATTR_KEYING_MATERIAL,
  SECPKG_ATTR_KEYING_MATERIAL_INFO,
  SECPKG_ATTR_KEY_INFO,
  SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
  SECPKG_ATTR_LIFESPAN,
  SECPKG_ATTR_LOCAL_CERT_CONTEXT,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_NATIVE_NAMES,
  SECPKG_ATTR_NEGOTIATION_INFO,
  SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_ATTR_REMOTE_CERTIFICATES,
  SECPKG_ATTR_REMOTE_CERT_CHAIN,
  SECPKG_ATTR_REMOTE_CERT_CONTEXT,
  SECPKG_ATTR_SESSION_INFO,
  SECPKG_ATTR_SESSION_KEY,
  SECPKG_ATTR_SIZES,
  SECPKG_ATTR_STREAM_SIZES,
  SECPKG_ATTR_TARGET_INFORMATION,
  SECPKG_ATTR_UNIQUE_BINDINGS,
} from './constants/index.js'
import type { PasswordCredential } from './credential-values.js'
import type { AccessToken } from './identity.js'
import type {
  AuthenticationId,
  Authority,
  CertTrustStatus,
  CredentialName,
  DceInfo,
  LogoffTime,
  NegoKeys,
  NegoPackageInfo,
  NegoStatus,
  NegotiationPackage,
  PasswordExpiry,
  ProtoInfo,
  SECPKG_ATTR_CERT_TRUST_STATUS,
  SECPKG_ATTR_CREDS,
  SECPKG_ATTR_NEGOTIATION_PACKAGE,
  SECPKG_ATTR_SERVER_AUTH_FLAGS,
  ServerAuthFlags,
  Target,
  UserFlags,
} from './log-on-attributes.js'
import type { SecPkgInfo } from './package-info.js'
import type {
  AppData,
  ApplicationProtocol,
  Bindings,
  CertChain,
  CertContext,
  CipherInfo,
  ConnectionInfo,
  ConnectionInfoEx,
  EapKeyBlock,
  IssuerList,
  KeyingMaterial,
  KeyingMaterialInfo,
  LocalCertInfo,
  NegotiatedTlsExtensions,
  SECPKG_ATTR_EXPORTER_BINDINGS,
  SessionInfo,
  SupportedSignatures,
} from './tls-attributes.js'

/** SecPkgContext_Sizes: how large tokens, signatures and paddings of a context get, in bytes. */
export interface Sizes {
  /** The largest token of the exchange. */
  readonly maxToken: number
  /** The token buffer of `makeSignature`. */
  readonly maxSignature: number
  /** The cipher's block; 0 or 1 for a stream cipher. */
  readonly blockSize: number
  /** Room for the token buffer of `encryptMessage`. */
  readonly securityTrailer: number
  /**
   * Whether a message as one piece ends with its token, behind data and padding, instead of beginning with it. Windows does not
   * say this. Default `false`.
   */
  readonly tokenLast?: boolean
}

/** SecPkgContext_StreamSizes: of packages whose messages are records in a stream (Schannel), in bytes. */
export interface StreamSizes {
  /** In front of each record. */
  readonly header: number
  /** Behind each record. */
  readonly trailer: number
  /** The most that one record takes. */
  readonly maximumMessage: number
  /** How many buffers `encryptMessage` wants. */
  readonly buffers: number
  /** The cipher's block. */
  readonly blockSize: number
}

/** SecPkgContext_Names: the client of the context. */
export interface Names {
  /** `DOMAIN\user`; empty when it is anonymous. */
  readonly userName: string
}

/** SecPkgContext_NativeNames: both ends, as the protocol itself writes them. */
export interface NativeNames {
  /** The initiator. */
  readonly clientName: string
  /** The acceptor. */
  readonly serverName: string
}

/** SecPkgContext_Lifespan: from when to when the context is good. */
export interface Lifespan {
  /** From when. */
  readonly start: Date
  /** To when. */
  readonly expiry: Date
}

/** SecPkgContext_KeyInfo: what protects messages. */
export interface KeyInfo {
  /** For people. */
  readonly signatureAlgorithmName: string
  /** For people. */
  readonly encryptAlgorithmName: string
  /** In bits. */
  readonly keySize: number
  /** A KERB_CHECKSUM_… number, unsigned, or a CryptoAPI number. */
  readonly signatureAlgorithm: number
  /** A KERB_ETYPE_… number, unsigned, or a CryptoAPI number. */
  readonly encryptAlgorithm: number
}

/** SecPkgContext_SessionKey. */
export interface SessionKey {
  /** A copy: the caller's to wipe. */
  readonly sessionKey: Uint8Array
}

/** SecPkgContext_NegotiationInfo: which package came out. */
export interface NegotiationInfo {
  /** The package that was chosen. */
  readonly packageInfo: SecPkgInfo
  /** One of `SECPKG_NEGOTIATION_…`. */
  readonly negotiationState: number
}

/** SecPkgContext_Flags: `ISC_RET_…` or `ASC_RET_…`, as the last step returned them. */
export interface ContextFlags {
  /** Bits of `ISC_RET_…` on the initiator's side, of `ASC_RET_…` on the acceptor's. */
  readonly flags: number
}

/** SecPkgContext_TargetInformation: what the server said of itself; for NTLM the AV pairs of its CHALLENGE. */
export interface TargetInformation {
  /** A copy. */
  readonly targetInformation: Uint8Array
}

/** SecPkgContext_ClientSpecifiedTarget: the name of the server that the client asked for. */
export interface ClientSpecifiedTarget {
  /** As the client wrote it. */
  readonly targetName: string
}

/** SecPkgContext_LastClientTokenStatus: whether the token that the server was given last was the client's last one. */
export interface LastClientTokenStatus {
  /** `maybe` where the protocol does not tell. */
  readonly lastClientTokenStatus: 'yes' | 'no' | 'maybe'
}

/**
 * The ticket behind a Kerberos context. An attribute of this library: Windows has none for it, and the number is out of the
 * range that it uses.
 */
export const SECPKG_ATTR_KERBEROS_TICKET = 0x4000_0001
/** What a client has delegated to a Kerberos acceptor. An attribute of this library, as {@link SECPKG_ATTR_KERBEROS_TICKET}. */
export const SECPKG_ATTR_DELEGATED_TICKETS = 0x4000_0002
/** What a client has delegated to a CredSSP acceptor. An attribute of this library, as {@link SECPKG_ATTR_KERBEROS_TICKET}. */
export const SECPKG_ATTR_DELEGATED_CREDENTIAL = 0x4000_0003

/**
 * Whom the client wants to act as, in mechanisms where that may be another than the one who authenticates (SASL). An attribute of
 * this library, as {@link SECPKG_ATTR_KERBEROS_TICKET}.
 */
export const SECPKG_ATTR_AUTHORIZATION_ID = 0x4000_0020

/** Result of {@link SECPKG_ATTR_AUTHORIZATION_ID}. */
export interface AuthorizationId {
  /** As the client wrote it; empty for itself. The package has checked that it may. */
  readonly authorizationId: string
}

/** Result of {@link SECPKG_ATTR_KERBEROS_TICKET}. */
export interface KerberosTicket {
  /** `alice@EXAMPLE.COM`. */
  readonly client: string
  /** `HTTP/www.example.com@EXAMPLE.COM`. */
  readonly server: string
  /** See `TicketFlag` of `sspi/kerberos`. */
  readonly flags: number
  /** When the client authenticated to its KDC first. */
  readonly authTime: Date
  /** From when it is good. */
  readonly startTime: Date
  /** Until when it is good. */
  readonly endTime: Date
  /** Until when it can be renewed; `undefined` for not at all. */
  readonly renewTill: Date | undefined
  /** On the acceptor's side: the authorization data that the KDC put into the ticket, as it came. Copies. */
  readonly authorizationData: readonly AuthorizationData[]
  /** On the acceptor's side: what the client put beside it, for which it alone vouches. Copies. */
  readonly clientAuthorizationData: readonly AuthorizationData[]
  /**
   * On the acceptor's side: the PAC, whose server signature was checked under the service's key. Whoever holds that key could have made
   * it: the KDC, and this service. What of it tells who the client is stands in the access token.
   */
  readonly verifiedPac: Uint8Array | undefined
  /** On the acceptor's side: the PAC where nobody checked it, as `pac: 'ignored'` asks for. Decide nothing by it. */
  readonly unverifiedPac: Uint8Array | undefined
}

/** An element of Kerberos authorization data, RFC 4120 section 5.2.6. */
export interface AuthorizationData {
  /** See the authorization data types of RFC 4120 §7.5.4. */
  readonly type: number
  /** As the ticket carries it. */
  readonly data: Uint8Array
}

/** Result of {@link SECPKG_ATTR_DELEGATED_TICKETS}. */
export interface DelegatedTickets {
  /** A credential cache with the client's forwarded ticket, for `ticketCacheCredential`. Secret; a copy, the caller's to wipe. */
  readonly cache: Uint8Array
}

/** Result of {@link SECPKG_ATTR_DELEGATED_CREDENTIAL}. Secret. */
export interface DelegatedCredential {
  /** The user with its password, for any package; `undefined` where something else was delegated. */
  readonly credential: PasswordCredential | undefined
  /** TSCredentials of MS-CSSP 2.2.1.2 as they came: see `readTsCredentials` of `sspi/credssp`. A copy, the caller's to wipe. */
  readonly tsCredentials: Uint8Array
}

/** The result of each context attribute, by the attribute's number. */
export interface ContextAttributes {
  readonly [SECPKG_ATTR_SIZES]: Sizes
  readonly [SECPKG_ATTR_NAMES]: Names
  readonly [SECPKG_ATTR_LIFESPAN]: Lifespan
  readonly [SECPKG_ATTR_STREAM_SIZES]: StreamSizes
  readonly [SECPKG_ATTR_KEY_INFO]: KeyInfo
  readonly [SECPKG_ATTR_SESSION_KEY]: SessionKey
  readonly [SECPKG_ATTR_PACKAGE_INFO]: SecPkgInfo
  readonly [SECPKG_ATTR_NEGOTIATION_INFO]: NegotiationInfo
  readonly [SECPKG_ATTR_NATIVE_NAMES]: NativeNames
  readonly [SECPKG_ATTR_FLAGS]: ContextFlags
  readonly [SECPKG_ATTR_TARGET_INFORMATION]: TargetInformation
  readonly [SECPKG_ATTR_ACCESS_TOKEN]: AccessToken
  readonly [SECPKG_ATTR_CLIENT_SPECIFIED_TARGET]: ClientSpecifiedTarget
  readonly [SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS]: LastClientTokenStatus
  readonly [SECPKG_ATTR_KERBEROS_TICKET]: KerberosTicket
  readonly [SECPKG_ATTR_DELEGATED_TICKETS]: DelegatedTickets
  readonly [SECPKG_ATTR_DELEGATED_CREDENTIAL]: DelegatedCredential
  readonly [SECPKG_ATTR_AUTHORIZATION_ID]: AuthorizationId
  readonly [SECPKG_ATTR_CONNECTION_INFO]: ConnectionInfo
  readonly [SECPKG_ATTR_CIPHER_INFO]: CipherInfo
  readonly [SECPKG_ATTR_REMOTE_CERT_CONTEXT]: CertContext
  readonly [SECPKG_ATTR_LOCAL_CERT_CONTEXT]: CertContext
  readonly [SECPKG_ATTR_REMOTE_CERT_CHAIN]: CertChain
  readonly [SECPKG_ATTR_REMOTE_CERTIFICATES]: CertChain
  readonly [SECPKG_ATTR_ENDPOINT_BINDINGS]: Bindings
  readonly [SECPKG_ATTR_UNIQUE_BINDINGS]: Bindings
  readonly [SECPKG_ATTR_EXPORTER_BINDINGS]: Bindings
  readonly [SECPKG_ATTR_APPLICATION_PROTOCOL]: ApplicationProtocol
  readonly [SECPKG_ATTR_KEYING_MATERIAL]: KeyingMaterial
  readonly [SECPKG_ATTR_SESSION_INFO]: SessionInfo
  readonly [SECPKG_ATTR_ISSUER_LIST_EX]: IssuerList
  readonly [SECPKG_ATTR_DCE_INFO]: DceInfo
  readonly [SECPKG_ATTR_AUTHORITY]: Authority
  readonly [SECPKG_ATTR_PROTO_INFO]: ProtoInfo
  readonly [SECPKG_ATTR_CREDENTIAL_NAME]: CredentialName
  readonly [SECPKG_ATTR_TARGET]: Target
  readonly [SECPKG_ATTR_AUTHENTICATION_ID]: AuthenticationId
  readonly [SECPKG_ATTR_LOGOFF_TIME]: LogoffTime
  readonly [SECPKG_ATTR_PASSWORD_EXPIRY]: PasswordExpiry
  readonly [SECPKG_ATTR_USER_FLAGS]: UserFlags
  readonly [SECPKG_ATTR_NEGO_KEYS]: NegoKeys
  readonly [SECPKG_ATTR_NEGO_PKG_INFO]: NegoPackageInfo
  readonly [SECPKG_ATTR_NEGO_STATUS]: NegoStatus
  readonly [SECPKG_ATTR_CREDS]: DelegatedCredential
  readonly [SECPKG_ATTR_NEGOTIATION_PACKAGE]: NegotiationPackage
  readonly [SECPKG_ATTR_SERVER_AUTH_FLAGS]: ServerAuthFlags
  readonly [SECPKG_ATTR_CERT_TRUST_STATUS]: CertTrustStatus
  readonly [SECPKG_ATTR_ROOT_STORE]: CertChain
  readonly [SECPKG_ATTR_SUPPORTED_SIGNATURES]: SupportedSignatures
  readonly [SECPKG_ATTR_NEGOTIATED_TLS_EXTENSIONS]: NegotiatedTlsExtensions
  readonly [SECPKG_ATTR_APP_DATA]: AppData
  readonly [SECPKG_ATTR_LOCAL_CERT_INFO]: LocalCertInfo
  readonly [SECPKG_ATTR_CONNECTION_INFO_EX]: ConnectionInfoEx
  readonly [SECPKG_ATTR_EAP_KEY_BLOCK]: EapKeyBlock
}

/** What can be set on an established context, by the attribute's number. */
export interface SettableAttributes {
  readonly [SECPKG_ATTR_KEYING_MATERIAL_INFO]: KeyingMaterialInfo
  readonly [SECPKG_ATTR_APP_DATA]: AppData
}

/** The number of an attribute that some package lets be set. */
export type SettableAttribute = keyof SettableAttributes

/** The number of an attribute that some package answers. */
export type ContextAttribute = keyof ContextAttributes

/** The answers of a session or an exchange: each attribute it has, with a function that makes the answer. */
export type AttributeTable = { readonly [A in ContextAttribute]?: () => ContextAttributes[A] | undefined }
