// Where things lie. The memory is made once and never grows: growing would detach every view that JavaScript has of it.
//
// Tables are below SECRETS. All that is above is zero between calls: whoever makes a call overwrites it when the result is read.

export const SECRETS: usize = 0x1000

/** What a context keeps of its keys, `KEYS_BYTES` of it, as `prepareKeys` makes it. */
export const KEYS: usize = SECRETS
export const KEYS_BYTES: usize = 608
/** Round keys of encryption: 15 blocks at most. */
export const ENCRYPTION_KEYS: usize = KEYS
/** The state of a hash behind the inner pad of HMAC, and behind the outer one. */
export const INNER_STATE: usize = KEYS + 240
/** The key of GHASH, where there is no HMAC. */
export const HASH_KEY: usize = KEYS + 240
export const OUTER_STATE: usize = KEYS + 304
/** Round keys of decryption, in the order of their use. */
export const DECRYPTION_KEYS: usize = KEYS + 368

/** What a call is given besides: keys, blocks, the state of RC4. */
export const INPUT: usize = KEYS + 640
export const INPUT_BYTES: usize = 320
/** A checksum that came, to be compared with the right one: behind what is used of INPUT to calculate that. */
export const SENT_MAC: usize = INPUT + 256
/** What a call gives: a digest, a derived key. */
export const OUTPUT: usize = INPUT + INPUT_BYTES
/** The chaining value at work. */
export const STATE: usize = OUTPUT + 64
/** The expanded message of a hash, the words of a key schedule, the permutation of RC4. */
export const WORK: usize = STATE + 64
const WORK_BYTES: usize = 1024
/** A zero vector before the message, which some checksums cover. */
export const VECTOR: usize = WORK + WORK_BYTES

/** The message. */
export const MESSAGE: usize = VECTOR + 16
/** The longest message: with what is written behind it, the end of the memory is not reached. */
export const MESSAGE_BYTES: usize = 0x10000
/** Bytes that may be written behind a message: padding, or a checksum. */
export const BEHIND_BYTES: usize = 192
