import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { CredType, writeTsCredentials, writeTsRequest } from '../../src/credssp/index.js'
import { decodeToken, decodingErrors, type DecodedNode } from '../../src/decode/index.js'
import { readVectors } from '../vectors.js'

const labels = (node: DecodedNode): string[] => node.children.map(({ label }) => label)
const recorded = readVectors<{ readonly tsRequests: readonly string[] }, unknown>('credssp/ntlm-flow.json')
const requests = recorded.cases.flatMap(({ input }) => input.tsRequests).map((hex) => fromHex(hex))

test('TSRequests of a recorded flow are taken apart, with the NTLM messages in them', () => {
  const roots = requests.map((bytes) => decodeToken(bytes))
  for (const root of roots) {
    assert.equal(root.label, 'CredSSP TSRequest')
    assert.deepEqual(decodingErrors(root), [])
    assert.equal(root.children[0]?.value, '6')
  }
  assert.deepEqual(roots.map(labels), [
    ['version', 'negoTokens', 'clientNonce'],
    ['version', 'negoTokens', 'clientNonce'],
    ['version', 'negoTokens', 'pubKeyAuth', 'clientNonce'],
    ['version', 'pubKeyAuth', 'clientNonce'],
    ['version', 'authInfo', 'clientNonce'],
  ])
  const inner = roots[0]?.children[1]?.children[0]?.children[0]
  assert.match(inner?.label ?? '', /^negoToken: NTLM NEGOTIATE/)
})

test('of encrypted fields the length is shown, and of an NTSTATUS the name', () => {
  const authInfo = decodeToken(requests[4]!).children[1] // five of them
  assert.deepEqual(
    [authInfo?.label, authInfo?.value, authInfo?.meaning],
    ['authInfo', undefined, '45 bytes, encrypted'],
  )
  const refusal = decodeToken(writeTsRequest({ version: 6, errorCode: 0xc000_006d }))
  assert.match(refusal.children[1]?.meaning ?? '', /0xc000006d: STATUS_LOGON_FAILURE/)
})

test('of credentials in clear nothing is shown', () => {
  const credentials = { domainName: 'LAB', userName: 'alice', password: 'correct horse' }
  const root = decodeToken(writeTsCredentials({ credType: CredType.PASSWORD, credentials }))
  assert.equal(root.label, 'CredSSP TSCredentials')
  const secret = new Uint8Array(Buffer.from(credentials.password, 'utf16le'))
  assert.ok(!JSON.stringify(root).includes(toHex(secret)))
  assert.deepEqual([root.value, root.children], [undefined, []])
})

test('what rdesktop writes is taken apart as well, and marked: its lengths are not those of DER', () => {
  const [request, ...credentials] = readVectors<{ tsRequest?: string; tsCredentials?: string }, unknown>(
    'credssp/rdesktop.json',
  ).cases.map(({ input: { tsRequest, tsCredentials } }) => decodeToken(fromHex(tsRequest ?? tsCredentials ?? '')))
  assert.ok(request)
  assert.deepEqual([request.label, labels(request)], ['CredSSP TSRequest', ['version', 'authInfo']])
  assert.equal(request.children[1]?.meaning, '137 bytes, encrypted')
  assert.ok(decodingErrors(request).length > 0)
  for (const root of credentials) {
    assert.deepEqual([root.label, root.value, root.children], ['CredSSP TSCredentials', undefined, []])
  }
})

test('cut short at any length, it is shown as far as it goes', () => {
  for (const bytes of requests) {
    for (let length = 1; length < bytes.length; length++) decodeToken(bytes.subarray(0, length))
  }
})
