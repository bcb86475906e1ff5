// What Kerberos asks DNS, against a DNS server: KDCs by SRV records, realms by TXT records, names of hosts.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  initSecurityInterface,
  passwordCredential,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  type SecurityFunctionTable,
} from 'sspi'
import { dnsHosts, dnsResolver, kdcSender, keytabFileCredential, parseKrb5Conf } from 'sspi/krb5'
import { commandOf, missing, mitKdc, PASSWORD, sambaAd } from '../src/index.js'

/** Our side, which knows of KDCs and hosts only what DNS says. */
function ourSide(conf: string, realm: string, servers: readonly string[]): SecurityFunctionTable {
  const krb5 = parseKrb5Conf(`[libdefaults]\n default_realm = ${realm}\n ${conf}`)
  const resolver = dnsResolver(servers)
  return initSecurityInterface({ krb5, kdc: kdcSender({ config: krb5, resolver }), hosts: dnsHosts({ resolver }) })
}

suite('dnsmasq with the records of MIT’s realms', { skip: missing('dns', 'mit-kdc') }, () => {
  const side = (conf: string): SecurityFunctionTable => ourSide(conf, mitKdc().realm, [commandOf('dns')])
  const alice = passwordCredential({ user: 'alice@MIT.TEST', password: PASSWORD })
  const tokenFor = async (target: string, conf: string): Promise<Uint8Array> => {
    using exchange = side(conf).initiate({ package: 'Kerberos', target, credentials: alice })
    const { token } = await exchange.step()
    assert.ok(token)
    return token
  }
  const unknown = { code: 'SEC_E_TARGET_UNKNOWN' }

  test('the KDC of a realm is found by its SRV records, and not when they are not to be asked', async () => {
    await tokenFor('HTTP/localhost', '')
    await assert.rejects(tokenFor('HTTP/localhost', 'dns_lookup_kdc = false'), {
      code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY',
      message: /dns_lookup_kdc/,
    })
  })

  test('the kpasswd service of a realm is found by its SRV records', async () => {
    const account = { package: 'Kerberos', accountName: 'changer@MIT.TEST' }
    const other = 'By-DNS-77'
    await side('').changeAccountPassword({ ...account, oldPassword: PASSWORD, newPassword: other })
    await side('').changeAccountPassword({ ...account, oldPassword: other, newPassword: PASSWORD })
  })

  test('the realm of a host that its KDC does not know is found by a TXT record, when that is to be asked', async () => {
    await assert.rejects(tokenFor('HTTP/localhost2', ''), unknown)
    await tokenFor('HTTP/localhost2', 'dns_lookup_realm = true')
    await assert.rejects(tokenFor('HTTP/nowhere.mit.test', 'dns_lookup_realm = true'), unknown)
  })

  test('realms stand in TXT records of the host and of the domains above it', async () => {
    const hosts = dnsHosts({ resolver: dnsResolver([commandOf('dns')]) })
    assert.equal(await hosts.realmOf('a.b.sub.mit.test', undefined), 'SUB.TEST')
    assert.equal(await hosts.realmOf('long.mit.test', undefined), 'LONG.TEST')
    assert.equal(await hosts.realmOf('a.example.test', undefined), undefined)
  })

  test('an alias is good for a ticket where host names are to be canonical', async () => {
    await assert.rejects(tokenFor('HTTP/www.mit.test', ''), unknown)
    for (const conf of ['dns_canonicalize_hostname = true', 'dns_canonicalize_hostname = fallback']) {
      const token = await tokenFor('HTTP/www.mit.test', conf)
      using server = side('').accept({ package: 'Kerberos', credentials: keytabFileCredential(mitKdc().keytab) })
      await server.step(token)
      assert.equal(server.session.attribute(SECPKG_ATTR_CLIENT_SPECIFIED_TARGET).targetName, 'HTTP/localhost')
    }
  })

  test('the name of the address counts with rdns, and without it does not', async () => {
    await assert.rejects(tokenFor('HTTP@other.mit.test', 'dns_canonicalize_hostname = true'), unknown)
    await tokenFor('HTTP@other.mit.test', 'dns_canonicalize_hostname = true\n rdns = true')
  })
})

suite('the DNS of Samba AD', { skip: missing('samba-ad') }, () => {
  test('names the KDC of the domain', async () => {
    const { address, realm } = sambaAd()
    const resolver = dnsResolver([address])
    const records = await resolver.resolveSrv(`_kerberos._tcp.${realm}`)
    assert.deepEqual(
      records.map(({ port }) => port),
      [88],
    )
    // The DC's own name has no address there, as it does not register itself: the test says which it is.
    const config = parseKrb5Conf(`[libdefaults]\n default_realm = ${realm}`)
    const known = { ...resolver, lookup: async () => [{ address, family: 4 } as const] }
    const sspi = initSecurityInterface({ krb5: config, kdc: kdcSender({ config, resolver: known }) })
    const credentials = passwordCredential({ user: `alice@${realm}`, password: PASSWORD })
    using exchange = sspi.initiate({ package: 'Kerberos', target: 'HTTP/web.ad.test', credentials })
    assert.ok((await exchange.step()).token)
  })
})
