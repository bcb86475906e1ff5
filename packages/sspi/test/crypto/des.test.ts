import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { desDecryptBlock, desEncryptBlock, desl, expandDesKey } from '../../src/crypto/index.js'
import { readVectors } from '../vectors.js'

interface Block {
  readonly key: string
  readonly plaintext: string
}
interface DeslInput {
  readonly key16: string
  readonly data8: string
}
interface DeslExpected {
  readonly response24: string
  readonly desKeysOddParity: readonly string[]
}

for (const { name, input, expected } of readVectors<Block, { readonly ciphertext: string }>('crypto/des.json').cases) {
  test(`DES: ${name}`, () => {
    const key = fromHex(input.key)
    assert.equal(toHex(desEncryptBlock(key, fromHex(input.plaintext))), expected.ciphertext)
    assert.equal(toHex(desDecryptBlock(key, fromHex(expected.ciphertext))), input.plaintext)
  })
}

for (const { name, input, expected } of readVectors<DeslInput, DeslExpected>('crypto/desl.json').cases) {
  test(`DESL: ${name}`, () => {
    const key = fromHex(input.key16)
    assert.equal(toHex(desl(key, fromHex(input.data8))), expected.response24)
    assert.equal(toHex(key), input.key16)
    const padded = fromHex(`${input.key16}0000000000`)
    const keys = [0, 7, 14].map((at) => toHex(expandDesKey(padded.subarray(at, at + 7))))
    assert.deepEqual(keys, expected.desKeysOddParity)
  })
}

test('parity bits of a DES key have no effect', () => {
  const block = fromHex('0123456789abcdef')
  assert.deepEqual(
    desEncryptBlock(fromHex('0000000000000000'), block),
    desEncryptBlock(fromHex('0101010101010101'), block),
  )
})

test('keys and blocks of other lengths are a TypeError', () => {
  assert.throws(() => desEncryptBlock(new Uint8Array(7), new Uint8Array(8)), TypeError)
  assert.throws(() => desEncryptBlock(new Uint8Array(8), new Uint8Array(16)), TypeError)
  assert.throws(() => desDecryptBlock(new Uint8Array(8), new Uint8Array(0)), TypeError)
  assert.throws(() => expandDesKey(new Uint8Array(8)), TypeError)
  assert.throws(() => desl(new Uint8Array(15), new Uint8Array(8)), TypeError)
  assert.throws(() => desl(new Uint8Array(16), new Uint8Array(7)), TypeError)
})
