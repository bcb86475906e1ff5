import {
  SECPKG_ATTR_CIPHER_STRENGTHS,
  SECPKG_ATTR_SUPPORTED_ALGS,
  SECPKG_ATTR_SUPPORTED_PROTOCOLS,
  SECPKG_CRED_ATTR_CERT,
  SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS,
  SECPKG_CRED_ATTR_NAMES,
  SECPKG_CRED_ATTR_PAC_BYPASS,
} from './constants/index.js'

/** SecPkgCredentials_Names: whose credential it is. */
export interface CredentialNames {
  /** `DOMAIN\user`; empty when it is nobody's in particular (anonymous). */
  readonly userName: string
}

/** SecPkgCredentials_Cert: the certificate that a credential authenticates with. */
export interface CredentialCertificate {
  /** In DER; a copy. */
  readonly certificate: Uint8Array
}

/** `KdcProxySettings.flags`: KDCs are reached by the proxy only, never directly. */
export const KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY = 0x1

/** SecPkgCredentials_KdcProxySettings: the KDC proxy (MS-KKDCP) by which a credential reaches KDCs. */
export interface KdcProxySettings {
  /** As Windows writes it, `server[:port[:path]]` with 443 and `KdcProxy` for what is left out, or an `https://` URL. Empty: none. */
  readonly proxyServer: string
  /** 0: the proxy is asked after the KDCs themselves; {@link KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY}. Default 0. */
  readonly flags?: number | undefined
}

/** SecPkgCred_SupportedAlgs: what a credential allows, by CryptoAPI's numbers (`ALG_ID`); those that have none are left out. */
export interface SupportedAlgorithms {
  /** Ciphers, hashes, signatures and key exchanges. */
  readonly supportedAlgs: readonly number[]
}

/** SecPkgCred_CipherStrengths: how strong ciphers may be, in bits. */
export interface CipherStrengths {
  /** The weakest that is allowed. */
  readonly minimumCipherStrength: number
  /** The strongest that is allowed. */
  readonly maximumCipherStrength: number
}

/** SecPkgCred_SupportedProtocols: the versions that a credential allows. */
export interface SupportedProtocols {
  /** Bits of `SP_PROT_…` of `sspi/schannel`. */
  readonly protocols: number
}

/** The result of each credential attribute, by the attribute's number. */
export interface CredentialAttributes {
  readonly [SECPKG_CRED_ATTR_NAMES]: CredentialNames
  readonly [SECPKG_CRED_ATTR_CERT]: CredentialCertificate
  readonly [SECPKG_ATTR_SUPPORTED_ALGS]: SupportedAlgorithms
  readonly [SECPKG_ATTR_CIPHER_STRENGTHS]: CipherStrengths
  readonly [SECPKG_ATTR_SUPPORTED_PROTOCOLS]: SupportedProtocols
}

/** The number of an attribute that some package's credentials answer. */
export type CredentialAttribute = keyof CredentialAttributes

/** What can be set on a credential, by the attribute's number. It counts for contexts that are begun afterwards. */
export interface SettableCredentialAttributes {
  readonly [SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS]: KdcProxySettings
  /** `true`, or nothing at all as on Windows: the authorization data of tickets (PAC) is passed over. */
  readonly [SECPKG_CRED_ATTR_PAC_BYPASS]: boolean | undefined
  readonly [SECPKG_ATTR_CIPHER_STRENGTHS]: CipherStrengths
  readonly [SECPKG_ATTR_SUPPORTED_PROTOCOLS]: SupportedProtocols
}

/** The number of an attribute that some package's credentials let be set. */
export type SettableCredentialAttribute = keyof SettableCredentialAttributes

/** The answers of a credential: each attribute that it has, with a function that makes the answer. */
export type CredentialAttributeTable = {
  readonly [A in CredentialAttribute]?: () => CredentialAttributes[A] | undefined
}
