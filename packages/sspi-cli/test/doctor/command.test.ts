import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createTestDomain } from 'sspi/testing'
import type { Finding } from '../../src/doctor/finding.js'
import { folderFor, run } from '../command.js'

const LOCAL = 'HTTP/localhost'

suite('sspi doctor', () => {
  test('examines a machine by its own krb5.conf, over UDP and TCP, and ends with 0', async () => {
    await using domain = createTestDomain({ users: ['alice'], services: [LOCAL] })
    const listeners = await domain.listen()
    const env = { ...listeners.env, KRB5CCNAME: `FILE:${await listeners.writeTicketCache('alice')}` }
    const keytab = await listeners.writeKeytab(LOCAL)
    const { code, stdout } = await run(['doctor', LOCAL, '--server-keytab', keytab, '--json'], { env })
    const report = JSON.parse(stdout) as { healthy: boolean; service: string; findings: Finding[] }
    assert.deepEqual([code, report.healthy, report.service], [0, true, LOCAL], stdout)
    const ids = report.findings.map(({ id }) => id)
    for (const id of ['kdc-answers', 'clock', 'logged-on', 'service-ticket', 'keytab-opens', 'accepted']) {
      assert.ok(ids.includes(id), `${id} is not among ${ids.join(', ')}`)
    }
  })

  test('takes the password from a file, says in words what is broken, and ends with 5', async (t) => {
    await using domain = createTestDomain({ users: ['alice'], services: [LOCAL] })
    const listeners = await domain.listen()
    const password = folderFor(t)('password', 'wrong horse')
    const args = ['doctor', LOCAL, '--user', 'alice', '--password-file', password]
    const { code, stdout, stderr } = await run(args, { env: listeners.env })
    assert.equal(code, 5, stderr)
    assert.match(stdout, /FAILED\s+log-on .*alice@EXAMPLE\.TEST/)
    assert.match(stdout, /Begin with this: the password is wrong/)
    assert.ok(!stdout.includes('wrong horse') && !stderr.includes('wrong horse'))
  })
})
