import type { DerReader, DerWriter } from '../../bytes/index.js'
import { Tag } from '../../bytes/index.js'
import {
  readChecksum,
  readEncryptedData,
  writeChecksum,
  writeEncryptedData,
  type Checksum,
  type EncryptedData,
} from './encrypted.js'
import {
  listReader,
  listWriter,
  readField,
  readFlags,
  readInt32,
  readOctetString,
  readOpenSequence,
  readOptional,
  readUInt32,
  readWholeSequence,
  writeField,
  writeFlags,
  writeInt32,
  writeOctetString,
  writeOptional,
  writeUInt32,
  writeWhole,
} from './fields.js'
import { Limit } from './limits.js'

/**
 * SAM-2, pre-authentication by hardware tokens (draft-ietf-krb-wg-kerberos-sam-03, which never became a standard). Texts are
 * OCTET STRINGs, as MIT has them.
 */
export interface PaSamChallenge2 {
  /** A PA-SAM-CHALLENGE-2-BODY as it came: the checksums cover it. */
  readonly samBody: Uint8Array
  /** Under the client's long-term keys; at most 64. */
  readonly samCksum: readonly Checksum[]
}

const readChecksums = listReader('PA-SAM-CHALLENGE-2: sam-cksum', Limit.ALGORITHMS, readChecksum)
const writeChecksums = listWriter(writeChecksum)

/** Reads a PA-SAM-CHALLENGE-2. Later fields (`...`) are passed over. */
export function readPaSamChallenge2(reader: DerReader, what = 'PA-SAM-CHALLENGE-2'): PaSamChallenge2 {
  return readOpenSequence(reader, 1, what, (fields) => ({
    samBody: readField(fields, 0, 'PA-SAM-CHALLENGE-2: sam-body', readWholeSequence),
    samCksum: readField(fields, 1, 'PA-SAM-CHALLENGE-2: sam-cksum', readChecksums),
  }))
}

