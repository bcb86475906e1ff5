import { concatBytes, DerReader, DerWriter, encodeOid, Reader, Tag, applicationTag } from '../../bytes/index.js'
import { constantTimeEqual, secretFrom, wipe } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import { messageAltered } from '../enctypes/index.js'
import {
  signedWith,
  totalBytes,
  type MessageParts,
  type MessageProtection,
  type Opened,
  type ProtectionParts,
  type ProtectionSizes,
  type Wrapped,
  type WrappedMessage,
} from './message-protection.js'
import { KERBEROS_OID } from './oids.js'
import type { OldAlgorithm } from './old-algorithms.js'

const FRAME = applicationTag(0)
const MIC_ID = 0x0101
const WRAP_ID = 0x0201
const NOT_SEALED = 0xffff
const HEADER_BYTES = 8
const SEQUENCE_BYTES = 8
const CONFOUNDER_BYTES = 8
/** The object identifier with its tag and length. */
const OID_BYTES = encodeOid(KERBEROS_OID).length + 2
const NOTHING = new Uint8Array(0)

/** The fields of a token before its data, RFC 1964 section 1.2. */
interface OldToken {
  /** TOK_ID to the filler: what the checksum begins with. */
  readonly header: Uint8Array
  readonly sealed: boolean
  readonly encryptedSequence: Uint8Array
  readonly checksum: Uint8Array
  /** Where the fields end in the whole token. */
  readonly end: number
}

/** The tokens of RFC 1964 section 1.2 as triple DES and RC4 have them (RFC 4757 section 7). */
export class OldProtection implements MessageProtection {
  readonly sizes: ProtectionSizes
  readonly sequenceBits = 32
  readonly #parts: ProtectionParts
  readonly #algorithm: OldAlgorithm

  /** @param algorithm - Made of the same key; disposed of with this. */
  constructor(parts: ProtectionParts, algorithm: OldAlgorithm) {
    this.#parts = parts
    this.#algorithm = algorithm
    const fields = HEADER_BYTES + SEQUENCE_BYTES + algorithm.checksumBytes
    this.sizes = {
      signature: framedBytes(fields),
      // With as many bytes of length as there can be.
      token: framedBytes(fields + CONFOUNDER_BYTES) + 4,
      block: parts.dceStyle ? 1 : algorithm.blockBytes,
    }
  }

