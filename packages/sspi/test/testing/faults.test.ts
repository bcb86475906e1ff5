import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Enctype } from '../../src/kerberos/index.js'
import { keytabCredential } from '../../src/index.js'
import { createTestDomain, type TestDomain } from '../../src/testing/index.js'
import { establish, WWW } from './exchange.js'

function domainOfAlice(): TestDomain {
  return createTestDomain({ users: ['alice'], services: [WWW] })
}

const refusedWith = (code: string) => ({ code })

suite('faults of a test domain', () => {
  test('a KDC that is down', async () => {
    await using domain = domainOfAlice()
    domain.faults.down = true
    await assert.rejects(establish(domain), refusedWith('SEC_E_NO_AUTHENTICATING_AUTHORITY'))
    domain.faults.reset()
    using sessions = await establish(domain)
    assert.equal(sessions.server.peer?.name, 'alice')
  })

  test('a request that is lost: the next one gets its reply', async () => {
    await using domain = domainOfAlice()
    domain.faults.lose()
    await assert.rejects(establish(domain), refusedWith('SEC_E_NO_AUTHENTICATING_AUTHORITY'))
    using sessions = await establish(domain)
    assert.equal(sessions.server.peer?.name, 'alice')
  })

  test('a reply that is late', async () => {
    await using domain = domainOfAlice()
    domain.faults.delayMilliseconds = 5
    using sessions = await establish(domain)
    assert.equal(sessions.server.peer?.name, 'alice')
  })

  test('a server whose clock is wrong', async () => {
    await using domain = domainOfAlice()
    for (const clockSkewSeconds of [600, -600]) {
      await assert.rejects(
        establish(domain, { server: domain.sspi({ clockSkewSeconds }) }),
        refusedWith('SEC_E_TIME_SKEW'),
      )
    }
  })

  test('a client whose clock is wrong learns the time from the KDC', async () => {
    await using domain = domainOfAlice()
    using sessions = await establish(domain, { client: domain.sspi({ clockSkewSeconds: 600 }) })
    assert.equal(sessions.server.peer?.name, 'alice')
  })

  test('a client whose clock is wrong, and that may not learn it', async () => {
    await using domain = domainOfAlice()
    const client = domain.sspi({ clockSkewSeconds: 600, kerberos: { kdcTimesync: false } })
    await assert.rejects(establish(domain, { client }), refusedWith('SEC_E_TIME_SKEW'))
  })

  test('a service whose keys are of encryption types that the client may not use', async () => {
    await using domain = createTestDomain({
      users: ['alice'],
      services: [{ name: WWW, enctypes: [Enctype.CAMELLIA256_CTS_CMAC] }],
    })
    const client = domain.sspi({ kerberos: { permittedEnctypes: [Enctype.AES256_CTS_HMAC_SHA1_96] } })
    await assert.rejects(establish(domain, { client }), refusedWith('SEC_E_KDC_UNKNOWN_ETYPE'))
  })

  test('a keytab that was made before the service got new keys', async () => {
    await using domain = domainOfAlice()
    const keytab = await domain.keytab(WWW)
    await domain.rekey(WWW)
    await assert.rejects(establish(domain, { serverCredentials: keytabCredential({ keytab }) }), {
      code: 'SEC_E_NO_KERB_KEY',
      message: /key version 2 .* the keytab has 1 /,
    })
    using sessions = await establish(domain)
    assert.equal(sessions.server.peer?.name, 'alice')
  })

  test('an account that is disabled, has ended, or must change its password', async () => {
    for (const [change, code] of [
      [{ enabled: false }, 'SEC_E_LOGON_DENIED'],
      [{ attributes: { expires: new Date('2020-01-01T00:00:00Z') } }, 'SEC_E_LOGON_DENIED'],
      [{ attributes: { mustChangePassword: true } }, 'SEC_E_LOGON_DENIED'],
    ] as const) {
      await using domain = domainOfAlice()
      domain.changeUser('alice', change)
      await assert.rejects(establish(domain), refusedWith(code))
    }
  })

  test('disabling a user stops NTLM as well', async () => {
    await using domain = domainOfAlice()
    domain.changeUser('alice', { enabled: false })
    await assert.rejects(establish(domain, { package: 'NTLM' }), refusedWith('SEC_E_LOGON_DENIED'))
    domain.changeUser('alice', { enabled: true })
    using sessions = await establish(domain, { package: 'NTLM' })
    assert.equal(sessions.server.peer?.name, 'alice')
  })

  test('a reply that somebody changes on its way does not open', async () => {
    await using domain = domainOfAlice()
    // AS-REP [APPLICATION 11] and TGS-REP [APPLICATION 13]: the last byte is of the part that is encrypted for the client.
    domain.faults.forge = (reply) => {
      if (reply[0] !== 0x6b && reply[0] !== 0x6d) return reply
      const changed = reply.slice()
      changed[changed.length - 1]! ^= 1
      return changed
    }
    await assert.rejects(establish(domain), refusedWith('SEC_E_LOGON_DENIED'))
  })

  test('an impostor that knows no key is not believed', async () => {
    await using domain = domainOfAlice()
    domain.faults.impostor = 'stranger'
    await assert.rejects(establish(domain), refusedWith('SEC_E_LOGON_DENIED'))
  })

  test('an impostor that knows the password gets the client its tickets, but no server takes them', async () => {
    await using domain = domainOfAlice()
    domain.faults.impostor = 'knows-passwords'
    const client = domain.sspi().initiate({ package: 'Kerberos', credentials: domain.credential('alice'), target: WWW })
    const server = domain.sspi().accept({ package: 'Kerberos', credentials: domain.serviceCredential(WWW) })
    const { token } = await client.step()
    await assert.rejects(server.step(token), refusedWith('SEC_E_MESSAGE_ALTERED'))
    client[Symbol.dispose]()
    server[Symbol.dispose]()
  })

  test('too many wrong passwords lock the account, until the clock has moved on', async () => {
    await using domain = createTestDomain({
      users: ['alice'],
      services: [WWW],
      policy: { lockout: { failures: 3, lockSeconds: 60 } },
    })
    for (let tries = 0; tries < 3; tries++) {
      await assert.rejects(
        establish(domain, { credentials: domain.credential('alice', 'wrong') }),
        refusedWith('SEC_E_LOGON_DENIED'),
      )
    }
    await assert.rejects(establish(domain))
    domain.clock.advance(61)
    using sessions = await establish(domain)
    assert.equal(sessions.server.peer?.name, 'alice')
  })
})
