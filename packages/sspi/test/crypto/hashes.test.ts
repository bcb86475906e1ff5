import assert from 'node:assert/strict'
import nodeCrypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { mock, test } from 'node:test'
import zlib from 'node:zlib'
import { fc } from '../property.js'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { crc32, desl, fipsEnabled, HmacMd5, hmacMd5, md4, md5, sha256, sha384, sha512 } from '../../src/crypto/index.js'
import { readVectors } from '../vectors.js'

interface Digest {
  readonly digest: string
}
interface Keyed {
  readonly key: string
  readonly data: string
}

for (const { name, input, expected } of readVectors<{ readonly data: string }, Digest>('crypto/md4.json').cases) {
  test(`MD4: ${name}`, () => assert.equal(toHex(md4(fromHex(input.data))), expected.digest))
}

for (const { name, input, expected } of readVectors<Keyed, { readonly mac: string }>('crypto/hmac-md5.json').cases) {
  test(`HMAC-MD5: ${name}`, () => {
    const key = fromHex(input.key)
    const data = fromHex(input.data)
    assert.equal(toHex(hmacMd5(key, data)), expected.mac)
    const keyed = new HmacMd5(key)
    assert.equal(toHex(keyed.mac(data)), expected.mac)
    assert.equal(toHex(keyed.mac(data.subarray(0, 3), data.subarray(3))), expected.mac)
  })
}

/** Cuts bytes into parts, empty ones too. */
function cut(data: Uint8Array, at: readonly number[]): Uint8Array[] {
  const places = [0, ...at.map((place) => place % (data.length + 1)).sort((a, b) => a - b), data.length]
  return places.slice(1).map((place, i) => data.subarray(places[i], place))
}

test('digests of parts are those of the whole, on both sides of the gathering limit', () => {
  const sizes = fc.oneof(fc.nat(300), fc.integer({ min: 16_300, max: 16_500 }), fc.constant(70_000))
  fc.assert(
    fc.property(
      sizes,
      fc.nat(255),
      fc.array(fc.nat(), { maxLength: 4 }),
      fc.uint8Array({ maxLength: 100 }),
      (size, seed, at, key) => {
        const data = Uint8Array.from({ length: size }, (_, i) => i * 31 + seed)
        const parts = cut(data, at)
        assert.equal(toHex(md5(...parts)), nodeCrypto.createHash('md5').update(data).digest('hex'))
        assert.equal(toHex(sha256(...parts)), nodeCrypto.createHash('sha256').update(data).digest('hex'))
        assert.equal(toHex(sha384(...parts)), nodeCrypto.createHash('sha384').update(data).digest('hex'))
        assert.equal(toHex(sha512(...parts)), nodeCrypto.createHash('sha512').update(data).digest('hex'))
        const mac = nodeCrypto.createHmac('md5', key).update(data).digest('hex')
        assert.equal(toHex(hmacMd5(key, ...parts)), mac)
        assert.equal(toHex(new HmacMd5(key).mac(...parts)), mac)
        assert.equal(crc32(...parts), crc32(data))
      },
    ),
  )
})

test('digests of nothing', () => {
  assert.equal(toHex(md5()), 'd41d8cd98f00b204e9800998ecf8427e')
  assert.equal(toHex(md5(new Uint8Array(0))), 'd41d8cd98f00b204e9800998ecf8427e')
  assert.equal(toHex(sha256()), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  assert.equal(crc32(), 0)
})

test('digests are arrays over memory of their own', () => {
  for (const digest of [
    md4(new Uint8Array(3)),
    md5(new Uint8Array(3)),
    sha256(),
    hmacMd5(new Uint8Array(3)),
    md5(new Uint8Array(20_000), new Uint8Array(1)),
  ]) {
    assert.equal(Object.getPrototypeOf(digest), Uint8Array.prototype)
    assert.equal(digest.buffer.byteLength, digest.length)
  }
})

test('CRC-32 is the one of ZIP', () => {
  assert.equal(crc32(new TextEncoder().encode('123456789')), 0xcbf4_3926)
  // Node 20 gained zlib.crc32 in 20.15 only.
  if ('crc32' in zlib) fc.assert(fc.property(fc.uint8Array(), (data) => assert.equal(crc32(data), zlib.crc32(data))))
})

test('MD4 takes a view in the middle of its memory, and leaves it as it is', () => {
  const memory = new Uint8Array(300).fill(0x61)
  const whole = md4(memory.slice(7, 207))
  assert.deepEqual(md4(memory.subarray(7, 207)), whole)
  assert.ok(memory.every((byte) => byte === 0x61))
})

test('a keyed HMAC is not changed by its use, and is refused after its end', () => {
  const key = fromHex('000102030405060708090a0b0c0d0e0f')
  const keyed = new HmacMd5(key)
  const first = keyed.mac(key)
  key.fill(0)
  keyed.mac(new Uint8Array(100_000))
  assert.deepEqual(keyed.mac(fromHex('000102030405060708090a0b0c0d0e0f')), first)
  keyed.dispose()
  keyed.dispose()
  assert.throws(() => keyed.mac(key), TypeError)
})

test('where Node refuses MD5 or DES, as in FIPS mode, the status says so', () => {
  const refuse = (): never => {
    throw Object.assign(new Error('error:0308010C:digital envelope routines::unsupported'), {
      code: 'ERR_OSSL_EVP_UNSUPPORTED',
    })
  }
  const mocks = [
    mock.method(nodeCrypto, 'hash', refuse),
    mock.method(nodeCrypto, 'createHash', refuse),
    mock.method(nodeCrypto, 'createCipheriv', refuse),
    mock.method(nodeCrypto, 'getFips', () => 1),
  ]
  syncBuiltinESMExports()
  try {
    const unsupported = { name: 'SspiError', code: 'SEC_E_UNSUPPORTED_FUNCTION', message: /FIPS/ }
    assert.throws(() => md5(new Uint8Array(1)), unsupported)
    assert.throws(() => md5(new Uint8Array(20_000), new Uint8Array(1)), unsupported)
    assert.throws(() => hmacMd5(new Uint8Array(1)), unsupported)
    assert.throws(() => new HmacMd5(new Uint8Array(1)).mac(), unsupported)
    assert.throws(() => desl(new Uint8Array(16), new Uint8Array(8)), unsupported)
    assert.ok(fipsEnabled())
  } finally {
    for (const one of mocks) one.mock.restore()
    syncBuiltinESMExports()
  }
  assert.equal(md5().length, 16)
})
