import { SspiError } from '../status/index.js'
import { KernelLimit } from './kernel/limits.js'
import { kernelRc4 } from './kernel/operations.js'
import { secretBytes, secretFrom, wipe, type SecretBytes } from './secret-bytes.js'

/** The permutation, then the two indices. */
const STATE_BYTES = 258
const I = 256
const J = 257

/**
 * RC4, one key stream in one direction. Its owner calls `dispose`; every other method throws `TypeError` after that.
 *
 * The stream runs backwards too (`rewind`), so that a message that turned out to be forged leaves no trace without a
 * copy of the state having been made for every good one. RC4 is broken and table look-ups are not constant time: it is
 * here because NTLM and old Kerberos are.
 */
export class Rc4 {
  /** `undefined` once disposed of. */
  #state: SecretBytes | undefined

  /** @param key - 1 to 256 bytes; not kept. @throws `TypeError` for other lengths. */
  constructor(key: Uint8Array) {
    if (key.length < 1 || key.length > 256) throw new TypeError(`Rc4: a key of ${key.length} bytes, 1 to 256 allowed`)
    const state = secretBytes(STATE_BYTES)
    for (let i = 0; i < 256; i++) state[i] = i
    for (let i = 0, j = 0; i < 256; i++) {
      const a = state[i]!
      j = (j + a + key[i % key.length]!) & 255
      state[i] = state[j]!
      state[j] = a
    }
    this.#state = state
  }

  /**
   * Makes a generator that goes on where `exportState` was called.
   *
   * @param bytes - The 258 bytes of a state; copied.
   * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when they are not the state of an RC4 generator.
   */
  static fromState(bytes: Uint8Array): Rc4 {
    const seen = new Set(bytes.subarray(0, 256))
    if (bytes.length !== STATE_BYTES || seen.size !== 256) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'RC4 state: not a permutation of 256 bytes and two indices')
    }
    return Rc4.#over(secretFrom(bytes))
  }

  static #over(state: SecretBytes): Rc4 {
    const copy = new Rc4(ANY_KEY)
    wipe(copy.#state)
    copy.#state = state
    return copy
  }

  /**
   * XORs data with the key stream, which moves on by its length: encrypts and decrypts.
   *
   * @param out - Where the result goes, `data` itself by default. At least as long as `data`; the same memory or memory
   *   apart from it, not shifted against it.
   * @returns `out`.
   * @throws `TypeError` when `out` is too short; the stream has not moved then.
   */
  apply(data: Uint8Array, out: Uint8Array = data): Uint8Array {
    const S = this.#live()
    const length = data.length
    if (out.length < length) throw new TypeError(`Rc4.apply: ${length} bytes do not fit into ${out.length}`)
    if (length >= KernelLimit.rc4 && kernelRc4(S, data, out)) return out
    let i = S[I]!
    let j = S[J]!
    for (let n = 0; n < length; n++) {
      i = (i + 1) & 255
      const a = S[i]!
      j = (j + a) & 255
      const b = S[j]!
      S[i] = b
      S[j] = a
      out[n] = data[n]! ^ S[(a + b) & 255]!
    }
    S[I] = i
    S[J] = j
    return out
  }

  /** Moves the key stream on by `count` bytes. */
  skip(count: number): void {
    const S = this.#live()
    checkCount(count)
    let i = S[I]!
    let j = S[J]!
    for (let n = 0; n < count; n++) {
      i = (i + 1) & 255
      const a = S[i]!
      j = (j + a) & 255
      S[i] = S[j]!
      S[j] = a
    }
    S[I] = i
    S[J] = j
  }

  /**
   * Moves the key stream back by `count` bytes, to just where it was before them: each step of the generator is a swap
   * and two additions, and both can be undone. Going back further than to the start is the caller's mistake, and is
   * not noticed.
   */
  rewind(count: number): void {
    const S = this.#live()
    checkCount(count)
    let i = S[I]!
    let j = S[J]!
    for (let n = 0; n < count; n++) {
      const a = S[j]!
      S[j] = S[i]!
      S[i] = a
      j = (j - a) & 255
      i = (i - 1) & 255
    }
    S[I] = i
    S[J] = j
  }

  /** Makes an independent generator at the same place of the stream. */
  clone(): Rc4 {
    return Rc4.#over(secretFrom(this.#live()))
  }

  /** Copies the state out: 258 bytes that are as secret as the key, for {@link Rc4.fromState}. */
  exportState(): SecretBytes {
    return secretFrom(this.#live())
  }

  /** Overwrites the state. Calling it again is harmless. */
  dispose(): void {
    wipe(this.#state)
    this.#state = undefined
  }

  #live(): SecretBytes {
    if (this.#state === undefined) throw new TypeError('Rc4: used after dispose')
    return this.#state
  }
}

/** For the constructor, where the state is replaced right after. */
const ANY_KEY = new Uint8Array(1)

function checkCount(count: number): void {
  if (!Number.isSafeInteger(count) || count < 0) throw new TypeError(`Rc4: ${count} is not a number of bytes`)
}
