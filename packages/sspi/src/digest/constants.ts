/** The longest token that is sent, in bytes: Windows' number. */
export const MAX_TOKEN = 4096
/** The longest token that is read, in bytes: several challenges may stand in one. */
export const MAX_INPUT_TOKEN = 16_384
/** How many directives a token may hold. */
export const MAX_DIRECTIVES = 128

/** Digest is used for HTTP, not as a SASL mechanism. `ISC_REQ_USE_HTTP_STYLE`, and parameters in the input, mean the same. */
export const ISC_REQ_HTTP = 0x1000_0000
/**
 * Digest is used for HTTP, not as a SASL mechanism. The number means `ASC_REQ_ALLOW_MISSING_BINDINGS` to every other package,
 * and never that to Digest.
 */
export const ASC_REQ_HTTP = 0x1000_0000

/** The most that SASL's packets may hold: RFC 2831 §2.1.1 has three bytes of length. */
export const MAX_SASL_BUFFER = 0xff_ffff
/** What a peer takes that does not say, RFC 2831 §2.1.1. */
export const DEFAULT_SASL_BUFFER = 65_536
/** Less would hold no packet, RFC 2831 §2.1.1. */
export const MIN_SASL_BUFFER = 17
