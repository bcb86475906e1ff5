/**
 * SECQOP: how a message is protected, where the default (0) is not wanted; and the data
 * representations that the calls which establish a context take on Windows (`TargetDataRep`).
 */

/** Wraps the message with a signature and without encryption. */
export const SECQOP_WRAP_NO_ENCRYPT = 0x8000_0001
/** The message is an alert to be sent to the peer, level and description (Schannel). */
export const SECQOP_WRAP_OOB_DATA = 0x4000_0000

/** The data is in network byte order. */
export const SECURITY_NETWORK_DREP = 0x00
/** The data is in the byte order of the machine. */
export const SECURITY_NATIVE_DREP = 0x10
