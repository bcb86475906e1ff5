/**
 * SECURITY_PACKAGE_OPTIONS: how a package is added to an interface; and the versions of the interface itself.
 */

/** The caller does not know what the package is for. */
export const SECPKG_OPTIONS_TYPE_UNKNOWN = 0x00
/** No meaning off Windows: the package is for the local security authority, which there is none of. */
export const SECPKG_OPTIONS_TYPE_LSA = 0x01
/** The package is for this interface. */
export const SECPKG_OPTIONS_TYPE_SSPI = 0x02

/** No meaning off Windows: the package is there again after a restart. */
export const SECPKG_OPTIONS_PERMANENT = 0x01

/** The version of the table of functions. */
export const SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION = 0x01
