import { concatBytes, Reader, ReceivedBytes, Writer } from '../bytes/index.js'
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
  readonly #signature: SignaturePlace | undefined
  readonly #received = new ReceivedBytes()
  #broken: SspiError | undefined

  constructor({ session, layer, sendSize, receiveSize }: SaslLayerOptions) {
    this.#session = session
    this.#layer = layer
    this.#sendSize = sendSize
    this.#receiveSize = receiveSize
    this.#signature = layer === 'integrity' ? signaturePlace(session) : undefined
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
    this.#received.append(bytes)
    try {
      return this.#read()
    } catch (error) {
      if (error instanceof SspiError) this.#broken = error
      this.#received.clear()
      throw error
    }
  }

  #read(): Uint8Array {
    const messages = new Writer()
    for (let buffer = this.#nextBuffer(); buffer !== undefined; buffer = this.#nextBuffer()) {
      messages.bytes(this.#open(buffer))
    }
    return messages.finish()
  }

  /** The next buffer, a view, if it is whole. */
  #nextBuffer(): Uint8Array | undefined {
    const reader = new Reader(this.#received.bytes)
    if (reader.remaining < LENGTH_BYTES) return undefined
    const length = reader.u32be('SASL buffer length')
    if (length > this.#receiveSize) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `SASL: a buffer of ${length} bytes, ${this.#receiveSize} at most`)
    }
    if (reader.remaining < length) return undefined
    const buffer = reader.take(length, 'SASL buffer')
    this.#received.drop(reader.offset)
    return buffer
  }

  #protect(message: Uint8Array): Uint8Array {
    if (this.#layer === 'confidentiality') return this.#session.seal(message)
    if (this.#signature === undefined) return this.#session.seal(message, SECQOP_WRAP_NO_ENCRYPT)
    const signature = this.#session.sign(message)
    return this.#signature.behind ? concatBytes(message, signature) : concatBytes(signature, message)
  }

  #open(buffer: Uint8Array): Uint8Array {
    if (this.#signature !== undefined) return this.#verify(buffer, this.#signature)
    const { message, qop } = this.#session.open(buffer)
    if (this.#layer === 'confidentiality' && qop !== 0) {
      throw new SspiError('SEC_E_QOP_NOT_SUPPORTED', 'SASL: a message is signed only, where it should be encrypted')
    }
    return message
  }

  #verify(buffer: Uint8Array, { length, behind }: SignaturePlace): Uint8Array {
    const messageLength = buffer.length - length
    if (messageLength < 0) {
      throw new SspiError(
        'SEC_E_INVALID_TOKEN',
        `SASL: a buffer of ${buffer.length} bytes, the signature has ${length}`,
      )
    }
    const [signature, message] = behind
      ? [buffer.subarray(messageLength), buffer.subarray(0, messageLength)]
      : [buffer.subarray(0, length), buffer.subarray(length)]
    this.#session.verify(message, signature)
    return message
  }
}

/** Where a signature of fixed length stands in a message that is only signed: in front of it (NTLM) or behind it (Digest). */
interface SignaturePlace {
  readonly length: number
  readonly behind: boolean
}

/** `undefined` where a protected message says itself whether it is encrypted, as Kerberos' do. */
function signaturePlace(session: SecureSession): SignaturePlace | undefined {
  if ((session.attribute(SECPKG_ATTR_PACKAGE_INFO).capabilities & SECPKG_FLAG_GSS_COMPATIBLE) !== 0) return undefined
  const { maxSignature, tokenLast = false } = session.attribute(SECPKG_ATTR_SIZES)
  return { length: maxSignature, behind: tokenLast }
}
