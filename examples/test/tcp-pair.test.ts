import assert from 'node:assert/strict'
import { test } from 'node:test'
import { say, serve } from '../src/tcp-pair.js'

test('the example of a client and a server over TCP talks, and refuses a wrong password', async (t) => {
  const log = t.mock.method(console, 'error', () => {})
  const server = await serve()
  try {
    const answer = await say(server.port, 'correct horse', 'attack at dawn')
    assert.equal(answer, 'Hello, alice. You said: attack at dawn (NTLM: integrity, confidentiality)')
    await assert.rejects(say(server.port, 'battery staple', 'let me in'), { code: 'SEC_E_LOGON_DENIED' })
    assert.equal(log.mock.callCount(), 1)
  } finally {
    await server.close()
  }
})
