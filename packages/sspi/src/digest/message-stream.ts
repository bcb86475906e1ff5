import {
  Cbc,
  expandDesKey,
  HmacMd5,
  md5,
  Rc4,
  secretBytes,
  secretFrom,
  wipe,
  constantTimeEqual,
  type SecretBytes,
} from '../crypto/index.js'
import { SspiError, type Side } from '../sspi/index.js'
import type { CipherFacts } from './ciphers.js'
import { bytesOf } from './octets.js'

/** MAC, version and sequence number of a protected message, in bytes: RFC 2831 §2.3. */
export const TOKEN_LENGTH = 16
const MAC_LENGTH = 10
const VERSION = 1

/** Where a direction goes on. */
export interface StreamPosition {
  readonly sequence: number
  /** The state of RC4, or the last block of ciphertext; `undefined` for the start, and without a cipher. */
  readonly cipherState: Uint8Array | undefined
}

/** Where every direction starts. */
export const START: StreamPosition = { sequence: 0, cipherState: undefined }

/** A message's data. */
export interface MessageParts {
  /** All that the MAC covers, in order. */
  readonly signed: readonly Uint8Array[]
  /** Of those, the ones that are encrypted in place: the same views. */
  readonly sealed: readonly Uint8Array[]
}

/** What a direction is opened with. */
export interface StreamKeys {
  /** 16 bytes, not kept. */
  readonly ha1: Uint8Array
  readonly sender: Side
  /** `undefined` where messages are signed only. */
  readonly cipher: CipherFacts | undefined
}

/**
 * The messages of one direction, RFC 2831 §2.3 and §2.4: each has its number, and a MAC over the number and the data. With a
 * cipher the data, padding and the MAC are encrypted in one go, in a stream that goes on from message to message.
 */
export class MessageStream {
  readonly #mac: HmacMd5
  readonly #cipher: LayerCipher | undefined
  #sequence: number

  constructor({ ha1, sender, cipher }: StreamKeys, at: StreamPosition) {
    const way = sender === 'initiator' ? 'client-to-server' : 'server-to-client'
    const signing = md5(ha1, bytesOf(`Digest session key to ${way} signing key magic constant`))
    this.#mac = new HmacMd5(signing)
    wipe(signing)
    this.#sequence = at.sequence
    if (cipher === undefined) return
    const sealing = md5(
      ha1.subarray(0, cipher.keyedBytes),
      bytesOf(`Digest H(A1) to ${way} sealing key magic constant`),
    )
    this.#cipher = openCipher(cipher, sealing, at.cipherState)
    wipe(sealing)
  }

  get sequence(): number {
    return this.#sequence
  }

  /** The state of the cipher, as secret as its key. */
  exportState(): SecretBytes | undefined {
    return this.#cipher?.exportState()
  }

