import type { Side } from '../../sspi/index.js'
import type { KerberosKey, SignedOnly } from '../enctypes/index.js'

/** The pieces of a message. */
export interface MessageParts {
  /** What the checksum covers, in order. */
  readonly signed: readonly Uint8Array[]
  /** Of those, the same arrays in the same order, what is encrypted and sent in the token's place. */
  readonly sealed: readonly Uint8Array[]
}

/** A wrapped message. */
export interface Wrapped {
  /** What goes before the data, piece by piece. */
  readonly token: readonly Uint8Array[]
  /** What takes the place of the data, of the same length; the data itself if only signed. */
  readonly data: Uint8Array
  /** What goes behind the data; empty with most encryption types. */
  readonly padding: Uint8Array
}

/** A message that was opened: its checksum was right. Its place in the sequence is still to be looked at. */
export interface Opened {
  readonly sequence: number
  /** Whether it was encrypted. */
  readonly encrypted: boolean
  /** The data, without padding: nobody else's, and the caller's to wipe. */
  readonly plaintext: Uint8Array
}

/** How large the parts of messages get, in bytes. */
export interface ProtectionSizes {
  /** Of a MIC token. */
  readonly signature: number
  /** Of the token of a wrapped message, at most. */
  readonly token: number
  /** What padding fills up to; 1 where there is none. */
  readonly block: number
}

/** A received message: all of it in one piece. */
export interface WrappedMessage {
  /** Token, data and padding one behind the other. */
  readonly whole: Uint8Array
  /** What the caller expects in it, where token and data came apart; data that is only signed comes in this way alone. */
  readonly parts: MessageParts | undefined
}

/** The per-message tokens of one context: MIC and Wrap, RFC 2743 section 2.3. It counts nothing itself. */
export interface MessageProtection {
  readonly sizes: ProtectionSizes
  /** Sequence numbers are counted modulo this power of two. */
  readonly sequenceBits: 32 | 53
  /** Makes a MIC token. */
  sign(signed: readonly Uint8Array[], sequence: number): Uint8Array
  /**
   * Checks a MIC token.
   *
   * @returns Its sequence number.
   * @throws `SspiError` `SEC_E_INVALID_TOKEN` when it is none, `SEC_E_MESSAGE_ALTERED` when the checksum is wrong.
   */
  verify(signed: readonly Uint8Array[], token: Uint8Array): number
  /** The lengths of token and padding of a message with so many bytes of data. */
  wrapLengths(dataBytes: number, encrypt: boolean): { readonly token: number; readonly padding: number }
  /** Makes a Wrap token. The message is only read. */
  wrap(parts: MessageParts, encrypt: boolean, sequence: number): Wrapped
  /** Opens a Wrap token. Errors as for `verify`. */
  unwrap(message: WrappedMessage): Opened
  /** Lets go of what was made of the key, which is the session's. */
  dispose(): void
}

/** What protection is made of. */
export interface ProtectionParts {
  readonly side: Side
  /** The context's key. Stays its owner's. */
  readonly key: KerberosKey
  /** Whether it is a subkey that the acceptor chose. */
  readonly acceptorSubkey: boolean
  readonly dceStyle: boolean
  /** Where confounders come from. */
  readonly random: (length: number) => Uint8Array
}

/** The number of all bytes. */
export function totalBytes(pieces: readonly Uint8Array[]): number {
  let total = 0
  for (const piece of pieces) total += piece.length
  return total
}

/** What is signed and not sealed, by its places in the sealed data. */
export function signedOnlyOf(parts: MessageParts | undefined): readonly SignedOnly[] {
  if (parts === undefined || parts.signed.length === parts.sealed.length) return []
  const found: SignedOnly[] = []
  let next = 0
  let at = 0
  for (const piece of parts.signed) {
    if (piece === parts.sealed[next]) {
      next++
      at += piece.length
    } else found.push({ at, bytes: piece })
  }
  return found
}

/** What the checksum covers when the sealed data reads so; the data alone where nothing else is known. */
export function signedWith(parts: MessageParts | undefined, plaintext: Uint8Array): readonly Uint8Array[] {
  if (parts === undefined) return [plaintext]
  let next = 0
  let at = 0
  return parts.signed.map((piece) => {
    if (piece !== parts.sealed[next]) return piece
    next++
    at += piece.length
    return plaintext.subarray(at - piece.length, at)
  })
}
