import { Writer } from '../bytes/index.js'
import { SspiError } from '../sspi/index.js'
import { ContentType, MAX_RECORD_BODY, RECORD_HEADER } from './constants.js'

/** What lies in front of a stream of records. */
export type Framing =
  /** So many bytes are whole records. */
  | { readonly kind: 'whole'; readonly length: number }
  /** Not even one record is whole. */
  | { readonly kind: 'incomplete'; readonly missing: number }

/**
 * How many bytes of a token are whole records, RFC 8446 section 5.1. Nothing is looked at but headers.
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when there is no record where one must begin.
 */
export function frameRecords(bytes: Uint8Array): Framing {
  let length = 0
  for (;;) {
    const first = recordLength(bytes.subarray(length))
    if (first.kind === 'incomplete') return length === 0 ? first : { kind: 'whole', length }
    length += first.length
    if (length === bytes.length) return { kind: 'whole', length }
  }
}

/** The length of the first record. Errors as for {@link frameRecords}. */
export function recordLength(bytes: Uint8Array): Framing {
  const [type, major, minor, high, low] = bytes
  if (type !== undefined && (type < ContentType.CHANGE_CIPHER_SPEC || type > ContentType.APPLICATION_DATA)) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `TLS record: of type ${type}: this is not TLS`)
  }
  if (major !== undefined && major !== 3) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `TLS record: version ${major}.${minor ?? 0}: this is not TLS`)
  }
  if (high === undefined || low === undefined) {
    return { kind: 'incomplete', missing: RECORD_HEADER - bytes.length }
  }
  const body = (high << 8) | low
  if (body > MAX_RECORD_BODY) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `TLS record: of ${body} bytes, ${MAX_RECORD_BODY} allowed`)
  }
  const length = RECORD_HEADER + body
  return length > bytes.length ? { kind: 'incomplete', missing: length - bytes.length } : { kind: 'whole', length }
}

/** The records of a token that holds whole ones: views. */
export function* recordsIn(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at + RECORD_HEADER <= bytes.length;) {
    const length = RECORD_HEADER + ((bytes[at + 3]! << 8) | bytes[at + 4]!) // within the header
    yield bytes.subarray(at, at + length)
    at += length
  }
}

/** A record without protection. */
export function plainRecord(type: ContentType, version: number, body: Uint8Array): Uint8Array {
  return new Writer(RECORD_HEADER + body.length).u8(type).u16be(version).u16be(body.length).bytes(body).finish()
}
