import { Reader, utf16leDecode, utf16leEncode, Writer } from '../bytes/index.js'
import { secretFrom, wipe, type SecretBytes } from '../crypto/index.js'
import { readIdentity, SspiError, writeIdentity } from '../sspi/index.js'
import type { StreamPosition } from './message-streams.js'
import type { SessionParts, SessionPositions } from './session-parts.js'

const VERSION = 2
const KEY_LENGTH = 16
const RC4_STATE_LENGTH = 258
const WHAT = 'NTLM session'

/** Writes a session, keys included: the caller seals and wipes the bytes. */
export function writeSession(parts: SessionParts, at: SessionPositions): SecretBytes {
  // Room for all of it at once, as a rule: nothing secret is moved about.
  const writer = new Writer(1024 + 2 * RC4_STATE_LENGTH + parts.targetInfo.length)
  writer
    .u8(VERSION)
    .u8(parts.side === 'initiator' ? 0 : 1)
    .u32le(parts.flags)
    .u32le(parts.contextAttr)
  writer.bytes(parts.exportedSessionKey).u8(parts.micUsed ? 1 : 0)
  writeDate(writer, parts.start)
  for (const text of [parts.user, parts.domain, parts.serverName, parts.targetName]) writeText(writer, text)
  writeBytes(writer, parts.targetInfo)
  writeBytes(writer, writeIdentity(parts.peer))
  for (const { sequence, rc4State } of [at.sent, at.received]) {
    writer.u32le(sequence)
    writeBytes(writer, rc4State ?? new Uint8Array(0))
    wipe(rc4State)
  }
  const written = writer.finish()
  const blob = secretFrom(written)
  wipe(written)
  return blob
}

/**
 * Reads what {@link writeSession} wrote. Secrets are copies.
 *
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when it does not parse, or is of another version.
 */
export function readSession(blob: Uint8Array): { readonly parts: SessionParts; readonly at: SessionPositions } {
  const reader = new Reader(blob)
  const version = reader.u8(`${WHAT}: version`)
  if (version !== VERSION) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `${WHAT}: version ${version}, ${VERSION} is understood here`)
  }
  const side = reader.u8(`${WHAT}: side`) === 0 ? 'initiator' : 'acceptor'
  const flags = reader.u32le(`${WHAT}: flags`)
  const contextAttr = reader.u32le(`${WHAT}: attributes`)
  const exportedSessionKey = secretFrom(reader.take(KEY_LENGTH, `${WHAT}: key`))
  const micUsed = reader.u8(`${WHAT}: MIC`) === 1
  const start = readDate(reader)
  const user = readText(reader)
  const domain = readText(reader)
  const serverName = readText(reader)
  const targetName = readText(reader)
  const targetInfo = new Uint8Array(readBytes(reader))
  const peer = readIdentity(readBytes(reader))
  const sent = readPosition(reader)
  const received = readPosition(reader)
  reader.end(WHAT)
  return {
    parts: {
      side,
      flags,
      contextAttr,
      exportedSessionKey,
      micUsed,
      start,
      user,
      domain,
      serverName,
      targetName,
      targetInfo,
      peer,
    },
    at: { sent, received },
  }
}

function readPosition(reader: Reader): StreamPosition {
  const sequence = reader.u32le(`${WHAT}: sequence`)
  const state = readBytes(reader)
  return { sequence, rc4State: state.length === 0 ? undefined : state }
}

function writeDate(writer: Writer, date: Date): void {
  writer.u64le(BigInt.asUintN(64, BigInt(date.getTime())))
}

function readDate(reader: Reader): Date {
  return new Date(Number(BigInt.asIntN(64, reader.u64le(`${WHAT}: time`))))
}

function writeText(writer: Writer, text: string): void {
  writeBytes(writer, utf16leEncode(text))
}

function readText(reader: Reader): string {
  return utf16leDecode(readBytes(reader), `${WHAT}: text`)
}

function writeBytes(writer: Writer, bytes: Uint8Array): void {
  writer.u32le(bytes.length).bytes(bytes)
}

function readBytes(reader: Reader): Uint8Array {
  return reader.take(reader.u32le(`${WHAT}: length`), WHAT)
}
