/**
 * SECPKG_CRED: what credentials are acquired for; SECPKG_CRED_ATTR: what can be asked of them or set on them.
 */

/** Accepting: to verify the initiators that call. */
export const SECPKG_CRED_INBOUND = 0x0000_0001
/** Initiating: to prove who the caller is. */
export const SECPKG_CRED_OUTBOUND = 0x0000_0002
/** Initiating and accepting. */
export const SECPKG_CRED_BOTH = 0x0000_0003
/** Whatever the package takes for its default. */
export const SECPKG_CRED_DEFAULT = 0x0000_0004
/** Only credentials that the caller gave; neither the default ones nor saved ones. */
export const SECPKG_CRED_AUTOLOGON_RESTRICTED = 0x0000_0010
/** Checks the server's policy only, to learn whether credentials have to be asked for. */
export const SECPKG_CRED_PROCESS_POLICY_ONLY = 0x0000_0020
/** The bits that are reserved. */
export const SECPKG_CRED_RESERVED = 0xf000_0000

/** The name of the principal of the credentials. */
export const SECPKG_CRED_ATTR_NAMES = 0x01
/** The provider that the credentials come from, with its data. */
export const SECPKG_CRED_ATTR_SSI_PROVIDER = 0x02
/** Set only: the proxy by which KDCs are reached (Kerberos). */
export const SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS = 0x03
/** The certificate of the credentials, named by its thumbprint (Kerberos). */
export const SECPKG_CRED_ATTR_CERT = 0x04
/** Whether the authorization data of tickets is passed over (Kerberos). */
export const SECPKG_CRED_ATTR_PAC_BYPASS = 0x05
