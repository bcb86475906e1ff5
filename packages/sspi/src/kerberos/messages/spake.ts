import type { DerReader, DerWriter } from '../../bytes/index.js'
import { contextTag, Tag } from '../../bytes/index.js'
import { readEncryptedData, writeEncryptedData, type EncryptedData } from './encrypted.js'
import {
  listReader,
  listWriter,
  readField,
  readInt32,
  readInt32List,
  readOctetString,
  readOpenSequence,
  readOptional,
  readSequence,
  writeField,
  writeInt32,
  writeInt32List,
  writeOctetString,
  writeOptional,
} from './fields.js'
import { Limit } from './limits.js'

/** PA-SPAKE, RFC 9588 section 4; the transcript hash covers its bytes, which its PA-DATA keeps as they came. */
export type PaSpake =
  | { readonly kind: 'support'; readonly support: SpakeSupport }
  | { readonly kind: 'challenge'; readonly challenge: SpakeChallenge }
  | { readonly kind: 'response'; readonly response: SpakeResponse }
  /** A SPAKESecondFactor under a key of the exchange. */
  | { readonly kind: 'encdata'; readonly encdata: EncryptedData }

/** Reads a PA-SPAKE, RFC 9588 section 4. The CHOICE is open: an alternative that we do not know is refused. */
export function readPaSpake(reader: DerReader, what = 'PA-SPAKE'): PaSpake {
  switch (reader.peekTag()) {
    case contextTag(0):
      return { kind: 'support', support: readField(reader, 0, what, readSpakeSupport) }
    case contextTag(1):
      return { kind: 'challenge', challenge: readField(reader, 1, what, readSpakeChallenge) }
    case contextTag(2):
      return { kind: 'response', response: readField(reader, 2, what, readSpakeResponse) }
    default:
      return { kind: 'encdata', encdata: readField(reader, 3, what, readEncryptedData) }
  }
}

/** Writes a PA-SPAKE, RFC 9588 section 4. */
export function writePaSpake(writer: DerWriter, value: PaSpake): void {
  switch (value.kind) {
    case 'support':
      return writeField(writer, 0, value.support, writeSpakeSupport)
    case 'challenge':
      return writeField(writer, 1, value.challenge, writeSpakeChallenge)
    case 'response':
      return writeField(writer, 2, value.response, writeSpakeResponse)
    case 'encdata':
      return writeField(writer, 3, value.encdata, writeEncryptedData)
  }
}

/** SPAKESupport, RFC 9588 section 4.1. */
export interface SpakeSupport {
  /** The client's groups in the order of preference, at most 256. */
  readonly groups: readonly number[]
}

/** Reads a SPAKESupport, RFC 9588 section 4.1. Later fields (`...`) are passed over. */
export function readSpakeSupport(reader: DerReader, what = 'SPAKESupport'): SpakeSupport {
  return readOpenSequence(reader, 0, what, (fields) => ({
    groups: readField(fields, 0, 'SPAKESupport: groups', readInt32List),
  }))
}

/** Writes a SPAKESupport, RFC 9588 section 4.1. */
export function writeSpakeSupport(writer: DerWriter, value: SpakeSupport): void {
  const mark = writer.mark()
  writeField(writer, 0, value.groups, writeInt32List)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** SPAKEChallenge, RFC 9588 section 4.2. */
export interface SpakeChallenge {
  /** The group that the KDC has chosen. */
  readonly group: number
  /** The KDC's point, T. */
  readonly pubkey: Uint8Array
  /** At most 64. */
  readonly factors: readonly SpakeSecondFactor[]
}

/** Reads a SPAKEChallenge, RFC 9588 section 4.2. Later fields (`...`) are passed over. */
export function readSpakeChallenge(reader: DerReader, what = 'SPAKEChallenge'): SpakeChallenge {
  return readOpenSequence(reader, 2, what, (fields) => ({
    group: readField(fields, 0, 'SPAKEChallenge: group', readInt32),
    pubkey: readField(fields, 1, 'SPAKEChallenge: pubkey', readOctetString),
    factors: readField(fields, 2, 'SPAKEChallenge: factors', readFactors),
  }))
}

/** Writes a SPAKEChallenge, RFC 9588 section 4.2. */
export function writeSpakeChallenge(writer: DerWriter, value: SpakeChallenge): void {
  const mark = writer.mark()
  writeField(writer, 2, value.factors, writeFactors)
  writeField(writer, 1, value.pubkey, writeOctetString)
  writeField(writer, 0, value.group, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** SPAKESecondFactor, RFC 9588 section 4.2. */
export interface SpakeSecondFactor {
  /** 1 for SF-NONE. */
  readonly type: number
  readonly data?: Uint8Array | undefined
}

/** Reads a SPAKESecondFactor, RFC 9588 section 4.2. */
export function readSpakeSecondFactor(reader: DerReader, what = 'SPAKESecondFactor'): SpakeSecondFactor {
  return readSequence(reader, what, (fields) => ({
    type: readField(fields, 0, 'SPAKESecondFactor: type', readInt32),
    data: readOptional(fields, 1, 'SPAKESecondFactor: data', readOctetString),
  }))
}

/** Writes a SPAKESecondFactor, RFC 9588 section 4.2. */
export function writeSpakeSecondFactor(writer: DerWriter, value: SpakeSecondFactor): void {
  const mark = writer.mark()
  writeOptional(writer, 1, value.data, writeOctetString)
  writeField(writer, 0, value.type, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

const readFactors = listReader('SPAKEChallenge: factors', Limit.FACTORS, readSpakeSecondFactor)
const writeFactors = listWriter(writeSpakeSecondFactor)

/** SPAKEResponse, RFC 9588 section 4.3. */
export interface SpakeResponse {
  /** The client's point, S. */
  readonly pubkey: Uint8Array
  /** A SPAKESecondFactor under a key of the exchange and key usage 65. */
  readonly factor: EncryptedData
}

/** Reads a SPAKEResponse, RFC 9588 section 4.3. Later fields (`...`) are passed over. */
export function readSpakeResponse(reader: DerReader, what = 'SPAKEResponse'): SpakeResponse {
  return readOpenSequence(reader, 1, what, (fields) => ({
    pubkey: readField(fields, 0, 'SPAKEResponse: pubkey', readOctetString),
    factor: readField(fields, 1, 'SPAKEResponse: factor', readEncryptedData),
  }))
}

/** Writes a SPAKEResponse, RFC 9588 section 4.3. */
export function writeSpakeResponse(writer: DerWriter, value: SpakeResponse): void {
  const mark = writer.mark()
  writeField(writer, 1, value.factor, writeEncryptedData)
  writeField(writer, 0, value.pubkey, writeOctetString)
  writer.wrap(Tag.SEQUENCE, mark)
}
