// The attributes of packages that speak TLS (Schannel); their structures as on Windows, in words and bytes of JavaScript.

/** SecPkgContext_ConnectionInfo: what protects the connection, by CryptoAPI's numbers (`ALG_ID`); 0 where it has none. */
export interface ConnectionInfo {
  /** One bit of `SP_PROT_…`. */
  readonly protocol: number
  /** The cipher. */
  readonly cipher: number
  /** In bits. */
  readonly cipherStrength: number
  /** The MAC; 0 for AEADs, which have none. */
  readonly hash: number
  /** In bits. */
  readonly hashStrength: number
  /** The key exchange. */
  readonly exchange: number
  /** In bits; 0 where it is not known. */
  readonly exchangeStrength: number
}

/** SecPkgContext_CipherInfo: the cipher suite. */
export interface CipherInfo {
  /** The version as in the protocol: 0x0303 for TLS 1.2. */
  readonly protocol: number
  /** IANA's number. */
  readonly cipherSuite: number
  /** The same: Windows once had suites of its own. */
  readonly baseCipherSuite: number
  /** IANA's name. */
  readonly cipherSuiteName: string
  /** `AES`, `CHACHA20_POLY1305`. */
  readonly cipher: string
  /** The key, in bits. */
  readonly cipherLength: number
  /** In bytes. */
  readonly cipherBlockLength: number
  /** The MAC; empty for AEADs, which have none. */
  readonly hash: string
  /** In bits. */
  readonly hashLength: number
  /** The key exchange. */
  readonly exchange: string
  /** Of the certificate's key: `RSA`, `ECDSA`; empty where the suite does not say (TLS 1.3). */
  readonly certificate: string
}

/** A certificate, in DER. */
export interface CertContext {
  /** A copy. */
  readonly certificate: Uint8Array
}

/** Certificates, in DER. */
export interface CertChain {
  /** The peer's own first, then its issuers as far as they are known. Copies. */
  readonly certificates: readonly Uint8Array[]
}

/** SecPkgContext_Bindings: what ties another context to this channel, for its `SECBUFFER_CHANNEL_BINDINGS`. */
export interface Bindings {
  /** SEC_CHANNEL_BINDINGS and what follows it. A copy. */
  readonly bindings: Uint8Array
}

/** SecPkgContext_ApplicationProtocol: what ALPN came to. */
export interface ApplicationProtocol {
  /** 0: none was agreed on; 1: one was. */
  readonly protoNegoStatus: 0 | 1
  /** 0: none; 2: ALPN. */
  readonly protoNegoExt: 0 | 2
  /** `h2`; empty for none. */
  readonly protocolId: string
}

/** SecPkgContext_KeyingMaterialInfo: which keys are wanted by `SECPKG_ATTR_KEYING_MATERIAL` (RFC 5705; RFC 8446 section 7.5). */
export interface KeyingMaterialInfo {
  /** `EXPORTER-…`. */
  readonly label: string
  /** Default: none, which in TLS 1.2 is not the same as an empty one. */
  readonly contextValue?: Uint8Array | undefined
  /** How many bytes are wanted: at most 8160. */
  readonly keyingMaterialLength: number
}

/** SecPkgContext_KeyingMaterial. */
export interface KeyingMaterial {
  /** A copy: the caller's to wipe. */
  readonly keyingMaterial: Uint8Array
}

/** SecPkgContext_SessionInfo. */
export interface SessionInfo {
  /** `SSL_SESSION_RECONNECT`, 1, when a former session went on. */
  readonly flags: number
  /** As the server gave it; in TLS 1.3 the client's own, without meaning. */
  readonly sessionId: Uint8Array
}

/** SecPkgContext_IssuerListInfoEx: who may have issued the client's certificate, as the server says. */
export interface IssuerList {
  /** Names in DER. Copies. */
  readonly issuers: readonly Uint8Array[]
}

/** SecPkgContext_LocalCertInfo: the certificate that this side presented, in words. */
export interface LocalCertInfo {
  /** Its subject. */
  readonly subject: string
  /** Who issued it. */
  readonly issuer: string
  /** Of its key, in bits. */
  readonly keySize: number
}

/** SecPkgContext_ConnectionInfoEx: the connection by names. */
export interface ConnectionInfoEx {
  /** `TLS 1.3`. */
  readonly protocol: string
  /** `AES`. */
  readonly cipher: string
  /** In bits. */
  readonly cipherStrength: number
  /** The hash of the key schedule: AEADs have no MAC. */
  readonly hash: string
  /** In bits; 0, as there is no MAC. */
  readonly hashStrength: number
  /** `ECDHE`. */
  readonly exchange: string
}

/** SecPkgContext_SupportedSignatures: what the peer can check. */
export interface SupportedSignatures {
  /** As TLS numbers them, the best first: 0x0403 for ECDSA on P-256 with SHA-256 (RFC 8446 section 4.2.3). */
  readonly signatureAndHashAlgorithms: readonly number[]
}

/** SecPkgContext_NegotiatedTlsExtensions: what the server has answered of what the client offered. */
export interface NegotiatedTlsExtensions {
  /** IANA's numbers, in the server's order. */
  readonly extensions: readonly number[]
}

/** SecPkgContext_EapKeyBlock: the keys of EAP-TLS, RFC 5216 section 2.3 and RFC 9190 section 2.3. */
export interface EapKeyBlock {
  /** 128 bytes: the MSK, then the EMSK. A copy: the caller's to wipe. */
  readonly keys: Uint8Array
  /** 64 bytes in TLS 1.2; empty in TLS 1.3, which has none. */
  readonly ivs: Uint8Array
}

/** SecPkgContext_SessionAppData: what the application keeps beside a connection. */
export interface AppData {
  /** A copy. */
  readonly appData: Uint8Array
}

/**
 * The channel bindings of the exporter, `tls-exporter` (RFC 9266). An attribute of this library: Windows has none for it, and
 * the number is out of the range that it uses.
 */
export const SECPKG_ATTR_EXPORTER_BINDINGS = 0x4000_0010
