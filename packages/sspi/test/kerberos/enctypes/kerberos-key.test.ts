import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { fc } from '../../property.js'
import { fromHex, toHex } from '../../../src/bytes/index.js'
import { observeSecrets } from '../../../src/crypto/secret-bytes.js'
import {
  ChecksumType,
  ciphertextBytes,
  Enctype,
  encryptionProfile,
  encryptionProfileByName,
  encryptionProfiles,
  KerberosKey,
  KeyUsage,
  krbFxCf2,
} from '../../../src/kerberos/enctypes/index.js'

const ALTERED = {
  name: 'SspiError',
  code: 'SEC_E_MESSAGE_ALTERED',
  message: 'Kerberos: a checksum is wrong (it was altered, or the key is another)',
}
const USAGE = KeyUsage.AP_REQ_AUTHENTICATOR
const bytes = (length: number, seed = 0): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 5 + seed)

function keyOf(enctype: number, seed = 1): KerberosKey {
  return KerberosKey.fromSeed(enctype, bytes(encryptionProfile(enctype).seedBytes, seed))
}

/** What comes back: the plaintext with the padding of the profile. */
function padded(key: KerberosKey, plaintext: Uint8Array): Uint8Array {
  const { confounderBytes, macBytes } = key.profile
  const out = new Uint8Array(ciphertextBytes(key.profile, plaintext.length) - confounderBytes - macBytes)
  out.set(plaintext)
  return out
}

for (const profile of encryptionProfiles.values()) {
  const name = profile.names[0]

  test(`${name}: what was encrypted decrypts, at every length`, () => {
    const key = keyOf(profile.enctype)
    for (let length = 0; length < 300; length++) {
      const plaintext = bytes(length, length)
      const ciphertext = key.encrypt(USAGE, plaintext)
      assert.equal(ciphertext.length, ciphertextBytes(profile, length))
      assert.deepEqual(new Uint8Array(key.decrypt(USAGE, ciphertext)), padded(key, plaintext))
    }
  })

  test(`${name}: any data, in any parts, under any usage`, () => {
    const usage = fc.integer({ min: 0, max: 0xffff_ffff })
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3000 })), usage, (parts, usage) => {
        const key = keyOf(profile.enctype)
        const plaintext = Uint8Array.from(parts.flatMap((part) => [...part]))
        assert.deepEqual(new Uint8Array(key.decrypt(usage, key.encrypt(usage, parts))), padded(key, plaintext))
        key.verifyChecksum(usage, plaintext, key.checksum(usage, parts))
        key.dispose()
      }),
      { numRuns: 30 },
    )
  })

  test(`${name}: a large message comes back`, () => {
    const key = keyOf(profile.enctype)
    for (const length of [16_384, 65_535, 65_536, 300_001]) {
      const plaintext = bytes(length)
      assert.deepEqual(new Uint8Array(key.decrypt(USAGE, key.encrypt(USAGE, plaintext))), padded(key, plaintext))
    }
  })

  test(`${name}: each byte of a ciphertext counts`, () => {
    const key = keyOf(profile.enctype)
    for (const length of [0, 1, 16, 37]) {
      const ciphertext = key.encrypt(USAGE, bytes(length))
      for (let at = 0; at < ciphertext.length; at++) {
        for (const flip of [1, 0x80, 0xff]) {
          const altered = ciphertext.slice()
          altered[at]! ^= flip
          assert.throws(() => key.decrypt(USAGE, altered), ALTERED)
        }
      }
      assert.deepEqual(new Uint8Array(key.decrypt(USAGE, ciphertext)), padded(key, bytes(length)))
    }
  })

  test(`${name}: a ciphertext cut short or made longer is refused, with the same words`, () => {
    const key = keyOf(profile.enctype)
    const ciphertext = key.encrypt(USAGE, bytes(37))
    for (let length = 0; length < ciphertext.length; length++) {
      assert.throws(() => key.decrypt(USAGE, ciphertext.subarray(0, length)), ALTERED)
    }
    assert.throws(() => key.decrypt(USAGE, Uint8Array.of(...ciphertext, 0)), ALTERED)
  })

  test(`${name}: another usage and another key are refused, with the same words`, () => {
    const key = keyOf(profile.enctype)
    const ciphertext = key.encrypt(USAGE, bytes(20))
    const checksum = key.checksum(USAGE, bytes(20))
    assert.throws(() => key.decrypt(USAGE + 1, ciphertext), ALTERED)
    assert.throws(() => key.verifyChecksum(USAGE + 1, bytes(20), checksum), ALTERED)
    const other = keyOf(profile.enctype, 2)
    assert.throws(() => other.decrypt(USAGE, ciphertext), ALTERED)
    assert.throws(() => other.verifyChecksum(USAGE, bytes(20), checksum), ALTERED)
  })

  test(`${name}: each byte of a checksum counts, and its length`, () => {
    const key = keyOf(profile.enctype)
    const checksum = key.checksum(USAGE, bytes(20))
    key.verifyChecksum(USAGE, bytes(20), checksum)
    for (let at = 0; at < checksum.length; at++) {
      const altered = checksum.slice()
      altered[at]! ^= 1
      assert.throws(() => key.verifyChecksum(USAGE, bytes(20), altered), ALTERED)
      assert.throws(() => key.verifyChecksum(USAGE, bytes(20), checksum.subarray(0, at)), ALTERED)
    }
    assert.throws(() => key.verifyChecksum(USAGE, bytes(21), checksum), ALTERED)
  })

  test(`${name}: the same plaintext is encrypted differently each time, unless the confounder is given`, () => {
    const key = keyOf(profile.enctype)
    assert.notDeepEqual(key.encrypt(USAGE, bytes(8)), key.encrypt(USAGE, bytes(8)))
    const confounder = bytes(profile.confounderBytes)
    assert.deepEqual(key.encrypt(USAGE, bytes(8), confounder), key.encrypt(USAGE, bytes(8), confounder))
    assert.throws(() => key.encrypt(USAGE, bytes(8), bytes(profile.confounderBytes + 1)), TypeError)
  })

  test(`${name}: after disposal nothing secret is left, and nothing works`, () => {
    const made: Uint8Array[] = []
    const stop = observeSecrets((secret) => made.push(secret))
    try {
      const key = keyOf(profile.enctype)
      const ciphertext = key.encrypt(USAGE, bytes(40))
      key.decrypt(USAGE, ciphertext).fill(0)
      assert.throws(() => key.decrypt(USAGE + 1, ciphertext), ALTERED)
      key.checksum(USAGE, bytes(40))
      key.checksum(USAGE, bytes(40), ChecksumType.HMAC_MD5)
      key.prf(bytes(4)).fill(0)
      key.prfPlus(bytes(4), 70).fill(0)
      assert.throws(() => key.prfPlus(bytes(4), 20_000), TypeError)
      key.reveal().fill(0)
      const other = KerberosKey.generate(profile.enctype)
      krbFxCf2(key, other, bytes(1), bytes(2)).dispose()
      other.dispose()
      key.dispose()
      key[Symbol.dispose]()
      assert.throws(() => key.encrypt(USAGE, bytes(1)), TypeError)
      assert.throws(() => key.decrypt(USAGE, ciphertext), TypeError)
      assert.throws(() => key.checksum(USAGE, bytes(1)), TypeError)
      assert.throws(() => key.prf(bytes(1)), TypeError)
      assert.throws(() => key.reveal(), TypeError)
    } finally {
      stop()
    }
    assert.ok(made.length > 5)
    for (const secret of made) assert.deepEqual(secret, new Uint8Array(secret.length))
  })

  test(`${name}: a key of another length is refused`, () => {
    for (const length of [0, profile.keyBytes - 1, profile.keyBytes + 1]) {
      assert.throws(() => new KerberosKey(profile.enctype, bytes(length)), { code: 'SEC_E_INVALID_TOKEN' })
    }
    assert.throws(() => KerberosKey.fromSeed(profile.enctype, bytes(profile.seedBytes + 1)), TypeError)
  })

  test(`${name}: every name of it finds it`, () => {
    for (const alias of profile.names) {
      assert.equal(encryptionProfileByName(alias), profile)
      assert.equal(encryptionProfileByName(alias.toUpperCase()), profile)
    }
  })
}

