import { concatBytes, encodeUtf8 } from '../../bytes/index.js'
import { Cbc, constantTimeEqual, Hmac, nFold, secretBytes, wipe, type SecretBytes } from '../../crypto/index.js'
import { ChecksumType, Enctype } from './constants.js'
import { deriveRandom, KERBEROS, KeyPurpose, usageConstant } from './derivation.js'
import { MacAndEncrypt } from './mac-and-encrypt.js'
import { type EncryptionProfile } from './profile.js'
import { prfByEncryption } from './prf-by-encryption.js'

const SEED_BYTES = 21
const shape = { confounderBytes: 8, paddingBytes: 8, macBytes: 20 }
const deriveBytes = deriveRandom('des3')

/**
 * des3-cbc-sha1-kd, RFC 3961 section 6.3. Deprecated by RFC 8429. A decrypted message may end in up to seven zeros of
 * padding: its end is known from inside.
 */
export const des3Sha1: EncryptionProfile = {
  ...shape,
  enctype: Enctype.DES3_CBC_SHA1_KD,
  names: ['des3-cbc-sha1-kd', 'des3-cbc-sha1', 'des3-hmac-sha1'],
  checksumType: ChecksumType.HMAC_SHA1_DES3_KD,
  weak: true,
  keyBytes: 24,
  seedBytes: SEED_BYTES,
  defaultIterations: undefined,
  randomToKey,
  stringToKey(password, salt) {
    const encoded = encodeUtf8(password)
    const text = concatBytes(encoded, salt)
    // Nothing folds to nothing: RFC 3961 leaves an empty password with an empty salt open.
    const seed = text.length === 0 ? new Uint8Array(SEED_BYTES) : nFold(text, SEED_BYTES)
    const intermediate = randomToKey(seed)
    const key = derive(intermediate, KERBEROS)
    for (const secret of [encoded, text, seed, intermediate]) wipe(secret)
    return { kind: 'key', key }
  },
  openCipher(key, usage) {
    const encryptionKey = derive(key, usageConstant(usage, KeyPurpose.ENCRYPTION))
    const mode = new Cbc('des3', encryptionKey)
    wipe(encryptionKey)
    return new MacAndEncrypt(shape, mode, openKeyedMac(key, usage, KeyPurpose.INTEGRITY))
  },
  openMac: (key, usage) => openKeyedMac(key, usage, KeyPurpose.CHECKSUM),
  prf: (key, input) => prfByEncryption('des3', (constant) => derive(key, constant), input),
}

/** DK of RFC 3961 section 5.1. */
function derive(key: Uint8Array, constant: Uint8Array): SecretBytes {
  const seed = deriveBytes(key, constant, SEED_BYTES)
  const derived = randomToKey(seed)
  wipe(seed)
  return derived
}

function openKeyedMac(key: Uint8Array, usage: number, purpose: KeyPurpose): Hmac {
  const usageKey = derive(key, usageConstant(usage, purpose))
  const mac = new Hmac('sha1', usageKey)
  wipe(usageKey)
  return mac
}

/** RFC 3961 section 6.3.1: seven bytes become eight, the last one made of the lowest bits; weak keys are corrected. */
function randomToKey(seed: Uint8Array): SecretBytes {
  const key = secretBytes(24)
  for (let part = 0; part < 3; part++) {
    const des = key.subarray(8 * part, 8 * part + 8)
    des.set(seed.subarray(7 * part, 7 * part + 7))
    let lowest = 0
    for (let i = 0; i < 7; i++) lowest |= (des[i]! & 1) << (i + 1)
    des[7] = lowest
    for (let i = 0; i < 8; i++) des[i] = withOddParity(des[i]!)
    if (isWeak(des)) des[7] ^= 0xf0
  }
  return key
}

function withOddParity(byte: number): number {
  let folded = byte ^ (byte >>> 4)
  folded ^= folded >>> 2
  folded ^= folded >>> 1
  // The lowest bit is the parity of the others, whatever it was.
  return (byte & 0xfe) | ((folded ^ byte ^ 1) & 1)
}

/**
 * The weak and semi-weak keys of DES, FIPS 74 section 3.6: one byte for the even places of a half and one for the odd,
 * the second half of the key like the first (but with the bytes that parity makes of it).
 */
const weakKeys: readonly Uint8Array[] = [0x01, 0x1f, 0xe0, 0xfe].flatMap((even) =>
  [0x01, 0x1f, 0xe0, 0xfe].map((odd) => {
    const second = (byte: number): number => (byte === 0x1f ? 0x0e : byte === 0xe0 ? 0xf1 : byte)
    return Uint8Array.of(even, odd, even, odd, second(even), second(odd), second(even), second(odd))
  }),
)

function isWeak(des: Uint8Array): boolean {
  return weakKeys.some((weak) => constantTimeEqual(weak, des))
}
