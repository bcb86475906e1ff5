// examples/src/sasl-pair.ts
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { saslClient, saslServer } from 'sspi/sasl'
import { createTestDomain } from 'sspi/testing'

test('client and server of GSSAPI agree on a layer, and speak under it', async () => {
  const target = 'ldap/dc1.example.test'
  await using domain = createTestDomain({ users: ['alice'], services: [target] })
  const credentials = { client: domain.credential('alice'), server: domain.serviceCredential(target) }
  using client = saslClient(domain.sspi(), { mechanism: 'GSSAPI', credentials: credentials.client, target })
  using server = saslServer(domain.sspi(), { mechanism: 'GSSAPI', credentials: credentials.server })

  let response = await client.step() // the initial response, for the protocol to carry
  let challenge = await server.step(response.token)
  while (!challenge.done) {
    response = await client.step(challenge.token) // a token may be empty, and is sent all the same
    challenge = await server.step(response.token)
  }

  using here = client.session
  using there = server.session
  assert.equal(here.layer, 'confidentiality') // unless something else was asked for
  assert.equal(there.peer?.name, 'alice')
  const stream = here.wrap(new TextEncoder().encode('search for bob')) // with its length in front, for the socket
  const first = there.unwrap(stream.subarray(0, 10)) // cut anywhere: nothing is whole yet
  const rest = there.unwrap(stream.subarray(10))
  assert.equal(first.length, 0)
  assert.equal(new TextDecoder().decode(rest), 'search for bob')
})
