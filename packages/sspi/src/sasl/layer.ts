import { concatBytes, Reader, Writer } from '../bytes/index.js'
import {
  SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_ATTR_SIZES,
  SECPKG_FLAG_GSS_COMPATIBLE,
  SECQOP_WRAP_NO_ENCRYPT,
  SspiError,
  type SecureSession,
} from '../sspi/index.js'

/** What protects the messages of a connection once SASL is done with it. */
export type SaslLayerName = 'none' | 'integrity' | 'confidentiality'

/** In front of each protected message, RFC 4422 section 3.7. */
const LENGTH_BYTES = 4

/** What a layer is made of. */
export interface SaslLayerOptions {
  readonly session: SecureSession
  readonly layer: SaslLayerName
  /** The most that one message holds, in bytes. */
  readonly sendSize: number
  /** The longest protected message that is read, in bytes. */
  readonly receiveSize: number
}

/**
 * The security layer of a connection: a stream of buffers, each with its length in four bytes in front (RFC 4422 section 3.7).
 * What is sent must be sent in the order in which it was wrapped; what comes in may be cut into pieces anywhere.
 */
export class SaslLayer {
  readonly #session: SecureSession
  readonly #layer: SaslLayerName
  readonly #sendSize: number
  readonly #receiveSize: number
  /** The pieces of a buffer that is not whole yet; put together when it is, as it may come in very many. */
  #waiting: Uint8Array[] = []
  #waitingLength = 0
  #broken: SspiError | undefined

  constructor({ session, layer, sendSize, receiveSize }: SaslLayerOptions) {
    this.#session = session
    this.#layer = layer
    this.#sendSize = sendSize
    this.#receiveSize = receiveSize
  }

  /** Protects a message: one buffer, or as many as the peer's size asks for, each with its length. A new array. */
  wrap(message: Uint8Array): Uint8Array {
    if (this.#layer === 'none') return new Uint8Array(message)
    const writer = new Writer(message.length + 256)
    let at = 0
    do {
      const buffer = this.#protect(message.subarray(at, at + this.#sendSize))
      writer.u32be(buffer.length).bytes(buffer)
      at += this.#sendSize
    } while (at < message.length)
    return writer.finish()
  }

  /**
   * Takes the next bytes of the connection, and gives what the buffers hold that are whole now; a new array, which may be empty.
   *
   * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` by the length of a buffer that is too long; `SEC_E_MESSAGE_ALTERED`,
   *   `SEC_E_OUT_OF_SEQUENCE`, `SEC_E_QOP_NOT_SUPPORTED` when one is only signed that should be encrypted. Nothing is read of the
   *   connection any more then: each further call throws the same.
   */
  unwrap(bytes: Uint8Array): Uint8Array {
    if (this.#broken !== undefined) throw this.#broken
    if (this.#layer === 'none') return new Uint8Array(bytes)
    this.#waiting.push(new Uint8Array(bytes))
    this.#waitingLength += bytes.length
    try {
      return this.#read()
    } catch (error) {
      if (error instanceof SspiError) this.#broken = error
      this.#keep(NOTHING)
      throw error
    }
  }

  #read(): Uint8Array {
    const messages = new Writer()
    for (let length = this.#nextLength(); length !== undefined; length = this.#nextLength()) {
      const reader = new Reader(concatBytes(...this.#waiting))
      reader.skip(LENGTH_BYTES, 'SASL buffer length')
      const buffer = reader.take(length, 'SASL buffer')
      this.#keep(reader.take(reader.remaining, 'SASL buffer'))
      messages.bytes(this.#open(buffer))
    }
    return messages.finish()
  }

  /** How long the next buffer is, if it is whole. */
  #nextLength(): number | undefined {
    if (this.#waitingLength < LENGTH_BYTES) return undefined
    if (this.#waiting[0]!.length < LENGTH_BYTES) this.#keep(concatBytes(...this.#waiting)) // there is one
    const length = new Reader(this.#waiting[0]!).u32be('SASL buffer length')
    if (length > this.#receiveSize) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `SASL: a buffer of ${length} bytes, ${this.#receiveSize} at most`)
    }
    return this.#waitingLength - LENGTH_BYTES < length ? undefined : length
  }

  #keep(rest: Uint8Array): void {
    this.#waiting = rest.length === 0 ? [] : [rest]
    this.#waitingLength = rest.length
  }

  #protect(message: Uint8Array): Uint8Array {
    if (this.#layer === 'confidentiality') return this.#session.seal(message)
    if (this.#saysItself) return this.#session.seal(message, SECQOP_WRAP_NO_ENCRYPT)
    const signature = this.#session.sign(message)
    return this.#tokenLast ? concatBytes(message, signature) : concatBytes(signature, message)
  }

  #open(buffer: Uint8Array): Uint8Array {
    if (this.#layer === 'integrity' && !this.#saysItself) return this.#verify(buffer)
    const { message, qop } = this.#session.open(buffer)
    if (this.#layer === 'confidentiality' && qop !== 0) {
      throw new SspiError('SEC_E_QOP_NOT_SUPPORTED', 'SASL: a message is signed only, where it should be encrypted')
    }
    return message
  }

  /** Whether a protected message says itself if it is encrypted: Kerberos' do, those of NTLM and Digest do not. */
  get #saysItself(): boolean {
    return (this.#session.attribute(SECPKG_ATTR_PACKAGE_INFO).capabilities & SECPKG_FLAG_GSS_COMPATIBLE) !== 0
  }

  /** Where the signature stands: in front of the message (NTLM) or behind it (Digest). */
  get #tokenLast(): boolean {
    return this.#session.attribute(SECPKG_ATTR_SIZES).tokenLast ?? false
  }

  /** A signature of fixed length, in front of the message or behind it. */
  #verify(buffer: Uint8Array): Uint8Array {
    const { maxSignature } = this.#session.attribute(SECPKG_ATTR_SIZES)
    const length = buffer.length - maxSignature
    if (length < 0) {
      throw new SspiError(
        'SEC_E_INVALID_TOKEN',
        `SASL: a buffer of ${buffer.length} bytes, the signature has ${maxSignature}`,
      )
    }
    const [signature, message] = this.#tokenLast
      ? [buffer.subarray(length), buffer.subarray(0, length)]
      : [buffer.subarray(0, maxSignature), buffer.subarray(maxSignature)]
    this.#session.verify(message, signature)
    return message
  }
}

const NOTHING = new Uint8Array(0)
