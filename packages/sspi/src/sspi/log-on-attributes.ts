// Attributes that tell of the log-on behind a context: who vouched for whom, by what protocol, until when.

import type { SecPkgInfo } from './package-info.js'

/** SecPkgContext_DceInfo: what a DCE server may decide access by. */
export interface DceInfo {
  /** 0: by the name alone. */
  readonly authzSvc: number
  /** The client, as `SECPKG_ATTR_NAMES` has it. */
  readonly pac: string
}

/** SecPkgContext_Authority: who vouched for the peer, or for this side towards it. */
export interface Authority {
  /** The Kerberos realm of the client, the NTLM domain of the server, the realm of Digest, the issuer of the peer's certificate. */
  readonly authorityName: string
}

/** SecPkgContext_ProtoInfo: the protocol, where its messages say which version it is. */
export interface ProtoInfo {
  /** `Kerberos`, `TLS`. */
  readonly protocolName: string
  /** Before the dot. */
  readonly majorVersion: number
  /** Behind it. */
  readonly minorVersion: number
}

/** SecPkgContext_LogoffTime. */
export interface LogoffTime {
  /** When the log-on ends; far away for one that does not. */
  readonly logoffTime: Date
}

/** SecPkgContext_PasswordExpiry. */
export interface PasswordExpiry {
  /** When the password of the account must be changed; far away for never. */
  readonly passwordExpires: Date
}

/** SecPkgContext_UserFlags. */
export interface UserFlags {
  /** As the domain's log-on answered: `LOGON_…` bits, MS-PAC 2.5 (UserFlags). */
  readonly userFlags: number
}

/** The result of `SECPKG_ATTR_AUTHENTICATION_ID`. */
export interface AuthenticationId {
  /** A number of this log-on, different for every context: that of its access token. */
  readonly authenticationId: bigint
}

/** SecPkgContext_Target. */
export interface Target {
  /** The server's name, as the initiator wrote it. */
  readonly target: string
}

/** SecPkgContext_CredentialName: the credential that the initiator's side was begun with. */
export interface CredentialName {
  /** `CRED_TYPE_DOMAIN_PASSWORD`, 2: a user with a secret; `CRED_TYPE_DOMAIN_CERTIFICATE`, 3. */
  readonly credentialType: 2 | 3
  /** `DOMAIN\user`. */
  readonly credentialName: string
}

/** SecPkgContext_NegoKeys: the keys by which NEGOEX (MS-NEGOEX) would sign its messages. Copies: the caller's to wipe. */
export interface NegoKeys {
  /** The encryption type of `key`. */
  readonly keyType: number
  /** What this side signs with. */
  readonly key: Uint8Array
  /** The encryption type of `verifyKey`. */
  readonly verifyKeyType: number
  /** What the peer signs with. */
  readonly verifyKey: Uint8Array
}

/** SecPkgContext_NegoStatus. */
export interface NegoStatus {
  /** The number of the last failure of a mechanism that was passed over; `SEC_E_OK` where none failed. */
  readonly lastStatus: number
}

/** SecPkgContext_NegoPackageInfo: what Negotiate had to do without. */
export interface NegoPackageInfo {
  /** `SECPKG_ATTR_NEGO_INFO_FLAG_NO_KERBEROS`, `SECPKG_ATTR_NEGO_INFO_FLAG_NO_NTLM`. */
  readonly packageMask: number
}

/** On a CredSSP acceptor: what the client delegated. Windows' number (credssp.h) of `SECPKG_ATTR_DELEGATED_CREDENTIAL`. */
export const SECPKG_ATTR_CREDS = 0x8000_0080
/** On a CredSSP context: the package that Negotiate chose. Windows' number, credssp.h. */
export const SECPKG_ATTR_NEGOTIATION_PACKAGE = 0x8000_0081
/** On a CredSSP initiator: by what the server has proved who it is. Windows' number, credssp.h. */
export const SECPKG_ATTR_SERVER_AUTH_FLAGS = 0x8000_0083
/** On a CredSSP initiator: what was found out about the server's certificate. Windows' number, credssp.h. */
export const SECPKG_ATTR_CERT_TRUST_STATUS = 0x8000_0084

/** In {@link ServerAuthFlags}: by the package that Negotiate chose. */
export const CREDSSP_SERVER_AUTH_NEGOTIATE = 0x1
/** In {@link ServerAuthFlags}: by its certificate. */
export const CREDSSP_SERVER_AUTH_CERTIFICATE = 0x2

/** Result of {@link SECPKG_ATTR_SERVER_AUTH_FLAGS}. */
export interface ServerAuthFlags {
  /** Bits of `CREDSSP_SERVER_AUTH_…`. */
  readonly flags: number
}

/** CERT_TRUST_STATUS: result of {@link SECPKG_ATTR_CERT_TRUST_STATUS}. */
export interface CertTrustStatus {
  /** 0: the certificate was found good; one that was not does not lead to a context. */
  readonly errorStatus: number
  /** 0: nothing more is said of the chain. */
  readonly infoStatus: number
}

/** Result of {@link SECPKG_ATTR_NEGOTIATION_PACKAGE}. */
export interface NegotiationPackage {
  /** The package that authenticates in the channel. */
  readonly packageInfo: SecPkgInfo
}