test('RC4 and triple DES are marked as weak, and nothing else', () => {
  const weak = [...encryptionProfiles.values()].filter((profile) => profile.weak).map((profile) => profile.enctype)
  assert.deepEqual(weak.sort(), [Enctype.DES3_CBC_SHA1_KD, Enctype.RC4_HMAC, Enctype.RC4_HMAC_EXP])
})

test('numbers that are not known are refused', () => {
  for (const enctype of [0, 1, 3, 5, 21, 65, -1, 2 ** 31]) {
    assert.throws(() => new KerberosKey(enctype, bytes(16)), { code: 'SEC_E_KDC_UNKNOWN_ETYPE' })
  }
  assert.equal(encryptionProfileByName('des-cbc-crc'), undefined)
  const key = keyOf(Enctype.AES128_CTS_HMAC_SHA1_96)
  for (const type of [0, 1, 99, -138.5]) {
    assert.throws(() => key.checksum(USAGE, bytes(1), type), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
  }
  for (const usage of [-1, 1.5, 2 ** 32, NaN]) assert.throws(() => key.encrypt(usage, bytes(1)), TypeError)
})

test('a checksum without a key, or of another key, is not one of this key', () => {
  const key = keyOf(Enctype.AES128_CTS_HMAC_SHA1_96)
  for (const type of [ChecksumType.RSA_MD5, ChecksumType.SHA1, ChecksumType.HMAC_SHA1_96_AES256]) {
    assert.throws(() => key.checksum(USAGE, bytes(1), type), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
    assert.throws(() => key.verifyChecksum(USAGE, bytes(1), bytes(16), type), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
  }
  // MS-SFU 2.2.1: PA-FOR-USER has this one under keys of any type.
  assert.equal(key.checksum(KeyUsage.NON_KERB_CKSUM_SALT, bytes(1), ChecksumType.HMAC_MD5).length, 16)
})

test('RC4 reads a TGS-REP under a subkey by message type 9, as Windows has it, and by 8, as RFC 4757 has it', () => {
  const key = keyOf(Enctype.RC4_HMAC)
  const letter = key.encrypt(KeyUsage.TGS_REP_ENCPART_SESSION_KEY, bytes(30))
  const windows = key.encrypt(KeyUsage.TGS_REP_ENCPART_SUBKEY, bytes(30))
  assert.deepEqual(new Uint8Array(key.decrypt(KeyUsage.TGS_REP_ENCPART_SUBKEY, letter)), bytes(30))
  assert.deepEqual(new Uint8Array(key.decrypt(KeyUsage.TGS_REP_ENCPART_SUBKEY, windows)), bytes(30))
  assert.throws(() => key.decrypt(KeyUsage.TGS_REP_ENCPART_SESSION_KEY, windows), ALTERED)
  // The AS-REP has type 8 too.
  const asRep = key.encrypt(KeyUsage.AS_REP_ENCPART, bytes(30))
  assert.deepEqual(new Uint8Array(key.decrypt(KeyUsage.TGS_REP_ENCPART_SESSION_KEY, asRep)), bytes(30))
})

test('random-to-key of triple DES makes odd parity and avoids weak keys', () => {
  const key = KerberosKey.fromSeed(Enctype.DES3_CBC_SHA1_KD, new Uint8Array(21))
  // 0101010101010101 is weak, so f0 goes into its last byte (RFC 3961 section 6.3.1).
  assert.equal(toHex(key.reveal()), '01010101010101f1'.repeat(3))
  // 1fe01fe00ef10ef1 is semi-weak.
  const semiWeak = KerberosKey.fromSeed(Enctype.DES3_CBC_SHA1_KD, fromHex('1ee01ee10ff10f'.repeat(3)))
  assert.equal(toHex(semiWeak.reveal()), '1fe01fe00ef10e01'.repeat(3))
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 21, maxLength: 21 }), (seed) => {
      for (const byte of KerberosKey.fromSeed(Enctype.DES3_CBC_SHA1_KD, seed).reveal()) {
        assert.equal(byte.toString(2).replaceAll('0', '').length % 2, 1)
      }
    }),
  )
})

