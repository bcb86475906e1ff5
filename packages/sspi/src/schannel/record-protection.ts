import { concatBytes } from '../bytes/index.js'
import { RECORD_TAG_BYTES, RecordCipher, secretFrom, wipe, type SecretBytes } from '../crypto/index.js'
import { SspiError } from '../sspi/index.js'
import type { CipherSuite } from './cipher-suites.js'
import { ContentType, MAX_PLAINTEXT, RECORD_HEADER, TLS_1_2, TLS_1_3 } from './constants.js'
import { expandLabel, prf } from './key-schedule.js'

/** What a record turned out to be. */
export interface OpenedRecord {
  readonly type: number
  /** Where its content lies, in the record's own memory. */
  readonly start: number
  readonly end: number
}

/** How records of one direction are protected: the key, and which record is next. */
export interface RecordProtection {
  /** What stands before the plaintext, in bytes. */
  readonly header: number
  /** What stands behind it, in bytes. */
  readonly trailer: number
  /** Whether more records may be protected by this key (RFC 8446 §5.5). */
  readonly worn: boolean
  /** Protects a record in place: header and trailer are written, the data is encrypted. */
  seal(type: ContentType, header: Uint8Array, data: readonly Uint8Array[], trailer: Uint8Array): void
  /**
   * Opens a whole record in place.
   * @throws {@link SspiError} `SEC_E_MESSAGE_ALTERED` when it is not what the peer sent as its next one; `SEC_E_ILLEGAL_MESSAGE`
   *   when it is, and no record all the same.
   */
  open(record: Uint8Array): OpenedRecord
  /** Goes on with the next key (TLS 1.3 only). */
  update(): void
  /** How many records of this key have been. */
  readonly sequence: number
  /** Wipes what can be wiped. */
  dispose(): void
}

/**
 * So many records one key may protect: 2^24.5 of the longest keep the attacker's advantage with AES-GCM below 2^-57 (RFC 8446
 * §5.5); a new key is due well before. ChaCha20-Poly1305 would do for more.
 */
export const KEY_RECORDS = 2 ** 24
const SEQUENCE_BYTES = 8
const NOTHING = new Uint8Array(0)

/** Records of TLS 1.3, RFC 8446 section 5.2. */
export class RecordProtection13 implements RecordProtection {
  readonly header = RECORD_HEADER
  readonly trailer = 1 + RECORD_TAG_BYTES
  readonly #suite: CipherSuite
  readonly #limit: number
  #secret: SecretBytes
  #cipher: RecordCipher
  #iv: SecretBytes
  #sequence: number
  readonly #nonce = new Uint8Array(12)

  /** @param secret - the traffic secret; not kept. @param sequence - how many records it has protected already. */
  constructor(suite: CipherSuite, secret: Uint8Array, sequence = 0, limit = KEY_RECORDS) {
    this.#suite = suite
    this.#limit = limit
    this.#secret = secretFrom(secret)
    this.#cipher = this.#makeCipher()
    this.#iv = expandLabel(suite.hash, secret, 'iv', NOTHING, 12)
    this.#sequence = sequence
  }

  get sequence(): number {
    return this.#sequence
  }

  get worn(): boolean {
    return this.#sequence >= this.#limit
  }

  seal(type: ContentType, header: Uint8Array, data: readonly Uint8Array[], trailer: Uint8Array): void {
    let length = this.trailer
    for (const piece of data) length += piece.length
    putHeader(header, ContentType.APPLICATION_DATA, length)
    trailer[0] = type
    const parts = [...data, trailer.subarray(0, 1)]
    this.#cipher.seal(this.#nextNonce(), header.subarray(0, RECORD_HEADER), parts, trailer.subarray(1, this.trailer))
    this.#sequence++
  }

