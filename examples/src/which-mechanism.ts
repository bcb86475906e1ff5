// examples/src/which-mechanism.ts
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passwordCredential } from 'sspi'
import { createTestDomain } from 'sspi/testing'

const password = 'correct horse'
const service = 'HTTP/www.example.test'

/** The package that Negotiate settles on for alice, as she writes her name, and a target. */
async function mechanismFor(user: string, target: string, { packageList = '', kdcIsDown = false } = {}) {
  const users = [{ name: 'alice', password }]
  await using domain = createTestDomain({ realm: 'EXAMPLE.TEST', netbiosName: 'CORP', users, services: [service] })
  domain.faults.down = kdcIsDown
  const credentials = passwordCredential({ user, password, packageList })
  using client = domain.sspi().initiate({ package: 'Negotiate', credentials, target })
  using server = domain.sspi().accept({ package: 'Negotiate', credentials: domain.serviceCredential(service) })
  let { token } = await client.step()
  while (token) {
    token = (await server.step(token)).token
    token &&= (await client.step(token)).token
  }
  return server.session.mechanism
}

test('Kerberos where it applies, NTLM where it cannot', async () => {
  assert.equal(await mechanismFor('alice@EXAMPLE.TEST', service), 'Kerberos')
  assert.equal(await mechanismFor('CORP\\alice', service), 'NTLM') // nobody has said which realm CORP is
  assert.equal(await mechanismFor('alice@EXAMPLE.TEST', 'HTTP/192.0.2.1'), 'NTLM') // no ticket for an address
})

test('where Kerberos applies and fails, NTLM is not tried', async () => {
  const blocked = mechanismFor('alice@EXAMPLE.TEST', service, { kdcIsDown: true })
  await assert.rejects(blocked, { code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY', message: /NTLM was not tried/ })
})

test('who writes !ntlm has Kerberos or nothing', async () => {
  assert.equal(await mechanismFor('alice@EXAMPLE.TEST', service, { packageList: '!ntlm' }), 'Kerberos')
  const refused = mechanismFor('alice@EXAMPLE.TEST', 'HTTP/192.0.2.1', { packageList: '!ntlm' })
  await assert.rejects(refused, { code: 'SEC_E_NO_CREDENTIALS', message: /NTLM is not available/ })
})
