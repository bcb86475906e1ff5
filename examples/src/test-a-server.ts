// examples/src/test-a-server.ts
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect } from 'sspi/net'
import { createTestDomain } from 'sspi/testing'
import { startEchoServer } from './echo-server.js' // the server that you test: it lets alice in, and nobody else

test('our server lets alice in, and not bob, whose password is right as well', async () => {
  await using domain = createTestDomain({ users: ['alice', 'bob'], services: ['echo/localhost'] })
  await using server = await startEchoServer(domain.sspi(), domain.serviceCredential('echo/localhost'))
  const logOn = (user: string) => {
    const security = { sspi: domain.sspi(), package: 'Kerberos', credentials: domain.credential(user) }
    return connect({ ...security, target: 'echo/localhost', host: '127.0.0.1', port: server.port })
  }
  await using stream = await logOn('alice')
  assert.equal(stream.mechanism, 'Kerberos')
  await assert.rejects(logOn('bob'), { code: 'SEC_E_LOGON_DENIED' })
})
