import { bytesEqual, concatBytes, Reader, Writer } from '../../bytes/index.js'
import { wipe } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import { KeyUsage, messageAltered, type KerberosKey } from '../enctypes/index.js'
import {
  signedOnlyOf,
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

/** Flags of a token, RFC 4121 section 4.2.2. */
export const TokenFlag = { SENT_BY_ACCEPTOR: 1, SEALED: 2, ACCEPTOR_SUBKEY: 4 } as const

const HEADER_BYTES = 16
const MIC_ID = 0x0404
const WRAP_ID = 0x0504
/** In DCE style there is one block of filler, without which Windows takes no encrypted message (MS-KILE 3.4.5.4.1). */
const DCE_FILLER = new Uint8Array(16).fill(0xff)
const NOTHING = new Uint8Array(0)

/** A token's header, RFC 4121 section 4.2.6. */
interface Header {
  readonly flags: number
  /** Extra count: the length of the filler, or of the checksum where nothing is encrypted. Wrap tokens only. */
  readonly ec: number
  /** Right rotation count. Wrap tokens only. */
  readonly rrc: number
  readonly sequence: number
}

/**
 * The tokens of RFC 4121 section 4.2: of every encryption type but the two oldest.
 *
 * What goes behind the data by the book is rotated to the front, as Windows does it: the token buffer has it all, and
 * token and data one behind the other are a Wrap token for everybody.
 */
export class CfxProtection implements MessageProtection {
  readonly sizes: ProtectionSizes
  readonly sequenceBits = 53
  readonly #parts: ProtectionParts
  readonly #filler: Uint8Array

  constructor(parts: ProtectionParts) {
    this.#parts = parts
    this.#filler = parts.dceStyle ? DCE_FILLER : NOTHING
    const { macBytes } = parts.key.profile
    this.sizes = { signature: HEADER_BYTES + macBytes, token: this.wrapLengths(0, true).token, block: 1 }
  }

  sign(signed: readonly Uint8Array[], sequence: number): Uint8Array {
    const header = writeMicHeader(this.#flags('sent'), sequence)
    const usage = this.#usage('sent', 'sign')
    return concatBytes(header, this.#key.checksum(usage, [...signed, header]))
  }

  verify(signed: readonly Uint8Array[], token: Uint8Array): number {
    const { sequence } = readMicHeader(token, this.#flags('received'))
    const header = token.subarray(0, HEADER_BYTES)
    const usage = this.#usage('received', 'sign')
    this.#key.verifyChecksum(usage, [...signed, header], token.subarray(HEADER_BYTES))
    return sequence
  }

  wrapLengths(_dataBytes: number, encrypt: boolean): { readonly token: number; readonly padding: number } {
    const { macBytes, confounderBytes } = this.#key.profile
    const plain = HEADER_BYTES + macBytes
    const token = encrypt ? plain + confounderBytes + this.#filler.length + HEADER_BYTES : plain
    return { token, padding: 0 }
  }

  wrap(parts: MessageParts, encrypt: boolean, sequence: number): Wrapped {
    return encrypt ? this.#seal(parts, sequence) : this.#signWrapped(parts, sequence)
  }

  unwrap({ whole, parts }: WrappedMessage): Opened {
    const header = readWrapHeader(whole, this.#flags('received'))
    const body = whole.subarray(HEADER_BYTES)
    const encrypted = (header.flags & TokenFlag.SEALED) !== 0
    const rrc = header.rrc + (encrypted ? this.#uncountedRotation(header.ec) : 0)
    // RFC 4121 section 4.2.5: any count may come, also one above the length.
    const turn = body.length === 0 ? 0 : rrc % body.length
    const straight = turn === 0 ? [body] : [body.subarray(turn), body.subarray(0, turn)]
    const plaintext = encrypted
      ? this.#open(header, straight, body.length, parts)
      : this.#checkWrapped(header, concatBytes(...straight), parts)
    return { sequence: header.sequence, encrypted, plaintext }
  }

  dispose(): void {
    // Nothing is kept but the session's key.
  }

  get #key(): KerberosKey {
    return this.#parts.key
  }

  /** RFC 4121 section 4.2.4: confounder, data, filler and the header are encrypted. */
  #seal(parts: MessageParts, sequence: number): Wrapped {
    const { macBytes, confounderBytes } = this.#key.profile
    const flags = this.#flags('sent') | TokenFlag.SEALED
    const ec = this.#filler.length
    const inner = writeWrapHeader({ flags, ec, rrc: 0, sequence })
    const ciphertext = this.#key.encrypt(
      this.#usage('sent', 'seal'),
      [...parts.sealed, this.#filler, inner],
      this.#parts.random(confounderBytes),
      signedOnlyOf(parts),
    )
    const behind = ec + HEADER_BYTES + macBytes
    const dataEnd = ciphertext.length - behind
    const header = writeWrapHeader({ flags, ec, rrc: behind - this.#uncountedRotation(ec), sequence })
    return {
      token: [header, ciphertext.subarray(dataEnd), ciphertext.subarray(0, confounderBytes)],
      data: ciphertext.subarray(confounderBytes, dataEnd),
      padding: NOTHING,
    }
  }

  #open(
    header: Header,
    ciphertext: readonly Uint8Array[],
    ciphertextBytes: number,
    parts: MessageParts | undefined,
  ): Uint8Array {
    const { macBytes, confounderBytes } = this.#key.profile
    const dataBytes = ciphertextBytes - confounderBytes - header.ec - HEADER_BYTES - macBytes
    checkDataBytes(dataBytes, parts)
    const plain = this.#key.decrypt(this.#usage('received', 'seal'), ciphertext, signedOnlyOf(parts))
    // The header that was encrypted has the rotation left out (RFC 4121 section 4.2.4).
    const inner = plain.subarray(plain.length - HEADER_BYTES)
    if (!bytesEqual(inner, writeWrapHeader({ ...header, rrc: 0 }))) {
      wipe(plain)
      throw messageAltered()
    }
    plain.fill(0, dataBytes) // nothing but the data is left for the caller to wipe
    return plain.subarray(0, dataBytes)
  }

  /** RFC 4121 section 4.2.4: the checksum is over data and header, in which both counts are zero. */
  #signWrapped(parts: MessageParts, sequence: number): Wrapped {
    const flags = this.#flags('sent')
    const { macBytes } = this.#key.profile
    const bare = writeWrapHeader({ flags, ec: 0, rrc: 0, sequence })
    const checksum = this.#key.checksum(this.#usage('sent', 'seal'), [...parts.signed, bare])
    const header = writeWrapHeader({ flags, ec: macBytes, rrc: macBytes, sequence })
    return { token: [header, checksum], data: concatBytes(...parts.sealed), padding: NOTHING }
  }

  #checkWrapped(header: Header, straight: Uint8Array, parts: MessageParts | undefined): Uint8Array {
    const { macBytes } = this.#key.profile
    if (header.ec !== macBytes) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `Wrap token: EC: ${header.ec}, a checksum of ${macBytes} expected`)
    }
    const dataBytes = straight.length - macBytes
    checkDataBytes(dataBytes, parts)
    const data = straight.subarray(0, dataBytes)
    const bare = writeWrapHeader({ ...header, ec: 0, rrc: 0 })
    const signed = [...signedWith(parts, data), bare]
    this.#key.verifyChecksum(this.#usage('received', 'seal'), signed, straight.subarray(dataBytes))
    return data.slice()
  }

  /** Windows rotates encrypted messages in DCE style by EC + RRC, and so does everybody who talks to it. */
  #uncountedRotation(ec: number): number {
    return this.#parts.dceStyle ? ec : 0
  }

  /** What the flags of a token must say, but for whether it is sealed. */
  #flags(direction: 'sent' | 'received'): number {
    const byAcceptor = (this.#parts.side === 'acceptor') === (direction === 'sent')
    return (byAcceptor ? TokenFlag.SENT_BY_ACCEPTOR : 0) | (this.#parts.acceptorSubkey ? TokenFlag.ACCEPTOR_SUBKEY : 0)
  }

  #usage(direction: 'sent' | 'received', use: 'sign' | 'seal'): number {
    const byAcceptor = (this.#parts.side === 'acceptor') === (direction === 'sent')
    if (use === 'sign') return byAcceptor ? KeyUsage.GSS_ACCEPTOR_SIGN : KeyUsage.GSS_INITIATOR_SIGN
    return byAcceptor ? KeyUsage.GSS_ACCEPTOR_SEAL : KeyUsage.GSS_INITIATOR_SEAL
  }
}

/** RFC 4121 section 4.2.6.1. */
function writeMicHeader(flags: number, sequence: number): Uint8Array {
  return new Writer(HEADER_BYTES).u16be(MIC_ID).u8(flags).u8(0xff).u32be(0xffff_ffff).u53be(sequence).finish()
}

function readMicHeader(token: Uint8Array, expectedFlags: number): Pick<Header, 'flags' | 'sequence'> {
  const reader = new Reader(token)
  checkId(reader, 'MIC token', MIC_ID)
  const flags = reader.u8('MIC token: Flags')
  checkFlags('MIC token', flags, expectedFlags)
  if (reader.u8('MIC token: Filler') !== 0xff || reader.u32be('MIC token: Filler') !== 0xffff_ffff) {
    throw new SspiError('SEC_E_INVALID_TOKEN', 'MIC token: Filler: it is not all ones')
  }
  return { flags, sequence: readSequence(reader, 'MIC token: SND_SEQ') }
}

/** RFC 4121 section 4.2.6.2. */
function writeWrapHeader({ flags, ec, rrc, sequence }: Header): Uint8Array {
  return new Writer(HEADER_BYTES).u16be(WRAP_ID).u8(flags).u8(0xff).u16be(ec).u16be(rrc).u53be(sequence).finish()
}

function readWrapHeader(token: Uint8Array, expectedFlags: number): Header {
  const reader = new Reader(token)
  checkId(reader, 'Wrap token', WRAP_ID)
  const flags = reader.u8('Wrap token: Flags')
  checkFlags('Wrap token', flags & ~TokenFlag.SEALED, expectedFlags)
  if (reader.u8('Wrap token: Filler') !== 0xff) {
    throw new SspiError('SEC_E_INVALID_TOKEN', 'Wrap token: Filler: it is not all ones')
  }
  const ec = reader.u16be('Wrap token: EC')
  const rrc = reader.u16be('Wrap token: RRC')
  return { flags, ec, rrc, sequence: readSequence(reader, 'Wrap token: SND_SEQ') }
}

function checkId(reader: Reader, what: string, expected: number): void {
  const id = reader.u16be(`${what}: TOK_ID`)
  if (id === expected) return
  throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: TOK_ID: ${hex(id)} instead of ${hex(expected)}`)
}

/** The flags that there are. Others are passed over (RFC 4121 section 4.2.2): the checksum covers them as they came. */
const KNOWN_FLAGS = TokenFlag.SENT_BY_ACCEPTOR | TokenFlag.SEALED | TokenFlag.ACCEPTOR_SUBKEY

/** A token of the other direction (one's own, sent back) or under another key. */
function checkFlags(what: string, flags: number, expected: number): void {
  if ((flags & KNOWN_FLAGS) === expected) return
  throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: Flags: ${hex(flags)} instead of ${hex(expected)}`)
}

/** A number of 64 bits, of which nobody gets beyond 53. */
function readSequence(reader: Reader, what: string): number {
  const high = reader.u32be(what)
  const low = reader.u32be(what)
  if (high < 0x20_0000) return high * 0x1_0000_0000 + low
  throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `${what}: ${high} * 2^32 + ${low} is beyond every count`)
}

function checkDataBytes(dataBytes: number, parts: MessageParts | undefined): void {
  if (dataBytes < 0) throw new SspiError('SEC_E_INVALID_TOKEN', `Wrap token: ${-dataBytes} bytes are missing`)
  if (parts === undefined) return
  const expected = totalBytes(parts.sealed)
  if (dataBytes !== expected) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `Wrap token: it has ${dataBytes} bytes of data, not ${expected}`)
  }
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(4, '0')}`
}
