import { Cbc, hmacMd5, Rc4, secretFrom, wipe, type SecretBytes } from '../../crypto/index.js'
import { Enctype, KeyUsage, type KerberosKey } from '../enctypes/index.js'

/** What the old tokens need of an encryption type: RFC 1964 section 1.2 and RFC 4757 section 7. */
export interface OldAlgorithm {
  /** SGN_ALG as the token has it, its first byte on top. */
  readonly signAlgorithm: number
  /** SEAL_ALG likewise. */
  readonly sealAlgorithm: number
  readonly checksumBytes: number
  /** What padding fills up to; there is always at least a byte of it. */
  readonly blockBytes: number
  /** What the cipher itself works in. */
  readonly cipherBlockBytes: number
  checksum(kind: 'mic' | 'wrap', parts: readonly Uint8Array[]): Uint8Array
  /** In place. */
  encrypt(body: Uint8Array, sequence: number): void
  decrypt(body: Uint8Array, sequence: number): void
  /** Puts the number into the first four bytes of the field. */
  writeSequence(field: Uint8Array, sequence: number): void
  readSequence(field: Uint8Array): number
  encryptSequence(field: Uint8Array, checksum: Uint8Array): void
  decryptSequence(field: Uint8Array, checksum: Uint8Array): void
  dispose(): void
}

/** The algorithms of an encryption type whose tokens are the old ones; `undefined` for every other type. */
export function openOldAlgorithm(key: KerberosKey): OldAlgorithm | undefined {
  return openers.get(key.enctype)?.(key)
}

/** Whether an encryption type has the old tokens. */
export function hasOldTokens(enctype: number): boolean {
  return openers.has(enctype)
}

const openers: ReadonlyMap<number, (key: KerberosKey) => OldAlgorithm> = new Map<
  number,
  (key: KerberosKey) => OldAlgorithm
>([
  [Enctype.DES3_CBC_SHA1_KD, (key) => new TripleDes(key)],
  [Enctype.RC4_HMAC, (key) => new ArcFour(key)],
])

/** Triple DES as MIT defined it: HMAC-SHA1 under a derived key, the cipher under the key itself. */
class TripleDes implements OldAlgorithm {
  readonly signAlgorithm = 0x0400
  readonly sealAlgorithm = 0x0200
  readonly checksumBytes = 20
  readonly blockBytes = 8
  readonly cipherBlockBytes = 8
  readonly #key: KerberosKey
  readonly #cipher: Cbc

  constructor(key: KerberosKey) {
    this.#key = key
    const bytes = key.reveal()
    this.#cipher = new Cbc('des3', bytes)
    wipe(bytes)
  }

  checksum(_kind: 'mic' | 'wrap', parts: readonly Uint8Array[]): Uint8Array {
    return this.#key.checksum(KeyUsage.GSS_ACCEPTOR_SIGN, parts) // 23 for either side: KG_USAGE_SIGN of MIT
  }

  encrypt(body: Uint8Array): void {
    this.#cipher.encrypt(body)
  }

  decrypt(body: Uint8Array): void {
    this.#cipher.decrypt(body)
  }

  writeSequence(field: Uint8Array, sequence: number): void {
    new DataView(field.buffer, field.byteOffset).setUint32(0, sequence, true)
  }

  readSequence(field: Uint8Array): number {
    return new DataView(field.buffer, field.byteOffset).getUint32(0, true)
  }

  encryptSequence(field: Uint8Array, checksum: Uint8Array): void {
    this.#cipher.encrypt(field, field, checksum.subarray(0, 8))
  }

  decryptSequence(field: Uint8Array, checksum: Uint8Array): void {
    this.#cipher.decrypt(field, field, checksum.subarray(0, 8))
  }

  dispose(): void {
    this.#cipher.dispose()
  }
}

const ZERO = new Uint8Array(4)
/** The message type of a MIC, RFC 4757 section 7.2; Wrap tokens take the one of key usage 23. */
const RC4_MIC_USAGE = 15

/** RC4 of RFC 4757 section 7. */
class ArcFour implements OldAlgorithm {
  readonly signAlgorithm = 0x1100
  readonly sealAlgorithm = 0x1000
  readonly checksumBytes = 8
  /** One byte of padding always: RFC 4757 section 7.3. */
  readonly blockBytes = 1
  readonly cipherBlockBytes = 1
  readonly #key: KerberosKey
  /** HMAC(Kss, 0). */
  readonly #sequenceKey: SecretBytes
  /** HMAC(Klocal, 0). */
  readonly #sealKey: SecretBytes

  constructor(key: KerberosKey) {
    this.#key = key
    const bytes = key.reveal()
    this.#sequenceKey = derived(bytes, ZERO)
    for (let i = 0; i < bytes.length; i++) bytes[i]! ^= 0xf0 // Klocal, RFC 4757 section 7.3
    this.#sealKey = derived(bytes, ZERO)
    wipe(bytes)
  }

  checksum(kind: 'mic' | 'wrap', parts: readonly Uint8Array[]): Uint8Array {
    const usage = kind === 'mic' ? RC4_MIC_USAGE : KeyUsage.GSS_ACCEPTOR_SIGN
    return this.#key.checksum(usage, parts).subarray(0, this.checksumBytes)
  }

  encrypt(body: Uint8Array, sequence: number): void {
    const number = new Uint8Array(4)
    this.writeSequence(number, sequence)
    this.#apply(this.#sealKey, number, body)
  }

  decrypt(body: Uint8Array, sequence: number): void {
    this.encrypt(body, sequence)
  }

  writeSequence(field: Uint8Array, sequence: number): void {
    new DataView(field.buffer, field.byteOffset).setUint32(0, sequence)
  }

  readSequence(field: Uint8Array): number {
    return new DataView(field.buffer, field.byteOffset).getUint32(0)
  }

  encryptSequence(field: Uint8Array, checksum: Uint8Array): void {
    this.#apply(this.#sequenceKey, checksum, field)
  }

  decryptSequence(field: Uint8Array, checksum: Uint8Array): void {
    this.#apply(this.#sequenceKey, checksum, field)
  }

  dispose(): void {
    wipe(this.#sequenceKey)
    wipe(this.#sealKey)
  }

  #apply(base: SecretBytes, input: Uint8Array, data: Uint8Array): void {
    const key = derived(base, input)
    const stream = new Rc4(key)
    wipe(key)
    stream.apply(data)
    stream.dispose()
  }
}

function derived(key: Uint8Array, input: Uint8Array): SecretBytes {
  const mac = hmacMd5(key, input)
  const secret = secretFrom(mac)
  wipe(mac)
  return secret
}
