import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../property.js'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { Cbc, CbcCts, Cmac, type BlockCipherName } from '../../src/crypto/index.js'
import { observeSecrets } from '../../src/crypto/secret-bytes.js'
import { readVectors } from '../vectors.js'

type WideName = Exclude<BlockCipherName, 'des3'>

const bytes = (length: number, seed = 0): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 7 + seed)
const wide: readonly [WideName, number][] = [
  ['aes128', 16],
  ['aes256', 32],
  ['camellia128', 16],
  ['camellia192', 24],
  ['camellia256', 32],
]

/** The blocks one by one, each as a message of its own, which is ECB. */
function eachBlock(data: Uint8Array, size: number, crypt: (block: Uint8Array) => Uint8Array): Uint8Array {
  const out = data.slice()
  for (let at = 0; at < out.length; at += size) crypt(out.subarray(at, at + size))
  return out
}

for (const { name, input, expected } of readVectors<
  { readonly key: string; readonly plaintext: string },
  { readonly ciphertext: string }
>('crypto/camellia-block.json').cases) {
  test(`Camellia: ${name}`, () => {
    const camellia = new Cbc(`camellia${input.key.length * 4}` as BlockCipherName, fromHex(input.key))
    assert.equal(toHex(camellia.encrypt(fromHex(input.plaintext))), expected.ciphertext)
    assert.equal(toHex(camellia.decrypt(fromHex(expected.ciphertext))), input.plaintext)
  })
}

for (const { name, input, expected } of readVectors<
  { readonly key: string; readonly mode: string; readonly iv?: string; readonly plaintext: string },
  { readonly ciphertext: string }
>('crypto/des3.json').cases) {
  test(`triple DES: ${name}`, () => {
    const des3 = new Cbc('des3', fromHex(input.key))
    const plaintext = fromHex(input.plaintext)
    const ciphertext = fromHex(expected.ciphertext)
    if (input.mode === 'cbc') {
      const iv = fromHex(input.iv ?? '')
      assert.equal(toHex(des3.encrypt(plaintext, plaintext.slice(), iv)), expected.ciphertext)
      assert.equal(toHex(des3.decrypt(ciphertext, ciphertext.slice(), iv)), input.plaintext)
    } else {
      assert.equal(input.mode, 'ecb')
      assert.equal(toHex(eachBlock(plaintext, 8, (block) => des3.encrypt(block))), expected.ciphertext)
      assert.equal(toHex(eachBlock(ciphertext, 8, (block) => des3.decrypt(block))), input.plaintext)
    }
  })
}

for (const { name, input, expected } of readVectors<
  { readonly cipher: WideName; readonly key: string; readonly iv: string; readonly plaintext: string },
  { readonly ciphertext: string; readonly nextIv: string }
>('crypto/cbc-cts.json').cases) {
  test(`CBC with ciphertext stealing: ${name}`, () => {
    const cts = new CbcCts(input.cipher, fromHex(input.key))
    const iv = fromHex(input.iv)
    const data = fromHex(input.plaintext)
    assert.equal(toHex(cts.encrypt(data, data, iv)), expected.ciphertext)
    // RFC 3962 section 5: what would chain on is the last whole block but one, as it goes out.
    const last = Math.max(16, Math.ceil(data.length / 16) * 16 - 16)
    assert.equal(toHex(data.subarray(last - 16, last)), expected.nextIv)
    assert.equal(toHex(cts.decrypt(data, data, iv)), input.plaintext)
  })
}

for (const { name, input, expected } of readVectors<
  { readonly cipher: WideName; readonly key: string; readonly data: string },
  { readonly mac: string }
>('crypto/cmac.json').cases) {
  test(`CMAC: ${name}`, () => {
    const cmac = new Cmac(input.cipher, fromHex(input.key))
    const data = fromHex(input.data)
    assert.equal(toHex(cmac.mac(data)), expected.mac)
    assert.equal(toHex(cmac.mac(data.subarray(0, 5), new Uint8Array(0), data.subarray(5))), expected.mac)
  })
}

