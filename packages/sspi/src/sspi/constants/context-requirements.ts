/**
 * What each side asks of a context (`ISC_REQ_…` the initiator, `ASC_REQ_…` the acceptor), and what it got (`…_RET_…`).
 *
 * A bit of a request and of a result need not agree, nor need the two sides: `ISC_REQ_INTEGRITY` is not
 * `ASC_REQ_INTEGRITY`. Always compare with the constants of the same prefix.
 *
 * The four `…_MESSAGES` are 2**32 and do not fit the 32 bits that JavaScript's bitwise operators work on: with `|` and
 * `&` they come out as zero. On Windows they are no part of the 32-bit argument either, but travel in a
 * `SECBUFFER_FLAGS` buffer.
 */

/** Lets the acceptor act as the initiator towards further servers. */
export const ISC_REQ_DELEGATE = 0x0000_0001
/** The acceptor must prove who it is, too. */
export const ISC_REQ_MUTUAL_AUTH = 0x0000_0002
/** Messages that arrive a second time are to be detected. */
export const ISC_REQ_REPLAY_DETECT = 0x0000_0004
/** Messages that arrive out of order are to be detected. */
export const ISC_REQ_SEQUENCE_DETECT = 0x0000_0008
/** Messages are to be encrypted. */
export const ISC_REQ_CONFIDENTIALITY = 0x0000_0010
/** A new session key is to be negotiated (Kerberos: user-to-user). */
export const ISC_REQ_USE_SESSION_KEY = 0x0000_0020
/** No meaning off Windows: the package may ask the person at the screen for credentials. */
export const ISC_REQ_PROMPT_FOR_CREDS = 0x0000_0040
/** The credentials come from the caller alone (Schannel: pick no client certificate yourself). */
export const ISC_REQ_USE_SUPPLIED_CREDS = 0x0000_0080
/** The package allocates the memory of the output. */
export const ISC_REQ_ALLOCATE_MEMORY = 0x0000_0100
/** The exchange has three legs and no framing of tokens, as DCE RPC expects it. */
export const ISC_REQ_USE_DCE_STYLE = 0x0000_0200
/** Messages travel as datagrams, which may be lost or reordered. */
export const ISC_REQ_DATAGRAM = 0x0000_0400
/** Messages travel over a connection, and the caller does their framing. */
export const ISC_REQ_CONNECTION = 0x0000_0800
/** No meaning off Windows: the context is for single calls. */
export const ISC_REQ_CALL_LEVEL = 0x0000_1000
/** The input is a fragment of a token that was split. */
export const ISC_REQ_FRAGMENT_SUPPLIED = 0x0000_2000
/** If the exchange fails, the peer is to be told why: there will be an error token. */
export const ISC_REQ_EXTENDED_ERROR = 0x0000_4000
/** The context protects a stream of bytes, and the package does the framing. */
export const ISC_REQ_STREAM = 0x0000_8000
/** Messages are to be signed. */
export const ISC_REQ_INTEGRITY = 0x0001_0000
/** The acceptor may learn who the initiator is but not act as it. */
export const ISC_REQ_IDENTIFY = 0x0002_0000
/** The initiator stays anonymous. */
export const ISC_REQ_NULL_SESSION = 0x0004_0000
/** The caller checks the peer's certificate itself (Schannel). */
export const ISC_REQ_MANUAL_CRED_VALIDATION = 0x0008_0000
/** Reserved. */
export const ISC_REQ_RESERVED1 = 0x0010_0000
/** Tokens are to be split to fit the caller's buffers. */
export const ISC_REQ_FRAGMENT_TO_FIT = 0x0020_0000
/** No meaning off Windows: the initiator's credentials are to be forwarded to the acceptor. */
export const ISC_REQ_FORWARD_CREDENTIALS = 0x0040_0000
/** Integrity is not wanted, even where the package would add it (Negotiate, Kerberos). */
export const ISC_REQ_NO_INTEGRITY = 0x0080_0000
/** The exchange is carried by HTTP. */
export const ISC_REQ_USE_HTTP_STYLE = 0x0100_0000
/** The target name comes from an untrusted source; the acceptor is told so. */
export const ISC_REQ_UNVERIFIED_TARGET_NAME = 0x2000_0000
/** Encryption without integrity is acceptable (Negotiate, Kerberos). */
export const ISC_REQ_CONFIDENTIALITY_ONLY = 0x4000_0000
/** TLS messages instead of records, as QUIC wants them. Beyond 32 bits (2**32), so `|` and `&` lose it. */
export const ISC_REQ_MESSAGES = 0x0001_0000_0000

