// What the module exports. JavaScript writes keys to KEYS or INPUT and data to MESSAGE, makes one call, reads the result where the call
// says it is, and overwrites everything from SECRETS to behind the message. It has checked the lengths: nothing is checked here.
import { ctsDecrypt, ctsEncrypt, encrypted, expandKey, roundsOf } from './aes'
import { digestOf, macOf, outerMacOf, prepareMac } from './hash'
import { INPUT, MESSAGE, OUTPUT, SENT_MAC, VECTOR } from './memory'

export {
  BEHIND_BYTES,
  INNER_STATE,
  INPUT,
  INPUT_BYTES,
  KEYS,
  KEYS_BYTES,
  MESSAGE,
  MESSAGE_BYTES,
  OUTPUT,
  SECRETS,
  SENT_MAC,
} from './memory'
export { openGcm, prepareGcm, sealGcm } from './gcm'
export { rc4 } from './rc4'

/** Expands the keys at INPUT to KEYS: one of AES, of 16 or 32 bytes, or none; behind it one of HMAC, of a block at most. */
export function prepareKeys(hash: u32, cipherKeyBytes: u32, macKeyBytes: u32): void {
  if (cipherKeyBytes != 0) expandKey(cipherKeyBytes, true)
  memory.copy(INPUT, INPUT + cipherKeyBytes, macKeyBytes)
  prepareMac(hash, macKeyBytes)
}

/** The digest of the message, to OUTPUT. */
export function digest(hash: u32, length: u32): void {
  digestOf(hash, MESSAGE, length)
}

/** HMAC of the message under the states at KEYS, to OUTPUT. */
export function mac(hash: u32, length: u32): void {
  macOf(hash, MESSAGE, length)
}

/** Makes a MAC of the inner digest at INPUT, which was calculated elsewhere, to OUTPUT. */
export function outerMac(hash: u32): void {
  outerMacOf(hash)
}

/** Compares the first bytes of the MAC of the message with those at SENT_MAC. @returns zero if they are the same. */
export function checkMac(hash: u32, length: u32, macBytes: u32): u32 {
  macOf(hash, MESSAGE, length)
  return difference(macBytes)
}

/**
 * DR of RFC 3961 section 5.1: the block behind the AES key at INPUT, encrypted over and over, to OUTPUT; as many bytes as the
 * key has.
 */
export function deriveKey(keyBytes: u32): void {
  expandKey(keyBytes, false)
  let block = v128.load(INPUT + keyBytes)
  for (let at: usize = 0; at < keyBytes; at += 16) {
    block = encrypted(block, roundsOf(keyBytes))
    v128.store(OUTPUT + at, block)
  }
}

/** RFC 3961 section 5.3: encrypts the message and puts behind it the first bytes of the MAC of what it was. */
export function macAndEncrypt(hash: u32, rounds: u32, length: u32, macBytes: u32): void {
  macOf(hash, MESSAGE, length)
  ctsEncrypt(MESSAGE, length, rounds)
  memory.copy(MESSAGE + length, OUTPUT, macBytes)
}

/** The inverse of `macAndEncrypt`. @returns zero if the MAC behind the message is right. */
export function decryptAndCheck(hash: u32, rounds: u32, length: u32, macBytes: u32): u32 {
  memory.copy(SENT_MAC, MESSAGE + length, macBytes)
  ctsDecrypt(MESSAGE, length, rounds)
  macOf(hash, MESSAGE, length)
  return difference(macBytes)
}

/** RFC 8009 section 5: encrypts the message and puts behind it the first bytes of the MAC of vector and ciphertext. */
export function encryptThenMac(hash: u32, rounds: u32, length: u32, macBytes: u32): void {
  ctsEncrypt(MESSAGE, length, rounds)
  macOf(hash, VECTOR, 16 + length)
  memory.copy(MESSAGE + length, OUTPUT, macBytes)
}

/** The inverse of `encryptThenMac`. @returns zero if the MAC behind the message is right; otherwise nothing is decrypted. */
export function checkThenDecrypt(hash: u32, rounds: u32, length: u32, macBytes: u32): u32 {
  memory.copy(SENT_MAC, MESSAGE + length, macBytes)
  macOf(hash, VECTOR, 16 + length)
  const different = difference(macBytes)
  if (different == 0) ctsDecrypt(MESSAGE, length, rounds)
  return different
}

/** Compares the MAC at OUTPUT with the one that came, all of it whatever it finds. */
function difference(macBytes: u32): u32 {
  let found: u32 = 0
  for (let i: usize = 0; i < macBytes; i++) found |= load<u8>(OUTPUT + i) ^ load<u8>(SENT_MAC + i)
  return found
}
