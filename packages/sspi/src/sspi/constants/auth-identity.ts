/**
 * SEC_WINNT_AUTH_IDENTITY: the flags and versions of an explicit identity (user, domain, password).
 *
 * Left out is what only Windows can honour: protection by its DPAPI, its credential dialogs and its saved credentials.
 */

/** The strings are in the ANSI code page. */
export const SEC_WINNT_AUTH_IDENTITY_ANSI = 0x0000_0001
/** The strings are UTF-16. */
export const SEC_WINNT_AUTH_IDENTITY_UNICODE = 0x0000_0002
/** Structure and strings lie in one piece of memory. */
export const SEC_WINNT_AUTH_IDENTITY_MARSHALLED = 0x0000_0004
/** The identity is all that is wanted: no PAC is needed (Kerberos). */
export const SEC_WINNT_AUTH_IDENTITY_ONLY = 0x0000_0008
/** Package settings follow the identity; known to WinPR, not part of sspi.h. */
export const SEC_WINNT_AUTH_IDENTITY_EXTENDED = 0x0000_0100
/** The user name is absent, as opposed to empty. */
export const SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER = 0x0002_0000
/** The domain name is absent, as opposed to empty. */
export const SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_DOMAIN = 0x0004_0000

/** The version of `SEC_WINNT_AUTH_IDENTITY_EX`, which adds a list of packages. */
export const SEC_WINNT_AUTH_IDENTITY_VERSION = 0x0000_0200
/** The version of `SEC_WINNT_AUTH_IDENTITY_EX2`, with offsets and packed credentials. */
export const SEC_WINNT_AUTH_IDENTITY_VERSION_2 = 0x0000_0201
