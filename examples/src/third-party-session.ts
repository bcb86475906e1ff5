/** The session of the sample package in third-party-package.ts: messages, attributes, moving to another place. */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto'
import {
  ASC_RET_INTEGRITY,
  constantTimeEqual,
  ISC_RET_CONFIDENTIALITY,
  ISC_RET_INTEGRITY,
  ISC_RET_MUTUAL_AUTH,
  ISC_RET_REPLAY_DETECT,
  ISC_RET_SEQUENCE_DETECT,
  never,
  readMessageLayout,
  readStreamLayout,
  SECBUFFER_DATA,
  secretBytes,
  secretFrom,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_KEY_INFO,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_NATIVE_NAMES,
  SECPKG_ATTR_SESSION_KEY,
  SECPKG_ATTR_SIZES,
  signatureRoom,
  SspiError,
  wipe,
  type AttributeTable,
  type ContextAttribute,
  type ContextAttributes,
  type Identity,
  type SecBufferDesc,
  type SecretBytes,
  type Session,
  type Side,
  type Unsealed,
} from 'sspi/core'

/** The longest token of the exchange, in bytes. */
export const MAX_TOKEN = 1200
/** Before each signature and sealed message: its number (8 bytes) and a MAC or tag (16). */
const TRAILER_LENGTH = 24
const NUMBER_LENGTH = 8
const KEY_LENGTH = 32
/** The keys of a session, one after the other in one piece of memory, so that one call wipes them. */
const KEYS = { sealInitiator: 0, sealAcceptor: 1, signInitiator: 2, signAcceptor: 3, session: 4 } as const
const KEYS_LENGTH = 5 * KEY_LENGTH
const PROTECTION = ISC_RET_MUTUAL_AUTH | ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT | ISC_RET_CONFIDENTIALITY

/** Who talks with whom, and how many messages have gone. */
interface Course {
  readonly side: Side
  /** The name of the key, which is the client's. */
  readonly client: string
  readonly target: string
  sent: bigint
  received: bigint
}

/** A session whose keys come from the shared key and from what was said in the exchange. */
export function startSession(
  side: Side,
  key: Uint8Array,
  transcript: Uint8Array,
  client: string,
  target: string,
): Session {
  const made = new Uint8Array(hkdfSync('sha256', key, transcript, 'SharedKey session keys', KEYS_LENGTH))
  const keys = secretFrom(made)
  wipe(made)
  return new SharedKeySession(keys, { side, client, target, sent: 0n, received: 0n })
}

/** Takes over what `export` gave. What is kept is a copy: the interface wipes the blob. */
export function importSession(blob: Uint8Array): Session {
  const view = Buffer.from(blob.buffer, blob.byteOffset, blob.length)
  const keys = secretFrom(view.subarray(17, 17 + KEYS_LENGTH))
  const [client = '', target = ''] = view.toString('utf8', 17 + KEYS_LENGTH).split('\0')
  const side = view[0] === 0 ? 'initiator' : 'acceptor'
  return new SharedKeySession(keys, {
    side,
    client,
    target,
    sent: view.readBigUInt64BE(1),
    received: view.readBigUInt64BE(9),
  })
}

class SharedKeySession implements Session {
  readonly contextAttr: number
  readonly expiry = never()
  readonly peer: Identity | undefined
  readonly mechListMic = { required: false }
  readonly #keys: SecretBytes
  readonly #course: Course
  readonly #attributes: AttributeTable

