/** The most that one message of an established context may hold, in bytes of the application: what the peer takes, less what protects it. */
export const SASL_OPTION_SEND_SIZE = 1
/** The longest protected message that is read, in bytes. GSSAPI tells it to the peer in the last step. */
export const SASL_OPTION_RECV_SIZE = 2
/** Whom the client wants to act as: UTF-8, which the client sets before the last step, and the server reads after it. */
export const SASL_OPTION_AUTHZ_STRING = 3
/** Whether there may be such a string: `Sasl_AuthZIDForbidden` or `Sasl_AuthZIDProcessed`. */
export const SASL_OPTION_AUTHZ_PROCESSING = 4

/** A client that asks to act as somebody is refused; so is setting the string on its own side. */
export const Sasl_AuthZIDForbidden = 0
/** The application decides whether the client may act as whom it names. */
export const Sasl_AuthZIDProcessed = 1

/** What Windows reads and sends where nothing else was said, in bytes. */
export const DEFAULT_SASL_SIZE = 0xffff
/** Sizes have three bytes in the messages of RFC 4752. */
export const MAX_SASL_SIZE = 0xff_ffff
/** The longest authorization identity that is sent or read, in bytes. */
export const MAX_AUTHORIZATION_ID = 1024
