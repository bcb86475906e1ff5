// examples/src/which-credentials.ts
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { initSecurityInterface, type CredentialValue } from 'sspi'
import { defaultCredential, keytabFileCredential, loadDefaultKrb5Conf } from 'sspi/krb5'
import { createTestDomain } from 'sspi/testing'

test('the environment counts where the program asks for it, and nowhere else', async () => {
  const service = 'HTTP/www.example.test'
  await using domain = createTestDomain({ users: ['alice', 'robot', 'backup'], services: [service] })
  const listeners = await domain.listen()
  // What a container or a log-on sets: a cache that is not there yet, and the keys of robot.
  Object.assign(process.env, listeners.env, { KRB5_CLIENT_KTNAME: await listeners.writeKeytab('robot') })
  const sspi = initSecurityInterface({ krb5: await loadDefaultKrb5Conf() })
  /** Whom the service takes the client for. */
  const who = async (credentials?: CredentialValue) => {
    using client = sspi.initiate({ package: 'Kerberos', credentials, target: service })
    using server = domain.sspi().accept({ package: 'Kerberos', credentials: domain.serviceCredential(service) })
    await server.step((await client.step()).token)
    return server.session.peer?.name
  }

  await assert.rejects(who(), { code: 'SEC_E_NO_CREDENTIALS' }) // nothing was given or asked for
  assert.equal(await who(defaultCredential()), 'robot') // no tickets yet: the client keytab
  assert.equal(await who(keytabFileCredential(await listeners.writeKeytab('backup'))), 'backup') // this one, and no other
  process.env['KRB5CCNAME'] = await listeners.writeTicketCache('alice')
  assert.equal(await who(defaultCredential()), 'alice') // tickets go before the client keytab
})
