import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../src/tcp-pair.js'

test('the example of a client and a server over TCP talks, and refuses a wrong password', async (t) => {
  const log = t.mock.method(console, 'error', () => {})
  const [answer, refusal] = await run()
  assert.equal(answer, 'Hello, alice. You said: attack at dawn (NTLM: integrity, confidentiality)')
  assert.match(refusal ?? '', /^wrong password: SEC_E_LOGON_DENIED/)
  assert.equal(log.mock.callCount(), 1)
})
