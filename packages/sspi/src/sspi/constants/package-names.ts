/**
 * The names by which packages are asked for, and the numbers by which RPC knows them (`SecPkgInfo.rpcId`).
 */

/** NT LAN Manager. */
export const NTLMSP_NAME = 'NTLM'
/** Negotiate: SPNEGO, which picks one of the others. */
export const NEGOSSP_NAME = 'Negotiate'
/** Kerberos version 5. */
export const MICROSOFT_KERBEROS_NAME = 'Kerberos'
/** Digest, for HTTP and SASL. */
export const WDIGEST_SP_NAME = 'WDigest'
/** TLS, under its short name. */
export const SCHANNEL_NAME = 'Schannel'
/** TLS, under the name that Windows lists it by. */
export const UNISP_NAME = 'Microsoft Unified Security Protocol Provider'
/** CredSSP: TLS, then Negotiate inside it, then delegated credentials. */
export const CREDSSP_NAME = 'CREDSSP'

/** No authentication. */
export const RPC_C_AUTHN_NONE = 0
/** Negotiate. */
export const RPC_C_AUTHN_GSS_NEGOTIATE = 9
/** NTLM. */
export const RPC_C_AUTHN_WINNT = 10
/** Schannel, under either name. */
export const RPC_C_AUTHN_GSS_SCHANNEL = 14
/** Kerberos. */
export const RPC_C_AUTHN_GSS_KERBEROS = 16
/** Digest. */
export const RPC_C_AUTHN_DIGEST = 21
/** Whichever package the system takes for its default. */
export const RPC_C_AUTHN_DEFAULT = 0xffff_ffff

/** The package has no number of RPC (CredSSP). */
export const SECPKG_ID_NONE = 0xffff
