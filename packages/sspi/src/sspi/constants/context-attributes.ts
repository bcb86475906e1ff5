/**
 * SECPKG_ATTR: what can be asked of a context, of credentials, or set on them; with the values that some answers and
 * calls use. Attributes from 0x50 to 0x7f belong to Schannel. Where the note says "credentials", ask those.
 */

/** The sizes that message calls need: largest token, signature, cipher block and security trailer. */
export const SECPKG_ATTR_SIZES = 0x00
/** The name of the user whom the context belongs to. */
export const SECPKG_ATTR_NAMES = 0x01
/** The times from which and until which the context is valid. */
export const SECPKG_ATTR_LIFESPAN = 0x02
/** The authorization service and the privilege data, in the sense of DCE. */
export const SECPKG_ATTR_DCE_INFO = 0x03
/** The sizes of a stream: header, trailer, largest message, number of buffers, block. */
export const SECPKG_ATTR_STREAM_SIZES = 0x04
/** The sizes of datagrams; the same number as `SECPKG_ATTR_STREAM_SIZES`. */
export const SECPKG_ATTR_DATAGRAM_SIZES = 0x04
/** The names of the signature and encryption algorithms, their numbers, the key size in bits. */
export const SECPKG_ATTR_KEY_INFO = 0x05
/** The name of the authority that authenticated, where there is one. */
export const SECPKG_ATTR_AUTHORITY = 0x06
/** The name of the protocol in use and its version. */
export const SECPKG_ATTR_PROTO_INFO = 0x07
/** The time at which the password of the account expires. */
export const SECPKG_ATTR_PASSWORD_EXPIRY = 0x08
/** The session key. */
export const SECPKG_ATTR_SESSION_KEY = 0x09
/** The `SecPkgInfo` of the package in use; under Negotiate, of the chosen one. */
export const SECPKG_ATTR_PACKAGE_INFO = 0x0a
/** The flags of the user account behind the context. */
export const SECPKG_ATTR_USER_FLAGS = 0x0b
/** The package that Negotiate chose or is about to, and the state (`SECPKG_NEGOTIATION_…`). */
export const SECPKG_ATTR_NEGOTIATION_INFO = 0x0c
/** The names of client and server as the package itself writes them. */
export const SECPKG_ATTR_NATIVE_NAMES = 0x0d
/** The flags that the context has (`ISC_RET_…` or `ASC_RET_…`). */
export const SECPKG_ATTR_FLAGS = 0x0e
/** Named by the header, without a documented answer. */
export const SECPKG_ATTR_USE_VALIDATED = 0x0f
/** The name of the credentials in use, and their kind. */
export const SECPKG_ATTR_CREDENTIAL_NAME = 0x10
/** The name of the remote server, in the package's own marshalled form. */
export const SECPKG_ATTR_TARGET_INFORMATION = 0x11
/** The access token of the context. */
export const SECPKG_ATTR_ACCESS_TOKEN = 0x12
/** The name of the target. */
export const SECPKG_ATTR_TARGET = 0x13
/** The identifier of the authentication. */
export const SECPKG_ATTR_AUTHENTICATION_ID = 0x14
/** The time at which the session must be logged off. */
export const SECPKG_ATTR_LOGOFF_TIME = 0x15
/** The keys of the negotiation: one to sign with, one to verify with, with their types. */
export const SECPKG_ATTR_NEGO_KEYS = 0x16
/** The class of the credentials, and whether the user has to be asked for them. */
export const SECPKG_ATTR_PROMPTING_NEEDED = 0x18
/** The channel bindings that name this connection (`tls-unique`). */
export const SECPKG_ATTR_UNIQUE_BINDINGS = 0x19
/** The channel bindings that name the server's certificate (`tls-server-end-point`). */
export const SECPKG_ATTR_ENDPOINT_BINDINGS = 0x1a
/** On the acceptor: the target (SPN) that the initiator named. */
export const SECPKG_ATTR_CLIENT_SPECIFIED_TARGET = 0x1b
/** On the initiator: whether the token made last is the last that it will send. */
export const SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS = 0x1e
/** A mask of the packages that Negotiate considers. */
export const SECPKG_ATTR_NEGO_PKG_INFO = 0x1f
/** The last status that the negotiation met. */
export const SECPKG_ATTR_NEGO_STATUS = 0x20
/** Whether the context has been deleted. */
export const SECPKG_ATTR_CONTEXT_DELETED = 0x21
/** The largest datagram that DTLS makes; can be set. */
export const SECPKG_ATTR_DTLS_MTU = 0x22
/** The application protocol that was agreed on (ALPN), and whether one was. */
export const SECPKG_ATTR_APPLICATION_PROTOCOL = 0x23
/** The TLS extensions that were agreed on. */
export const SECPKG_ATTR_NEGOTIATED_TLS_EXTENSIONS = 0x24
/** Whether both ends of the context are on the same machine. */
export const SECPKG_ATTR_IS_LOOPBACK = 0x25
/** Obsolete: see `SECPKG_ATTR_ISSUER_LIST_EX`. */
export const SECPKG_ATTR_ISSUER_LIST = 0x50
/** Obsolete: see `SECPKG_ATTR_REMOTE_CERT_CONTEXT`. */
export const SECPKG_ATTR_REMOTE_CRED = 0x51
/** Obsolete: see `SECPKG_ATTR_LOCAL_CERT_CONTEXT`. */
export const SECPKG_ATTR_LOCAL_CRED = 0x52
/** The peer's end certificate, with those that came along. */
export const SECPKG_ATTR_REMOTE_CERT_CONTEXT = 0x53
/** The certificate that this side presented. */
export const SECPKG_ATTR_LOCAL_CERT_CONTEXT = 0x54
/** A certificate out of the store of trusted roots. */
export const SECPKG_ATTR_ROOT_STORE = 0x55
/** Credentials: the algorithms that they allow. */
export const SECPKG_ATTR_SUPPORTED_ALGS = 0x56
/** Credentials: the smallest and the largest cipher strength that they allow, in bits. */
export const SECPKG_ATTR_CIPHER_STRENGTHS = 0x57
/** Credentials: the versions of the protocol that they allow. */
export const SECPKG_ATTR_SUPPORTED_PROTOCOLS = 0x58
/** The names of the issuers whose client certificates the server accepts. */
export const SECPKG_ATTR_ISSUER_LIST_EX = 0x59
/** Protocol version, cipher, hash and key exchange of the connection, with their strengths. */
export const SECPKG_ATTR_CONNECTION_INFO = 0x5a
/** The key block for EAP-TLS. */
export const SECPKG_ATTR_EAP_KEY_BLOCK = 0x5b
/** No meaning off Windows: an attribute of the account that a client certificate is mapped to. */
export const SECPKG_ATTR_MAPPED_CRED_ATTR = 0x5c
/** Whether the TLS session was resumed, and its identifier. */
export const SECPKG_ATTR_SESSION_INFO = 0x5d
/** Data of the application's own that is kept with the TLS session; can be set. */
export const SECPKG_ATTR_APP_DATA = 0x5e
/** The certificates that the peer sent, each encoded. */
export const SECPKG_ATTR_REMOTE_CERTIFICATES = 0x5f
/** No meaning off Windows: set on credentials: how client certificates are chosen and checked. */
export const SECPKG_ATTR_CLIENT_CERT_POLICY = 0x60
/** No meaning off Windows: what the policy for client certificates decided. */
export const SECPKG_ATTR_CC_POLICY_RESULT = 0x61
/** No meaning off Windows: set on credentials: the private key is looked for in CNG. */
export const SECPKG_ATTR_USE_NCRYPT = 0x62
/** Subject, issuer and key size of the certificate of this side. */
export const SECPKG_ATTR_LOCAL_CERT_INFO = 0x63
/** The cipher suite of the connection with the names and sizes of its parts. */
export const SECPKG_ATTR_CIPHER_INFO = 0x64
/** Set: the pseudo-random function that makes the key block for EAP. */
export const SECPKG_ATTR_EAP_PRF_INFO = 0x65
/** The pairs of signature and hash algorithm that the peer supports. */
export const SECPKG_ATTR_SUPPORTED_SIGNATURES = 0x66
/** The peer's certificate chain. */
export const SECPKG_ATTR_REMOTE_CERT_CHAIN = 0x67
/** No meaning off Windows: set: the window over which dialogs appear. */
export const SECPKG_ATTR_UI_INFO = 0x68
/** Set: whether data may be sent before the handshake is over (false start). */
export const SECPKG_ATTR_EARLY_START = 0x69
/** Set: label, context and length of the key material to export. */
export const SECPKG_ATTR_KEYING_MATERIAL_INFO = 0x6a
/** The exported key material (RFC 5705), as announced by `SECPKG_ATTR_KEYING_MATERIAL_INFO`. */
export const SECPKG_ATTR_KEYING_MATERIAL = 0x6b
/** The SRTP profile and master key identifier that were agreed on. */
export const SECPKG_ATTR_SRTP_PARAMETERS = 0x6c
/** The token binding version and key parameters that were agreed on. */
export const SECPKG_ATTR_TOKEN_BINDING = 0x6d
/** The connection as in `SECPKG_ATTR_CONNECTION_INFO`, by names instead of numbers. */
export const SECPKG_ATTR_CONNECTION_INFO_EX = 0x6e
/** The exported key material that token binding signs. */
export const SECPKG_ATTR_KEYING_MATERIAL_TOKEN_BINDING = 0x6f
/** Exported key material, label and context given in one call. */
export const SECPKG_ATTR_KEYING_MATERIAL_INPROC = 0x70
/** The security attributes (claims) of the authenticated principal. */
export const SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES = 0x80
/** The SASL context that belongs to a security context. */
export const SECPKG_ATTR_SASL_CONTEXT = 0x0001_0000

