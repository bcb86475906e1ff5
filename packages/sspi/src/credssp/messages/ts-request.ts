import { contextTag, DerReader, DerWriter, Tag } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'
import { CLIENT_NONCE_LENGTH, FIRST_VERSION, MAX_NEGO_TOKENS } from '../constants.js'

/** TSRequest, MS-CSSP 2.2.1: the one message of the protocol. All bytes are views of what was read. */
export interface TsRequest {
  /** The highest version of the protocol that the sender speaks. */
  readonly version: number
  /** Tokens of SPNEGO, or of a mechanism without it; NegoData of MS-CSSP 2.2.1.1. One, as a rule. */
  readonly negoTokens: readonly Uint8Array[]
  /** TSCredentials, encrypted by the context that SPNEGO has established. */
  readonly authInfo: Uint8Array | undefined
  /** What binds that context to the public key of the TLS channel, encrypted by it. */
  readonly pubKeyAuth: Uint8Array | undefined
  /** An NTSTATUS, without sign, by which a server says why it refuses. */
  readonly errorCode: number | undefined
  /** What the client's hashes of the public key are salted with, 32 bytes. */
  readonly clientNonce: Uint8Array | undefined
}

/** The fields of a TSRequest to be written. */
export type TsRequestFields = Partial<TsRequest> & Pick<TsRequest, 'version'>

/**
 * Reads a TSRequest, MS-CSSP 2.2.1.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when the bytes are no TSRequest, or go on behind it.
 */
export function readTsRequest(bytes: Uint8Array): TsRequest {
  // MS-CSSP 2.2 asks for DER, but rdesktop writes every length from 128 on in two bytes, also where one would do.
  const reader = DerReader.ofAnyLengths(bytes)
  const request = reader.within(Tag.SEQUENCE, 'TSRequest', (fields) => {
    const version = fields.within(contextTag(0), 'TSRequest: version', (inner) => inner.integer('TSRequest: version'))
    if (version < FIRST_VERSION) throw new SspiError('SEC_E_INVALID_TOKEN', `TSRequest: version ${version}`)
    return {
      version,
      negoTokens: fields.optional(contextTag(1), 'TSRequest: negoTokens', readNegoData) ?? [],
      authInfo: readOctets(fields, 2, 'TSRequest: authInfo'),
      pubKeyAuth: readOctets(fields, 3, 'TSRequest: pubKeyAuth'),
      errorCode: fields.optional(contextTag(4), 'TSRequest: errorCode', readErrorCode),
      clientNonce: checkNonce(readOctets(fields, 5, 'TSRequest: clientNonce')),
    }
  })
  reader.end('TSRequest')
  return request
}

/** Writes a TSRequest, MS-CSSP 2.2.1. */
export function writeTsRequest(request: TsRequestFields): Uint8Array {
  const { version, negoTokens = [], errorCode } = request
  const writer = new DerWriter(512 + negoTokens.reduce((sum, token) => sum + token.length, 0))
  writeOctets(writer, 5, request.clientNonce)
  // An NTSTATUS is a number with a sign, whose errors are negative; so do Windows and others write it.
  if (errorCode !== undefined) writer.within(contextTag(4), () => writer.integer(errorCode | 0))
  writeOctets(writer, 3, request.pubKeyAuth)
  writeOctets(writer, 2, request.authInfo)
  if (negoTokens.length > 0) writer.within(contextTag(1), () => writeNegoData(writer, negoTokens))
  writer.within(contextTag(0), () => writer.integer(version))
  writer.wrap(Tag.SEQUENCE, 0)
  return writer.finish()
}

/**
 * How long the TSRequest is that begins with these bytes, header included; `undefined` while even its header is cut short.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when no TSRequest begins so.
 */
export function lengthOfTsRequest(start: Uint8Array): number | undefined {
  const [tag, first] = start
  if (tag !== undefined && tag !== Tag.SEQUENCE) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `TSRequest: begins with 0x${tag.toString(16)}, which is no SEQUENCE`)
  }
  if (first === undefined) return undefined
  if (first < 0x80) return 2 + first
  const count = first & 0x7f
  // Three bytes of length are 16 MiB, far beyond any bound on tokens.
  if (count === 0 || count > 3) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `TSRequest: a length of ${count} bytes`)
  }
  if (start.length < 2 + count) return undefined
  return start.subarray(2, 2 + count).reduce((length, byte) => length * 256 + byte, 0) + 2 + count
}

function readNegoData(inner: DerReader): Uint8Array[] {
  return inner.sequenceOf('TSRequest: negoTokens', MAX_NEGO_TOKENS, (items) =>
    items.within(Tag.SEQUENCE, 'NegoData', (item) =>
      item.within(contextTag(0), 'NegoData: negoToken', (token) => token.octetString('NegoData: negoToken')),
    ),
  )
}

function writeNegoData(writer: DerWriter, tokens: readonly Uint8Array[]): void {
  const mark = writer.mark()
  for (const token of tokens.toReversed()) {
    writer.within(Tag.SEQUENCE, () => {
      writer.within(contextTag(0), () => writer.octetString(token))
    })
  }
  writer.wrap(Tag.SEQUENCE, mark)
}

function readErrorCode(inner: DerReader): number {
  const value = inner.integer('TSRequest: errorCode')
  if (value < -0x8000_0000 || value > 0xffff_ffff) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `TSRequest: errorCode ${value} is not a number of 32 bits`)
  }
  return value >>> 0
}

function checkNonce(nonce: Uint8Array | undefined): Uint8Array | undefined {
  if (nonce === undefined || nonce.length === CLIENT_NONCE_LENGTH) return nonce
  throw new SspiError(
    'SEC_E_INVALID_TOKEN',
    `TSRequest: clientNonce of ${nonce.length} bytes instead of ${CLIENT_NONCE_LENGTH}`,
  )
}

function readOctets(fields: DerReader, number: number, what: string): Uint8Array | undefined {
  return fields.optional(contextTag(number), what, (inner) => inner.octetString(what))
}

function writeOctets(writer: DerWriter, number: number, octets: Uint8Array | undefined): void {
  if (octets !== undefined) writer.within(contextTag(number), () => writer.octetString(octets))
}
