import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { SspiError } from '../status/index.js'

/** The block ciphers that are taken from Node, all of them in CBC mode. */
export type BlockCipherName = 'aes128' | 'aes256' | 'camellia128' | 'camellia192' | 'camellia256' | 'des3'

interface BlockCipherFacts {
  /** OpenSSL's name of its CBC mode. */
  readonly cipher: string
  readonly keyBytes: number
  readonly blockBytes: number
}

const blockCiphers: ReadonlyMap<BlockCipherName, BlockCipherFacts> = new Map([
  ['aes128', { cipher: 'aes-128-cbc', keyBytes: 16, blockBytes: 16 }],
  ['aes256', { cipher: 'aes-256-cbc', keyBytes: 32, blockBytes: 16 }],
  ['camellia128', { cipher: 'camellia-128-cbc', keyBytes: 16, blockBytes: 16 }],
  ['camellia192', { cipher: 'camellia-192-cbc', keyBytes: 24, blockBytes: 16 }],
  ['camellia256', { cipher: 'camellia-256-cbc', keyBytes: 32, blockBytes: 16 }],
  ['des3', { cipher: 'des-ede3-cbc', keyBytes: 24, blockBytes: 8 }],
])

/** The part of Node's cipher and decipher objects that is used here. */
interface NativeCipher {
  setAutoPadding(autoPadding: boolean): unknown
  update(data: Uint8Array): Buffer
}

/**
 * How many native objects may be alive. Each takes 2.5 to 2.8 KB, and losing one costs no more than making it again, so
 * the oldest goes first.
 */
const LIVE_LIMIT = 2048

/** The directions that hold a native object, oldest first. */
const live = new Set<Direction>()

/**
 * A block cipher in CBC mode under one key, every message with an initial vector of its own (zero unless given). No
 * padding: the data are whole blocks. Its owner calls `dispose`.
 *
 * Making a native object costs more than encrypting a short message, so one is kept for each direction. It carries its
 * chain on from message to message, which the XOR of the first block takes back.
 */
export class Cbc {
  /** Bytes in a block: 16, or 8 for triple DES. */
  readonly blockBytes: number
  readonly #encryptor: Direction
  readonly #decryptor: Direction

  /**
   * @param key - Of just the cipher's length; not kept, but copied into a KeyObject, which cannot be wiped and is let go
   *   of by `dispose`.
   * @throws `TypeError` for other lengths.
   */
  constructor(name: BlockCipherName, key: Uint8Array) {
    const facts = blockCiphers.get(name)
    if (facts?.keyBytes !== key.length) throw new TypeError(`${name}: a key of ${key.length} bytes`)
    const secret = createSecretKey(key)
    this.blockBytes = facts.blockBytes
    this.#encryptor = new Direction(name, facts, secret, createCipheriv)
    this.#decryptor = new Direction(name, facts, secret, createDecipheriv)
  }

  /**
   * Encrypts whole blocks.
   *
   * @param out - Where the result goes, `data` itself by default; as long as `data`, the same memory or apart from it.
   * @param iv - One block; zeros by default.
   * @returns `out`.
   * @throws `TypeError` for other lengths and after `dispose`; {@link SspiError} `SEC_E_UNSUPPORTED_FUNCTION` where Node
   *   has no such cipher (FIPS). What `out` holds is undefined then.
   */
  encrypt(data: Uint8Array, out: Uint8Array = data, iv?: Uint8Array): Uint8Array {
    const size = this.blockBytes
    if (!this.#prepare(data, out, iv)) return out
    // The object XORs what it emitted last into the block that it is given.
    xorBlock(out, this.#encryptor.chain, size)
    if (iv !== undefined) xorBlock(out, iv, size)
    this.#encryptor.update(out)
    this.#encryptor.chain.set(out.subarray(-size))
    return out
  }

  /** Decrypts whole blocks; the inverse of `encrypt`, with the same parameters and errors. */
  decrypt(data: Uint8Array, out: Uint8Array = data, iv?: Uint8Array): Uint8Array {
    const size = this.blockBytes
    if (!this.#prepare(data, out, iv)) return out
    const chain = this.#decryptor.chain
    // Not slice(): of a Buffer that is a view, which would be plaintext after the next line.
    const next = new Uint8Array(out.subarray(-size))
    this.#decryptor.update(out)
    // The object has XORed the block that it was fed before into the first one.
    xorBlock(out, chain, size)
    if (iv !== undefined) xorBlock(out, iv, size)
    chain.set(next)
    return out
  }

  /** Lets go of the key and of what was made of it. Calling it again is harmless. */
  dispose(): void {
    this.#encryptor.dispose()
    this.#decryptor.dispose()
  }

  /** Checks the arguments and brings the data into `out`; says whether there is anything to do. */
  #prepare(data: Uint8Array, out: Uint8Array, iv: Uint8Array | undefined): boolean {
    const size = this.blockBytes
    if (data.length % size !== 0) throw new TypeError(`Cbc: ${data.length} bytes are no whole blocks of ${size}`)
    if (out.length !== data.length) throw new TypeError(`Cbc: ${data.length} bytes for an output of ${out.length}`)
    if (iv !== undefined && iv.length !== size) throw new TypeError(`Cbc: an initial vector of ${iv.length} bytes`)
    if (out !== data) out.set(data)
    return data.length > 0
  }
}

/** One direction of a cipher: the native object, and the block that it will XOR into what comes next. */
class Direction {
  /** The last block of ciphertext that went through the object; zero at its start. */
  readonly chain: Uint8Array
  readonly #name: BlockCipherName
  readonly #facts: BlockCipherFacts
  readonly #create: (cipher: string, key: KeyObject, iv: Uint8Array) => NativeCipher
  #key: KeyObject | undefined
  #native: NativeCipher | undefined

  constructor(
    name: BlockCipherName,
    facts: BlockCipherFacts,
    key: KeyObject,
    create: (cipher: string, key: KeyObject, iv: Uint8Array) => NativeCipher,
  ) {
    this.chain = new Uint8Array(facts.blockBytes)
    this.#name = name
    this.#facts = facts
    this.#key = key
    this.#create = create
  }

  /** Sends blocks through the object, in place. An object that failed is not used again. */
  update(blocks: Uint8Array): void {
    const native = (this.#native ??= this.#open())
    let done = false
    try {
      const given = native.update(blocks)
      blocks.set(given)
      given.fill(0) // either opened plaintext, or, when keys are derived, a key
      done = true
    } finally {
      if (!done) this.release()
    }
  }

  /** Drops the object; the next use makes another. */
  release(): void {
    this.#native = undefined
    this.chain.fill(0)
    live.delete(this)
  }

  dispose(): void {
    this.release()
    this.#key = undefined
  }

  #open(): NativeCipher {
    if (this.#key === undefined) throw new TypeError('Cbc: used after dispose')
    let native: NativeCipher
    try {
      native = this.#create(this.#facts.cipher, this.#key, new Uint8Array(this.#facts.blockBytes))
    } catch (cause) {
      throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${this.#name}: not available in this build of Node`, { cause })
    }
    native.setAutoPadding(false)
    // The chain is zero here: an object starts with it, and the one before was released.
    for (const oldest of live) {
      if (live.size < LIVE_LIMIT) break
      oldest.release()
    }
    live.add(this)
    return native
  }
}

function xorBlock(target: Uint8Array, block: Uint8Array, size: number): void {
  for (let i = 0; i < size; i++) target[i]! ^= block[i]!
}
