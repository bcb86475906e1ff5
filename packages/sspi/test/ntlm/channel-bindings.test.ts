import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { AvId, readAuthenticate, readNtResponse } from '../../src/ntlm/index.js'
import {
  ASC_REQ_ALLOW_MISSING_BINDINGS,
  ASC_RET_MISSING_BINDINGS,
  hashChannelBindings,
  readSecChannelBindings,
  serialiseChannelBindings,
  writeSecChannelBindings,
  type ChannelBindings,
} from '../../src/sspi/index.js'
import { readVectors } from '../vectors.js'
import {
  acceptor,
  ALICES_ACCOUNT,
  bytesOf,
  establish,
  give,
  initiator,
  testWorld,
  tokenOf,
  type PairOptions,
} from './both-sides.js'

interface Parts {
  readonly initiatorAddrType: number
  readonly initiatorAddress: string
  readonly acceptorAddrType: number
  readonly acceptorAddress: string
  readonly applicationData: string
}

suite('hashes and structures', () => {
  const file = readVectors<Parts, { gssBuffer: string; md5: string; secChannelBindings: string }>(
    'channel-bindings/hash.json',
  )
  for (const { name, input, expected } of file.cases) {
    test(name, () => {
      const bindings: ChannelBindings = {
        initiatorAddrType: input.initiatorAddrType,
        initiatorAddress: fromHex(input.initiatorAddress),
        acceptorAddrType: input.acceptorAddrType,
        acceptorAddress: fromHex(input.acceptorAddress),
        applicationData: fromHex(input.applicationData),
      }
      assert.equal(toHex(serialiseChannelBindings(bindings)), expected.gssBuffer)
      assert.equal(toHex(hashChannelBindings(bindings)), expected.md5)
      assert.equal(toHex(writeSecChannelBindings(bindings)), expected.secChannelBindings)
      assert.deepEqual(readSecChannelBindings(fromHex(expected.secChannelBindings)), bindings)
    })
  }
})

suite('what the client sends is the hash of its bindings', () => {
  // How the application data is made of a certificate or a TLS session is for whoever holds those.
  const certificates = readVectors<unknown, { applicationData: string; endpointData: string; gssMd5: string }>(
    'channel-bindings/tls-server-end-point.json',
  )
  for (const { name, expected } of certificates.cases) {
    test(`tls-server-end-point, ${name}`, () => {
      const applicationData = fromHex(expected.applicationData)
      assert.deepEqual(applicationData, joined('tls-server-end-point:', expected.endpointData))
      assert.equal(toHex(sentBindings(establish({ clientBindings: { applicationData } }))!), expected.gssMd5)
    })
  }
  const exporters = readVectors<unknown, { applicationData: string; exporter: string }>(
    'channel-bindings/tls-exporter.json',
  )
  for (const { name, expected } of exporters.cases) {
    test(`tls-exporter, ${name}`, () => {
      const bindings = { applicationData: fromHex(expected.applicationData) }
      assert.deepEqual(bindings.applicationData, joined('tls-exporter:', expected.exporter))
      assert.deepEqual(sentBindings(establish({ clientBindings: bindings })), hashChannelBindings(bindings))
    })
  }
  test('without bindings it is sixteen zero bytes', () => {
    assert.deepEqual(sentBindings(establish()), new Uint8Array(16))
  })
})

function joined(prefix: string, hex: string): Uint8Array {
  return Uint8Array.from([...bytesOf(prefix), ...fromHex(hex)])
}

function sentBindings({ tokens }: { readonly tokens: readonly Uint8Array[] }): Uint8Array | undefined {
  const response = readNtResponse(readAuthenticate(tokens[2]!).ntResponse)
  assert.ok(response.kind === 'v2')
  return response.avPairs.find(({ id }) => id === AvId.MsvAvChannelBindings)?.value
}

const OURS: ChannelBindings = { applicationData: bytesOf('tls-server-end-point:one') }
const OTHERS: ChannelBindings = { applicationData: bytesOf('tls-server-end-point:two') }

suite('policy', () => {
  const outcomes: readonly ['none' | 'supported' | 'required', string, PairOptions, string][] = [
    ['none', 'none on either side', {}, 'ok'],
    ['none', 'different ones', { clientBindings: OTHERS, serverBindings: OURS }, 'ok'],
    ['supported', 'the same', { clientBindings: OURS, serverBindings: OURS }, 'ok'],
    ['supported', 'different ones', { clientBindings: OTHERS, serverBindings: OURS }, 'SEC_E_BAD_BINDINGS'],
    ['supported', 'none from the client', { serverBindings: OURS }, 'missing'],
    ['supported', 'none at the server', { clientBindings: OURS }, 'ok'],
    ['required', 'the same', { clientBindings: OURS, serverBindings: OURS }, 'ok'],
    ['required', 'different ones', { clientBindings: OTHERS, serverBindings: OURS }, 'SEC_E_BAD_BINDINGS'],
    ['required', 'none from the client', { serverBindings: OURS }, 'SEC_E_BAD_BINDINGS'],
    [
      'required',
      'none from the client, let pass',
      { serverBindings: OURS, acceptReq: ASC_REQ_ALLOW_MISSING_BINDINGS },
      'missing',
    ],
    ['required', 'none at the server', { clientBindings: OURS }, 'ok'],
  ]
  for (const [policy, what, options, outcome] of outcomes) {
    test(`${policy}: ${what}: ${outcome}`, () => {
      const run = (): number =>
        establish({ ...options, serverWorld: testWorld({ policy: { channelBindings: policy } }) }).server.contextAttr
      if (outcome.startsWith('SEC_E')) assert.throws(run, { code: outcome })
      else assert.equal((run() & ASC_RET_MISSING_BINDINGS) !== 0, outcome === 'missing')
    })
  }

  test('a wrong password is refused as such, whatever the bindings', () => {
    const account = {
      identity: { name: 'alice', domain: '', sid: undefined, groups: [], source: 'verified' },
      secret: { kind: 'password', password: 'other' },
    } as const
    assert.throws(() => establish({ clientBindings: OTHERS, serverBindings: OURS, account }), {
      code: 'SEC_E_LOGON_DENIED',
    })
  })

  test('bindings may come with the first call of the acceptor, and hold for the second', () => {
    const required = testWorld({ policy: { channelBindings: 'required' } })
    for (const serverBindings of [OURS, OTHERS]) {
      const client = initiator()
      const server = acceptor({}, required)
      const negotiate = tokenOf(give(client, undefined, undefined, OURS))
      const challenge = tokenOf(give(server, negotiate, undefined, serverBindings))
      const authenticate = tokenOf(give(client, challenge))
      const accept = (): unknown => give(server, authenticate, ALICES_ACCOUNT)
      if (serverBindings === OURS) accept()
      else assert.throws(accept, { code: 'SEC_E_BAD_BINDINGS' })
    }
  })
})
