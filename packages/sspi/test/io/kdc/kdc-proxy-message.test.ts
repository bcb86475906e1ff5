import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '../../../src/bytes/index.js'
import { unwrapFromKdcProxy, wrapForKdcProxy } from '../../../src/io/kdc/kdc-proxy-message.js'
import { SspiError } from '../../../src/status/index.js'
import { readVectors } from '../../vectors.js'

interface Input {
  readonly kerbMessage: string
  readonly targetDomain: string | null
  readonly dclocatorHint: number | null
}

const { cases } = readVectors<Input, { readonly kdcProxyMessage: string }>('kerberos/kdc-proxy.json')
const refused = { name: 'SspiError', code: 'SEC_E_INVALID_TOKEN' }

for (const { name, input, expected } of cases) {
  test(`a message goes into and comes out of a KDC-PROXY-MESSAGE as in the vector: ${name}`, () => {
    assert.equal(toHex(unwrapFromKdcProxy(fromHex(expected.kdcProxyMessage))), input.kerbMessage)
    if (input.targetDomain === null || input.dclocatorHint !== null) return
    assert.equal(toHex(wrapForKdcProxy(fromHex(input.kerbMessage), input.targetDomain)), expected.kdcProxyMessage)
  })
}

const bytes = fromHex(cases[0]!.expected.kdcProxyMessage)

test('KDC-PROXY-MESSAGE cut short at any length, or one byte too long, is refused', () => {
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => unwrapFromKdcProxy(bytes.subarray(0, length)), refused)
  }
  assert.throws(() => unwrapFromKdcProxy(new Uint8Array([...bytes, 0])), refused)
})

test('KDC-PROXY-MESSAGE with any byte flipped is read or refused', () => {
  for (let at = 0; at < bytes.length; at++) {
    const flipped = bytes.slice()
    flipped[at]! ^= 0xff
    try {
      unwrapFromKdcProxy(flipped)
    } catch (error) {
      assert.ok(error instanceof SspiError, String(error))
    }
  }
})

test('a length in the message that lies is refused', () => {
  for (const wrong of [0, 1, 183, 185, 0xffff_ffff]) {
    const lying = bytes.slice()
    const at = bytes.findIndex((_, start) => bytes[start] === 0 && bytes[start + 3] === 0xb8)
    new DataView(lying.buffer).setUint32(at, wrong)
    assert.throws(() => unwrapFromKdcProxy(lying), refused)
  }
})
