import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '../../../src/bytes/index.js'
import { pbkdf2, wipe } from '../../../src/crypto/index.js'
import { deriveRandom, kdfFeedbackCmac, kdfHmacSha2 } from '../../../src/kerberos/enctypes/derivation.js'
import { des3Sha1 } from '../../../src/kerberos/enctypes/des3.js'
import {
  checksumProfile,
  encryptionProfile,
  KerberosKey,
  krbFxCf2,
  stringToKey,
} from '../../../src/kerberos/enctypes/index.js'
import { readVectors } from '../../vectors.js'

for (const { name, input, expected } of readVectors<
  {
    readonly enctype: number
    readonly key: string
    readonly usage: number
    readonly plaintext: string
    readonly confounder: string
  },
  { readonly ciphertext: string }
>('crypto/encrypt-with-confounder.json').cases) {
  test(`encrypts as published: ${name}`, () => {
    const key = new KerberosKey(input.enctype, fromHex(input.key))
    const plaintext = fromHex(input.plaintext)
    const confounder = fromHex(input.confounder)
    assert.equal(toHex(key.encrypt(input.usage, plaintext, confounder)), expected.ciphertext)
    const parts = [plaintext.subarray(0, 3), plaintext.subarray(3)]
    assert.equal(toHex(key.encrypt(input.usage, parts, confounder)), expected.ciphertext)
    assert.equal(toHex(key.decrypt(input.usage, fromHex(expected.ciphertext))), input.plaintext)
  })
}

for (const { name, input, expected } of readVectors<
  { readonly enctype: number; readonly key: string; readonly usage: number; readonly ciphertext: string },
  { readonly plaintext: string }
>('crypto/decrypt.json').cases) {
  test(`decrypts as published: ${name}`, () => {
    const key = new KerberosKey(input.enctype, fromHex(input.key))
    const plaintext = toHex(key.decrypt(input.usage, fromHex(input.ciphertext)))
    const { paddingBytes } = key.profile
    const padding = plaintext.slice(expected.plaintext.length)
    assert.equal(plaintext.slice(0, expected.plaintext.length), expected.plaintext)
    assert.match(padding, /^0*$/)
    assert.ok(padding.length / 2 < paddingBytes)
  })
}

for (const { name, input, expected } of readVectors<
  {
    readonly checksumType: number
    readonly enctype: number | null
    readonly key: string
    readonly usage: number
    readonly data: string
  },
  { readonly checksum: string }
>('crypto/checksum.json').cases) {
  test(`makes and verifies the checksum: ${name}`, () => {
    const profile = checksumProfile(input.checksumType)
    const data = fromHex(input.data)
    const checksum = fromHex(expected.checksum)
    assert.equal(profile.bytes, checksum.length)
    if (input.enctype === null) {
      assert.ok(profile.kind === 'unkeyed')
      assert.equal(toHex(profile.digest(data)), expected.checksum)
      return
    }
    const key = new KerberosKey(input.enctype, fromHex(input.key))
    assert.equal(toHex(key.checksum(input.usage, data, input.checksumType)), expected.checksum)
    const parts = [data.subarray(0, 2), data.subarray(2)]
    assert.equal(toHex(key.checksum(input.usage, parts, input.checksumType)), expected.checksum)
    key.verifyChecksum(input.usage, data, checksum, input.checksumType)
  })
}

for (const { name, input, expected } of readVectors<
  { readonly enctype: number; readonly key: string; readonly data: string },
  { readonly output: string }
>('crypto/prf.json').cases) {
  test(`pseudo-random function: ${name}`, () => {
    const key = new KerberosKey(input.enctype, fromHex(input.key))
    assert.equal(toHex(key.prf(fromHex(input.data))), expected.output)
  })
}

for (const { name, input, expected } of readVectors<
  { readonly enctype: number; readonly key: string; readonly data: string; readonly outputLength: number },
  { readonly output: string }
>('crypto/prf-plus.json').cases) {
  test(`PRF+: ${name}`, () => {
    const key = new KerberosKey(input.enctype, fromHex(input.key))
    assert.equal(toHex(key.prfPlus(fromHex(input.data), input.outputLength)), expected.output)
  })
}

