import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeUtf8, fromHex, toHex } from '../../src/bytes/index.js'
import { Hmac, hmac, nFold, pbkdf2, sha1, type DigestName, type Pbkdf2Hash } from '../../src/crypto/index.js'
import { readVectors } from '../vectors.js'

for (const { name, input, expected } of readVectors<
  { readonly data: string; readonly outputBits: number },
  { readonly output: string }
>('crypto/nfold.json').cases) {
  test(`n-fold: ${name}`, () => {
    assert.equal(toHex(nFold(fromHex(input.data), input.outputBits / 8)), expected.output)
  })
}

test('n-fold of nothing, or to nothing, is a mistake of the caller', () => {
  assert.throws(() => nFold(new Uint8Array(0), 8), TypeError)
  assert.throws(() => nFold(Uint8Array.of(1), 0), TypeError)
  assert.throws(() => nFold(Uint8Array.of(1), 1.5), TypeError)
})

for (const { name, input, expected } of readVectors<
  {
    readonly hash: Pbkdf2Hash
    readonly password: string
    readonly salt: string
    readonly iterations: number
    readonly length: number
  },
  { readonly key: string }
>('crypto/pbkdf2.json').cases) {
  test(`PBKDF2: ${name}`, async () => {
    const password = fromHex(input.password)
    const stretching = pbkdf2(input.hash, password, fromHex(input.salt), input.iterations, input.length)
    password.fill(0) // the caller may wipe it at once
    const key = await stretching
    assert.equal(toHex(key), expected.key)
    assert.equal(key.buffer.byteLength, input.length)
  })
}

test('PBKDF2 refuses numbers out of range at once', () => {
  const none = new Uint8Array(0)
  for (const iterations of [0, -1, 1.5, 2 ** 31, NaN]) {
    assert.throws(() => pbkdf2('sha1', none, none, iterations, 16), TypeError)
  }
  assert.throws(() => pbkdf2('sha1', none, none, 1, 0), TypeError)
})

// RFC 2202 section 3, cases 2 and 6; RFC 4231 sections 4.3 and 4.7.
const jefe = encodeUtf8('Jefe')
const wanted = encodeUtf8('what do ya want for nothing?')
const largeKey = encodeUtf8('Test Using Larger Than Block-Size Key - Hash Key First')
const hmacCases: readonly [DigestName, Uint8Array, Uint8Array, string][] = [
  ['sha1', jefe, wanted, 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
  ['sha1', new Uint8Array(80).fill(0xaa), largeKey, 'aa4ae5e15272d00e95705637ce8a3b55ed402112'],
  ['sha256', jefe, wanted, '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
  [
    'sha256',
    new Uint8Array(131).fill(0xaa),
    largeKey,
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
  [
    'sha384',
    jefe,
    wanted,
    'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
  ],
  [
    'sha384',
    new Uint8Array(131).fill(0xaa),
    largeKey,
    '4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952',
  ],
]

for (const [name, key, data, expected] of hmacCases) {
  test(`HMAC-${name} under a key of ${key.length} bytes, as published`, () => {
    assert.equal(toHex(hmac(name, key, data)), expected)
    const keyed = new Hmac(name, key)
    assert.equal(toHex(keyed.mac(data)), expected)
    assert.equal(toHex(keyed.mac(data.subarray(0, 3), data.subarray(3))), expected)
    keyed.dispose()
    assert.throws(() => keyed.mac(data), TypeError)
  })
}

test('SHA-1 of "abc" is the one of FIPS 180', () => {
  assert.equal(toHex(sha1(encodeUtf8('a'), encodeUtf8('bc'))), 'a9993e364706816aba3e25717850c26c9cd0d89d')
})
