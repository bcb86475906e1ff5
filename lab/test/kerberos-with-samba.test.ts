// Our Kerberos in a domain of Samba AD: log-on at its KDC, an LDAP bind under sealing, tickets that carry a PAC.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { keytabCredential, passwordCredential, SECPKG_ATTR_KERBEROS_TICKET, type PasswordCredential } from 'sspi'
import { readWholeSid } from 'sspi/kerberos'
import { keytabFileCredential, loadKrb5Conf } from 'sspi/krb5'
import { LdapClient, missing, ourSide, PASSWORD, sambaAd, UTF8_PASSWORD } from '../src/index.js'

const skip = missing('samba-ad')
const BASE = 'DC=ad,DC=test'

for (const packageName of ['Kerberos', 'Negotiate']) {
  for (const [what, name, password] of [
    ['a name of the realm', 'alice@AD.TEST', PASSWORD],
    ['a realm in lower case', 'alice@ad.test', PASSWORD],
    ['the NetBIOS domain', 'AD\\alice', PASSWORD],
    ['a password beyond ASCII', 'utf8user@AD.TEST', UTF8_PASSWORD],
  ] as const) {
    test(`${packageName}: our client binds and searches under sealing, by ${what}`, { skip }, async () => {
      using bound = await bind(packageName, passwordCredential({ user: name, password }))
      const { session, client } = bound
      assert.equal(session.mechanism, 'Kerberos')
      assert.deepEqual(session.achieved, ['mutual authentication', 'integrity', 'confidentiality'])
      for (const user of ['alice', 'bob']) {
        const [entry] = await client.search({ base: BASE, filter: ['sAMAccountName', user], attributes: ['cn'] })
        assert.equal(entry?.name, `CN=${user},CN=Users,${BASE}`)
      }
    })
  }

  test(`${packageName}: a wrong password is refused by the KDC, and NTLM is not tried`, { skip }, async () => {
    const credentials = passwordCredential({ user: 'alice@AD.TEST', password: 'wrong' })
    await assert.rejects(bind(packageName, credentials), { code: 'SEC_E_LOGON_DENIED' })
  })
}

test('a service that the domain does not know is named in the error', { skip }, async () => {
  const table = ourSide({ krb5: await loadKrb5Conf(sambaAd().krb5Conf) })
  const credentials = passwordCredential({ user: 'alice@AD.TEST', password: PASSWORD })
  using client = table.initiate({ package: 'Kerberos', target: 'HTTP/nowhere.ad.test', credentials })
  await assert.rejects(client.step(), { code: 'SEC_E_TARGET_UNKNOWN', message: /HTTP\/nowhere\.ad\.test/ })
})

for (const packageName of ['Kerberos', 'Negotiate']) {
  test(
    `${packageName}: our server checks the PAC of Samba's KDC, and knows SID and groups by it`,
    { skip },
    async () => {
      const { krb5Conf, servicesKeytab } = sambaAd()
      const table = ourSide({ krb5: await loadKrb5Conf(krb5Conf), kerberos: { pac: 'required' } })
      const credentials = passwordCredential({ user: 'alice@AD.TEST', password: PASSWORD })
      using client = table.initiate({ package: packageName, target: 'HTTP/web.ad.test', credentials, mutual: true })
      using server = table.accept({ package: packageName, credentials: keytabFileCredential(servicesKeytab) })
      let { token } = await client.step()
      while (token !== undefined) {
        token = (await server.step(token)).token
        if (token !== undefined) token = (await client.step(token)).token
      }
      const { user, origins, qualifiedName, userPrincipalName } = server.session.accessToken
      assert.deepEqual([user.name, user.domain], ['alice', 'AD.TEST'])
      assert.equal(qualifiedName, 'AD\\alice')
      assert.equal(userPrincipalName?.toLowerCase(), 'alice@ad.test')
      // The directory itself says which number the user has, and in which groups of the domain it is.
      using bound = await bind('Kerberos', credentials)
      const base = `CN=alice,CN=Users,${BASE}`
      const [entry] = await bound.client.search({ base, baseOnly: true, attributes: ['objectSid', 'tokenGroups'] })
      const sidsOf = (attribute: string): readonly string[] => entry!.attributes.get(attribute)!.map(readWholeSid)
      assert.deepEqual([user.sid], sidsOf('objectsid'))
      const domain = user.sid!.slice(0, user.sid!.lastIndexOf('-') + 1)
      const ofDomain = (groups: readonly string[]) => groups.filter((group) => group.startsWith(domain)).sort()
      assert.deepEqual(ofDomain(user.groups), ofDomain(sidsOf('tokengroups')))
      assert.ok(user.groups.includes(`${domain}513`), 'Domain Users')
      assert.equal(origins.sid?.source, 'pac')
      assert.equal(origins.sid.integrity, 'signed')
      assert.ok(origins.sid.unchecked.includes('KDC signature'))
      const { verifiedPac } = server.session.attribute(SECPKG_ATTR_KERBEROS_TICKET)
      assert.ok(verifiedPac !== undefined && verifiedPac.length > 100)
      assert.deepEqual(server.session.unseal(client.session.seal(Uint8Array.of(1, 2, 3))), Uint8Array.of(1, 2, 3))
    },
  )
}

test('a keytab of another service does not open the ticket', { skip }, async () => {
  const { krb5Conf, keytab } = sambaAd()
  const table = ourSide({ krb5: await loadKrb5Conf(krb5Conf) })
  const credentials = passwordCredential({ user: 'alice@AD.TEST', password: PASSWORD })
  using client = table.initiate({ package: 'Kerberos', target: 'HTTP/web.ad.test', credentials })
  const other = keytabCredential({ principal: 'bob@AD.TEST', keytab: await readFile(keytab) })
  using server = table.accept({ package: 'Kerberos', credentials: other })
  const { token } = await client.step()
  await assert.rejects(server.step(token), { name: 'SspiError' })
})

interface Bound extends Disposable {
  readonly client: LdapClient
  readonly session: Awaited<ReturnType<LdapClient['bind']>>
}

async function bind(packageName: string, credentials: PasswordCredential): Promise<Bound> {
  const { address, host, krb5Conf } = sambaAd()
  const table = ourSide({ krb5: await loadKrb5Conf(krb5Conf) })
  const client = await LdapClient.connect({ host: address })
  const exchange = table.initiate({ package: packageName, target: `ldap/${host}`, credentials })
  const end = (): void => {
    exchange[Symbol.dispose]()
    client[Symbol.dispose]()
  }
  try {
    return { client, session: await client.bind(exchange), [Symbol.dispose]: end }
  } catch (error) {
    end()
    throw error
  }
}
