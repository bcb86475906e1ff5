/**
 * The frames of a secured stream, docs/net-framing.md: a length (4 bytes, big-endian, of the payload), a type (1 byte),
 * the payload.
 */
export const FrameType = {
  /** A token of the exchange, as the package made it. */
  TOKEN: 1,
  /** A record, encrypted and signed. */
  SEALED: 2,
  /** A record, signed: length of the signature (2 bytes), signature, record. */
  SIGNED: 3,
  /** The sender gives the exchange up: status (4 bytes), then the package's last token, if it has one. */
  ERROR: 4,
} as const
/** The type of a frame. */
export type FrameType = (typeof FrameType)[keyof typeof FrameType]

/** What a record is: its first byte, which is protected with the rest. */
export const RecordType = {
  /** The first record of each side: version (1), side (1), longest data it accepts (4). */
  START: 1,
  /** The application's bytes, at least one. */
  DATA: 2,
  /** The sender writes no more. */
  END: 3,
  /** The sender gives the stream up: status (4). */
  ABORT: 4,
} as const
/** The type of a record. */
export type RecordType = (typeof RecordType)[keyof typeof RecordType]

/** The version of the framing, in START. */
export const FRAMING_VERSION = 1

/** Length and type in front of each payload. */
export const FRAME_HEADER_LENGTH = 5

/** What a package may add to a record: signatures, headers, padding. */
export const RECORD_OVERHEAD = 4096

/** The least that a peer may ask for as longest data: less would make us send headers only. */
export const MIN_RECORD_BYTES = 1024

/** A frame as it came. The payload is a view, good until the next frame is read. */
export interface Frame {
  readonly type: FrameType
  readonly payload: Uint8Array
}

/** Puts length and type in front of parts, in an array of its own. */
export function writeFrame(type: FrameType, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const frame = Buffer.allocUnsafe(FRAME_HEADER_LENGTH + length)
  frame.writeUInt32BE(length, 0)
  frame[4] = type
  let at = FRAME_HEADER_LENGTH
  for (const part of parts) {
    frame.set(part, at)
    at += part.length
  }
  return frame
}

/** Whether a byte is the type of a frame. */
export function isFrameType(byte: number): byte is FrameType {
  return byte >= FrameType.TOKEN && byte <= FrameType.ERROR
}
