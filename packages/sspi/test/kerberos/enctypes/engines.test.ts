import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { toHex } from '../../../src/bytes/index.js'
import { switchKernel } from '../../../src/crypto/kernel/instance.js'
import { Enctype, KerberosKey, KeyUsage, encryptionProfile } from '../../../src/kerberos/enctypes/index.js'

const bytes = (length: number, seed = 0): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 5 + seed)
const USAGE = KeyUsage.GSS_INITIATOR_SEAL
const enctypes = [
  Enctype.AES128_CTS_HMAC_SHA1_96,
  Enctype.AES256_CTS_HMAC_SHA1_96,
  Enctype.AES128_CTS_HMAC_SHA256_128,
  Enctype.AES256_CTS_HMAC_SHA384_192,
  Enctype.RC4_HMAC,
]

after(() => {
  switchKernel(true)
})

/** Runs something with the kernel, or with Node's ciphers alone. */
function by<T>(engine: 'kernel' | 'node', run: () => T): T {
  switchKernel(engine === 'kernel')
  try {
    return run()
  } finally {
    switchKernel(true)
  }
}

for (const enctype of enctypes) {
  const { names, seedBytes, confounderBytes } = encryptionProfile(enctype)

  test(`${names[0]}: both engines make the same of every message, and each opens what the other made`, () => {
    const seed = bytes(seedBytes, 3)
    const confounder = bytes(confounderBytes, 9)
    const ours = KerberosKey.fromSeed(enctype, seed)
    const theirs = KerberosKey.fromSeed(enctype, seed)
    for (const length of [...Array(1200).keys(), 2000, 4096, 16_384, 70_000]) {
      const data = bytes(length, length)
      const parts = [data.subarray(0, length >> 2), data.subarray(length >> 2)]
      const sealed = by('kernel', () => ours.encrypt(USAGE, parts, confounder))
      assert.deepEqual(
        by('node', () => theirs.encrypt(USAGE, data, confounder)),
        sealed,
        `${length} bytes`,
      )
      assert.deepEqual(
        by('node', () => new Uint8Array(theirs.decrypt(USAGE, sealed))),
        data,
      )
      assert.deepEqual(
        by('kernel', () => new Uint8Array(ours.decrypt(USAGE, sealed))),
        data,
      )
      const checksum = by('kernel', () => ours.checksum(USAGE, parts))
      assert.deepEqual(
        by('node', () => theirs.checksum(USAGE, data)),
        checksum,
        `${length} bytes`,
      )
    }
  })

  test(`${names[0]}: both engines make the same of the first messages of a key, and of its PRF`, () => {
    const seed = bytes(seedBytes, 7)
    const confounder = bytes(confounderBytes, 1)
    const messages = (length: number): readonly string[] => {
      const key = KerberosKey.fromSeed(enctype, seed)
      const data = bytes(length)
      // Sealed and opened, each by a fresh usage, and once more when it has been used.
      const sealed = [1, 2, 1, 2].map((usage) => key.encrypt(usage, data, confounder))
      const opened = [3, 4, 3, 4].map((usage) => {
        const other = KerberosKey.fromSeed(enctype, seed)
        return key.decrypt(usage, other.encrypt(usage, data, confounder))
      })
      return [...sealed, ...opened, key.prf(data), key.prfPlus(data, 70)].map(toHex)
    }
    for (let length = 0; length < 1100; length += 13) {
      assert.deepEqual(
        by('node', () => messages(length)),
        by('kernel', () => messages(length)),
        `${length} bytes`,
      )
    }
  })

  test(`${names[0]}: what is only signed is covered by both engines alike`, () => {
    const key = KerberosKey.fromSeed(enctype, bytes(seedBytes))
    const confounder = bytes(confounderBytes)
    const signedOnly = [{ at: 3, bytes: bytes(5) }]
    const sealed = by('kernel', () => key.encrypt(USAGE, bytes(20), confounder, signedOnly))
    assert.deepEqual(
      by('node', () => key.encrypt(USAGE, bytes(20), confounder, signedOnly)),
      sealed,
    )
    assert.throws(() => key.decrypt(USAGE, sealed), { code: 'SEC_E_MESSAGE_ALTERED' })
    assert.deepEqual(new Uint8Array(key.decrypt(USAGE, sealed, signedOnly)), bytes(20))
  })
}

for (const enctype of enctypes.filter((each) => each !== Enctype.RC4_HMAC)) {
  const profile = encryptionProfile(enctype)

  test(`${profile.names[0]}: a cipher that has ended encrypts and opens nothing, short or long`, () => {
    const cipher = profile.openCipher(bytes(profile.keyBytes), USAGE)
    const seal = (length: number): Uint8Array => cipher.encrypt([bytes(length)], bytes(profile.confounderBytes))
    const sealed = [seal(10), seal(5000)]
    for (const each of sealed) cipher.decrypt([each])
    cipher.dispose()
    cipher.dispose()
    for (const each of sealed) assert.throws(() => cipher.decrypt([each]), TypeError)
    for (const length of [10, 5000]) assert.throws(() => seal(length), TypeError)
  })
}
