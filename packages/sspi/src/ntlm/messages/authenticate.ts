import { Reader } from '../../bytes/index.js'
import { MessageType, NegotiateFlag } from '../constants.js'
import { hasFlag } from '../flags.js'
import {
  decodeString,
  encodeString,
  fieldBytes,
  MessageWriter,
  payloadStart,
  readField,
  readMessageType,
} from './fields.js'
import { VERSION_LENGTH } from './version.js'

/** AUTHENTICATE_MESSAGE, MS-NLMP 2.2.1.3: who the client is, and its proof. */
export interface AuthenticateMessage {
  /** For `readNtResponse`: an NTLMv2 response, or 24 bytes, or nothing. */
  readonly ntResponse: Uint8Array
  /** 24 bytes, or nothing; one zero byte of an anonymous client. */
  readonly lmResponse: Uint8Array
  /** The domain of the user; empty when there is none. */
  readonly domain: string
  /** The user; empty when anonymous. */
  readonly user: string
  /** The client's own name, which nothing proves. */
  readonly workstation: string
  /** 16 bytes, or nothing. */
  readonly encryptedRandomSessionKey: Uint8Array
  /** `NegotiateFlag`, unsigned. */
  readonly flags: number
  /** The 8 bytes of Version, for `readVersion`; `undefined` when the message has none. */
  readonly version: Uint8Array | undefined
  /** The 16 bytes of the MIC; `undefined` when the message has no place for it. */
  readonly mic: Uint8Array | undefined
}

const WHAT = 'AUTHENTICATE'
const VERSION_OFFSET = 64
export const MIC_LENGTH = 16

/**
 * Reads an AUTHENTICATE_MESSAGE. Byte strings are views.
 *
 * Whether Version and MIC are there is told by where the payload begins, as real peers differ: 64 bytes of header have
 * neither, 72 the Version, 88 both. A message of gss-ntlmssp whose flags have no Version has a header of 80 bytes, with the
 * MIC where the Version would be.
 *
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when it does not parse.
 */
export function readAuthenticate(message: Uint8Array): AuthenticateMessage {
  const reader = new Reader(message)
  readMessageType(reader, MessageType.AUTHENTICATE, WHAT)
  const lmField = readField(reader, `${WHAT}: LmChallengeResponse`)
  const ntField = readField(reader, `${WHAT}: NtChallengeResponse`)
  const domainField = readField(reader, `${WHAT}: DomainName`)
  const userField = readField(reader, `${WHAT}: UserName`)
  const workstationField = readField(reader, `${WHAT}: Workstation`)
  const keyField = readField(reader, `${WHAT}: EncryptedRandomSessionKey`)
  const flags = reader.u32le(`${WHAT}: NegotiateFlags`)
  const bytes = (field: typeof lmField, name: string): Uint8Array => fieldBytes(reader, field, `${WHAT}: ${name}`)
  const text = (field: typeof lmField, name: string): string =>
    decodeString(bytes(field, name), flags, `${WHAT}: ${name}`)
  const start = payloadStart(message.length, lmField, ntField, domainField, userField, workstationField, keyField)
  const micOffset = placeOfMic(start, flags)
  const hasVersion = start >= VERSION_OFFSET + VERSION_LENGTH && micOffset !== VERSION_OFFSET
  return {
    ntResponse: bytes(ntField, 'NtChallengeResponse'),
    lmResponse: bytes(lmField, 'LmChallengeResponse'),
    domain: text(domainField, 'DomainName'),
    user: text(userField, 'UserName'),
    workstation: text(workstationField, 'Workstation'),
    encryptedRandomSessionKey: bytes(keyField, 'EncryptedRandomSessionKey'),
    flags,
    version: hasVersion ? reader.at(VERSION_OFFSET, VERSION_LENGTH, `${WHAT}: Version`) : undefined,
    mic: micOffset === undefined ? undefined : reader.at(micOffset, MIC_LENGTH, `${WHAT}: MIC`),
  }
}

/** Writes an AUTHENTICATE_MESSAGE; the payload is in Windows' order. A MIC needs a Version before it. */
export function writeAuthenticate(message: AuthenticateMessage): Uint8Array {
  const { flags, version, mic } = message
  const versionLength = version === undefined && mic === undefined ? 0 : VERSION_LENGTH
  const writer = new MessageWriter(MessageType.AUTHENTICATE, VERSION_OFFSET + versionLength + (mic?.length ?? 0))
  const domain = writer.put(encodeString(message.domain, flags), 'DomainName')
  const user = writer.put(encodeString(message.user, flags), 'UserName')
  const workstation = writer.put(encodeString(message.workstation, flags), 'Workstation')
  const lm = writer.put(message.lmResponse, 'LmChallengeResponse')
  const nt = writer.put(message.ntResponse, 'NtChallengeResponse')
  const key = writer.put(message.encryptedRandomSessionKey, 'EncryptedRandomSessionKey')
  writer.entry(lm).entry(nt).entry(domain).entry(user).entry(workstation).entry(key)
  writer.header.u32le(flags)
  if (version !== undefined) writer.header.bytes(version)
  else writer.header.zeros(versionLength)
  if (mic !== undefined) writer.header.bytes(mic)
  return writer.finish()
}

/** A copy of an AUTHENTICATE_MESSAGE with its MIC zeroed: what the MIC is computed over. */
export function withoutMic(message: Uint8Array, parsed: AuthenticateMessage): Uint8Array {
  // Not slice(): a Buffer's gives a view, and the caller's message would be changed.
  const copy = new Uint8Array(message)
  if (parsed.mic !== undefined) {
    copy.fill(0, parsed.mic.byteOffset - message.byteOffset, parsed.mic.byteOffset - message.byteOffset + MIC_LENGTH)
  }
  return copy
}

function placeOfMic(payload: number, flags: number): number | undefined {
  const behindVersion = VERSION_OFFSET + VERSION_LENGTH
  if (payload >= behindVersion + MIC_LENGTH) return behindVersion
  const versionLeftOut = !hasFlag(flags, NegotiateFlag.NEGOTIATE_VERSION)
  return versionLeftOut && payload >= VERSION_OFFSET + MIC_LENGTH ? VERSION_OFFSET : undefined
}