/** Flag in what Negotiate tells: without Kerberos. */
export const SECPKG_ATTR_NEGO_INFO_FLAG_NO_KERBEROS = 0x01
/** Flag in what Negotiate tells: without NTLM. */
export const SECPKG_ATTR_NEGO_INFO_FLAG_NO_NTLM = 0x02

/** The negotiation is over: the package stands. */
export const SECPKG_NEGOTIATION_COMPLETE = 0x00
/** The negotiation is not over: the package is what this side hopes for. */
export const SECPKG_NEGOTIATION_OPTIMISTIC = 0x01
/** The negotiation is going on. */
export const SECPKG_NEGOTIATION_IN_PROGRESS = 0x02
/** The package was used directly, without negotiating. */
export const SECPKG_NEGOTIATION_DIRECT = 0x03
/** Several credentials are to be tried. */
export const SECPKG_NEGOTIATION_TRY_MULTICRED = 0x04

/** The imported context starts over in the state that it had in the beginning. */
export const SECPKG_CONTEXT_EXPORT_RESET_NEW = 0x01
/** The context is deleted once it is exported. */
export const SECPKG_CONTEXT_EXPORT_DELETE_OLD = 0x02
/** No meaning off Windows: the context is moved into the kernel. */
export const SECPKG_CONTEXT_EXPORT_TO_KERNEL = 0x04