  open(record: Uint8Array): OpenedRecord {
    const tag = record.length - RECORD_TAG_BYTES
    if (record[0] !== ContentType.APPLICATION_DATA) {
      throw new SspiError('SEC_E_ILLEGAL_MESSAGE', `record: of type ${record[0] ?? 0}, which is never protected`)
    }
    if (tag <= RECORD_HEADER) throw new SspiError('SEC_E_MESSAGE_ALTERED', 'record: shorter than its tag')
    const body = record.subarray(RECORD_HEADER, tag)
    this.#cipher.open(this.#nextNonce(), record.subarray(0, RECORD_HEADER), body, record.subarray(tag))
    this.#sequence++
    // Behind the content its type, then any number of zeros.
    let end = tag - 1
    while (end >= RECORD_HEADER && record[end] === 0) end--
    const type = end < RECORD_HEADER ? 0 : record[end]! // within the record
    if (type === 0) throw new SspiError('SEC_E_ILLEGAL_MESSAGE', 'record: it holds nothing, not even its type')
    return { type, start: RECORD_HEADER, end: checkLength(RECORD_HEADER, end) }
  }

  update(): void {
    const { hash } = this.#suite
    const next = expandLabel(hash, this.#secret, 'traffic upd', NOTHING, this.#secret.length)
    wipe(this.#secret)
    wipe(this.#iv)
    this.#secret = next
    this.#cipher.dispose()
    this.#cipher = this.#makeCipher()
    this.#iv = expandLabel(hash, next, 'iv', NOTHING, 12)
    this.#sequence = 0
  }

  dispose(): void {
    this.#cipher.dispose()
    wipe(this.#secret)
    wipe(this.#iv)
    wipe(this.#nonce)
  }

  #makeCipher(): RecordCipher {
    const key = expandLabel(this.#suite.hash, this.#secret, 'key', NOTHING, this.#suite.keyLength)
    const cipher = new RecordCipher(this.#suite.cipher, key)
    wipe(key)
    return cipher
  }

  #nextNonce(): Uint8Array {
    const nonce = this.#nonce
    nonce.set(this.#iv)
    xorSequence(nonce, this.#sequence)
    return nonce
  }
}

/** The keys of TLS 1.2, RFC 5246 section 6.3: one block for both directions. */
export function keyBlock(
  suite: CipherSuite,
  masterSecret: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): { readonly client: Keys12; readonly server: Keys12; dispose(): void } {
  const { keyLength } = suite
  const ivLength = fixedIvLength(suite)
  const seed = concatBytes(serverRandom, clientRandom)
  const block = prf(suite.hash, masterSecret, 'key expansion', seed, 2 * (keyLength + ivLength))
  const ivs = 2 * keyLength
  return {
    client: { key: block.subarray(0, keyLength), iv: block.subarray(ivs, ivs + ivLength) },
    server: { key: block.subarray(keyLength, ivs), iv: block.subarray(ivs + ivLength) },
    dispose: () => {
      wipe(block)
    },
  }
}

/** The keys of one direction. */
export interface Keys12 {
  readonly key: Uint8Array
  /** The part of the nonce that stays: 4 bytes for AES-GCM, 12 for ChaCha20-Poly1305. */
  readonly iv: Uint8Array
}

/** AES-GCM sends 8 bytes of its nonce with each record (RFC 5288 §3); ChaCha20-Poly1305 none (RFC 7905 §2). */
function fixedIvLength(suite: CipherSuite): number {
  return suite.cipher === 'chacha20-poly1305' ? 12 : 4
}

/** Records of TLS 1.2: AES-GCM (RFC 5288) and ChaCha20-Poly1305 (RFC 7905). */
export class RecordProtection12 implements RecordProtection {
  readonly header: number
  readonly trailer = RECORD_TAG_BYTES
  readonly #limit: number
  readonly #cipher: RecordCipher
  readonly #iv: SecretBytes
  /** Whether 8 bytes of the nonce go with each record. */
  readonly #explicit: boolean
  readonly #nonce = new Uint8Array(12)
  readonly #associated = new Uint8Array(SEQUENCE_BYTES + RECORD_HEADER)
  #sequence: number

  /** @param keys - not kept. @param sequence - how many records they have protected already: one, the Finished. */
  constructor(suite: CipherSuite, keys: Keys12, sequence = 1, limit = KEY_RECORDS) {
    this.#cipher = new RecordCipher(suite.cipher, keys.key)
    this.#iv = secretFrom(keys.iv)
    this.#explicit = suite.cipher !== 'chacha20-poly1305'
    this.header = RECORD_HEADER + (this.#explicit ? SEQUENCE_BYTES : 0)
    this.#limit = limit
    this.#sequence = sequence
  }

  get sequence(): number {
    return this.#sequence
  }

  get worn(): boolean {
    return this.#sequence >= this.#limit
  }

  seal(type: ContentType, header: Uint8Array, data: readonly Uint8Array[], trailer: Uint8Array): void {
    let length = 0
    for (const piece of data) length += piece.length
    putHeader(header, type, this.header - RECORD_HEADER + length + this.trailer)
    // The sequence number is a nonce that comes once (RFC 5288 §3), and what most others send.
    if (this.#explicit) putSequence(header, RECORD_HEADER, this.#sequence)
    const nonce = this.#nonceOf(header.subarray(RECORD_HEADER, this.header))
    this.#cipher.seal(nonce, this.#associate(type, length), data, trailer.subarray(0, this.trailer))
    this.#sequence++
  }

  open(record: Uint8Array): OpenedRecord {
    const tag = record.length - this.trailer
    if (tag < this.header) throw new SspiError('SEC_E_MESSAGE_ALTERED', 'record: shorter than its nonce and tag')
    const type = record[0]! // a record has a header
    const body = record.subarray(this.header, tag)
    const nonce = this.#nonceOf(record.subarray(RECORD_HEADER, this.header))
    this.#cipher.open(nonce, this.#associate(type, body.length), body, record.subarray(tag))
    this.#sequence++
    return { type, start: this.header, end: checkLength(this.header, tag) }
  }

  update(): void {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'TLS 1.2 has no key updates')
  }

  dispose(): void {
    this.#cipher.dispose()
    wipe(this.#iv)
    wipe(this.#nonce)
  }

  #nonceOf(explicit: Uint8Array): Uint8Array {
    const nonce = this.#nonce
    nonce.set(this.#iv)
    if (this.#explicit) nonce.set(explicit, 4)
    else xorSequence(nonce, this.#sequence)
    return nonce
  }

  #associate(type: number, length: number): Uint8Array {
    const bytes = this.#associated
    putSequence(bytes, 0, this.#sequence)
    bytes[8] = type
    bytes[9] = TLS_1_2 >> 8
    bytes[10] = TLS_1_2 & 0xff
    bytes[11] = length >> 8
    bytes[12] = length & 0xff
    return bytes
  }
}

/** Whether a version's keys can be renewed. */
export function renewsKeys(version: number): boolean {
  return version === TLS_1_3
}

function putHeader(header: Uint8Array, type: number, length: number): void {
  header[0] = type
  header[1] = TLS_1_2 >> 8
  header[2] = TLS_1_2 & 0xff
  header[3] = length >> 8
  header[4] = length & 0xff
}

function putSequence(bytes: Uint8Array, at: number, sequence: number): void {
  let high = Math.floor(sequence / 2 ** 32)
  let low = sequence >>> 0
  for (let i = 3; i >= 0; i--) {
    bytes[at + i] = high & 0xff
    bytes[at + 4 + i] = low & 0xff
    high >>>= 8
    low >>>= 8
  }
}

/** XORs the sequence number into the last 8 bytes of a nonce. */
function xorSequence(nonce: Uint8Array, sequence: number): void {
  let high = Math.floor(sequence / 2 ** 32)
  let low = sequence >>> 0
  for (let i = 3; i >= 0; i--) {
    nonce[4 + i]! ^= high & 0xff
    nonce[8 + i]! ^= low & 0xff
    high >>>= 8
    low >>>= 8
  }
}

function checkLength(start: number, end: number): number {
  if (end - start > MAX_PLAINTEXT) {
    throw new SspiError('SEC_E_ILLEGAL_MESSAGE', `record: ${end - start} bytes of plaintext, ${MAX_PLAINTEXT} allowed`)
  }
  return end
}
