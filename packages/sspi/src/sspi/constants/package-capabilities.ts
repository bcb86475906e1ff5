/**
 * SECPKG_FLAG: what a security package can do, as its `SecPkgInfo` lists it in `capabilities`.
 */

/** Signs messages and verifies signatures. */
export const SECPKG_FLAG_INTEGRITY = 0x0000_0001
/** Encrypts and decrypts messages. */
export const SECPKG_FLAG_PRIVACY = 0x0000_0002
/** Looks at the token buffers of a message only. */
export const SECPKG_FLAG_TOKEN_ONLY = 0x0000_0004
/** Serves datagrams. */
export const SECPKG_FLAG_DATAGRAM = 0x0000_0008
/** Serves connections. */
export const SECPKG_FLAG_CONNECTION = 0x0000_0010
/** Needs several legs to authenticate. */
export const SECPKG_FLAG_MULTI_REQUIRED = 0x0000_0020
/** Initiates only; it cannot accept. */
export const SECPKG_FLAG_CLIENT_ONLY = 0x0000_0040
/** Tells the peer why an exchange failed. */
export const SECPKG_FLAG_EXTENDED_ERROR = 0x0000_0080
/** Lets the acceptor act as the initiator. */
export const SECPKG_FLAG_IMPERSONATION = 0x0000_0100
/** Understands Windows names of principals and targets. */
export const SECPKG_FLAG_ACCEPT_WIN32_NAME = 0x0000_0200
/** Serves streams, of which it finds the message borders itself. */
export const SECPKG_FLAG_STREAM = 0x0000_0400
/** Can be chosen by Negotiate. */
export const SECPKG_FLAG_NEGOTIABLE = 0x0000_0800
/** Its tokens agree with those of a GSS-API mechanism. */
export const SECPKG_FLAG_GSS_COMPATIBLE = 0x0000_1000
/** No meaning off Windows: serves `LsaLogonUser`. */
export const SECPKG_FLAG_LOGON = 0x0000_2000
/** Its tokens are ASCII text. */
export const SECPKG_FLAG_ASCII_BUFFERS = 0x0000_4000
/** Splits tokens into fragments that fit the buffers, and joins them. */
export const SECPKG_FLAG_FRAGMENT = 0x0000_8000
/** Authenticates both sides. */
export const SECPKG_FLAG_MUTUAL_AUTH = 0x0001_0000
/** Delegates credentials. */
export const SECPKG_FLAG_DELEGATION = 0x0002_0000
/** Serves `SECBUFFER_READONLY_WITH_CHECKSUM` when it encrypts. */
export const SECPKG_FLAG_READONLY_WITH_CHECKSUM = 0x0004_0000
/** No meaning off Windows: serves callers with restricted tokens. */
export const SECPKG_FLAG_RESTRICTED_TOKENS = 0x0008_0000
/** Extends Negotiate by packages of its own (NEGOEX); there is at most one such package. */
export const SECPKG_FLAG_NEGO_EXTENDER = 0x0010_0000
/** Can be chosen by the package that extends Negotiate. */
export const SECPKG_FLAG_NEGOTIABLE2 = 0x0020_0000
/** No meaning off Windows: gets every call from app containers. */
export const SECPKG_FLAG_APPCONTAINER_PASSTHROUGH = 0x0040_0000
/** No meaning off Windows: gets checked calls from app containers. */
export const SECPKG_FLAG_APPCONTAINER_CHECKS = 0x0080_0000
/** No meaning off Windows: runs with Credential Guard. */
export const SECPKG_FLAG_CREDENTIAL_ISOLATION_ENABLED = 0x0100_0000
/** Detects reliably that both ends of an exchange are on the same machine. */
export const SECPKG_FLAG_APPLY_LOOPBACK = 0x0200_0000
