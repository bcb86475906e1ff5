import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fromHex, toHex } from '../../src/bytes/index.js'
import {
  hashChannelBindings,
  readSecChannelBindings,
  SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS,
  SECBUFFER_CHANNEL_BINDINGS,
  SecBuffer,
  SecBufferDesc,
  serialiseChannelBindings,
  SspiError,
  writeSecChannelBindings,
  type ChannelBindings,
} from '../../src/sspi/index.js'
import { testTable } from '../compliance/setup.js'
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

suite('sspiSetChannelBindingFlags', () => {
  const table = testTable([])
  const plain = writeSecChannelBindings({
    initiatorAddrType: 2,
    initiatorAddress: Uint8Array.of(7),
    applicationData: Uint8Array.of(1, 2),
  })
  const audited = table.sspiSetChannelBindingFlags({ bindings: plain }, SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS).bindings

  test('makes them a SEC_CHANNEL_BINDINGS_EX, as sspi.h lays it out', () => {
    const head = '43424558 01000000 30000000 33000000' // 'XEBC', flags, cbHeaderLength, cbStructureLength
    const parts = '02000000 01000000 30000000 00000000 00000000 00000000 02000000 31000000'
    assert.equal(toHex(audited), `${head} ${parts} 07 0102`.replaceAll(' ', ''))
  })

  test('gives back what they were before when the flag is taken away', () => {
    assert.deepEqual(table.sspiSetChannelBindingFlags({ bindings: audited }, 0).bindings, plain)
    assert.deepEqual(table.sspiSetChannelBindingFlags({ bindings: audited }, 1).bindings, audited)
    assert.equal(readSecChannelBindings(audited).audit, true)
    assert.equal(hashOf(audited), hashOf(plain))
  })

  test('knows no other flags', () => {
    for (const flags of [2, 3, -1]) {
      assert.throws(() => table.sspiSetChannelBindingFlags({ bindings: plain }, flags), {
        code: 'SEC_E_INVALID_PARAMETER',
      })
    }
  })

  test('what does not parse is refused, whatever is changed or cut', () => {
    for (let length = 0; length < audited.length; length++) {
      assert.throws(() => readSecChannelBindings(audited.subarray(0, length)), { code: 'SEC_E_INVALID_TOKEN' })
    }
    for (const [at, value] of [
      [4, 2],
      [8, 0x31],
      [12, 0x34],
    ] as const) {
      const changed = audited.slice()
      changed[at] = value
      assert.throws(() => readSecChannelBindings(changed), { code: 'SEC_E_INVALID_TOKEN' })
    }
  })
})

function hashOf(bindings: Uint8Array): string {
  return toHex(hashChannelBindings(readSecChannelBindings(bindings)))
}
