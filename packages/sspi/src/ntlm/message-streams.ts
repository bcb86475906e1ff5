import { Reader, Writer } from '../bytes/index.js'
import { constantTimeEqual, crc32, HmacMd5, Rc4, secretFrom, wipe, type SecretBytes } from '../crypto/index.js'
import { SspiError } from '../status/index.js'
import { SIGNATURE_LENGTH } from './constants.js'
import { datagramKey } from './session-keys.js'

/** The parts of a message in their order. The sealed ones are among the signed. */
export interface MessageParts {
  readonly signed: readonly Uint8Array[]
  readonly sealed: readonly Uint8Array[]
}

/** What signs and seals the messages of one direction, and knows where in the sequence it is. */
export interface MessageStream {
  /** The number of the next message; of no meaning for datagrams. */
  readonly sequence: number
  /** Encrypts the sealed parts in place and writes 16 bytes of signature. `sequence` counts for datagrams only. */
  protect(parts: MessageParts, signature: Uint8Array, sequence: number): void
  /**
   * Decrypts the sealed parts in place and checks the signature; a message that is refused is put back as it was, and so is
   * the stream.
   * @throws `SspiError` `SEC_E_OUT_OF_SEQUENCE` before anything else is looked at; `SEC_E_MESSAGE_ALTERED`.
   */
  unprotect(parts: MessageParts, signature: Uint8Array, sequence: number): void
  /** Starts the key stream anew, as after SPNEGO's mechListMIC; the sequence goes on. */
  restart(): void
  /** The state of the key stream, for an exported session; `undefined` where there is none between messages. */
  exportState(): SecretBytes | undefined
  dispose(): void
}

/** Where a stream goes on. */
export interface StreamPosition {
  readonly sequence: number
  readonly rc4State: Uint8Array | undefined
}

/** The keys of one direction with extended session security. */
export interface ExtendedKeys {
  readonly sign: SecretBytes
  readonly seal: SecretBytes
}

const CHECKSUM_LENGTH = 8
const PAD_LENGTH = 4

/** With extended session security, MS-NLMP 3.4.4.2: HMAC-MD5 under its own key, each direction for itself. */
export class ExtendedStream implements MessageStream {
  readonly #mac: HmacMd5
  readonly #sealKey: SecretBytes
  readonly #keyExchange: boolean
  #rc4: Rc4
  #sequence: number

  /** @param keys - wiped by the stream's `dispose`. @param keyExchange - whether checksums are encrypted. */
  constructor(keys: ExtendedKeys, keyExchange: boolean, at: StreamPosition) {
    this.#mac = new HmacMd5(keys.sign)
    wipe(keys.sign)
    this.#sealKey = keys.seal
    this.#keyExchange = keyExchange
    this.#rc4 = at.rc4State === undefined ? new Rc4(keys.seal) : Rc4.fromState(at.rc4State)
    this.#sequence = at.sequence
  }

  get sequence(): number {
    return this.#sequence
  }

