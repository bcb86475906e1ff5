import type { DerReader, DerWriter } from '../../bytes/index.js'
import { applicationTag, Reader, Tag, Writer } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'
import { MessageType } from '../constants.js'
import {
  readField,
  readOctetString,
  readOptional,
  readSequence,
  writeField,
  writeOctetString,
  writeOptional,
} from './fields.js'
import { readPrincipalName, readRealm, writePrincipalName, writeRealm, type PrincipalName } from './principal.js'

/** ChangePasswdData, RFC 3244 section 2: the user data of the KRB-PRIV of a request of version 0xff80. */
export interface ChangePasswdData {
  /** The new password in UTF-8. Secret. */
  readonly newpasswd: Uint8Array
  readonly targname?: PrincipalName | undefined
  readonly targrealm?: string | undefined
}

/** Reads a ChangePasswdData, RFC 3244 section 2. */
export function readChangePasswdData(reader: DerReader, what = 'ChangePasswdData'): ChangePasswdData {
  return readSequence(reader, what, (fields) => ({
    newpasswd: readField(fields, 0, 'ChangePasswdData: newpasswd', readOctetString),
    targname: readOptional(fields, 1, 'ChangePasswdData: targname', readPrincipalName),
    targrealm: readOptional(fields, 2, 'ChangePasswdData: targrealm', readRealm),
  }))
}

/** Writes a ChangePasswdData, RFC 3244 section 2. */
export function writeChangePasswdData(writer: DerWriter, value: ChangePasswdData): void {
  const mark = writer.mark()
  writeOptional(writer, 2, value.targrealm, writeRealm)
  writeOptional(writer, 1, value.targname, writePrincipalName)
  writeField(writer, 0, value.newpasswd, writeOctetString)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** Versions of the protocol, RFC 3244 section 2. */
export const PasswordVersion = {
  /** The user data is the new password, which replaces the client's own. */
  CHANGE: 0x0001,
  /** The user data is a ChangePasswdData. */
  SET: 0xff80,
} as const

/** A request to change or set a password, RFC 3244 section 2. */
export interface PasswordRequest {
  /** One of `PasswordVersion`; whether it is known, the server decides, who has an answer for that. */
  readonly version: number
  /** An AP-REQ as DER. */
  readonly apReq: Uint8Array
  /** A KRB-PRIV as DER. */
  readonly krbPriv: Uint8Array
}

/**
 * Reads a password request, RFC 3244 section 2: lengths and version; `apReq` and `krbPriv` are views.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN`.
 */
export function readPasswordRequest(message: Uint8Array): PasswordRequest {
  const { version, ap, rest } = readFrame(message, 'password request')
  return { version, apReq: ap, krbPriv: rest }
}

/** Writes a password request, RFC 3244 section 2. */
export function writePasswordRequest(value: PasswordRequest): Uint8Array {
  return writeFrame(value.version, value.apReq, value.krbPriv)
}

/** A reply to a password request, RFC 3244 section 2. */
export type PasswordReply =
  | {
      readonly kind: 'reply'
      readonly version: number
      /** An AP-REP as DER. */
      readonly apRep: Uint8Array
      /** A KRB-PRIV as DER, whose user data is a PasswordResult. */
      readonly krbPriv: Uint8Array
    }
  | {
      readonly kind: 'error'
      readonly version: number
      /** A KRB-ERROR as DER, whose `eData` is a PasswordResult. */
      readonly krbError: Uint8Array
    }

/**
 * Reads a password reply, RFC 3244 section 2; the messages in it are views.
 *
 * A KRB-ERROR without the frame is taken as well: Windows answers like that when it does not get as far as the
 * protocol.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN`.
 */
export function readPasswordReply(message: Uint8Array): PasswordReply {
  if (message[0] === applicationTag(MessageType.KRB_ERROR)) {
    return { kind: 'error', version: PasswordVersion.CHANGE, krbError: message }
  }
  const { version, ap, rest } = readFrame(message, 'password reply')
  if (ap.length === 0) return { kind: 'error', version, krbError: rest }
  return { kind: 'reply', version, apRep: ap, krbPriv: rest }
}

/** Writes a password reply, RFC 3244 section 2. */
export function writePasswordReply(value: PasswordReply): Uint8Array {
  if (value.kind === 'error') return writeFrame(value.version, new Uint8Array(0), value.krbError)
  return writeFrame(value.version, value.apRep, value.krbPriv)
}

/** What became of a password request, RFC 3244 section 2. */
export interface PasswordResult {
  /** See `PasswordResultCode`. */
  readonly resultCode: number
  /** Text in UTF-8 for the user; Windows may put its password policy there, as numbers. */
  readonly resultString: Uint8Array
}

/** Reads the result of a password request, RFC 3244 section 2. */
export function readPasswordResult(userData: Uint8Array): PasswordResult {
  const reader = new Reader(userData)
  const resultCode = reader.u16be('password reply: result code')
  return { resultCode, resultString: reader.take(reader.remaining, 'password reply: result string') }
}

/** Writes the result of a password request, RFC 3244 section 2. */
export function writePasswordResult(value: PasswordResult): Uint8Array {
  return new Writer(2 + value.resultString.length).u16be(value.resultCode).bytes(value.resultString).finish()
}

interface Frame {
  readonly version: number
  readonly ap: Uint8Array
  readonly rest: Uint8Array
}

function readFrame(message: Uint8Array, what: string): Frame {
  const reader = new Reader(message)
  const length = reader.u16be(`${what}: length`)
  if (length !== message.length) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: ${length} bytes announced, ${message.length} there`)
  }
  const version = reader.u16be(`${what}: version`)
  const ap = reader.take(reader.u16be(`${what}: AP length`), `${what}: AP message`)
  return { version, ap, rest: reader.take(reader.remaining, what) }
}

function writeFrame(version: number, ap: Uint8Array, rest: Uint8Array): Uint8Array {
  const length = 6 + ap.length + rest.length
  return new Writer(length).u16be(length).u16be(version).u16be(ap.length).bytes(ap).bytes(rest).finish()
}
