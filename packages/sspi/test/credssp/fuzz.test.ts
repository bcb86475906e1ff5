import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../property.js'
import type { TsRequest, TsRequestFields } from '../../src/credssp/index.js'
import { SspiError, type ExchangeStep } from '../../src/index.js'
import { relay } from './middle.js'
import { Pair } from './pair.js'

test('any token at any state of either side is refused with an SspiError, or waited for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(5), fc.uint8Array({ minLength: 1, maxLength: 200 }), async (turns, strange) => {
      using pair = new Pair()
      let sides: readonly { step(token?: Uint8Array): Promise<ExchangeStep> }[] = [pair.server, pair.client]
      let { token } = await pair.client.step()
      for (let turn = 0; turn < turns && token !== undefined; turn++) {
        token = (await sides[0]!.step(token)).token
        sides = sides.toReversed()
      }
      const outcome = await sides[0]!.step(strange).catch((error: unknown) => error)
      if (!(outcome instanceof SspiError)) assert.ok((outcome as ExchangeStep).incomplete)
    }),
    { numRuns: 60 },
  )
})

test('strange fields in a good channel, by somebody who has the key of its certificate, lead to nothing', async () => {
  const bytes = fc.uint8Array({ maxLength: 60 })
  const field = fc.record<TsRequestFields>(
    {
      version: fc.constant(6),
      negoTokens: fc.array(bytes, { maxLength: 2 }),
      authInfo: bytes,
      pubKeyAuth: bytes,
      errorCode: fc.nat(0xffff_ffff),
      clientNonce: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    },
    { requiredKeys: ['version'] },
  )
  await fc.assert(
    fc.asyncProperty(fc.nat(4), field, async (at, strange) => {
      let number = 0
      const change = (request: TsRequest): TsRequestFields => (number++ === at ? strange : request)
      await assert.rejects(relay({}, { certificate: 'server', change }), SspiError)
    }),
    { numRuns: 40 },
  )
})