for (const { name, input, expected } of readVectors<
  {
    readonly enctype1: number
    readonly key1: string
    readonly pepper1: string
    readonly enctype2: number
    readonly key2: string
    readonly pepper2: string
  },
  { readonly enctype: number; readonly key: string }
>('crypto/krb-fx-cf2.json').cases) {
  test(`KRB-FX-CF2: ${name}`, () => {
    const key1 = new KerberosKey(input.enctype1, fromHex(input.key1))
    const key2 = new KerberosKey(input.enctype2, fromHex(input.key2))
    const combined = krbFxCf2(key1, key2, fromHex(input.pepper1), fromHex(input.pepper2))
    assert.equal(combined.enctype, expected.enctype)
    assert.equal(toHex(combined.reveal()), expected.key)
  })
}

for (const { name, input, expected } of readVectors<
  {
    readonly enctype: number
    readonly salt: string
    readonly params: string
    readonly password: string
    readonly passwordText: string
  },
  { readonly key: string }
>('crypto/string-to-key.json').cases) {
  test(`string-to-key: ${name}`, async () => {
    const parameters = input.params === '' ? undefined : fromHex(input.params)
    const derivation = stringToKey(input.enctype, input.passwordText, fromHex(input.salt), parameters, {
      minimumIterations: 1,
    })
    if (derivation.kind === 'key') {
      assert.equal(toHex(derivation.key.reveal()), expected.key)
      return
    }
    const { hash, password, salt, iterations, length } = derivation.query
    assert.equal(toHex(password), input.password)
    const stretched = await pbkdf2(hash, password, salt, iterations, length)
    assert.equal(toHex(derivation.finish(stretched).reveal()), expected.key)
    for (const secret of [password, stretched]) assert.deepEqual([...secret], Array(secret.length).fill(0))
  })
}

const derivations: ReadonlyMap<string, (enctype: number) => (key: Uint8Array, constant: Uint8Array) => Uint8Array> =
  new Map([
    [
      'DERIVE_RFC3961',
      (enctype) => (key, constant) => {
        const profile = encryptionProfile(enctype)
        const cipher = enctype === 16 ? 'des3' : enctype === 17 ? 'aes128' : 'aes256'
        return profile.randomToKey(deriveRandom(cipher)(key, constant, profile.seedBytes))
      },
    ],
    [
      'DERIVE_SP800_108_CMAC',
      (enctype) => (key, constant) =>
        kdfFeedbackCmac(enctype === 25 ? 'camellia128' : 'camellia256')(key, constant, key.length),
    ],
    [
      'DERIVE_SP800_108_HMAC',
      (enctype) => (key, constant) => {
        // RFC 8009 section 5: the keys of MACs are as long as the MACs.
        const { keyBytes, macBytes } = encryptionProfile(enctype)
        const length = constant.at(-1) === 0xaa ? keyBytes : macBytes
        return kdfHmacSha2(enctype === 19 ? 'sha256' : 'sha384')(key, constant, length)
      },
    ],
  ])

for (const { name, input, expected } of readVectors<
  { readonly enctype: number; readonly baseKey: string; readonly constant: string; readonly algorithm: string },
  { readonly key: string }
>('crypto/derive-key.json').cases) {
  test(`derives a key: ${name}`, () => {
    const derive = derivations.get(input.algorithm)
    assert.ok(derive)
    assert.equal(toHex(derive(input.enctype)(fromHex(input.baseKey), fromHex(input.constant))), expected.key)
  })
}

for (const { name, input, expected } of readVectors<
  { readonly key: string; readonly usage: string },
  { readonly DR: string; readonly DK: string }
>('crypto/des3-dr-dk.json').cases) {
  test(`DR and DK of triple DES: ${name}`, () => {
    const random = deriveRandom('des3')(fromHex(input.key), fromHex(input.usage), des3Sha1.seedBytes)
    assert.equal(toHex(random), expected.DR)
    const key = des3Sha1.randomToKey(random)
    assert.equal(toHex(key), expected.DK)
    wipe(random)
  })
}
