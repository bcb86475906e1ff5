import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeAscii, toHex } from '../../../src/bytes/index.js'
import { md4 } from '../../../src/crypto/index.js'
import { Enctype, encryptionProfiles, stringToKey, type IterationLimits } from '../../../src/kerberos/enctypes/index.js'

const salt = encodeAscii('EXAMPLE.COMalice')
const iterations = (count: number): Uint8Array =>
  Uint8Array.of(count >>> 24, (count >>> 16) & 255, (count >>> 8) & 255, count & 255)

function asked(parameters: Uint8Array | undefined, limits?: IterationLimits): number {
  const derivation = stringToKey(Enctype.AES256_CTS_HMAC_SHA1_96, 'secret', salt, parameters, limits)
  assert.ok(derivation.kind === 'stretch')
  return derivation.query.iterations
}

test('a KDC may ask for iterations between the limits only', () => {
  assert.equal(asked(undefined), 4096)
  assert.equal(asked(iterations(4096)), 4096)
  assert.equal(asked(iterations(1_000_000)), 1_000_000)
  for (const count of [1, 4095, 1_000_001, 0xffff_ffff]) {
    assert.throws(() => asked(iterations(count)), {
      code: 'SEC_E_INVALID_TOKEN',
      message: `s2kparams: ${count} iterations, 4096 to 1000000 allowed`,
    })
  }
  assert.equal(asked(iterations(10), { minimumIterations: 10, maximumIterations: 20 }), 10)
  assert.throws(() => asked(iterations(21), { minimumIterations: 10, maximumIterations: 20 }), {
    code: 'SEC_E_INVALID_TOKEN',
  })
})

test('no iterations means 2^32 of them, which is too many', () => {
  assert.throws(() => asked(iterations(0), { minimumIterations: 1, maximumIterations: 2 ** 31 - 1 }), {
    code: 'SEC_E_INVALID_TOKEN',
    message: 's2kparams: 4294967296 iterations, 1 to 2147483647 allowed',
  })
})

test('limits that are none are a mistake of the caller', () => {
  for (const limits of [
    { minimumIterations: 0 },
    { minimumIterations: NaN },
    { minimumIterations: 20, maximumIterations: 10 },
    { maximumIterations: 2 ** 31 },
  ]) {
    assert.throws(() => asked(undefined, limits), TypeError)
  }
})

test('parameters of another length are refused', () => {
  for (const length of [0, 1, 3, 5, 8]) {
    assert.throws(() => asked(new Uint8Array(length).fill(1)), { code: 'SEC_E_INVALID_TOKEN' })
  }
  for (const enctype of [Enctype.DES3_CBC_SHA1_KD, Enctype.RC4_HMAC]) {
    assert.throws(() => stringToKey(enctype, 'secret', salt, iterations(4096)), { code: 'SEC_E_INVALID_TOKEN' })
    assert.equal(stringToKey(enctype, 'secret', salt, new Uint8Array(0)).kind, 'key')
  }
})

test('the defaults are those of the RFCs', () => {
  const defaults = new Map([...encryptionProfiles].map(([enctype, profile]) => [enctype, profile.defaultIterations]))
  assert.deepEqual(
    defaults,
    new Map([
      [20, 32_768],
      [19, 32_768],
      [18, 4096],
      [17, 4096],
      [26, 32_768],
      [25, 32_768],
      [23, undefined],
      [24, undefined],
      [16, undefined],
    ]),
  )
})

test('an RC4 key is the NT hash, also of a password that is no text', () => {
  const lone = stringToKey(Enctype.RC4_HMAC, '\ud800x', salt)
  assert.ok(lone.kind === 'key')
  assert.equal(toHex(lone.key.reveal()), toHex(md4(Uint8Array.of(0, 0xd8, 0x78, 0))))
  assert.throws(() => stringToKey(Enctype.AES128_CTS_HMAC_SHA1_96, '\ud800x', salt), TypeError)
})

test('a stretch of another length than asked for is a mistake of the caller', () => {
  const derivation = stringToKey(Enctype.AES128_CTS_HMAC_SHA256_128, 'secret', salt)
  assert.ok(derivation.kind === 'stretch')
  assert.throws(() => derivation.finish(new Uint8Array(15)), TypeError)
})

test('an empty password with an empty salt makes a key', () => {
  const derivation = stringToKey(Enctype.DES3_CBC_SHA1_KD, '', new Uint8Array(0))
  assert.equal(derivation.kind, 'key')
})
