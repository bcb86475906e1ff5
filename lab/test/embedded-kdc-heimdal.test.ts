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
  { name: 'other', password: PASSWORD },
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

  suite('FAST: its client sends timestamps, and passes over the key that strengthens the reply key', () => {
    // Of aes128 alone: the first of the timestamps is of a type that there is no key of.
    for (const enctype of [Enctype.AES256_CTS_HMAC_SHA1_96, Enctype.AES128_CTS_HMAC_SHA1_96]) {
      test(`with keys of type ${enctype} it logs on where the policy lets the reply key stay as it is`, async () => {
        const { realm, clients, kinit } = await start([enctype], { insecureAllowUnstrengthenedFast: true })
        await using _realm = realm
        using _clients = clients
        const armor = clients.at('armor')
        await clients.must(...kinit('-c', armor, 'other'), PASSWORD)
        const hidden = `--fast-armor-cache=${armor}`
        for (const user of ['alice', 'nopreauth']) {
          await clients.must(...kinit(hidden, '--renewable', user), PASSWORD)
          await clients.must(HEIMDAL, ['kgetcred', 'HTTP/localhost'])
          assert.match(await clients.must('klist', []), new RegExp(`Default principal: ${user}@EMBEDDED\\.TEST`))
          await clients.must(HEIMDAL, ['kinit.heimdal', '-R'])
        }
        await clients.mustNot(...kinit(hidden, 'alice'), 'wrong')
        const keytab = clients.write('alice.keytab', await realm.principals.keytab('alice'))
        await clients.must(HEIMDAL, ['kinit.heimdal', '-k', '-t', keytab, hidden, 'alice'])
        await clients.must('kinit', ['-T', armor, 'alice'], `${PASSWORD}\n`)
      })
    }

    test('else it gets a reply that it cannot read', async () => {
      const { realm, clients, kinit } = await start()
      await using _realm = realm
      using _clients = clients
      const armor = clients.at('armor')
      await clients.must(...kinit('-c', armor, 'other'), PASSWORD)
      assert.match(
        await clients.mustNot(...kinit(`--fast-armor-cache=${armor}`, 'alice'), PASSWORD),
        /Password incorrect/,
      )
      assert.equal(realm.events.at(-1)?.kind, 'ticket-issued')
    })
  })

  test('kpasswd changes a password, and says why one is refused', async () => {
    const { realm, clients, kinit } = await start(undefined, { passwords: { minimumLength: 12 } })
    await using _realm = realm
    using _clients = clients
    // In a session of its own, as it would rather ask a terminal.
    const kpasswd = ['--wait', HEIMDAL, 'kpasswd.heimdal', 'alice']
    const typed = (password: string): string => `${PASSWORD}\n${password}\n${password}\n`
    // It ends as if all were well.
    assert.match(await clients.must('setsid', kpasswd, typed('short')), /Soft error : .*12 characters/)
    assert.match(await clients.must('setsid', kpasswd, typed('Correct-Horse-9')), /^Success/)
    await clients.must(...kinit('alice'), 'Correct-Horse-9')
    await clients.mustNot(...kinit('alice'), PASSWORD)
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
