import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fromHex, toHex } from '../../src/bytes/index.js'
import {
  hashChannelBindings,
  readSecChannelBindings,
  SECBUFFER_CHANNEL_BINDINGS,
  SecBuffer,
  SecBufferDesc,
  serialiseChannelBindings,
  SspiError,
  writeSecChannelBindings,
  type ChannelBindings,
} from '../../src/sspi/index.js'
import { readVectors } from '../vectors.js'
import { Bench } from './table.js'

interface Given {
  readonly initiatorAddrType: number
  readonly initiatorAddress: string
  readonly acceptorAddrType: number
  readonly acceptorAddress: string
  readonly applicationData: string
}

interface Expected {
  readonly gssBuffer: string
  readonly md5: string
  readonly secChannelBindings: string
}

suite('channel bindings', () => {
  for (const { name, input, expected } of readVectors<Given, Expected>('channel-bindings/hash.json').cases) {
    const bindings: ChannelBindings = {
      initiatorAddrType: input.initiatorAddrType,
      initiatorAddress: fromHex(input.initiatorAddress),
      acceptorAddrType: input.acceptorAddrType,
      acceptorAddress: fromHex(input.acceptorAddress),
      applicationData: fromHex(input.applicationData),
    }

    test(`${name}: byte for byte`, () => {
      assert.equal(toHex(serialiseChannelBindings(bindings)), expected.gssBuffer)
      assert.equal(toHex(hashChannelBindings(bindings)), expected.md5)
      assert.equal(toHex(writeSecChannelBindings(bindings)), expected.secChannelBindings)
      assert.deepEqual(readSecChannelBindings(fromHex(expected.secChannelBindings)), bindings)
    })

    test(`${name}: cut short at every length, or with lengths that lie, nothing but SspiError`, () => {
      const whole = fromHex(expected.secChannelBindings)
      for (let length = 0; length < whole.length; length++) {
        assert.throws(() => readSecChannelBindings(whole.subarray(0, length)), { code: 'SEC_E_INVALID_TOKEN' })
      }
      for (let at = 0; at < 32; at++) {
        const changed = whole.slice()
        changed[at]! ^= 0xff // bounded by the header's length
        try {
          readSecChannelBindings(changed)
        } catch (error) {
          assert.ok(error instanceof SspiError && error.code === 'SEC_E_INVALID_TOKEN')
        }
      }
    })
  }

  test('parts that are left out count as empty', () => {
    const applicationData = Uint8Array.of(1, 2)
    const read = readSecChannelBindings(writeSecChannelBindings({ applicationData }))
    const empty = new Uint8Array(0)
    assert.deepEqual(read, {
      initiatorAddrType: 0,
      initiatorAddress: empty,
      acceptorAddrType: 0,
      acceptorAddress: empty,
      applicationData,
    })
  })

  test('reach the exchange from an input buffer, as a copy; a structure that does not parse is the caller’s mistake', async () => {
    const bench = new Bench()
    const memory = Buffer.from(writeSecChannelBindings({ applicationData: Uint8Array.of(1, 2) }))
    const bindings = new SecBuffer(SECBUFFER_CHANNEL_BINDINGS, memory)
    await bench.initiate({ input: new SecBufferDesc([bindings]) })
    memory.fill(0)
    const [input] = bench.fake.exchanges[0]!.inputs
    assert.ok(input?.kind === 'token')
    assert.deepEqual(input.channelBindings?.applicationData, Uint8Array.of(1, 2))
    bindings.cbBuffer = 31
    await assert.rejects(bench.initiate({ input: new SecBufferDesc([bindings]) }), { code: 'SEC_E_INVALID_TOKEN' })
    assert.equal(bench.fake.exchanges.length, 1)
  })
})
