// examples/src/test-a-client.ts
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestDomain } from 'sspi/testing'
import { ask } from './tiny-driver.js' // the client that you test: here it sends tokens by a function

test('our driver logs on with Kerberos, and asks as alice', async () => {
  await using domain = createTestDomain({ users: ['alice'], services: ['tiny/db.example.test'] })
  const credentials = domain.serviceCredential('tiny/db.example.test')
  using server = domain.sspi().accept({ package: 'Negotiate', credentials })
  const options = { sspi: domain.sspi(), credentials: domain.credential('alice'), target: 'tiny/db.example.test' }
  const question = await ask('who am I?', options, (token) => server.step(token))
  assert.equal(new TextDecoder().decode(server.session.unseal(question)), 'who am I?')
  assert.equal(server.session.peer?.name, 'alice')
})
