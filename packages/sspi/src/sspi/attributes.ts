import type {
  SECPKG_ATTR_ACCESS_TOKEN,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_FLAGS,
  SECPKG_ATTR_KEY_INFO,
  SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
  SECPKG_ATTR_LIFESPAN,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_NATIVE_NAMES,
  SECPKG_ATTR_NEGOTIATION_INFO,
  SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_ATTR_SESSION_KEY,
  SECPKG_ATTR_SIZES,
  SECPKG_ATTR_STREAM_SIZES,
  SECPKG_ATTR_TARGET_INFORMATION,
} from './constants/index.js'
import type { AccessToken } from './identity.js'
import type { SecPkgInfo } from './package-info.js'

/** SecPkgContext_Sizes: how large tokens, signatures and paddings of a context get, in bytes. */
export interface Sizes {
  readonly maxToken: number
  readonly maxSignature: number
  /** The cipher's block; 0 or 1 for a stream cipher. */
  readonly blockSize: number
  /** Room for the token buffer of `encryptMessage`. */
  readonly securityTrailer: number
}

/** SecPkgContext_StreamSizes: of packages whose messages are records in a stream (Schannel), in bytes. */
export interface StreamSizes {
  readonly header: number
  readonly trailer: number
  readonly maximumMessage: number
  readonly buffers: number
  readonly blockSize: number
}

/** SecPkgContext_Names: the client of the context. */
export interface Names {
  /** `DOMAIN\user`; empty when it is anonymous. */
  readonly userName: string
}

/** SecPkgContext_NativeNames: both ends, as the protocol itself writes them. */
export interface NativeNames {
  readonly clientName: string
  readonly serverName: string
}

/** SecPkgContext_Lifespan: from when to when the context is good. */
export interface Lifespan {
  readonly start: Date
  readonly expiry: Date
}

/** SecPkgContext_KeyInfo: what protects messages. */
export interface KeyInfo {
  readonly signatureAlgorithmName: string
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
  readonly packageInfo: SecPkgInfo
  /** One of `SECPKG_NEGOTIATION_…`. */
  readonly negotiationState: number
}

/** SecPkgContext_Flags: `ISC_RET_…` or `ASC_RET_…`, as the last step returned them. */
export interface ContextFlags {
  readonly flags: number
}

/** SecPkgContext_TargetInformation: what the server said of itself; for NTLM the AV pairs of its CHALLENGE. */
export interface TargetInformation {
  readonly targetInformation: Uint8Array
}

/** SecPkgContext_ClientSpecifiedTarget: the name of the server that the client asked for. */
export interface ClientSpecifiedTarget {
  readonly targetName: string
}

/** SecPkgContext_LastClientTokenStatus: whether the token that the server was given last was the client's last one. */
export interface LastClientTokenStatus {
  readonly lastClientTokenStatus: 'yes' | 'no' | 'maybe'
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
}

/** The number of an attribute that some package answers. */
export type ContextAttribute = keyof ContextAttributes

/** The answers of a session or an exchange: each attribute it has, with a function that makes the answer. */
export type AttributeTable = { readonly [A in ContextAttribute]?: () => ContextAttributes[A] | undefined }