/** Writes a PA-SAM-CHALLENGE-2. */
export function writePaSamChallenge2(writer: DerWriter, value: PaSamChallenge2): void {
  const mark = writer.mark()
  writeField(writer, 1, value.samCksum, writeChecksums)
  writeField(writer, 0, value.samBody, writeWhole)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** PA-SAM-CHALLENGE-2-BODY: what the user is asked. */
export interface PaSamChallenge2Body {
  readonly samType: number
  /** SAMFlags; the top bit is bit 0. */
  readonly samFlags: number
  readonly samTypeName?: Uint8Array | undefined
  readonly samTrackId?: Uint8Array | undefined
  readonly samChallengeLabel?: Uint8Array | undefined
  readonly samChallenge?: Uint8Array | undefined
  readonly samResponsePrompt?: Uint8Array | undefined
  readonly samPkForSad?: Uint8Array | undefined
  readonly samNonce: number
  readonly samEtype: number
}

/** Reads a PA-SAM-CHALLENGE-2-BODY. Later fields (`...`) are passed over. */
export function readPaSamChallenge2Body(reader: DerReader, what = 'PA-SAM-CHALLENGE-2-BODY'): PaSamChallenge2Body {
  return readOpenSequence(reader, 9, what, (fields) => ({
    samType: readField(fields, 0, 'PA-SAM-CHALLENGE-2-BODY: sam-type', readInt32),
    samFlags: readField(fields, 1, 'PA-SAM-CHALLENGE-2-BODY: sam-flags', readFlags),
    samTypeName: readOptional(fields, 2, 'PA-SAM-CHALLENGE-2-BODY: sam-type-name', readOctetString),
    samTrackId: readOptional(fields, 3, 'PA-SAM-CHALLENGE-2-BODY: sam-track-id', readOctetString),
    samChallengeLabel: readOptional(fields, 4, 'PA-SAM-CHALLENGE-2-BODY: sam-challenge-label', readOctetString),
    samChallenge: readOptional(fields, 5, 'PA-SAM-CHALLENGE-2-BODY: sam-challenge', readOctetString),
    samResponsePrompt: readOptional(fields, 6, 'PA-SAM-CHALLENGE-2-BODY: sam-response-prompt', readOctetString),
    samPkForSad: readOptional(fields, 7, 'PA-SAM-CHALLENGE-2-BODY: sam-pk-for-sad', readOctetString),
    samNonce: readField(fields, 8, 'PA-SAM-CHALLENGE-2-BODY: sam-nonce', readUInt32),
    samEtype: readField(fields, 9, 'PA-SAM-CHALLENGE-2-BODY: sam-etype', readInt32),
  }))
}

/** Writes a PA-SAM-CHALLENGE-2-BODY. */
export function writePaSamChallenge2Body(writer: DerWriter, value: PaSamChallenge2Body): void {
  const mark = writer.mark()
  writeField(writer, 9, value.samEtype, writeInt32)
  writeField(writer, 8, value.samNonce, writeUInt32)
  writeOptional(writer, 7, value.samPkForSad, writeOctetString)
  writeOptional(writer, 6, value.samResponsePrompt, writeOctetString)
  writeOptional(writer, 5, value.samChallenge, writeOctetString)
  writeOptional(writer, 4, value.samChallengeLabel, writeOctetString)
  writeOptional(writer, 3, value.samTrackId, writeOctetString)
  writeOptional(writer, 2, value.samTypeName, writeOctetString)
  writeField(writer, 1, value.samFlags, writeFlags)
  writeField(writer, 0, value.samType, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** PA-SAM-RESPONSE-2. */
export interface PaSamResponse2 {
  readonly samType: number
  /** SAMFlags; the top bit is bit 0. */
  readonly samFlags: number
  readonly samTrackId?: Uint8Array | undefined
  /** A PA-ENC-SAM-RESPONSE-ENC. */
  readonly samEncNonceOrSad: EncryptedData
  readonly samNonce: number
}

/** Reads a PA-SAM-RESPONSE-2. Later fields (`...`) are passed over. */
export function readPaSamResponse2(reader: DerReader, what = 'PA-SAM-RESPONSE-2'): PaSamResponse2 {
  return readOpenSequence(reader, 4, what, (fields) => ({
    samType: readField(fields, 0, 'PA-SAM-RESPONSE-2: sam-type', readInt32),
    samFlags: readField(fields, 1, 'PA-SAM-RESPONSE-2: sam-flags', readFlags),
    samTrackId: readOptional(fields, 2, 'PA-SAM-RESPONSE-2: sam-track-id', readOctetString),
    samEncNonceOrSad: readField(fields, 3, 'PA-SAM-RESPONSE-2: sam-enc-nonce-or-sad', readEncryptedData),
    samNonce: readField(fields, 4, 'PA-SAM-RESPONSE-2: sam-nonce', readUInt32),
  }))
}

/** Writes a PA-SAM-RESPONSE-2. */
export function writePaSamResponse2(writer: DerWriter, value: PaSamResponse2): void {
  const mark = writer.mark()
  writeField(writer, 4, value.samNonce, writeUInt32)
  writeField(writer, 3, value.samEncNonceOrSad, writeEncryptedData)
  writeOptional(writer, 2, value.samTrackId, writeOctetString)
  writeField(writer, 1, value.samFlags, writeFlags)
  writeField(writer, 0, value.samType, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** PA-ENC-SAM-RESPONSE-ENC. */
export interface PaEncSamResponseEnc {
  readonly samNonce: number
  /** What the user's token showed. Secret. */
  readonly samSad?: Uint8Array | undefined
}

/** Reads a PA-ENC-SAM-RESPONSE-ENC. Later fields (`...`) are passed over. */
export function readPaEncSamResponseEnc(reader: DerReader, what = 'PA-ENC-SAM-RESPONSE-ENC'): PaEncSamResponseEnc {
  return readOpenSequence(reader, 1, what, (fields) => ({
    samNonce: readField(fields, 0, 'PA-ENC-SAM-RESPONSE-ENC: sam-nonce', readUInt32),
    samSad: readOptional(fields, 1, 'PA-ENC-SAM-RESPONSE-ENC: sam-sad', readOctetString),
  }))
}

/** Writes a PA-ENC-SAM-RESPONSE-ENC. */
export function writePaEncSamResponseEnc(writer: DerWriter, value: PaEncSamResponseEnc): void {
  const mark = writer.mark()
  writeOptional(writer, 1, value.samSad, writeOctetString)
  writeField(writer, 0, value.samNonce, writeUInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}
