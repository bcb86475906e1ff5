// examples/src/test-a-program.ts
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { createTestDomain } from 'sspi/testing'

const run = promisify(execFile)

test('a program of its own logs on as alice', async () => {
  await using domain = createTestDomain({ users: ['alice'], services: ['HTTP/localhost'] })
  const listeners = await domain.listen()
  const keytab = await listeners.writeKeytab('alice')
  const env = { ...process.env, ...listeners.env } // KRB5_CONFIG, KRB5CCNAME
  await run('sspi', ['kinit', '-kt', keytab, 'alice'], { env }) // or MIT's kinit, or your own program
  const { stdout } = await run('sspi', ['klist'], { env })
  assert.match(stdout, /Default principal: alice@EXAMPLE\.TEST/)
})
