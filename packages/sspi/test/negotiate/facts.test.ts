import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { memoryAccounts } from '../../src/io/accounts/index.js'
import { negotiatePackage } from '../../src/negotiate/index.js'
import { ntlmPackage } from '../../src/ntlm/index.js'
import {
  ISC_REQ_INTEGRITY,
  SEC_E_OK,
  SEC_I_CONTINUE_NEEDED,
  SECBUFFER_TOKEN,
  SecBuffer,
  SecBufferDesc,
  SECPKG_ATTR_NEGOTIATION_INFO,
  SECPKG_ATTR_SIZES,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  SECPKG_NEGOTIATION_COMPLETE,
  type ContextStep,
  type CtxtHandle,
} from '../../src/sspi/index.js'
import { createDriver } from '../../src/system/driver.js'
import { testTable } from '../compliance/setup.js'

// How Windows answers, by the numbers of vectors/facts/windows-behaviour.json.

const alice = { user: 'alice', domain: 'CONTOSO', password: 'Pa55word' }
const host = { netbiosName: 'SERVER01', netbiosDomain: 'CONTOSO', dnsName: 'server01', dnsDomain: '' }
const table = testTable([negotiatePackage(), ntlmPackage({ host })], {
  driver: createDriver({ accounts: memoryAccounts([alice]) }),
})

const outbound = { package: 'Negotiate', credentialUse: SECPKG_CRED_OUTBOUND, authData: alice }
const inbound = { package: 'Negotiate', credentialUse: SECPKG_CRED_INBOUND }

/** What either side of an exchange answered last. */
interface Ends {
  readonly client: ContextStep
  readonly server: ContextStep
  /** Every answer, in order. */
  readonly statuses: readonly (readonly ['client' | 'server', number])[]
}

/** Client and server, until both are done. */
async function exchange(): Promise<Ends> {
  const { credential: ours } = await table.acquireCredentialsHandle(outbound)
  const { credential: theirs } = await table.acquireCredentialsHandle(inbound)
  const statuses: ['client' | 'server', number][] = []
  const desc = (token?: Uint8Array): SecBufferDesc => new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, token)])

  const initialize = async (context: CtxtHandle | undefined, token: Uint8Array | undefined): Promise<Turn> => {
    const output = desc()
    const call = { context, contextReq: ISC_REQ_INTEGRITY, output, input: token && desc(token) }
    const step = await table.initializeSecurityContext(context === undefined ? { ...call, credential: ours } : call)
    statuses.push(['client', step.status])
    return { step, token: output.buffers[0]!.bytes }
  }
  const accept = async (context: CtxtHandle | undefined, token: Uint8Array): Promise<Turn> => {
    const output = desc()
    const call = { context, contextReq: 0, output, input: desc(token) }
    const step = await table.acceptSecurityContext(context === undefined ? { ...call, credential: theirs } : call)
    statuses.push(['server', step.status])
    return { step, token: output.buffers[0]!.bytes }
  }

  let client = await initialize(undefined, undefined)
  let server = await accept(undefined, client.token)
  for (let round = 0; client.step.status !== SEC_E_OK || server.step.status !== SEC_E_OK; round++) {
    assert.ok(round < 10, 'the exchange does not end')
    client = await initialize(client.step.context, server.token)
    if (server.step.status !== SEC_E_OK) server = await accept(server.step.context, client.token)
  }
  return { client: client.step, server: server.step, statuses }
}

interface Turn {
  readonly step: ContextStep
  readonly token: Uint8Array
}

suite('packages', () => {
  const info = table.querySecurityPackageInfo('negotiate')

  test('fact 31: capabilities are those of one of the versions of Windows; it gives more than tokens', () => {
    assert.ok([0x3bb3, 0x4_3bb3, 0x8_3bb3, 0x88_3bb3].includes(info.capabilities))
  })

  test('fact 32: version 1, number 9 in RPC, named Negotiate', () => {
    assert.deepEqual([info.name, info.version, info.rpcId], ['Negotiate', 1, 9])
  })
})

test('fact 55: credentials are had with an identity for one side and without one for the other', async () => {
  assert.ok((await table.acquireCredentialsHandle(outbound)).credential)
  assert.ok((await table.acquireCredentialsHandle(inbound)).credential)
})

suite('an exchange that chose NTLM', () => {
  let ends: Ends
  before(async () => {
    ends = await exchange()
  })

  test('fact 122: each side answers OK or CONTINUE_NEEDED', () => {
    assert.deepEqual(ends.statuses, [
      ['client', SEC_I_CONTINUE_NEEDED],
      ['server', SEC_I_CONTINUE_NEEDED],
      ['client', SEC_I_CONTINUE_NEEDED],
      ['server', SEC_E_OK],
      ['client', SEC_E_OK],
    ])
  })

  test('fact 124: SIZES are NTLM’s', () => {
    for (const { context } of [ends.client, ends.server]) {
      assert.deepEqual(table.queryContextAttributes(context, SECPKG_ATTR_SIZES), {
        maxToken: 2888,
        maxSignature: 16,
        securityTrailer: 16,
        blockSize: 0,
      })
    }
  })

  test('fact 125: NEGOTIATION_INFO is complete, and names NTLM', () => {
    for (const { context } of [ends.client, ends.server]) {
      const { packageInfo, negotiationState } = table.queryContextAttributes(context, SECPKG_ATTR_NEGOTIATION_INFO)
      assert.equal(negotiationState, SECPKG_NEGOTIATION_COMPLETE)
      assert.deepEqual([packageInfo.name, packageInfo.rpcId], ['NTLM', 10])
      const known = [0x2b37, 0x4_2b37, 0x8_2b37, 0x88_2b37, 0x208_2b37, 0x288_2b37]
      assert.ok(known.includes(packageInfo.capabilities))
    }
  })
})