  sign(signed: readonly Uint8Array[], sequence: number): Uint8Array {
    const header = writeHeader(MIC_ID, this.#algorithm.signAlgorithm, NOT_SEALED)
    const checksum = this.#algorithm.checksum('mic', [header, ...signed])
    const fields = concatBytes(header, this.#sequenceField(sequence, checksum), checksum)
    return frame(fields, fields.length)
  }

  verify(signed: readonly Uint8Array[], token: Uint8Array): number {
    const fields = this.#readFields(token, MIC_ID, token.length)
    if (fields.end !== token.length) throw tooLong('MIC token', token.length - fields.end)
    const expected = this.#algorithm.checksum('mic', [fields.header, ...signed])
    if (!constantTimeEqual(expected, fields.checksum)) throw messageAltered()
    return this.#readSequence(fields)
  }

  wrapLengths(dataBytes: number, _encrypt: boolean): { readonly token: number; readonly padding: number } {
    const padding = this.#paddingBytes(dataBytes)
    const fields = HEADER_BYTES + SEQUENCE_BYTES + this.#algorithm.checksumBytes + CONFOUNDER_BYTES
    const inFrame = fields + (this.#parts.dceStyle ? 0 : dataBytes + padding)
    return { token: framedBytes(inFrame) - (inFrame - fields), padding }
  }

  wrap(parts: MessageParts, encrypt: boolean, sequence: number): Wrapped {
    const algorithm = this.#algorithm
    const dataBytes = totalBytes(parts.sealed)
    const paddingBytes = this.#paddingBytes(dataBytes)
    const padding = new Uint8Array(paddingBytes).fill(paddingBytes)
    const header = writeHeader(WRAP_ID, algorithm.signAlgorithm, encrypt ? algorithm.sealAlgorithm : NOT_SEALED)
    const confounder = this.#parts.random(CONFOUNDER_BYTES)
    const checksum = algorithm.checksum('wrap', [header, confounder, ...parts.signed, padding])
    const body = concatBytes(confounder, ...parts.sealed, padding)
    if (encrypt) algorithm.encrypt(body, sequence)
    const fields = concatBytes(header, this.#sequenceField(sequence, checksum), checksum)
    const start = concatBytes(fields, body.subarray(0, CONFOUNDER_BYTES))
    const inFrame = start.length + (this.#parts.dceStyle ? 0 : body.length - CONFOUNDER_BYTES)
    const dataEnd = CONFOUNDER_BYTES + dataBytes
    return {
      token: [frame(start, inFrame)],
      data: body.subarray(CONFOUNDER_BYTES, dataEnd),
      padding: body.subarray(dataEnd),
    }
  }

  unwrap({ whole, parts }: WrappedMessage): Opened {
    // In DCE style the frame is around the token alone (as Windows and MIT have it), else around all.
    const framed = this.#parts.dceStyle ? undefined : whole.length
    const fields = this.#readFields(whole, WRAP_ID, framed)
    const body = secretFrom(whole.subarray(fields.end))
    try {
      if (body.length < CONFOUNDER_BYTES || body.length % this.#algorithm.cipherBlockBytes !== 0) throw messageAltered()
      // The number of the message is part of RC4's key, so it is read before anything is known to be right.
      const sequence = this.#readSequence(fields)
      if (fields.sealed) this.#algorithm.decrypt(body, sequence)
      const padding = this.#paddingOf(body)
      const data = body.subarray(CONFOUNDER_BYTES, body.length - padding.length)
      if (parts !== undefined && totalBytes(parts.sealed) !== data.length) throw messageAltered()
      const confounder = body.subarray(0, CONFOUNDER_BYTES)
      const covered = [fields.header, confounder, ...signedWith(parts, data), padding]
      if (!constantTimeEqual(this.#algorithm.checksum('wrap', covered), fields.checksum)) throw messageAltered()
      return { sequence, encrypted: fields.sealed, plaintext: secretFrom(data) }
    } finally {
      wipe(body)
    }
  }

  dispose(): void {
    this.#algorithm.dispose()
  }

  /** @throws `SspiError` `SEC_E_INVALID_TOKEN` in DCE style, which has no padding, for data that is not whole blocks. */
  #paddingBytes(dataBytes: number): number {
    const { blockBytes, cipherBlockBytes } = this.#algorithm
    if (!this.#parts.dceStyle) return blockBytes - (dataBytes % blockBytes)
    if (dataBytes % cipherBlockBytes === 0) return 0
    throw new SspiError(
      'SEC_E_INVALID_TOKEN',
      `Kerberos: ${dataBytes} bytes are not whole blocks of ${cipherBlockBytes}, and there is no padding in DCE style`,
    )
  }

  /** The last byte says how many there are. Whatever is wrong with them looks like a wrong checksum. */
  #paddingOf(body: Uint8Array): Uint8Array {
    if (this.#parts.dceStyle) return NOTHING
    const count = body.at(-1) ?? 0
    if (count < 1 || count > Math.min(8, body.length - CONFOUNDER_BYTES)) throw messageAltered()
    const padding = body.subarray(body.length - count)
    if (!padding.every((byte) => byte === count)) throw messageAltered()
    return padding
  }

  #readFields(whole: Uint8Array, id: number, framed: number | undefined): OldToken {
    const what = id === MIC_ID ? 'MIC token' : 'Wrap token'
    const { checksumBytes, signAlgorithm, sealAlgorithm } = this.#algorithm
    const headEnd = readFrame(whole, what, framed, HEADER_BYTES + SEQUENCE_BYTES + checksumBytes + CONFOUNDER_BYTES)
    const reader = new Reader(whole)
    reader.seek(headEnd, what)
    const header = reader.take(HEADER_BYTES, `${what}: header`)
    const fields = new Reader(header)
    expect(fields.u16be(`${what}: TOK_ID`), id, `${what}: TOK_ID`)
    expect(fields.u16be(`${what}: SGN_ALG`), signAlgorithm, `${what}: SGN_ALG`)
    const seal = fields.u16be(`${what}: SEAL_ALG`)
    const sealed = id === WRAP_ID && seal === sealAlgorithm
    if (!sealed) expect(seal, NOT_SEALED, `${what}: SEAL_ALG`)
    expect(fields.u16be(`${what}: Filler`), 0xffff, `${what}: Filler`)
    const encryptedSequence = reader.take(SEQUENCE_BYTES, `${what}: SND_SEQ`)
    const checksum = reader.take(checksumBytes, `${what}: SGN_CKSUM`)
    return { header, sealed, encryptedSequence, checksum, end: reader.offset }
  }

  #sequenceField(sequence: number, checksum: Uint8Array): Uint8Array {
    const field = new Uint8Array(SEQUENCE_BYTES)
    this.#algorithm.writeSequence(field, sequence)
    field.fill(this.#directionByte('sent'), 4)
    this.#algorithm.encryptSequence(field, checksum)
    return field
  }

  #readSequence({ encryptedSequence, checksum }: OldToken): number {
    const field = encryptedSequence.slice()
    this.#algorithm.decryptSequence(field, checksum)
    const direction = this.#directionByte('received')
    if (!field.subarray(4).every((byte) => byte === direction)) throw messageAltered()
    return this.#algorithm.readSequence(field)
  }

  #directionByte(direction: 'sent' | 'received'): number {
    return (this.#parts.side === 'acceptor') === (direction === 'sent') ? 0xff : 0
  }
}

function writeHeader(id: number, signAlgorithm: number, sealAlgorithm: number): Uint8Array {
  return Uint8Array.of(id >>> 8, id, signAlgorithm >>> 8, signAlgorithm, sealAlgorithm >>> 8, sealAlgorithm, 255, 255)
}

/** The frame of RFC 2743 section 3.1 around so many bytes, of which the first are given. */
function frame(start: Uint8Array, inFrame: number): Uint8Array {
  const content = OID_BYTES + inFrame
  const length = lengthBytes(content)
  const writer = new DerWriter(start.length + OID_BYTES + 8)
  writer.raw(start)
  writer.oid(KERBEROS_OID)
  writer.raw(Uint8Array.of(FRAME, ...length))
  return writer.finish()
}

function lengthBytes(length: number): readonly number[] {
  if (length < 0x80) return [length]
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return [0x80 | bytes.length, ...bytes]
}

/** How long a token becomes with its frame. */
function framedBytes(inFrame: number): number {
  const content = OID_BYTES + inFrame
  return 1 + lengthBytes(content).length + content
}

/**
 * Reads the frame.
 *
 * @param framed - How many bytes there are, when the frame is around all of them.
 * @param alone - How many it has inside when it is around the token alone.
 * @returns Where the token begins.
 */
function readFrame(whole: Uint8Array, what: string, framed: number | undefined, alone: number): number {
  const end = framed ?? Math.min(whole.length, framedBytes(alone))
  const reader = new DerReader(whole.subarray(0, end))
  const inner = reader.enter(FRAME, what)
  reader.end(what)
  const oid = inner.isNext(Tag.OBJECT_IDENTIFIER) ? inner.oid(`${what}: mechanism`) : 'none'
  if (oid !== KERBEROS_OID) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: mechanism: ${oid} instead of ${KERBEROS_OID}`)
  }
  return end - inner.remaining
}

function expect(found: number, expected: number, what: string): void {
  if (found === expected) return
  throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: 0x${found.toString(16)} instead of 0x${expected.toString(16)}`)
}

function tooLong(what: string, surplus: number): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', `${what}: ${surplus} bytes follow it`)
}
