// SASL at the LDAP server of a Samba AD DC: GSSAPI and GSS-SPNEGO, each layer, and none within TLS.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { passwordCredential } from 'sspi'
import { loadKrb5Conf } from 'sspi/krb5'
import { saslClient, type SaslClientOptions, type SaslSession } from 'sspi/sasl'
import { LdapClient, LdapError, missing, ourSide, PASSWORD, sambaAd, UTF8_PASSWORD } from '../src/index.js'

const skip = missing('samba-ad')
const BASE = 'DC=ad,DC=test'

interface Bound extends Disposable {
  readonly ldap: LdapClient
  readonly session: SaslSession
}

async function bind(options: Omit<SaslClientOptions, 'target'>, within?: 'tls'): Promise<Bound> {
  const { address, host, krb5Conf, tlsCa } = sambaAd()
  const ldap =
    within === undefined
      ? await LdapClient.connect({ host: address })
      : await LdapClient.connectByTls({ host: address, servername: host, ca: await readFile(tlsCa, 'utf8') })
  const sspi = ourSide({ krb5: await loadKrb5Conf(krb5Conf) })
  const client = saslClient(sspi, { target: `ldap/${host}`, ...options })
  const end = (): void => {
    client[Symbol.dispose]()
    ldap[Symbol.dispose]()
  }
  try {
    return { ldap, session: await ldap.bindBySasl(client, options.mechanism), [Symbol.dispose]: end }
  } catch (error) {
    end()
    throw error
  }
}

async function find(ldap: LdapClient, user: string): Promise<string | undefined> {
  const [entry] = await ldap.search({ base: BASE, filter: ['sAMAccountName', user], attributes: ['cn'] })
  return entry?.name
}

for (const mechanism of ['GSSAPI', 'GSS-SPNEGO'] as const) {
  suite(`${mechanism} at Samba's LDAP server`, { skip }, () => {
    for (const [layer, confidentiality] of [
      ['confidentiality', true],
      ['integrity', false],
    ] as const) {
      test(`binds, and searches under ${layer}`, async () => {
        const credentials = passwordCredential({ user: 'alice@AD.TEST', password: PASSWORD })
        using bound = await bind({ mechanism, credentials, integrity: true, confidentiality })
        assert.equal(bound.session.layer, layer)
        for (const user of ['alice', 'bob', 'alice']) {
          assert.equal(await find(bound.ldap, user), `CN=${user},CN=Users,${BASE}`)
        }
        const schema = `CN=Schema,CN=Configuration,${BASE}`
        const many = await bound.ldap.search({
          base: schema,
          filter: ['objectClass', 'attributeSchema'],
          attributes: ['cn'],
        })
        assert.ok(many.length > 900, `${many.length} entries`)
      })
    }

    test('without a layer Samba refuses the bind where there is no TLS', async () => {
      const credentials = passwordCredential({ user: 'alice@AD.TEST', password: PASSWORD })
      const bare = bind({ mechanism, credentials, integrity: false, confidentiality: false })
      await assert.rejects(bare, (error) => error instanceof LdapError && error.resultCode === 8)
    })

    test('without a layer it lets the client in within TLS', async () => {
      const credentials = passwordCredential({ user: 'alice@AD.TEST', password: PASSWORD })
      using bound = await bind({ mechanism, credentials, integrity: false, confidentiality: false }, 'tls')
      assert.equal(bound.session.layer, 'none')
      assert.equal(await find(bound.ldap, 'bob'), `CN=bob,CN=Users,${BASE}`)
    })

    test('a password beyond ASCII', async () => {
      const credentials = passwordCredential({ user: 'utf8user@AD.TEST', password: UTF8_PASSWORD })
      using bound = await bind({ mechanism, credentials })
      assert.equal(await find(bound.ldap, 'utf8user'), `CN=utf8user,CN=Users,${BASE}`)
    })
  })
}

suite('GSS-SPNEGO with NTLM at Samba’s LDAP server', { skip }, () => {
  test('binds, and searches under confidentiality', async () => {
    const { domain } = sambaAd()
    const credentials = passwordCredential({ user: 'alice', domain, password: PASSWORD, packageList: '!kerberos' })
    using bound = await bind({ mechanism: 'GSS-SPNEGO', credentials })
    assert.equal(bound.session.layer, 'confidentiality')
    assert.equal(await find(bound.ldap, 'bob'), `CN=bob,CN=Users,${BASE}`)
  })
})
