/** `sspiSetChannelBindingFlags`: the client's bindings are compared, and what is wrong with them is told instead of refused. */
export const SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS = 0x1
/** The flags of `sspiSetChannelBindingFlags` that there are. */
export const SEC_CHANNEL_BINDINGS_VALID_FLAGS = 0x1