  constructor(keys: SecretBytes, course: Course) {
    this.#keys = keys
    this.#course = course
    const { side, client, target } = course
    // The two sides' flags have the same numbers, but for this one.
    this.contextAttr = PROTECTION | (side === 'initiator' ? ISC_RET_INTEGRITY : ASC_RET_INTEGRITY)
    this.peer = side === 'acceptor' ? identityOf(client) : undefined
    this.#attributes = {
      [SECPKG_ATTR_SIZES]: () => ({
        maxToken: MAX_TOKEN,
        maxSignature: TRAILER_LENGTH,
        blockSize: 0,
        securityTrailer: TRAILER_LENGTH,
      }),
      [SECPKG_ATTR_NAMES]: () => ({ userName: client }),
      [SECPKG_ATTR_NATIVE_NAMES]: () => ({ clientName: client, serverName: target }),
      [SECPKG_ATTR_CLIENT_SPECIFIED_TARGET]: () => ({ targetName: target }),
      [SECPKG_ATTR_SESSION_KEY]: () => ({ sessionKey: this.#key('session').slice() }),
      [SECPKG_ATTR_KEY_INFO]: () => ({
        signatureAlgorithmName: 'HMAC-SHA-256/128',
        encryptAlgorithmName: 'AES-256-GCM',
        keySize: 8 * KEY_LENGTH,
        signatureAlgorithm: 0, // neither has a number on Windows
        encryptAlgorithm: 0,
      }),
    }
  }

  // The pattern of all four calls: what the caller gave is checked first, then the message is made or read, and only
  // when nothing can fail any more are the caller's buffers and the count changed.

  sign(message: SecBufferDesc, qop: number): void {
    checkQop(qop)
    const { token, signed } = readMessageLayout(message)
    const room = signatureRoom(token, TRAILER_LENGTH)
    const number = numberBytes(this.#course.sent++)
    room.set(number)
    room.set(this.#mac(this.#own('sign'), number, signed), NUMBER_LENGTH)
    token.cbBuffer = TRAILER_LENGTH
  }

  verify(message: SecBufferDesc): number {
    const { token, signed } = readMessageLayout(message)
    const { number, tag } = readTrailer(token.bytes)
    if (!constantTimeEqual(this.#mac(this.#others('sign'), number, signed), tag)) throw altered()
    this.#expect(number)
    return 0
  }

  seal(message: SecBufferDesc, qop: number): void {
    checkQop(qop)
    const { token, signed, sealed } = readMessageLayout(message)
    const room = signatureRoom(token, TRAILER_LENGTH)
    const number = numberBytes(this.#course.sent++)
    const cipher = createCipheriv('aes-256-gcm', this.#own('seal'), nonceOf(number))
    cipher.setAAD(associatedData(number, signed, sealed))
    for (const part of sealed) part.set(cipher.update(part))
    cipher.final()
    room.set(number)
    room.set(cipher.getAuthTag(), NUMBER_LENGTH)
    token.cbBuffer = TRAILER_LENGTH
  }

  unseal(message: SecBufferDesc): Unsealed {
    const whole = readStreamLayout(message)
    if (whole === undefined) {
      const { token, signed, sealed } = readMessageLayout(message)
      this.#open(token.bytes, signed, sealed)
    } else {
      const { bytes } = whole.stream
      const text = bytes.subarray(TRAILER_LENGTH)
      this.#open(bytes.subarray(0, TRAILER_LENGTH), [text], [text])
      whole.data.become(SECBUFFER_DATA, text)
    }
    return { kind: 'message', qop: 0 }
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    return this.#attributes[attribute]?.()
  }

  export(): SecretBytes {
    const { side, sent, received, client, target } = this.#course
    const names = Buffer.from(`${client}\0${target}`)
    const blob = secretBytes(17 + KEYS_LENGTH + names.length)
    blob[0] = side === 'initiator' ? 0 : 1
    blob.set(numberBytes(sent), 1)
    blob.set(numberBytes(received), 9)
    blob.set(this.#keys, 17)
    blob.set(names, 17 + KEYS_LENGTH)
    return blob
  }

  dispose(): void {
    wipe(this.#keys)
  }

  #open(trailer: Uint8Array, signed: readonly Uint8Array[], sealed: readonly Uint8Array[]): void {
    const { number, tag } = readTrailer(trailer)
    const decipher = createDecipheriv('aes-256-gcm', this.#others('seal'), nonceOf(number), {
      authTagLength: tag.length,
    })
    decipher.setAAD(associatedData(number, signed, sealed))
    decipher.setAuthTag(tag)
    // Beside the caller's memory: a message that is refused must not leave its plaintext there.
    const opened = sealed.map((part) => decipher.update(part))
    try {
      finish(decipher)
      this.#expect(number)
      opened.forEach((part, index) => sealed[index]!.set(part)) // one for each
    } finally {
      opened.forEach(wipe)
    }
  }

  /** The peer's messages count upwards without a gap. Called once a message has proven itself to be the peer's. */
  #expect(number: Uint8Array): void {
    const { received } = this.#course
    if (!constantTimeEqual(number, numberBytes(received))) {
      const came = Buffer.from(number).readBigUInt64BE()
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `SharedKey: message ${received} is expected, ${came} came`)
    }
    this.#course.received = received + 1n
  }

  #mac(key: Uint8Array, number: Uint8Array, signed: readonly Uint8Array[]): Uint8Array {
    const mac = createHmac('sha256', key).update(number)
    for (const part of signed) mac.update(part)
    return mac.digest().subarray(0, TRAILER_LENGTH - NUMBER_LENGTH)
  }

  #own(use: 'seal' | 'sign'): Uint8Array {
    return this.#key(this.#course.side === 'initiator' ? `${use}Initiator` : `${use}Acceptor`)
  }

  #others(use: 'seal' | 'sign'): Uint8Array {
    return this.#key(this.#course.side === 'initiator' ? `${use}Acceptor` : `${use}Initiator`)
  }

  #key(name: keyof typeof KEYS): Uint8Array {
    return this.#keys.subarray(KEYS[name] * KEY_LENGTH, (KEYS[name] + 1) * KEY_LENGTH)
  }
}

/** The holder of a key, proven by the exchange. */
export function identityOf(keyId: string): Identity {
  return { name: keyId, domain: '', sid: undefined, groups: [], source: 'verified' }
}

function numberBytes(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(NUMBER_LENGTH)
  bytes.writeBigUInt64BE(value)
  return bytes
}

/** Unique for each message, as each side has a key and a count of its own. */
function nonceOf(number: Uint8Array): Uint8Array {
  return Buffer.concat([new Uint8Array(4), number])
}

/** What is signed without being encrypted. A layout names the same view in both lists. */
function associatedData(number: Uint8Array, signed: readonly Uint8Array[], sealed: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([number, ...signed.filter((part) => !sealed.includes(part))])
}

function readTrailer(bytes: Uint8Array): { number: Uint8Array; tag: Uint8Array } {
  if (bytes.length !== TRAILER_LENGTH) throw altered()
  return { number: bytes.subarray(0, NUMBER_LENGTH), tag: bytes.subarray(NUMBER_LENGTH) }
}

/** Ends a decryption. Node's own error says no more than that the tag is wrong. */
function finish(decipher: { final(): Uint8Array }): void {
  try {
    decipher.final()
  } catch {
    throw altered()
  }
}

function checkQop(qop: number): void {
  if (qop !== 0) {
    throw new SspiError('SEC_E_QOP_NOT_SUPPORTED', `SharedKey: quality of protection ${qop}, 0 is all there is`)
  }
}

function altered(): SspiError {
  return new SspiError('SEC_E_MESSAGE_ALTERED', 'SharedKey: the message was altered')
}
