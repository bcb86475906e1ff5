import type { DerReader, DerWriter } from '../../bytes/index.js'
import { contextTag, primitiveContextTag, Tag } from '../../bytes/index.js'
import {
  readAlgorithmIdentifier,
  readImplicitAlgorithm,
  writeAlgorithmIdentifier,
  writeImplicitAlgorithm,
  type AlgorithmIdentifier,
} from './algorithm-identifier.js'
import { readEncryptedDataFields, writeEncryptedDataFields, type EncryptedData } from './encrypted.js'
import { readOpenSequence } from './fields.js'
import {
  readImplicitOctets,
  readOptionalInt32,
  readOptionalOctets,
  readOptionalUtf8,
  writeImplicitInt32,
  writeImplicitOctets,
  writeImplicitUtf8,
} from './implicit-fields.js'
import { Limit } from './limits.js'

/** OTP-TOKENINFO, RFC 6560 section 4.1: a token that the KDC takes values of. */
export interface OtpTokenInfo {
  /** OTPFlags; the top bit is bit 0. */
  readonly flags: number
  readonly otpVendor?: string | undefined
  readonly otpChallenge?: Uint8Array | undefined
  readonly otpLength?: number | undefined
  /** 0 decimal, 1 hexadecimal, 2 alphanumeric, 3 binary, 4 base64. */
  readonly otpFormat?: number | undefined
  readonly otpTokenId?: Uint8Array | undefined
  /** A URI of RFC 6030. */
  readonly otpAlgId?: string | undefined
  readonly supportedHashAlg?: readonly AlgorithmIdentifier[] | undefined
  readonly iterationCount?: number | undefined
}

/** Reads an OTP-TOKENINFO, RFC 6560 section 4.1. Later fields (`...`) are passed over. */
export function readOtpTokenInfo(reader: DerReader, what = 'OTP-TOKENINFO'): OtpTokenInfo {
  return readOpenSequence(reader, 8, what, (fields) => ({
    flags: fields.flags('OTP-TOKENINFO: flags', primitiveContextTag(0)),
    otpVendor: readOptionalUtf8(fields, 1, 'OTP-TOKENINFO: otp-vendor'),
    otpChallenge: readOptionalOctets(fields, 2, 'OTP-TOKENINFO: otp-challenge'),
    otpLength: readOptionalInt32(fields, 3, 'OTP-TOKENINFO: otp-length'),
    otpFormat: readOptionalInt32(fields, 4, 'OTP-TOKENINFO: otp-format'),
    otpTokenId: readOptionalOctets(fields, 5, 'OTP-TOKENINFO: otp-tokenID'),
    otpAlgId: readOptionalUtf8(fields, 6, 'OTP-TOKENINFO: otp-algID'),
    supportedHashAlg: readHashes(fields, 'OTP-TOKENINFO: supportedHashAlg'),
    iterationCount: readOptionalInt32(fields, 8, 'OTP-TOKENINFO: iterationCount'),
  }))
}

/** Writes an OTP-TOKENINFO, RFC 6560 section 4.1. */
export function writeOtpTokenInfo(writer: DerWriter, value: OtpTokenInfo): void {
  const mark = writer.mark()
  writeImplicitInt32(writer, 8, value.iterationCount)
  writeEach(writer, 7, value.supportedHashAlg, writeAlgorithmIdentifier)
  writeImplicitUtf8(writer, 6, value.otpAlgId)
  writeImplicitOctets(writer, 5, value.otpTokenId)
  writeImplicitInt32(writer, 4, value.otpFormat)
  writeImplicitInt32(writer, 3, value.otpLength)
  writeImplicitOctets(writer, 2, value.otpChallenge)
  writeImplicitUtf8(writer, 1, value.otpVendor)
  writer.flags(value.flags, primitiveContextTag(0))
  writer.wrap(Tag.SEQUENCE, mark)
}

