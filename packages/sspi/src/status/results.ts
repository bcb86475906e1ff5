import { Status } from './codes.js'

// The statuses that calls return rather than throw, each under its own name, as a caller compares them.

/** It worked; of a context step: the context stands. */
export const SEC_E_OK = Status.SEC_E_OK
/** Send the token, and come back with the peer's answer. */
export const SEC_I_CONTINUE_NEEDED = Status.SEC_I_CONTINUE_NEEDED
/** Call `completeAuthToken` before the token is sent. */
export const SEC_I_COMPLETE_NEEDED = Status.SEC_I_COMPLETE_NEEDED
/** Call `completeAuthToken`, send the token, and come back with the peer's answer. */
export const SEC_I_COMPLETE_AND_CONTINUE = Status.SEC_I_COMPLETE_AND_CONTINUE
/** The peer has closed its side. */
export const SEC_I_CONTEXT_EXPIRED = Status.SEC_I_CONTEXT_EXPIRED
/** The peer asks for a new handshake. */
export const SEC_I_RENEGOTIATE = Status.SEC_I_RENEGOTIATE
/** The server asks for a client certificate that was not given. */
export const SEC_I_INCOMPLETE_CREDENTIALS = Status.SEC_I_INCOMPLETE_CREDENTIALS
/** Less than a whole message came: come back with more. A result here, though Windows numbers it as an error. */
export const SEC_E_INCOMPLETE_MESSAGE = Status.SEC_E_INCOMPLETE_MESSAGE
