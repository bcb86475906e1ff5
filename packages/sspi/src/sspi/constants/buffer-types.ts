/**
 * SECBUFFER: what a buffer of a message or token holds, and the attributes in the top bits of that number.
 *
 * All are unsigned. A bitwise operator makes the result signed: follow it with `>>> 0` before comparing.
 */

/** The version of a list of buffers (`SecBufferDesc.ulVersion`); the only one. */
export const SECBUFFER_VERSION = 0x00
/** Nothing: a place that the package may fill, or that it leaves alone. */
export const SECBUFFER_EMPTY = 0x00
/** The message itself: plaintext before encryption and after decryption, ciphertext in between. */
export const SECBUFFER_DATA = 0x01
/** The security token: one leg of the exchange, or the signature or trailer of a message. */
export const SECBUFFER_TOKEN = 0x02
/** Parameters that only the package in question understands. */
export const SECBUFFER_PKG_PARAMS = 0x03
/** Out: how many bytes of input are still wanted, where the package knows; holds no bytes. */
export const SECBUFFER_MISSING = 0x04
/** Out: input behind the end of the message, not processed; present it with the next call. */
export const SECBUFFER_EXTRA = 0x05
/** The trailer of a stream record (TLS: MAC and padding, or the authentication tag). */
export const SECBUFFER_STREAM_TRAILER = 0x06
/** The header of a stream record. */
export const SECBUFFER_STREAM_HEADER = 0x07
/** Hints that come from the negotiating package. */
export const SECBUFFER_NEGOTIATION_INFO = 0x08
/** Padding of a message, no part of its data. */
export const SECBUFFER_PADDING = 0x09
/** A whole protected message as it came off the stream, for the package to take apart. */
export const SECBUFFER_STREAM = 0x0a
/** The list of mechanism OIDs of a negotiation. */
export const SECBUFFER_MECHLIST = 0x0b
/** The signature over the list of mechanism OIDs. */
export const SECBUFFER_MECHLIST_SIGNATURE = 0x0c
/** Obsolete: the name of the target. */
export const SECBUFFER_TARGET = 0x0d
/** The bindings of the channel outside (`SEC_CHANNEL_BINDINGS` and what follows it). */
export const SECBUFFER_CHANNEL_BINDINGS = 0x0e
/** Out: the answer of a domain to a password change. */
export const SECBUFFER_CHANGE_PASS_RESPONSE = 0x0f
/** The target of the exchange, as a service principal name. */
export const SECBUFFER_TARGET_HOST = 0x10
/** A TLS alert. */
export const SECBUFFER_ALERT = 0x11
/** The application protocols to offer or to accept (ALPN), most wanted first. */
export const SECBUFFER_APPLICATION_PROTOCOLS = 0x12
/** The SRTP protection profiles to negotiate (`use_srtp`). */
export const SECBUFFER_SRTP_PROTECTION_PROFILES = 0x13
/** The SRTP master key identifier (MKI) to negotiate. */
export const SECBUFFER_SRTP_MASTER_KEY_IDENTIFIER = 0x14
/** The token binding versions and key parameters to negotiate. */
export const SECBUFFER_TOKEN_BINDING = 0x15
/** A pre-shared TLS key. */
export const SECBUFFER_PRESHARED_KEY = 0x16
/** The identity that goes with a pre-shared TLS key. */
export const SECBUFFER_PRESHARED_KEY_IDENTITY = 0x17
/** The largest datagram that the path carries (DTLS). */
export const SECBUFFER_DTLS_MTU = 0x18
/** A TLS extension of the caller's own to send. */
export const SECBUFFER_SEND_GENERIC_TLS_EXTENSION = 0x19
/** The types of TLS extensions that the caller wants to be handed. */
export const SECBUFFER_SUBSCRIBE_GENERIC_TLS_EXTENSION = 0x1a
/** Requirements of a context beyond the 32 bits of the ordinary argument (`ISC_REQ_MESSAGES`). */
export const SECBUFFER_FLAGS = 0x1b
/** Out: a TLS 1.3 traffic secret, for a carrier (QUIC) that protects its packets itself. */
export const SECBUFFER_TRAFFIC_SECRETS = 0x1c
/** The context of a TLS 1.3 certificate request. */
export const SECBUFFER_CERTIFICATE_REQUEST_CONTEXT = 0x1d

/** Attribute: the bytes are not to be written; they are not in the checksum either. */
export const SECBUFFER_READONLY = 0x8000_0000
/** Attribute: the bytes are not to be written or encrypted, but are in the checksum. */
export const SECBUFFER_READONLY_WITH_CHECKSUM = 0x1000_0000
/** No meaning off Windows: attribute of a buffer that the kernel has not mapped. */
export const SECBUFFER_UNMAPPED = 0x4000_0000
/** No meaning off Windows: attribute of a buffer that the kernel has mapped. */
export const SECBUFFER_KERNEL_MAP = 0x2000_0000
/** Attribute bits that are reserved to the system. */
export const SECBUFFER_RESERVED = 0x6000_0000
/** The bits that hold attributes; what is left without them is the type. */
export const SECBUFFER_ATTRMASK = 0xf000_0000
