import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { initSecurityInterface } from '../../src/index.js'
import { keytabFileCredential, loadKrb5Conf } from '../../src/io/krb5/index.js'
import { createTestDomain, type TestListeners } from '../../src/testing/index.js'
import { establish, WWW } from './exchange.js'

suite('a test domain that listens', () => {
  test('is found by its krb5.conf alone, over UDP', async () => {
    await using domain = createTestDomain({ users: ['alice'], services: [WWW] })
    const listeners = await domain.listen()
    const krb5 = await loadKrb5Conf(listeners.krb5Conf)
    using sessions = await establish(domain, {
      client: initSecurityInterface({ krb5 }),
      server: initSecurityInterface({ krb5 }),
      serverCredentials: keytabFileCredential(await listeners.writeKeytab(WWW)),
    })
    assert.equal(sessions.server.peer?.name, 'alice')
  })

  test('loses a datagram: the client asks again', async () => {
    await using domain = createTestDomain({ users: ['alice'], services: [WWW] })
    const listeners = await domain.listen()
    domain.faults.loseDatagrams()
    const krb5 = await loadKrb5Conf(listeners.krb5Conf)
    using sessions = await establish(domain, { client: initSecurityInterface({ krb5 }) })
    assert.equal(sessions.server.peer?.name, 'alice')
  })

  test('leads to the domains that it trusts', async () => {
    await using here = createTestDomain({ realm: 'HERE.TEST', users: ['alice'] })
    await using there = createTestDomain({ realm: 'THERE.TEST', services: ['HTTP/www.there.test'] })
    here.trust(there)
    const krb5 = await loadKrb5Conf((await here.listen()).krb5Conf)
    using sessions = await establish(here, {
      client: initSecurityInterface({ krb5 }),
      target: 'HTTP/www.there.test',
      server: there.sspi(),
      serverCredentials: there.serviceCredential('HTTP/www.there.test'),
    })
    assert.equal(sessions.server.peer?.domain, 'HERE.TEST')
  })

  test('writes secrets for its owner alone, and leaves nothing behind', async () => {
    let left: TestListeners
    {
      await using domain = createTestDomain({ users: ['alice'], services: [WWW] })
      left = await domain.listen()
      for (const path of [await left.writeKeytab(WWW), await left.writeTicketCache('alice')]) {
        assert.ok((await readFile(path)).length > 0)
        if (process.platform !== 'win32') assert.equal((await stat(path)).mode & 0o777, 0o600)
      }
      assert.ok(existsSync(left.krb5Conf))
    }
    assert.equal(existsSync(left.folder), false)
  })
})