for (const [name, keyBytes] of wide) {
  test(`${name}: stealing ciphertext has an inverse at every length, in place and apart`, () => {
    const cts = new CbcCts(name, bytes(keyBytes))
    for (let length = 16; length < 200; length++) {
      const data = bytes(length, length)
      const apart = cts.encrypt(data, new Uint8Array(length))
      assert.deepEqual(data, bytes(length, length))
      assert.deepEqual(cts.encrypt(data.slice()), apart)
      assert.deepEqual(cts.decrypt(apart, new Uint8Array(length)), data)
      assert.deepEqual(cts.decrypt(apart), data)
    }
  })
}

test('a message does not depend on those that went before it', () => {
  const message = fc.record({ data: fc.uint8Array({ minLength: 16, maxLength: 100 }), forth: fc.boolean() })
  fc.assert(
    fc.property(fc.array(message, { maxLength: 10 }), (messages) => {
      const used = new CbcCts('aes128', bytes(16))
      for (const { data, forth } of messages) {
        const fresh = new CbcCts('aes128', bytes(16))
        const run = (cts: CbcCts): Uint8Array => (forth ? cts.encrypt(data.slice()) : cts.decrypt(data.slice()))
        assert.deepEqual(run(used), run(fresh))
        fresh.dispose()
      }
      used.dispose()
    }),
  )
})

test('a message longer than the scratch comes back', () => {
  const cts = new CbcCts('aes256', bytes(32))
  for (const length of [65_552, 65_553, 65_568, 200_001]) {
    assert.deepEqual(cts.decrypt(cts.encrypt(bytes(length))), bytes(length))
  }
})

test('a cipher that lost its native object to newer ones goes on', () => {
  const first = new Cbc('aes128', bytes(16))
  const expected = first.encrypt(bytes(32)).slice()
  const others = Array.from({ length: 2100 }, (_, i) => new Cbc('aes128', bytes(16, i)))
  for (const other of others) other.encrypt(bytes(16))
  assert.deepEqual(first.encrypt(bytes(32)), expected)
  assert.deepEqual(first.decrypt(expected.slice()), bytes(32))
  for (const other of others) other.dispose()
})

test('wrong lengths, and use after disposal, are mistakes of the caller', () => {
  assert.throws(() => new Cbc('aes128', bytes(15)), TypeError)
  assert.throws(() => new CbcCts('camellia256', bytes(16)), TypeError)
  const cbc = new Cbc('aes128', bytes(16))
  assert.throws(() => cbc.encrypt(bytes(17)), TypeError)
  assert.throws(() => cbc.decrypt(bytes(16), bytes(32)), TypeError)
  assert.throws(() => cbc.encrypt(bytes(16), bytes(16), bytes(8)), TypeError)
  assert.equal(cbc.encrypt(bytes(0)).length, 0)
  const cts = new CbcCts('aes128', bytes(16))
  assert.throws(() => cts.encrypt(bytes(15)), TypeError)
  assert.throws(() => cts.decrypt(bytes(16), bytes(17)), TypeError)
  cbc.encrypt(bytes(16))
  cbc.dispose()
  cts.dispose()
  cts.dispose()
  assert.throws(() => cbc.encrypt(bytes(16)), TypeError)
  assert.throws(() => cts.decrypt(bytes(16)), TypeError)
})

test('a MAC leaves nothing secret behind after its disposal', () => {
  const made: Uint8Array[] = []
  const stop = observeSecrets((secret) => made.push(secret))
  try {
    const cmac = new Cmac('camellia128', bytes(16, 1))
    cmac.mac(bytes(40))
    cmac.dispose()
    cmac.dispose()
    assert.throws(() => cmac.mac(bytes(1)), TypeError)
  } finally {
    stop()
  }
  assert.notEqual(made.length, 0)
  for (const secret of made) assert.deepEqual(secret, new Uint8Array(secret.length))
})
