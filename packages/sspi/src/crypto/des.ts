import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { SspiError } from '../status/index.js'
import { secretBytes, wipe, type SecretBytes } from './secret-bytes.js'

/** Single DES left Node with OpenSSL 3; Triple-DES under one key three times over is the same function. */
const CIPHER = 'des-ede3-ecb'

/**
 * Encrypts one block by DES (FIPS 46-3). Far too weak for anything but what old protocols ask for.
 *
 * @param key - 8 bytes; the lowest bit of each (parity) has no effect.
 * @param block - 8 bytes.
 * @returns 8 bytes in a new array.
 * @throws `TypeError` for other lengths; {@link SspiError} `SEC_E_UNSUPPORTED_FUNCTION` where Node refuses (FIPS).
 */
export function desEncryptBlock(key: Uint8Array, block: Uint8Array): Uint8Array {
  return crypt(key, block, (secret) => createCipheriv(CIPHER, secret, null))
}

/** Decrypts one block by DES; the inverse of {@link desEncryptBlock}, with the same lengths and errors. */
export function desDecryptBlock(key: Uint8Array, block: Uint8Array): Uint8Array {
  return crypt(key, block, (secret) => createDecipheriv(CIPHER, secret, null))
}

/**
 * Spreads 7 bytes over the 8 of a DES key: seven bits to a byte from the top, the lowest bit making odd parity.
 *
 * @returns A new array, which the caller wipes.
 * @throws `TypeError` for other lengths.
 */
export function expandDesKey(key7: Uint8Array): SecretBytes {
  checkLength('a DES key without parity', key7, 7)
  const key = secretBytes(8)
  for (let i = 0; i < 8; i++) {
    // Bits 7i to 7i+6 of the input straddle the bytes i-1 and i.
    const straddled = ((key7[i - 1] ?? 0) << 8) | (key7[i] ?? 0)
    key[i] = withOddParity(((straddled >>> (i + 1)) & 0x7f) << 1)
  }
  return key
}

/**
 * DESL of MS-NLMP section 6: the data under three DES keys, cut from the key padded with five zeros to 21 bytes.
 *
 * @param key16 - 16 bytes, such as a password's hash; not kept.
 * @param data8 - 8 bytes, the challenge.
 * @returns 24 bytes in a new array: the LM or NT response.
 * @throws As {@link desEncryptBlock}.
 */
export function desl(key16: Uint8Array, data8: Uint8Array): Uint8Array {
  checkLength('the key of DESL', key16, 16)
  const padded = secretBytes(21)
  padded.set(key16)
  const response = new Uint8Array(24)
  for (let i = 0; i < 3; i++) {
    const key = expandDesKey(padded.subarray(7 * i, 7 * i + 7))
    response.set(desEncryptBlock(key, data8), 8 * i)
    wipe(key)
  }
  wipe(padded)
  return response
}

/** The part of Node's cipher and decipher objects that is used here. */
interface BlockCipher {
  setAutoPadding(autoPadding: boolean): unknown
  update(data: Uint8Array): Buffer
}

function crypt(key: Uint8Array, block: Uint8Array, create: (secret: KeyObject) => BlockCipher): Uint8Array {
  checkLength('a DES key', key, 8)
  checkLength('a DES block', block, 8)
  const tripled = secretBytes(24)
  for (let i = 0; i < 3; i++) tripled.set(key, 8 * i)
  try {
    // A KeyObject is cheaper than raw bytes; the one copy of the key that cannot be wiped goes with it.
    const cipher = create(createSecretKey(tripled))
    cipher.setAutoPadding(false)
    return new Uint8Array(cipher.update(block))
  } catch (cause) {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'DES: not available in this build of Node (FIPS mode?)', {
      cause,
    })
  } finally {
    wipe(tripled)
  }
}

function withOddParity(byte: number): number {
  let folded = byte ^ (byte >>> 4)
  folded ^= folded >>> 2
  folded ^= folded >>> 1
  return byte | (~folded & 1)
}

function checkLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new TypeError(`${what} has ${length} bytes, not ${bytes.length}`)
}