/** PA-OTP-CHALLENGE, RFC 6560 section 4.1: what a KDC asks for. */
export interface PaOtpChallenge {
  readonly nonce: Uint8Array
  readonly otpService?: string | undefined
  /** At most 64. */
  readonly otpTokenInfo: readonly OtpTokenInfo[]
  /** For the long-term key, in the place of the usual one. */
  readonly salt?: Uint8Array | undefined
  readonly s2kparams?: Uint8Array | undefined
}

/** Reads a PA-OTP-CHALLENGE, RFC 6560 section 4.1. Later fields (`...`) are passed over. */
export function readPaOtpChallenge(reader: DerReader, what = 'PA-OTP-CHALLENGE'): PaOtpChallenge {
  return readOpenSequence(reader, 4, what, (fields) => ({
    nonce: readImplicitOctets(fields, 0, 'PA-OTP-CHALLENGE: nonce'),
    otpService: readOptionalUtf8(fields, 1, 'PA-OTP-CHALLENGE: otp-service'),
    otpTokenInfo: fields.sequenceOf(
      'PA-OTP-CHALLENGE: otp-tokenInfo',
      Limit.OTP,
      (inner) => readOtpTokenInfo(inner),
      contextTag(2),
    ),
    salt: readOptionalOctets(fields, 3, 'PA-OTP-CHALLENGE: salt'),
    s2kparams: readOptionalOctets(fields, 4, 'PA-OTP-CHALLENGE: s2kparams'),
  }))
}

