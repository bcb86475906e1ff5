import { decodeUtf8, encodeUtf8, Reader, Writer } from '../bytes/index.js'
import { secretFrom, wipe, type SecretBytes } from '../crypto/index.js'
import { readIdentity, SspiError, writeIdentity } from '../sspi/index.js'
import { CIPHERS } from './ciphers.js'
import type { Qop } from './computations.js'
import type { StreamPosition } from './message-stream.js'
import type { SaslParts, SessionPositions } from './session-parts.js'

const VERSION = 2
const KEY_LENGTH = 16
const RC4_STATE_LENGTH = 258
const QOPS: readonly Qop[] = ['auth', 'auth-int', 'auth-conf']
const WHAT = 'Digest session'

/** Writes a session of SASL, keys included: the caller seals and wipes the bytes. */
export function writeSession(parts: SaslParts, at: SessionPositions): SecretBytes {
  // Room for all of it at once, as a rule: nothing secret is moved about.
  const writer = new Writer(2048 + 2 * RC4_STATE_LENGTH)
  writer
    .u8(VERSION)
    .u8(parts.side === 'initiator' ? 0 : 1)
    .u32le(parts.contextAttr >>> 0)
    .u8(QOPS.indexOf(parts.qop))
    .u8(parts.cipher === undefined ? NO_CIPHER : CIPHERS.indexOf(parts.cipher))
    .u32le(parts.peerMaxbuf)
    .bytes(parts.ha1)
    .u64le(BigInt.asUintN(64, BigInt(parts.start.getTime())))
  for (const text of [parts.userName, parts.realm, parts.targetName, parts.authorizationId]) writeText(writer, text)
  writeBytes(writer, writeIdentity(parts.peer))
  for (const { sequence, cipherState } of [at.sent, at.received]) {
    writer.u32le(sequence)
    writeBytes(writer, cipherState ?? new Uint8Array(0))
    wipe(cipherState)
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
export function readSession(blob: Uint8Array): { readonly parts: SaslParts; readonly at: SessionPositions } {
  const reader = new Reader(blob)
  const version = reader.u8(`${WHAT}: version`)
  if (version !== VERSION) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `${WHAT}: version ${version}, ${VERSION} is understood here`)
  }
  const side = reader.u8(`${WHAT}: side`) === 0 ? 'initiator' : 'acceptor'
  const contextAttr = reader.u32le(`${WHAT}: attributes`)
  const qop = one(QOPS, reader.u8(`${WHAT}: qop`))
  const cipherNumber = reader.u8(`${WHAT}: cipher`)
  const cipher = cipherNumber === NO_CIPHER ? undefined : one(CIPHERS, cipherNumber)
  const peerMaxbuf = reader.u32le(`${WHAT}: maxbuf`)
  const ha1 = secretFrom(reader.take(KEY_LENGTH, `${WHAT}: key`))
  const start = new Date(Number(BigInt.asIntN(64, reader.u64le(`${WHAT}: time`))))
  const userName = readText(reader)
  const realm = readText(reader)
  const targetName = readText(reader)
  const authorizationId = readText(reader)
  const peer = readIdentity(readBytes(reader))
  const sent = readPosition(reader)
  const received = readPosition(reader)
  reader.end(WHAT)
  return {
    parts: {
      side,
      contextAttr,
      qop,
      cipher,
      peerMaxbuf,
      ha1,
      start,
      userName,
      realm,
      targetName,
      authorizationId,
      peer,
    },
    at: { sent, received },
  }
}

const NO_CIPHER = 0xff

function one<T>(table: readonly T[], index: number): T {
  const found = table[index]
  if (found === undefined) throw new SspiError('SEC_E_INVALID_TOKEN', `${WHAT}: ${index} is out of its table`)
  return found
}

function readPosition(reader: Reader): StreamPosition {
  const sequence = reader.u32le(`${WHAT}: sequence`)
  const state = readBytes(reader)
  return { sequence, cipherState: state.length === 0 ? undefined : state }
}

function writeText(writer: Writer, text: string): void {
  writeBytes(writer, encodeUtf8(text))
}

function readText(reader: Reader): string {
  return decodeUtf8(readBytes(reader), `${WHAT}: text`)
}

function writeBytes(writer: Writer, bytes: Uint8Array): void {
  writer.u32le(bytes.length).bytes(bytes)
}

function readBytes(reader: Reader): Uint8Array {
  return reader.take(reader.u32le(`${WHAT}: length`), WHAT)
}
