import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../property.js'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { openBlob, sealBlob } from '../../src/crypto/index.js'

const ALTERED = { name: 'SspiError', code: 'SEC_E_MESSAGE_ALTERED' }
const key = Uint8Array.from({ length: 32 }, (_, i) => i)
const header = Uint8Array.of(1, 2, 3)

test('the published AES-256-GCM case comes out', () => {
  // "The Galois/Counter Mode of Operation", McGrew and Viega, appendix B, test case 16.
  const blob = sealBlob(
    fromHex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308'),
    fromHex(
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    ),
    fromHex('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
    fromHex('cafebabefacedbaddecaf888'),
  )
  assert.equal(
    toHex(blob),
    'cafebabefacedbaddecaf888' +
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662' +
      '76fc6ece0f4e1768cddf8853bb2d551b',
  )
})

test('what was sealed opens, and lies in memory of its own', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (plaintext, associated) => {
      const opened = openBlob(key, sealBlob(key, plaintext, associated), associated)
      assert.deepEqual(opened, plaintext)
      assert.equal(opened.buffer.byteLength, plaintext.length)
    }),
  )
})

test('a nonce is drawn for each blob', () => {
  assert.notDeepEqual(sealBlob(key, header, header), sealBlob(key, header, header))
})

test('a blob that was flipped anywhere, cut, or extended is refused', () => {
  const blob = sealBlob(key, Uint8Array.of(9, 8, 7, 6), header)
  for (let at = 0; at < blob.length; at++) {
    const altered = blob.slice()
    altered[at]! ^= 1
    assert.throws(() => openBlob(key, altered, header), ALTERED)
    assert.throws(() => openBlob(key, blob.subarray(0, at), header), ALTERED)
  }
  assert.throws(() => openBlob(key, Uint8Array.of(...blob, 0), header), ALTERED)
})

test('another key or other associated data are refused in the same words', () => {
  const blob = sealBlob(key, header, header)
  const other = key.slice().reverse()
  const failures = [
    () => openBlob(other, blob, header),
    () => openBlob(key, blob, Uint8Array.of(1, 2)),
    () => openBlob(key, new Uint8Array(3), header),
  ]
  const messages = failures.map((failure) => {
    try {
      failure()
    } catch (error) {
      assert.ok(error instanceof Error)
      return error.message
    }
    return assert.fail('opened')
  })
  assert.equal(new Set(messages).size, 1)
})

test('keys and nonces of other lengths are a TypeError', () => {
  assert.throws(() => sealBlob(key.subarray(1), header, header), TypeError)
  assert.throws(() => openBlob(new Uint8Array(16), new Uint8Array(64), header), TypeError)
  assert.throws(() => sealBlob(key, header, header, new Uint8Array(11)), TypeError)
})
