import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acquireNtlmCredential } from '../../src/ntlm/credential.js'
import type { CredentialRequest, RevealedCredential } from '../../src/sspi/index.js'

const packages = { [Symbol.iterator]: () => [][Symbol.iterator](), find: () => undefined }

function acquire(use: CredentialRequest['use'], value: RevealedCredential) {
  return acquireNtlmCredential({ use, principal: undefined, value, packages })
}

const keytab = { kind: 'keytab', principal: undefined, packageList: undefined, keytab: new Uint8Array(0) } as const

test('a server that has a keytab for Kerberos takes clients of NTLM as well, whose accounts are looked up', () => {
  assert.equal(acquire('inbound', keytab).secret.kind, 'none')
})

test('nobody initiates NTLM with a keytab', () => {
  assert.throws(() => acquire('outbound', keytab), { code: 'SEC_E_UNKNOWN_CREDENTIALS', message: /kind 'keytab'/ })
})
