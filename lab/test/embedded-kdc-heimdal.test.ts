// Heimdal's clients against the embedded KDC.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Enctype } from 'sspi/kerberos'
import { ClientFolder, EmbeddedRealm, missing, PASSWORD } from '../src/index.js'

const skip = missing('heimdal-kdc', 'mit-kdc')
const REALM = 'EMBEDDED.TEST'
const HEIMDAL = process.env['HEIMDAL'] ?? ''
const ENTRIES = [
  { name: 'alice', password: PASSWORD },
  { name: 'nopreauth', password: PASSWORD, attributes: { requirePreauth: false } },
  { name: 'disabled', password: PASSWORD, attributes: { disabled: true } },
  { name: 'HTTP/localhost' },
]

suite("Heimdal's clients and the embedded KDC", { skip }, () => {
  const start = async (enctypes: readonly number[] = [Enctype.AES256_CTS_HMAC_SHA1_96], policy = {}) => {
    const realm = await EmbeddedRealm.start({ realm: REALM, entries: ENTRIES, enctypes, policy })
    const clients = new ClientFolder([realm])
    const kinit = (...args: readonly string[]) =>
      [HEIMDAL, ['kinit.heimdal', '--password-file=STDIN', ...args]] as const
    return { realm, clients, kinit }
  }

  test('kinit and kgetcred get tickets', async () => {
    const { realm, clients, kinit } = await start()
    await using _realm = realm
    using _clients = clients
    for (const user of ['alice', 'nopreauth']) {
      await clients.must(...kinit('-f', '--renewable', user), PASSWORD)
      await clients.must(HEIMDAL, ['kgetcred', 'HTTP/localhost'])
      const listed = await clients.must('klist', ['-f'])
      assert.match(listed, new RegExp(`Default principal: ${user}@EMBEDDED\\.TEST`))
      assert.match(listed, /HTTP\/localhost@EMBEDDED\.TEST/)
      await clients.must(HEIMDAL, ['kinit.heimdal', '-R'])
    }
  })

  test('a wrong password, an unknown name and a disabled account are told apart', async () => {
    const { realm, clients, kinit } = await start()
    await using _realm = realm
    using _clients = clients
    assert.match(await clients.mustNot(...kinit('alice'), 'wrong'), /Password incorrect|Preauth/i)
    assert.match(await clients.mustNot(...kinit('nobody'), PASSWORD), /no such client/)
    assert.match(await clients.mustNot(...kinit('disabled'), PASSWORD), /revoked|locked|disabled/i)
  })

  test('a keytab serves to log on', async () => {
    const { realm, clients } = await start()
    await using _realm = realm
    using _clients = clients
    const keytab = clients.write('alice.keytab', await realm.principals.keytab('alice'))
    await clients.must(HEIMDAL, ['kinit.heimdal', '-k', '-t', keytab, 'alice'])
    await clients.must(HEIMDAL, ['kgetcred', 'HTTP/localhost'])
  })

  for (const [name, enctype] of [
    ['aes128-cts-hmac-sha1-96', 17],
    ['arcfour-hmac', 23],
    ['des3-cbc-sha1', 16],
  ] as const) {
    test(`keys of ${name} serve user, service and krbtgt`, async () => {
      const policy = { enctypes: [enctype], insecureAllowRc4: enctype === 23, insecureAllowDes3: enctype === 16 }
      const { realm, clients, kinit } = await start([enctype], policy)
      await using _realm = realm
      using _clients = clients
      await clients.must(...kinit('alice'), PASSWORD)
      await clients.must(HEIMDAL, ['kgetcred', 'HTTP/localhost'])
      assert.match(await clients.must('klist', ['-e']), new RegExp(`tkt\\): (DEPRECATED:)?${name}`))
    })
  }
})