  protect(parts: MessageParts, signature: Uint8Array): void {
    const number = sequenceBytes(this.#sequence)
    const checksum = this.#checksum(parts, number)
    for (const part of parts.sealed) this.#rc4.apply(part)
    if (this.#keyExchange) this.#rc4.apply(checksum)
    putSignature(signature, checksum, number)
    this.#sequence = (this.#sequence + 1) >>> 0
  }

  unprotect(parts: MessageParts, signature: Uint8Array): void {
    const got = readSignature(signature)
    checkSequence(this.#sequence, got.sequence)
    for (const part of parts.sealed) this.#rc4.apply(part)
    const checksum = this.#checksum(parts, sequenceBytes(this.#sequence))
    if (this.#keyExchange) this.#rc4.apply(checksum)
    if (!got.versionIsOne || !constantTimeEqual(checksum, got.checksum)) {
      takeBack(this.#rc4, parts.sealed, this.#keyExchange ? CHECKSUM_LENGTH : 0)
      throw altered()
    }
    this.#sequence = (this.#sequence + 1) >>> 0
  }

  restart(): void {
    this.#rc4.dispose()
    this.#rc4 = new Rc4(this.#sealKey)
  }

  exportState(): SecretBytes {
    return this.#rc4.exportState()
  }

  dispose(): void {
    this.#mac.dispose()
    this.#rc4.dispose()
    wipe(this.#sealKey)
  }

  #checksum(parts: MessageParts, number: Uint8Array): Uint8Array {
    return this.#mac.mac(number, ...parts.signed).subarray(0, CHECKSUM_LENGTH)
  }
}

/**
 * Without extended session security, MS-NLMP 3.4.4.1: CRC-32 under RC4, which protects next to nothing. There is one key and one
 * sequence for both directions (MS-NLMP 3.4: half-duplex), so a session has one of these for both.
 */
export class OldStream implements MessageStream {
  readonly #sealKey: SecretBytes
  #rc4: Rc4
  #sequence: number

  /** @param sealKey - wiped by the stream's `dispose`. */
  constructor(sealKey: SecretBytes, at: StreamPosition) {
    this.#sealKey = sealKey
    this.#rc4 = at.rc4State === undefined ? new Rc4(sealKey) : Rc4.fromState(at.rc4State)
    this.#sequence = at.sequence
  }

  get sequence(): number {
    return this.#sequence
  }

  protect(parts: MessageParts, signature: Uint8Array): void {
    const crc = crc32(...parts.signed)
    for (const part of parts.sealed) this.#rc4.apply(part)
    // The pad is encrypted and then sent as zero: it uses key stream that nobody sees.
    this.#rc4.skip(PAD_LENGTH)
    const tail = this.#rc4.apply(new Writer(CHECKSUM_LENGTH).u32le(crc).u32le(this.#sequence).finish())
    signature.fill(0, 0, SIGNATURE_LENGTH)
    signature[0] = 1
    signature.set(tail, 2 * PAD_LENGTH)
    this.#sequence = (this.#sequence + 1) >>> 0
  }

  unprotect(parts: MessageParts, signature: Uint8Array): void {
    const { versionIsOne } = readSignature(signature)
    for (const part of parts.sealed) this.#rc4.apply(part)
    this.#rc4.skip(PAD_LENGTH)
    const tail = new Reader(this.#rc4.apply(new Uint8Array(signature.subarray(2 * PAD_LENGTH, SIGNATURE_LENGTH))))
    const intact = versionIsOne && tail.u32le('Checksum') === crc32(...parts.signed)
    const number = tail.u32le('SeqNum')
    if (!intact || number !== this.#sequence) {
      takeBack(this.#rc4, parts.sealed, PAD_LENGTH + CHECKSUM_LENGTH)
      // The number is encrypted too: it means something only when the rest is intact.
      if (intact) checkSequence(this.#sequence, number)
      throw altered()
    }
    this.#sequence = (this.#sequence + 1) >>> 0
  }

  restart(): void {
    // One key stream serves both directions here, so that of one alone cannot be started anew.
  }

  exportState(): SecretBytes {
    return this.#rc4.exportState()
  }

  dispose(): void {
    this.#rc4.dispose()
    wipe(this.#sealKey)
  }
}

/**
 * Datagrams, MS-NLMP 3.4: each message has a sealing key of its own, made of its number, which the caller gives.
 *
 * Experimental: written after the specification alone, as no other implementation was found to try it with.
 */
export class DatagramStream implements MessageStream {
  readonly sequence = 0
  readonly #keys: ExtendedKeys
  readonly #keyExchange: boolean

  /** @param keys - wiped by the stream's `dispose`. @param keyExchange - whether checksums are encrypted. */
  constructor(keys: ExtendedKeys, keyExchange: boolean) {
    this.#keys = keys
    this.#keyExchange = keyExchange
  }

  protect(parts: MessageParts, signature: Uint8Array, sequence: number): void {
    this.#withStream(sequence, (stream) => stream.protect(parts, signature))
  }

  unprotect(parts: MessageParts, signature: Uint8Array, sequence: number): void {
    this.#withStream(sequence, (stream) => stream.unprotect(parts, signature))
  }

  restart(): void {
    // Nothing goes on from message to message.
  }

  exportState(): undefined {
    return undefined
  }

  dispose(): void {
    wipe(this.#keys.sign)
    wipe(this.#keys.seal)
  }

  #withStream(sequence: number, work: (stream: ExtendedStream) => void): void {
    const number = sequence >>> 0
    const keys = { sign: secretFrom(this.#keys.sign), seal: datagramKey(this.#keys.seal, sequenceBytes(number)) }
    const stream = new ExtendedStream(keys, this.#keyExchange, { sequence: number, rc4State: undefined })
    try {
      work(stream)
    } finally {
      stream.dispose()
    }
  }
}

function sequenceBytes(sequence: number): Uint8Array {
  return new Writer(4).u32le(sequence).finish()
}

function putSignature(signature: Uint8Array, checksum: Uint8Array, number: Uint8Array): void {
  signature.fill(0, 0, 4)
  signature[0] = 1
  signature.set(checksum, 4)
  signature.set(number, 12)
}

function readSignature(signature: Uint8Array): {
  readonly versionIsOne: boolean
  readonly checksum: Uint8Array
  readonly sequence: number
} {
  const reader = new Reader(signature)
  const versionIsOne = reader.u32le('signature: Version') === 1
  const checksum = reader.take(CHECKSUM_LENGTH, 'signature: Checksum')
  const sequence = reader.u32le('signature: SeqNum')
  reader.end('signature')
  return { versionIsOne, checksum, sequence }
}

function checkSequence(expected: number, got: number): void {
  if (got === expected) return
  throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `NTLM: message ${got} came, ${expected} expected`)
}

function altered(): SspiError {
  return new SspiError('SEC_E_MESSAGE_ALTERED', 'NTLM: the signature does not match the message')
}

/** Undoes what a refused message did: the key stream goes back to before it, and the ciphertext is put in place again. */
function takeBack(rc4: Rc4, sealed: readonly Uint8Array[], behind: number): void {
  let length = 0
  for (const part of sealed) length += part.length
  rc4.rewind(length + behind)
  for (const part of sealed) rc4.apply(part)
  rc4.rewind(length)
}
