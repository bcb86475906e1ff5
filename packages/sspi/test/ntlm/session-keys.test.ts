import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { sealKey, signKey, type Sender } from '../../src/ntlm/index.js'
import { readVectors } from '../vectors.js'

interface Input {
  readonly flags: number
  readonly exportedSessionKey: string
  readonly mode: Sender
}

suite('SIGNKEY and SEALKEY', () => {
  const file = readVectors<Input, { signKey: string; sealKey: string }>('ntlm/sign-seal-keys.json')
  for (const { name, input, expected } of file.cases) {
    test(name, () => {
      const key = fromHex(input.exportedSessionKey)
      assert.equal(toHex(signKey(input.flags, key, input.mode) ?? new Uint8Array(0)), expected.signKey)
      assert.equal(toHex(sealKey(input.flags, key, input.mode)), expected.sealKey)
    })
  }
})
