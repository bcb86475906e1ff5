/**
 * SEC_WINNT_AUTH_IDENTITY: the flags and versions of an explicit identity (user, domain, password).
 *
 * Left out is what only Windows can honour: its credential dialogs.
 */

/** The strings are in the ANSI code page. */
export const SEC_WINNT_AUTH_IDENTITY_ANSI = 0x0000_0001
/** The strings are UTF-16. */
export const SEC_WINNT_AUTH_IDENTITY_UNICODE = 0x0000_0002
/** Structure and strings lie in one piece of memory. */
export const SEC_WINNT_AUTH_IDENTITY_MARSHALLED = 0x0000_0004
/** The identity is all that is wanted: no PAC is needed (Kerberos). */
export const SEC_WINNT_AUTH_IDENTITY_ONLY = 0x0000_0008
/** Encrypted by `sspiEncryptAuthIdentity`: for whoever encrypted it. */
export const SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED = 0x0000_0010
/** Encrypted for the same log-on under the SYSTEM account of Windows, which there is nowhere else. */
export const SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED = 0x0000_0020
/** Encrypted by `sspiEncryptAuthIdentityEx` for the same log-on. */
export const SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED = 0x0000_0040
/** Encrypted for the SYSTEM account of Windows, which there is nowhere else. */
export const SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED = 0x0000_0080
/** Package settings follow the identity; known to WinPR, not part of sspi.h. */
export const SEC_WINNT_AUTH_IDENTITY_EXTENDED = 0x0000_0100
/** Eight bytes follow the structure, which an encryption in place needs on Windows. */
export const SEC_WINNT_AUTH_IDENTITY_FLAGS_RESERVED = 0x0001_0000
/** The user name is absent, as opposed to empty. */
export const SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER = 0x0002_0000
/** The domain name is absent, as opposed to empty. */
export const SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_DOMAIN = 0x0004_0000
/** The domain is the name of a provider of online identities. */
export const SEC_WINNT_AUTH_IDENTITY_FLAGS_ID_PROVIDER = 0x0008_0000

/** `sspiEncryptAuthIdentityEx`: for the same log-on session. */
export const SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_LOGON = 0x0000_0001
/** `sspiEncryptAuthIdentityEx`: for the same process, as `sspiEncryptAuthIdentity`. */
export const SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS = 0x0000_0002
/** `sspiEncryptAuthIdentityEx`: for the SYSTEM account of Windows, which there is nowhere else. */
export const SEC_WINNT_AUTH_IDENTITY_ENCRYPT_FOR_SYSTEM = 0x0000_0004

/** The version of `SEC_WINNT_AUTH_IDENTITY_EX`, which adds a list of packages. */
export const SEC_WINNT_AUTH_IDENTITY_VERSION = 0x0000_0200
/** The version of `SEC_WINNT_AUTH_IDENTITY_EX2`, with offsets and packed credentials. */
export const SEC_WINNT_AUTH_IDENTITY_VERSION_2 = 0x0000_0201
