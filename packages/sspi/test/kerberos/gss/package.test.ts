import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex } from '../../../src/bytes/index.js'
import { kerberosPackage, type KerberosPackageOptions } from '../../../src/kerberos/index.js'
import type { RevealedCredential } from '../../../src/sspi/index.js'
import { countingRandom, NOON, testTable } from '../../compliance/suite.js'
import { readVectors } from '../../vectors.js'
import { recordedContexts } from './recorded.js'
import { REALM, TinyKdc } from './tiny-kdc.js'

const { name, comment, capabilities, version, rpcId, maxToken } = kerberosPackage().info

test('fact 34: capabilities are 0x73BBF, whatever else a version of Windows adds', () => {
  // Restricted tokens, app containers, loopback.
  const optional = 0x8_0000 | 0x80_0000 | 0x200_0000
  assert.equal(capabilities & ~optional, 0x7_3bbf)
})

test('fact 35: version 1, number 16 in RPC, and its two names', () => {
  assert.deepEqual(
    { name, comment, version, rpcId },
    { name: 'Kerberos', comment: 'Microsoft Kerberos V1.0', version: 1, rpcId: 16 },
  )
})

test('its tokens are as long as those of Windows', () => {
  assert.equal(maxToken, 48_000)
})

test('it knows its first token, and no other', () => {
  const mechanism = kerberosPackage().mechanism!
  for (const { input } of recordedContexts('kerberos/gss-wrap-mic.json')) {
    const [first, reply] = input.tokens.map(({ token }) => fromHex(token))
    assert.ok(mechanism.recognises(first!))
    assert.ok(!mechanism.recognises(reply!))
    assert.ok(!mechanism.recognises(first!.subarray(0, 40)))
  }
  for (const { input } of readVectors<{ token: string }, unknown>('kerberos/u2u-tgt-tokens.json').cases) {
    assert.ok(!mechanism.recognises(fromHex(input.token)))
  }
})

test('in Negotiate it applies to identities of a known realm and to services on hosts with names', () => {
  const kdc = new TinyKdc({ now: () => NOON, random: countingRandom() }, 'alice')
  const keytab: RevealedCredential = {
    kind: 'keytab',
    principal: 'alice',
    packageList: undefined,
    keytab: kdc.keytab('alice'),
  }
  const password = (user: string, domain: string): RevealedCredential => {
    return { kind: 'password', user, domain, packageList: undefined, password: 'secret' }
  }
  const applies = (value: RevealedCredential, target: string, options: KerberosPackageOptions = {}): boolean => {
    const kerberos = kerberosPackage({ defaultRealm: REALM, ...options })
    const packages = { find: () => undefined, [Symbol.iterator]: () => [].values() }
    const world = { now: () => NOON, random: countingRandom(), emit: () => undefined, policy: POLICY }
    const credential = kerberos.acquire({ use: 'outbound', principal: undefined, value, packages }, world)
    const answer = kerberos.mechanism!.applies(credential, target)
    credential.dispose()
    return answer
  }
  const service = 'HTTP/www.example.com'
  assert.ok(applies(keytab, service))
  assert.ok(applies(password('alice', REALM), service), 'configured')
  assert.ok(applies(password('alice@corp.example.net', ''), service), 'a user principal name')
  assert.ok(!applies(password('alice', 'WORKSTATION7'), service), 'a machine with accounts of its own')
  assert.ok(!applies(keytab, 'HTTP/10.0.0.1'), 'an address')
  assert.ok(!applies(keytab, 'HTTP/[fe80::1]'), 'an address')
  assert.ok(!applies(keytab, ''), 'no target')
  assert.ok(!applies(keytab, 'alice'), 'no service')
  assert.ok(!applies(password('alice', REALM), service, { withoutKdc: true }), 'no way to a KDC')
})

test('a credential for initiating does not accept, and the other way round', async () => {
  const table = testTable([kerberosPackage({ defaultRealm: REALM })])
  await assert.rejects(table.accept({ package: 'Kerberos' }).step(Uint8Array.of(1)), { code: 'SEC_E_NO_CREDENTIALS' })
  await assert.rejects(table.initiate({ package: 'Kerberos', target: 'HTTP/www.example.com' }).step(), {
    code: 'SEC_E_NO_CREDENTIALS',
  })
})

const POLICY = { channelBindings: 'supported', targetNames: undefined, targetNameRequired: false } as const