  /** Writes the token of a signed message: 16 bytes. */
  sign(signed: readonly Uint8Array[], token: Uint8Array): void {
    token.set(this.#macOf(signed))
    this.#number(token)
    this.#advance()
  }

  /** @throws `SspiError` `SEC_E_MESSAGE_ALTERED`, `SEC_E_OUT_OF_SEQUENCE`; the stream waits for the right message then. */
  verify(signed: readonly Uint8Array[], token: Uint8Array): void {
    if (token.length !== TOKEN_LENGTH) throw tokenLength(token.length)
    this.#checkNumber(token)
    if (!constantTimeEqual(this.#macOf(signed), token.subarray(0, MAC_LENGTH))) throw altered()
    this.#advance()
  }

  /** How many bytes of padding a message of so many encrypted bytes needs: at least one, with a block cipher. */
  paddingLength(sealedLength: number): number {
    const block = this.#cipher?.blockBytes ?? 1
    return block === 1 ? 0 : block - ((sealedLength + MAC_LENGTH) % block)
  }

  /**
   * Encrypts a message in place.
   *
   * @param behind - Where padding and token go, in this order, in as many pieces as the caller likes: together as long as both.
   */
  seal({ signed, sealed }: MessageParts, behind: readonly Uint8Array[]): void {
    const length = lengthOf(sealed)
    const padding = this.paddingLength(length)
    const text = secretBytes(length + padding + MAC_LENGTH)
    gather(sealed, text)
    text.fill(padding, length, length + padding)
    text.set(this.#macOf(signed), length + padding)
    this.#live().encrypt(text)
    const tail = new Uint8Array(TOKEN_LENGTH)
    this.#number(tail)
    scatter(text, [...sealed, ...behind])
    scatter(tail.subarray(MAC_LENGTH), [behind.at(-1)!.subarray(-(TOKEN_LENGTH - MAC_LENGTH))]) // there is a token
    wipe(text)
    this.#advance()
  }

  /**
   * Decrypts a message in place; a refused one stays as it came.
   *
   * @param behind - Padding and token, as for {@link seal}.
   * @returns the length of the data. In the stream form padding ends up among the `sealed` and is not part of it.
   * @throws `SspiError` as {@link verify}.
   */
  unseal({ signed, sealed }: MessageParts, behind: readonly Uint8Array[], form: 'parts' | 'stream'): number {
    const whole = [...sealed, ...behind]
    const length = lengthOf(whole) - (TOKEN_LENGTH - MAC_LENGTH)
    if (length < MAC_LENGTH) throw tokenLength(length + TOKEN_LENGTH - MAC_LENGTH)
    const cipher = this.#live()
    const text = secretBytes(length + TOKEN_LENGTH - MAC_LENGTH)
    gather(whole, text)
    try {
      this.#checkNumber(text)
      const body = text.subarray(0, length)
      if (length % cipher.blockBytes !== 0) throw altered()
      const expected = form === 'parts' ? lengthOf(sealed) : undefined
      let dataLength = 0
      const good = cipher.decrypt(body, () => {
        dataLength = readPadding(body, cipher.blockBytes)
        const padded = dataLength >= 0 && (expected === undefined || expected === dataLength)
        // Without padding a MAC is computed all the same, so that the time does not tell the two refusals apart.
        const data = body.subarray(0, padded ? dataLength : length - MAC_LENGTH)
        const opened = form === 'stream' ? [data] : openedParts(signed, sealed, data)
        return constantTimeEqual(this.#macOf(opened), body.subarray(-MAC_LENGTH)) && padded
      })
      if (!good) throw altered()
      scatter(body.subarray(0, dataLength), sealed)
      this.#advance()
      return dataLength
    } finally {
      wipe(text)
    }
  }

  /** Wipes the keys. Calling it again is harmless. */
  dispose(): void {
    this.#mac.dispose()
    this.#cipher?.dispose()
  }

  #macOf(parts: readonly Uint8Array[]): Uint8Array {
    const number = new Uint8Array(4)
    new DataView(number.buffer).setUint32(0, this.#sequence)
    return this.#mac.mac(number, ...parts).subarray(0, MAC_LENGTH)
  }

  /** Version and sequence number, at the end of a token. */
  #number(token: Uint8Array): void {
    const view = new DataView(token.buffer, token.byteOffset, token.length)
    view.setUint16(token.length - 6, VERSION)
    view.setUint32(token.length - 4, this.#sequence)
  }

  #checkNumber(token: Uint8Array): void {
    const view = new DataView(token.buffer, token.byteOffset, token.length)
    const version = view.getUint16(token.length - 6)
    if (version !== VERSION) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `Digest: a message of version ${version}, ${VERSION} expected`)
    }
    const sequence = view.getUint32(token.length - 4)
    if (sequence === this.#sequence) return
    throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `Digest: message ${sequence} came, ${this.#sequence} was expected`)
  }

  #advance(): void {
    this.#sequence = (this.#sequence + 1) >>> 0
  }

  #live(): LayerCipher {
    if (this.#cipher !== undefined) return this.#cipher
    throw new SspiError('SEC_E_QOP_NOT_SUPPORTED', 'Digest: confidentiality was not negotiated')
  }
}

/** A cipher whose stream goes on from message to message. */
interface LayerCipher {
  readonly blockBytes: number
  /** In place. */
  encrypt(text: Uint8Array): void
  /** In place. The stream goes on only if the check likes what came out. @returns what it said. */
  decrypt(text: Uint8Array, check: () => boolean): boolean
  exportState(): SecretBytes
  dispose(): void
}

function openCipher(facts: CipherFacts, key: Uint8Array, state: Uint8Array | undefined): LayerCipher {
  if (facts.blockBytes === 1) return new Rc4Layer(state === undefined ? new Rc4(key) : Rc4.fromState(state))
  return new DesLayer(facts.name === '3des' ? 'two keys' : 'one key', key, state)
}

class Rc4Layer implements LayerCipher {
  readonly blockBytes = 1
  readonly #rc4: Rc4