test('owners who share a key dispose of it each for itself, and the last one leaves nothing behind', () => {
  const made: Uint8Array[] = []
  const stop = observeSecrets((secret) => made.push(secret))
  try {
    const key = keyOf(Enctype.AES256_CTS_HMAC_SHA1_96)
    const ciphertext = key.encrypt(USAGE, bytes(5))
    const shared = key.share()
    assert.ok(shared.equals(key))
    const again = shared.share()
    key.dispose()
    key.dispose()
    assert.throws(() => key.share(), TypeError)
    assert.throws(() => key.encrypt(USAGE, bytes(1)), TypeError)
    shared.dispose()
    const plaintext = again.decrypt(USAGE, ciphertext)
    assert.deepEqual(new Uint8Array(plaintext), bytes(5))
    plaintext.fill(0)
    again.dispose()
    assert.throws(() => again.decrypt(USAGE, ciphertext), TypeError)
  } finally {
    stop()
  }
  for (const secret of made) assert.deepEqual(secret, new Uint8Array(secret.length))
})

test('a usage is derived once for all owners who share a key', () => {
  const key = keyOf(Enctype.AES256_CTS_HMAC_SHA1_96)
  key.encrypt(USAGE, bytes(5))
  const shared = key.share()
  const made: Uint8Array[] = []
  const stop = observeSecrets((secret) => made.push(secret))
  try {
    shared.encrypt(USAGE, bytes(5))
    assert.deepEqual(made, [])
    shared.encrypt(USAGE + 1, bytes(5))
    assert.notDeepEqual(made, [])
  } finally {
    stop()
  }
})

test('keys are compared by type and bytes', () => {
  const key = keyOf(Enctype.AES128_CTS_HMAC_SHA1_96)
  assert.ok(key.equals(keyOf(Enctype.AES128_CTS_HMAC_SHA1_96)))
  assert.ok(!key.equals(keyOf(Enctype.AES128_CTS_HMAC_SHA1_96, 9)))
  assert.ok(!key.equals(keyOf(Enctype.AES128_CTS_HMAC_SHA256_128)))
})

test('a key is made of what the source of random bytes gives, which is overwritten', () => {
  const given: Uint8Array[] = []
  const key = KerberosKey.generate(Enctype.DES3_CBC_SHA1_KD, (length) => {
    const seed = bytes(length, 7)
    given.push(seed)
    return seed
  })
  assert.ok(key.equals(keyOf(Enctype.DES3_CBC_SHA1_KD, 7)))
  assert.deepEqual(given, [new Uint8Array(21)])
})

test('a printed key does not show itself', () => {
  const key = keyOf(Enctype.AES256_CTS_HMAC_SHA1_96)
  assert.equal(inspect(key), "KerberosKey { enctype: 'aes256-cts-hmac-sha1-96', secret: redacted }")
  assert.equal(JSON.stringify(key), '{"enctype":"aes256-cts-hmac-sha1-96","secret":"redacted"}')
})
