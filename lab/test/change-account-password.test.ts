// changeAccountPassword at the interface, against the kpasswd services of three implementations.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { initSecurityInterface, passwordCredential, SEC_E_OK, type SecurityFunctionTable } from 'sspi'
import { loadKrb5Conf } from 'sspi/krb5'
import { heimdalKdc, missing, mitKdc, PASSWORD, sambaAd } from '../src/index.js'

const OTHER = 'Néw-Passwörd-77'

for (const [peer, where, service] of [
  ['mit-kdc', mitKdc, 'HTTP/localhost'],
  ['heimdal-kdc', heimdalKdc, 'HTTP/localhost'],
  ['samba-ad', sambaAd, 'HTTP/web.ad.test'],
] as const) {
  suite(`the kpasswd service of ${peer}`, { skip: missing(peer) }, () => {
    const table = async (): Promise<SecurityFunctionTable> =>
      initSecurityInterface({ krb5: await loadKrb5Conf(where().krb5Conf) })

    /** Whether a password gets a ticket. */
    const logsOn = async (sspi: SecurityFunctionTable, password: string): Promise<boolean> => {
      const credentials = passwordCredential({ user: 'changer', domain: where().realm, password })
      using exchange = sspi.initiate({ package: 'Kerberos', target: service, credentials })
      try {
        await exchange.step()
        return true
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'SEC_E_LOGON_DENIED')
        return false
      }
    }

    for (const packageName of ['Kerberos', 'Negotiate']) {
      test(`${packageName}: changes a password and back, by user and realm and by principal`, async () => {
        const sspi = await table()
        const of = { package: packageName, accountName: 'changer', domainName: where().realm }
        const changed = { ...of, oldPassword: PASSWORD, newPassword: OTHER }
        assert.equal(await sspi.changeAccountPassword(changed), SEC_E_OK)
        assert.equal(await logsOn(sspi, OTHER), true)
        await sspi.changeAccountPassword({
          package: packageName,
          accountName: `changer@${where().realm}`,
          oldPassword: OTHER,
          newPassword: PASSWORD,
        })
        assert.equal(await logsOn(sspi, PASSWORD), true)
        assert.equal(await logsOn(sspi, OTHER), false)
      })
    }

    test('a wrong old password, and an account that there is not, are refused', async () => {
      const sspi = await table()
      const of = { package: 'Kerberos', domainName: where().realm, oldPassword: 'wrong', newPassword: OTHER }
      for (const accountName of ['changer', 'nobody-at-all']) {
        await assert.rejects(sspi.changeAccountPassword({ ...of, accountName }), { code: 'SEC_E_LOGON_DENIED' })
      }
      assert.equal(await logsOn(sspi, PASSWORD), true)
    })
  })
}

test("what MIT's policy has against a password is in the error", { skip: missing('mit-kdc') }, async () => {
  const sspi = initSecurityInterface({ krb5: await loadKrb5Conf(mitKdc().krb5Conf) })
  const accountName = `changer@${mitKdc().realm}`
  const refused = sspi.changeAccountPassword({
    package: 'Kerberos',
    accountName,
    oldPassword: PASSWORD,
    newPassword: '',
  })
  await assert.rejects(refused, { code: 'SEC_E_LOGON_DENIED', message: /too short/i })
})