  constructor(rc4: Rc4) {
    this.#rc4 = rc4
  }

  encrypt(text: Uint8Array): void {
    this.#rc4.apply(text)
  }

  decrypt(text: Uint8Array, check: () => boolean): boolean {
    this.#rc4.apply(text)
    const good = check()
    if (!good) this.#rc4.rewind(text.length)
    return good
  }

  exportState(): SecretBytes {
    return this.#rc4.exportState()
  }

  dispose(): void {
    this.#rc4.dispose()
  }
}

/** CBC over DES, or over triple DES with two keys; the next message's initial vector is the last block of this one's. */
class DesLayer implements LayerCipher {
  readonly blockBytes = 8
  readonly #cbc: Cbc
  readonly #chain: SecretBytes

  /** @param key - RFC 2831 §2.4: the first 7 bytes are the one key, the next 7 the other, the last 8 the initial vector. */
  constructor(keys: 'one key' | 'two keys', key: Uint8Array, chain: Uint8Array | undefined) {
    const first = expandDesKey(key.subarray(0, 7))
    const second = expandDesKey(keys === 'one key' ? key.subarray(0, 7) : key.subarray(7, 14))
    const tripled = secretBytes(24)
    // Triple DES under one key three times over is DES.
    gather([first, second, first], tripled)
    this.#cbc = new Cbc('des3', tripled)
    for (const each of [first, second, tripled]) wipe(each)
    this.#chain = secretFrom(chain ?? key.subarray(8))
  }

  encrypt(text: Uint8Array): void {
    this.#cbc.encrypt(text, text, this.#chain)
    this.#chain.set(text.subarray(-8))
  }

  decrypt(text: Uint8Array, check: () => boolean): boolean {
    const next = new Uint8Array(text.subarray(-8))
    this.#cbc.decrypt(text, text, this.#chain)
    const good = check()
    if (good) this.#chain.set(next)
    return good
  }

  exportState(): SecretBytes {
    return secretFrom(this.#chain)
  }

  dispose(): void {
    this.#cbc.dispose()
    wipe(this.#chain)
  }
}

/** How much of an opened message is data; negative when its padding is not as it should be. */
function readPadding(body: Uint8Array, blockBytes: number): number {
  if (blockBytes === 1) return body.length - MAC_LENGTH
  const end = body.length - MAC_LENGTH
  const padding = body[end - 1] ?? 0
  if (padding < 1 || padding > blockBytes || padding > end) return -1
  return body.subarray(end - padding, end).every((byte) => byte === padding) ? end - padding : -1
}

/** What the MAC covers, with the plaintext in the places of what is encrypted. */
function openedParts(
  signed: readonly Uint8Array[],
  sealed: readonly Uint8Array[],
  data: Uint8Array,
): readonly Uint8Array[] {
  let at = 0
  return signed.map((part) => {
    if (!sealed.includes(part)) return part
    at += part.length
    return data.subarray(at - part.length, at)
  })
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}

function gather(parts: readonly Uint8Array[], into: Uint8Array): void {
  let at = 0
  for (const part of parts) {
    into.set(part, at)
    at += part.length
  }
}

/** Fills the parts one after the other, until there is nothing left. */
function scatter(bytes: Uint8Array, parts: readonly Uint8Array[]): void {
  let at = 0
  for (const part of parts) {
    part.set(bytes.subarray(at, at + part.length))
    at += part.length
  }
}

function altered(): SspiError {
  return new SspiError('SEC_E_MESSAGE_ALTERED', 'Digest: the message or its token was changed on the way')
}

function tokenLength(length: number): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', `Digest: a token of ${length} bytes, ${TOKEN_LENGTH} expected`)
}