/** The acceptor can act as the initiator towards further servers. */
export const ISC_RET_DELEGATE = 0x0000_0001
/** The acceptor has proved, or will have proved when the exchange is over, who it is. */
export const ISC_RET_MUTUAL_AUTH = 0x0000_0002
/** Messages that arrive a second time are detected. */
export const ISC_RET_REPLAY_DETECT = 0x0000_0004
/** Messages that arrive out of order are detected. */
export const ISC_RET_SEQUENCE_DETECT = 0x0000_0008
/** Messages can be encrypted. */
export const ISC_RET_CONFIDENTIALITY = 0x0000_0010
/** A new session key was negotiated. */
export const ISC_RET_USE_SESSION_KEY = 0x0000_0020
/** No meaning off Windows: credentials were collected from the person at the screen. */
export const ISC_RET_USED_COLLECTED_CREDS = 0x0000_0040
/** The credentials that the caller supplied were used. */
export const ISC_RET_USED_SUPPLIED_CREDS = 0x0000_0080
/** The package allocated the memory of the output. */
export const ISC_RET_ALLOCATED_MEMORY = 0x0000_0100
/** The exchange has three legs and no framing of tokens, as DCE RPC expects it. */
export const ISC_RET_USED_DCE_STYLE = 0x0000_0200
/** The context is for datagrams. */
export const ISC_RET_DATAGRAM = 0x0000_0400
/** The context is for a connection whose framing is the caller's. */
export const ISC_RET_CONNECTION = 0x0000_0800
/** No meaning off Windows: the call returned in the middle of an exchange. */
export const ISC_RET_INTERMEDIATE_RETURN = 0x0000_1000
/** No meaning off Windows: the context is for single calls. */
export const ISC_RET_CALL_LEVEL = 0x0000_2000
/** If the exchange fails, the peer is told why. */
export const ISC_RET_EXTENDED_ERROR = 0x0000_4000
/** The context protects a stream of bytes. */
export const ISC_RET_STREAM = 0x0000_8000
/** Messages can be signed. */
export const ISC_RET_INTEGRITY = 0x0001_0000
/** The acceptor may learn who the initiator is but not act as it. */
export const ISC_RET_IDENTIFY = 0x0002_0000
/** The initiator is anonymous. */
export const ISC_RET_NULL_SESSION = 0x0004_0000
/** The peer's certificate was not checked: that is the caller's task (Schannel). */
export const ISC_RET_MANUAL_CRED_VALIDATION = 0x0008_0000
/** Reserved. */
export const ISC_RET_RESERVED1 = 0x0010_0000
/** The output is a fragment of a token. */
export const ISC_RET_FRAGMENT_ONLY = 0x0020_0000
/** No meaning off Windows: the initiator's credentials are forwarded to the acceptor. */
export const ISC_RET_FORWARD_CREDENTIALS = 0x0040_0000
/** The exchange is carried by HTTP. */
export const ISC_RET_USED_HTTP_STYLE = 0x0100_0000
/** No meaning off Windows: internal; no further token will come. */
export const ISC_RET_NO_ADDITIONAL_TOKEN = 0x0200_0000
/** No meaning off Windows: internal; the exchange authenticates again on a context that stands. */
export const ISC_RET_REAUTHENTICATION = 0x0800_0000
/** The context encrypts without integrity (Negotiate, Kerberos). */
export const ISC_RET_CONFIDENTIALITY_ONLY = 0x4000_0000
/** The context takes and gives TLS messages, not records. Beyond 32 bits (2**32), so `|` and `&` lose it. */
export const ISC_RET_MESSAGES = 0x0001_0000_0000

/** The acceptor wants to act as the initiator towards further servers. */
export const ASC_REQ_DELEGATE = 0x0000_0001
/** Both sides must prove who they are (Schannel: the client is asked for a certificate). */
export const ASC_REQ_MUTUAL_AUTH = 0x0000_0002
/** Messages that arrive a second time are to be detected. */
export const ASC_REQ_REPLAY_DETECT = 0x0000_0004
/** Messages that arrive out of order are to be detected. */
export const ASC_REQ_SEQUENCE_DETECT = 0x0000_0008
/** Messages are to be encrypted. */
export const ASC_REQ_CONFIDENTIALITY = 0x0000_0010
/** A new session key is to be negotiated (Kerberos: user-to-user). */
export const ASC_REQ_USE_SESSION_KEY = 0x0000_0020
/** TLS session tickets may be issued, so that a client can resume (Schannel). */
export const ASC_REQ_SESSION_TICKET = 0x0000_0040
/** The package allocates the memory of the output. */
export const ASC_REQ_ALLOCATE_MEMORY = 0x0000_0100
/** The exchange has three legs and no framing of tokens, as DCE RPC expects it. */
export const ASC_REQ_USE_DCE_STYLE = 0x0000_0200
/** Messages travel as datagrams, which may be lost or reordered. */
export const ASC_REQ_DATAGRAM = 0x0000_0400
/** Messages travel over a connection, and the caller does their framing. */
export const ASC_REQ_CONNECTION = 0x0000_0800
/** No meaning off Windows: the context is for single calls. */
export const ASC_REQ_CALL_LEVEL = 0x0000_1000
/** The input is a fragment of a token that was split. */
export const ASC_REQ_FRAGMENT_SUPPLIED = 0x0000_2000
/** If the exchange fails, the peer is to be told why: there will be an error token. */
export const ASC_REQ_EXTENDED_ERROR = 0x0000_8000
/** The context protects a stream of bytes, and the package does the framing. */
export const ASC_REQ_STREAM = 0x0001_0000
/** Messages are to be signed. */
export const ASC_REQ_INTEGRITY = 0x0002_0000
/** No meaning off Windows: the context is for licensing. */
export const ASC_REQ_LICENSING = 0x0004_0000
/** Who the initiator is suffices; the acceptor will not act as it. */
export const ASC_REQ_IDENTIFY = 0x0008_0000
/** An anonymous initiator may be accepted. */
export const ASC_REQ_ALLOW_NULL_SESSION = 0x0010_0000
/** Initiators that are no users, such as machines, may be accepted. */
export const ASC_REQ_ALLOW_NON_USER_LOGONS = 0x0020_0000
/** The same exchange may be accepted more than once: no replay cache. */
export const ASC_REQ_ALLOW_CONTEXT_REPLAY = 0x0040_0000
/** Tokens are to be split to fit the caller's buffers. */
export const ASC_REQ_FRAGMENT_TO_FIT = 0x0080_0000
/** The exchange is to end without a token for the initiator. */
export const ASC_REQ_NO_TOKEN = 0x0100_0000
/** Channel bindings are required (Digest); excludes `ASC_REQ_ALLOW_MISSING_BINDINGS`. */
export const ASC_REQ_PROXY_BINDINGS = 0x0400_0000
/** An initiator that sends no channel bindings is accepted; wrong ones never are. */
export const ASC_REQ_ALLOW_MISSING_BINDINGS = 0x1000_0000
/** TLS messages instead of records, as QUIC wants them. Beyond 32 bits (2**32), so `|` and `&` lose it. */
export const ASC_REQ_MESSAGES = 0x0001_0000_0000

