import { Reader } from '../../bytes/index.js'
import { MessageType, NegotiateFlag } from '../constants.js'
import { hasFlag } from '../flags.js'
import {
  decodeString,
  encodeString,
  fieldBytes,
  MessageWriter,
  NO_FIELD,
  payloadStart,
  readField,
  readMessageType,
} from './fields.js'
import { VERSION_LENGTH } from './version.js'

/** CHALLENGE_MESSAGE, MS-NLMP 2.2.1.2: what the server chose, who it is, and what to answer to. */
export interface ChallengeMessage {
  /** The server's domain, or its own name: see `TARGET_TYPE_…` in the flags. */
  readonly targetName: string
  /** `NegotiateFlag`, unsigned. */
  readonly flags: number
  /** 8 bytes. */
  readonly serverChallenge: Uint8Array
  /** AV pairs, for `readAvPairs`; empty when the server sent none. */
  readonly targetInfo: Uint8Array
  /** The 8 bytes of Version, for `readVersion`; `undefined` when the message has none. */
  readonly version: Uint8Array | undefined
}

const WHAT = 'CHALLENGE'
const VERSION_OFFSET = 48
const HEADER_LENGTH = VERSION_OFFSET + VERSION_LENGTH

/**
 * Reads a CHALLENGE_MESSAGE. Byte strings are views. A server that sends no target information may end its header
 * before that; one that flags a Version may still have left it out (pyspnego does).
 *
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when it does not parse.
 */
export function readChallenge(message: Uint8Array): ChallengeMessage {
  const reader = new Reader(message)
  readMessageType(reader, MessageType.CHALLENGE, WHAT)
  const targetNameField = readField(reader, `${WHAT}: TargetName`)
  const flags = reader.u32le(`${WHAT}: NegotiateFlags`)
  const serverChallenge = reader.take(8, `${WHAT}: ServerChallenge`)
  reader.skip(Math.min(8, reader.remaining), `${WHAT}: Reserved`)
  const targetInfoField = hasFlag(flags, NegotiateFlag.NEGOTIATE_TARGET_INFO)
    ? readField(reader, `${WHAT}: TargetInfo`)
    : NO_FIELD
  const targetName = decodeString(
    fieldBytes(reader, targetNameField, `${WHAT}: TargetName`),
    flags,
    `${WHAT}: TargetName`,
  )
  const targetInfo = fieldBytes(reader, targetInfoField, `${WHAT}: TargetInfo`)
  const start = payloadStart(message.length, targetNameField, targetInfoField)
  const version = start < HEADER_LENGTH ? undefined : reader.at(VERSION_OFFSET, VERSION_LENGTH, `${WHAT}: Version`)
  return { targetName, flags, serverChallenge, targetInfo, version }
}

/** Writes a CHALLENGE_MESSAGE. */
export function writeChallenge(message: ChallengeMessage): Uint8Array {
  const writer = new MessageWriter(
    MessageType.CHALLENGE,
    message.version === undefined ? VERSION_OFFSET : HEADER_LENGTH,
  )
  writer.entry(writer.put(encodeString(message.targetName, message.flags), 'TargetName'))
  writer.header.u32le(message.flags).bytes(message.serverChallenge).zeros(8)
  writer.entry(message.targetInfo.length === 0 ? NO_FIELD : writer.put(message.targetInfo, 'TargetInfo'))
  if (message.version !== undefined) writer.header.bytes(message.version)
  return writer.finish()
}