/** Writes a PA-OTP-CHALLENGE, RFC 6560 section 4.1. */
export function writePaOtpChallenge(writer: DerWriter, value: PaOtpChallenge): void {
  const mark = writer.mark()
  writeImplicitOctets(writer, 4, value.s2kparams)
  writeImplicitOctets(writer, 3, value.salt)
  writeEach(writer, 2, value.otpTokenInfo, writeOtpTokenInfo)
  writeImplicitUtf8(writer, 1, value.otpService)
  writeImplicitOctets(writer, 0, value.nonce)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** PA-OTP-REQUEST, RFC 6560 section 4.2: the value of a token. */
export interface PaOtpRequest {
  /** OTPFlags; the top bit is bit 0. */
  readonly flags: number
  readonly nonce?: Uint8Array | undefined
  /** A PA-OTP-ENC-REQUEST, or a PA-ENC-TS-ENC, under key usage 45. */
  readonly encData: EncryptedData
  readonly hashAlg?: AlgorithmIdentifier | undefined
  readonly iterationCount?: number | undefined
  readonly otpValue?: Uint8Array | undefined
  readonly otpPin?: string | undefined
  readonly otpChallenge?: Uint8Array | undefined
  readonly otpTime?: Date | undefined
  readonly otpCounter?: Uint8Array | undefined
  readonly otpFormat?: number | undefined
  readonly otpTokenId?: Uint8Array | undefined
  readonly otpAlgId?: string | undefined
  readonly otpVendor?: string | undefined
}

/** Reads a PA-OTP-REQUEST, RFC 6560 section 4.2. Later fields (`...`) are passed over. */
export function readPaOtpRequest(reader: DerReader, what = 'PA-OTP-REQUEST'): PaOtpRequest {
  return readOpenSequence(reader, 13, what, (fields) => ({
    flags: fields.flags('PA-OTP-REQUEST: flags', primitiveContextTag(0)),
    nonce: readOptionalOctets(fields, 1, 'PA-OTP-REQUEST: nonce'),
    encData: fields.within(contextTag(2), 'PA-OTP-REQUEST: encData', (inner) =>
      readEncryptedDataFields(inner, 'PA-OTP-REQUEST: encData'),
    ),
    hashAlg: readImplicitAlgorithm(fields, 3, 'PA-OTP-REQUEST: hashAlg'),
    iterationCount: readOptionalInt32(fields, 4, 'PA-OTP-REQUEST: iterationCount'),
    otpValue: readOptionalOctets(fields, 5, 'PA-OTP-REQUEST: otp-value'),
    otpPin: readOptionalUtf8(fields, 6, 'PA-OTP-REQUEST: otp-pin'),
    otpChallenge: readOptionalOctets(fields, 7, 'PA-OTP-REQUEST: otp-challenge'),
    otpTime: readTime(fields, 8, 'PA-OTP-REQUEST: otp-time'),
    otpCounter: readOptionalOctets(fields, 9, 'PA-OTP-REQUEST: otp-counter'),
    otpFormat: readOptionalInt32(fields, 10, 'PA-OTP-REQUEST: otp-format'),
    otpTokenId: readOptionalOctets(fields, 11, 'PA-OTP-REQUEST: otp-tokenID'),
    otpAlgId: readOptionalUtf8(fields, 12, 'PA-OTP-REQUEST: otp-algID'),
    otpVendor: readOptionalUtf8(fields, 13, 'PA-OTP-REQUEST: otp-vendor'),
  }))
}

/** Writes a PA-OTP-REQUEST, RFC 6560 section 4.2. */
export function writePaOtpRequest(writer: DerWriter, value: PaOtpRequest): void {
  const mark = writer.mark()
  writeImplicitUtf8(writer, 13, value.otpVendor)
  writeImplicitUtf8(writer, 12, value.otpAlgId)
  writeImplicitOctets(writer, 11, value.otpTokenId)
  writeImplicitInt32(writer, 10, value.otpFormat)
  writeImplicitOctets(writer, 9, value.otpCounter)
  if (value.otpTime !== undefined) writer.generalizedTime(value.otpTime, primitiveContextTag(8))
  writeImplicitOctets(writer, 7, value.otpChallenge)
  writeImplicitUtf8(writer, 6, value.otpPin)
  writeImplicitOctets(writer, 5, value.otpValue)
  writeImplicitInt32(writer, 4, value.iterationCount)
  writeImplicitAlgorithm(writer, 3, value.hashAlg)
  writer.within(contextTag(2), () => writeEncryptedDataFields(writer, value.encData))
  writeImplicitOctets(writer, 1, value.nonce)
  writer.flags(value.flags, primitiveContextTag(0))
  writer.wrap(Tag.SEQUENCE, mark)
}

/** Reads a PA-OTP-ENC-REQUEST, RFC 6560 section 4.2: the nonce of the challenge. Later fields (`...`) are passed over. */
export function readPaOtpEncRequest(reader: DerReader, what = 'PA-OTP-ENC-REQUEST'): Uint8Array {
  return readOpenSequence(reader, 0, what, (fields) => readImplicitOctets(fields, 0, `${what}: nonce`))
}

/** Writes a PA-OTP-ENC-REQUEST, RFC 6560 section 4.2. */
export function writePaOtpEncRequest(writer: DerWriter, nonce: Uint8Array): void {
  writer.within(Tag.SEQUENCE, () => {
    writeImplicitOctets(writer, 0, nonce)
  })
}

function readHashes(fields: DerReader, what: string): readonly AlgorithmIdentifier[] | undefined {
  const tag = contextTag(7)
  if (!fields.isNext(tag)) return undefined
  return fields.sequenceOf(what, Limit.ALGORITHMS, (inner) => readAlgorithmIdentifier(inner, what), tag)
}

function readTime(fields: DerReader, number: number, what: string): Date | undefined {
  const tag = primitiveContextTag(number)
  return fields.isNext(tag) ? fields.generalizedTime(what, tag) : undefined
}

/** Writes a SEQUENCE OF under `[number] IMPLICIT`, if there is one. */
function writeEach<T>(
  writer: DerWriter,
  number: number,
  items: readonly T[] | undefined,
  write: (writer: DerWriter, item: T) => void,
): void {
  if (items === undefined) return
  writer.within(contextTag(number), () => {
    for (const item of items.toReversed()) write(writer, item)
  })
}