/** The acceptor can act as the initiator towards further servers. */
export const ASC_RET_DELEGATE = 0x0000_0001
/** Both sides prove who they are. */
export const ASC_RET_MUTUAL_AUTH = 0x0000_0002
/** Messages that arrive a second time are detected. */
export const ASC_RET_REPLAY_DETECT = 0x0000_0004
/** Messages that arrive out of order are detected. */
export const ASC_RET_SEQUENCE_DETECT = 0x0000_0008
/** Messages can be encrypted. */
export const ASC_RET_CONFIDENTIALITY = 0x0000_0010
/** A new session key was negotiated. */
export const ASC_RET_USE_SESSION_KEY = 0x0000_0020
/** TLS session tickets are issued (Schannel). */
export const ASC_RET_SESSION_TICKET = 0x0000_0040
/** The package allocated the memory of the output. */
export const ASC_RET_ALLOCATED_MEMORY = 0x0000_0100
/** The exchange has three legs and no framing of tokens, as DCE RPC expects it. */
export const ASC_RET_USED_DCE_STYLE = 0x0000_0200
/** The context is for datagrams. */
export const ASC_RET_DATAGRAM = 0x0000_0400
/** The context is for a connection whose framing is the caller's. */
export const ASC_RET_CONNECTION = 0x0000_0800
/** No meaning off Windows: the context is for single calls. */
export const ASC_RET_CALL_LEVEL = 0x0000_2000
/** The third leg of the exchange did not verify. */
export const ASC_RET_THIRD_LEG_FAILED = 0x0000_4000
/** If the exchange fails, the peer is told why. */
export const ASC_RET_EXTENDED_ERROR = 0x0000_8000
/** The context protects a stream of bytes. */
export const ASC_RET_STREAM = 0x0001_0000
/** Messages can be signed. */
export const ASC_RET_INTEGRITY = 0x0002_0000
/** No meaning off Windows: the context is for licensing. */
export const ASC_RET_LICENSING = 0x0004_0000
/** The acceptor may learn who the initiator is but not act as it. */
export const ASC_RET_IDENTIFY = 0x0008_0000
/** The initiator is anonymous. */
export const ASC_RET_NULL_SESSION = 0x0010_0000
/** Initiators that are no users are accepted. */
export const ASC_RET_ALLOW_NON_USER_LOGONS = 0x0020_0000
/** The same exchange may be accepted more than once. */
export const ASC_RET_ALLOW_CONTEXT_REPLAY = 0x0040_0000
/** The output is a fragment of a token. */
export const ASC_RET_FRAGMENT_ONLY = 0x0080_0000
/** The exchange ends without a token for the initiator. */
export const ASC_RET_NO_TOKEN = 0x0100_0000
/** No meaning off Windows: internal; no further token will come. */
export const ASC_RET_NO_ADDITIONAL_TOKEN = 0x0200_0000
/** The channel bindings that were required are not there. */
export const ASC_RET_NO_PROXY_BINDINGS = 0x0400_0000
/** The initiator sent no channel bindings, and that was allowed. */
export const ASC_RET_MISSING_BINDINGS = 0x1000_0000
/** The context takes and gives TLS messages, not records. Beyond 32 bits (2**32), so `|` and `&` lose it. */
export const ASC_RET_MESSAGES = 0x0001_0000_0000
