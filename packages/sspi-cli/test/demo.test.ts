import assert from 'node:assert/strict'
import test from 'node:test'
import { run } from './command.js'

test('demo --json is an array with one object for each package, and nothing else', async () => {
  const { code, stdout, stderr } = await run(['demo', '--json'])
  assert.deepEqual([code, stderr], [0, ''])
  const common = {
    client: 'EXAMPLE\\alice',
    server: 'demo/server.example.com',
    signed: true,
    sealed: true,
    tamperDetected: true,
    ok: true,
  }
  assert.deepEqual(JSON.parse(stdout), [
    { package: 'NTLM', mechanism: 'NTLM', legs: 3, ...common },
    { package: 'Negotiate', mechanism: 'NTLM', legs: 4, ...common },
  ])
})

test('demo shows the five procedures in their order, the legs and the summary', async () => {
  const { code, stdout } = await run(['demo', '--package', 'ntlm'])
  assert.equal(code, 0)
  const titles = [...stdout.matchAll(/^ {2}(\d) (.+)$/gm)].map(([, number, title]) => `${number}: ${title}`)
  assert.deepEqual(titles, [
    '1: Buffers',
    '2: Initialising',
    '3: Establishing a secure connection with authentication',
    '4: Integrity and privacy of messages',
    '5: Ending the session',
  ])
  assert.match(stdout, /client → server {2}leg 1, \d+ bytes {2}NTLM NEGOTIATE/)
  assert.match(stdout, /client ← server {2}leg 2, \d+ bytes {2}NTLM CHALLENGE/)
  assert.match(stdout, /decryptMessage\(\) {2}SEC_E_MESSAGE_ALTERED/)
  assert.match(stdout, /^NTLM +NTLM +3 +EXAMPLE\\alice +demo\/server\.example\.com +yes +yes +yes +yes$/m)
})

test('the password of the demo is not in its output', async () => {
  const { stdout, stderr } = await run(['demo', '--verbose'], { env: { NODE_DEBUG: 'sspi' } })
  assert.equal(`${stdout}${stderr}`.includes('Correct-Horse'), false)
})
