// MIT's clients against the embedded KDC.
import assert from 'node:assert/strict'
import { createServer as createHttpsServer } from 'node:https'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Enctype } from 'sspi/kerberos'
import { ClientFolder, EmbeddedRealm, missing, PASSWORD, UTF8_PASSWORD } from '../src/index.js'

const skip = missing('mit-kdc')
const REALM = 'EMBEDDED.TEST'
const SHA1 = [Enctype.AES256_CTS_HMAC_SHA1_96, Enctype.AES128_CTS_HMAC_SHA1_96]
const typed = (...lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

const ENTRIES = [
  { name: 'alice', password: PASSWORD },
  { name: 'utf8user', password: UTF8_PASSWORD },
  { name: 'nopreauth', password: PASSWORD, attributes: { requirePreauth: false } },
  { name: 'disabled', password: PASSWORD, attributes: { disabled: true } },
  { name: 'expired', password: PASSWORD, attributes: { expires: new Date('2001-01-01T00:00:00Z') } },
  { name: 'future', password: PASSWORD, attributes: { validFrom: new Date('2100-01-01T00:00:00Z') } },
  { name: 'pwexpired', password: PASSWORD, attributes: { passwordExpires: new Date('2001-01-01T00:00:00Z') } },
  { name: 'mustchange', password: PASSWORD, attributes: { mustChangePassword: true } },
  { name: 'locked', password: PASSWORD },
  { name: 'admin', password: PASSWORD, attributes: { maySetPasswords: true } },
  { name: 'other', password: PASSWORD },
  { name: 'mailuser', password: PASSWORD, aliases: ['nick'], enterpriseNames: ['mailuser@mail.example.com'] },
  { name: 'HTTP/localhost', attributes: { okAsDelegate: true } },
  { name: 'host/localhost' },
  { name: 'u2u', password: PASSWORD, attributes: { service: false } },
  { name: 'retired/localhost', attributes: { disabled: true } },
]

suite("MIT's clients and the embedded KDC", { skip }, () => {
  async function start(options: Partial<Parameters<typeof EmbeddedRealm.start>[0]> = {}) {
    const realm = await EmbeddedRealm.start({ realm: REALM, entries: ENTRIES, enctypes: SHA1, ...options })
    return { realm, clients: new ClientFolder([realm]) }
  }

  test('kinit and kvno get tickets, over UDP and over TCP', async () => {
    for (const limit of [1465, 1]) {
      await using realm = await EmbeddedRealm.start({ realm: REALM, entries: ENTRIES, enctypes: SHA1 })
      using clients = new ClientFolder([realm], [`udp_preference_limit = ${limit}`])
      for (const [user, password] of [
        ['alice', PASSWORD],
        ['utf8user', UTF8_PASSWORD],
        ['nopreauth', PASSWORD],
      ] as const) {
        await clients.must('kinit', [user], typed(password))
        assert.match(await clients.must('kvno', ['HTTP/localhost', 'host/localhost']), /HTTP\/localhost@.*kvno = 1/)
      }
      const listed = await clients.must('klist', ['-ef'])
      assert.match(listed, /Default principal: nopreauth@EMBEDDED\.TEST/)
      assert.match(listed, /HTTP\/localhost@EMBEDDED\.TEST\n.*Flags: .*O/)
    }
  })

  test('a keytab serves to log on', async () => {
    const { realm, clients } = await start()
    await using _realm = realm
    using _clients = clients
    const keytab = clients.write('alice.keytab', await realm.principals.keytab('alice'))
    await clients.must('kinit', ['-k', '-t', keytab, 'alice'])
    await clients.must('kvno', [
      '-k',
      clients.write('http.keytab', await realm.principals.keytab('HTTP/localhost')),
      'HTTP/localhost',
    ])
  })

  test('a wrong password and unknown names are told apart, as policy allows', async () => {
    const { realm, clients } = await start()
    await using _realm = realm
    using _clients = clients
    assert.match(await clients.mustNot('kinit', ['alice'], typed('wrong')), /Password incorrect/)
    assert.match(await clients.mustNot('kinit', ['nobody'], typed('x')), /not found in Kerberos database/)
    await clients.must('kinit', ['alice'], typed(PASSWORD))
    assert.match(await clients.mustNot('kvno', ['HTTP/nowhere']), /not found in Kerberos database/)
    assert.match(await clients.mustNot('kvno', ['retired/localhost']), /revoked|KDC policy|Service|locked/i)
  })

  test('unknown clients look like wrong passwords where the policy says so', async () => {
    const { realm, clients } = await start({ policy: { hideUnknownPrincipals: true } })
    await using _realm = realm
    using _clients = clients
    assert.match(await clients.mustNot('kinit', ['nobody'], typed('x')), /Password incorrect/)
    await clients.must('kinit', ['alice'], typed(PASSWORD))
  })

  test('accounts that may not log on are told why', async () => {
    const { realm, clients } = await start()
    await using _realm = realm
    using _clients = clients
    assert.match(await clients.mustNot('kinit', ['disabled'], typed(PASSWORD)), /credentials have been revoked/)
    assert.match(await clients.mustNot('kinit', ['expired'], typed(PASSWORD)), /entry in database has expired/)
    assert.match(await clients.mustNot('kinit', ['future'], typed(PASSWORD)), /not yet valid/i)
  })

  test('an account is locked after failures, and says so', async () => {
    const { realm, clients } = await start({ policy: { lockout: { failures: 2 } } })
    await using _realm = realm
    using _clients = clients
    for (const _ of [1, 2]) await clients.mustNot('kinit', ['locked'], typed('wrong'))
    assert.match(await clients.mustNot('kinit', ['locked'], typed(PASSWORD)), /credentials have been revoked/)
    assert.ok(realm.events.some(({ kind }) => kind === 'account-locked'))
    await clients.must('kinit', ['alice'], typed(PASSWORD))
  })

  test('an expired password is changed on the way, and the new one holds', async () => {
    const { realm, clients } = await start()
    await using _realm = realm
    using _clients = clients
    for (const user of ['pwexpired', 'mustchange']) {
      const said = await clients.must('kinit', [user], typed(PASSWORD, 'Correct-Horse-9', 'Correct-Horse-9'))
      assert.match(said, /Password expired/)
      await clients.must('kinit', [user], typed('Correct-Horse-9'))
      await clients.mustNot('kinit', [user], typed(PASSWORD))
    }
  })

  test('kpasswd changes a password, and refuses a bad one with the reason', async () => {
    const { realm, clients } = await start({ policy: { passwords: { minimumLength: 12 } } })
    await using _realm = realm
    using _clients = clients
    const short = await clients.mustNot('kpasswd', ['alice'], typed(PASSWORD, 'short', 'short'))
    assert.match(short, /12/)
    const changed = await clients.must('kpasswd', ['alice'], typed(PASSWORD, 'Correct-Horse-9', 'Correct-Horse-9'))
    assert.match(changed, /Password changed/)
    await clients.must('kinit', ['alice'], typed('Correct-Horse-9'))
    assert.match(await clients.must('kvno', ['HTTP/localhost']), /kvno = 1/)
  })

  test('tickets are forwardable, proxiable and renewable when asked for, and are renewed', async () => {
    const { realm, clients } = await start()
    await using _realm = realm
    using _clients = clients
    await clients.must('kinit', ['-f', '-p', '-r', '2d', '-l', '1h', 'alice'], typed(PASSWORD))
    assert.match(await clients.must('klist', ['-f']), /Flags: FPRIA/)
    await clients.must('kinit', ['-R'])
    assert.match(await clients.must('klist', ['-f']), /Flags: FPRA?\w*/)
    await clients.must('kvno', ['HTTP/localhost'])
    await clients.must('kinit', ['-F', '-P', 'alice'], typed(PASSWORD))
    assert.doesNotMatch(await clients.must('klist', ['-f']), /Flags: \w*[FP]/)
  })

  test('postdated tickets are given and validated where the policy lets them', async () => {
    const { realm, clients } = await start({ policy: { allowPostdated: true, clockSkewSeconds: 1 } })
    await using _realm = realm
    using _clients = clients
    await clients.must('kinit', ['-s', '10', 'alice'], typed(PASSWORD))
    assert.match(await clients.must('klist', ['-f']), /Flags: \w*di/)
    for (const until = Date.now() + 60_000; Date.now() < until;) {
      if ((await clients.run('kinit', ['-v'])).code === 0) break
      await sleep(200)
    }
    assert.doesNotMatch(await clients.must('klist', ['-f']), /Flags: \w*i/)
    await clients.must('kvno', ['HTTP/localhost'])
    const strict = await start()
    await using _strict = strict.realm
    using _others = strict.clients
    assert.match(await strict.clients.mustNot('kinit', ['-s', '1h', 'alice'], typed(PASSWORD)), /postdat/i)
  })

  test('FAST armours a log-on, with an encrypted challenge', async () => {
    const { realm, clients } = await start()
    await using _realm = realm
    using _clients = clients
    const armor = clients.at('armor')
    await clients.must('kinit', ['-c', armor, 'other'], typed(PASSWORD))
    const trace = clients.at('trace')
    await clients.must('kinit', ['-T', armor, 'alice'], typed(PASSWORD), { KRB5_TRACE: trace })
    const said = await clients.must('cat', [trace])
    assert.match(said, /FAST/)
    assert.match(said, /PA-ENCRYPTED-CHALLENGE \(138\)/)
    await clients.must('kvno', ['HTTP/localhost'])
    await clients.mustNot('kinit', ['-T', armor, 'alice'], typed('wrong'))
  })

  test('a user without keys for services is reached user to user', async () => {
    const { realm, clients } = await start()
    await using _realm = realm
    using _clients = clients
    const theirs = clients.at('theirs')
    await clients.must('kinit', ['-c', theirs, 'u2u'], typed(PASSWORD))
    await clients.must('kinit', ['alice'], typed(PASSWORD))
    await clients.mustNot('kvno', ['u2u'])
    assert.match(await clients.must('kvno', ['--u2u', theirs, 'u2u']), /kvno = /)
  })

  test('aliases and enterprise names are called by their own name', async () => {
    const { realm, clients } = await start()
    await using _realm = realm
    using _clients = clients
    await clients.must('kinit', ['-C', 'nick'], typed(PASSWORD))
    assert.match(await clients.must('klist', []), /Default principal: mailuser@EMBEDDED\.TEST/)
    for (const name of ['mailuser@mail.example.com', 'mailuser@embedded.test', 'mailuser']) {
      await clients.must('kinit', ['-E', name], typed(PASSWORD))
      assert.match(await clients.must('klist', []), /Default principal: mailuser@EMBEDDED\.TEST/)
    }
  })

  test('tickets in the name of others (MS-SFU) are refused as what is not done here', async () => {
    const { realm, clients } = await start()
    await using _realm = realm
    using _clients = clients
    await clients.must('kinit', ['mailuser'], typed(PASSWORD))
    assert.match(await clients.mustNot('kvno', ['-U', 'alice', 'mailuser']), /no support for padata type/)
  })

  test('two embedded realms trust each other, by name and by referral', async () => {
    const trust = (from: string, to: string) => ({ name: `krbtgt/${to}@${from}`, password: `${from} trusts ${to}` })
    const domainRealm = new Map([['.second.test', 'SECOND.TEST']])
    const both = [trust('FIRST.TEST', 'SECOND.TEST'), trust('SECOND.TEST', 'FIRST.TEST')]
    const alice = { name: 'alice', password: PASSWORD }
    const policy = { domainRealm }
    await using first = await EmbeddedRealm.start({
      realm: 'FIRST.TEST',
      entries: [alice, ...both],
      enctypes: SHA1,
      policy,
    })
    const entries = [{ name: 'HTTP/www.second.test' }, ...both]
    await using second = await EmbeddedRealm.start({ realm: 'SECOND.TEST', entries, enctypes: SHA1 })
    using clients = new ClientFolder([first, second])
    await clients.must('kinit', ['alice'], typed(PASSWORD))
    await clients.must('kvno', ['HTTP/www.second.test@SECOND.TEST'])
    assert.match(await clients.must('klist', []), /krbtgt\/SECOND\.TEST@FIRST\.TEST/)
    // Without the client's own table of domains, the KDC says where.
    const conf = (await clients.must('cat', [clients.at('krb5.conf')])).replace(' .second.test = SECOND.TEST\n', '')
    const referred = { KRB5_CONFIG: clients.write('referred.conf', conf), KRB5CCNAME: `FILE:${clients.at('cc2')}` }
    await clients.must('kinit', ['alice'], typed(PASSWORD), referred)
    assert.match(await clients.must('kvno', ['HTTP/www.second.test'], '', referred), /kvno = 1/)
  })

  const enctypes = [
    ['aes256-cts-hmac-sha384-192', 20],
    ['aes128-cts-hmac-sha256-128', 19],
    ['aes256-cts-hmac-sha1-96', 18],
    ['aes128-cts-hmac-sha1-96', 17],
    ['camellia256-cts-cmac', 26],
    ['camellia128-cts-cmac', 25],
    ['des3-cbc-sha1', 16],
    ['arcfour-hmac', 23],
  ] as const
  for (const [name, enctype] of enctypes) {
    test(`keys of ${name} serve user, service and krbtgt`, async () => {
      const policy = { enctypes: [enctype], insecureAllowRc4: enctype === 23, insecureAllowDes3: enctype === 16 }
      await using realm = await EmbeddedRealm.start({ realm: REALM, entries: ENTRIES, enctypes: [enctype], policy })
      using clients = new ClientFolder([realm], [`permitted_enctypes = ${name}`])
      await clients.must('kinit', ['alice'], typed(PASSWORD))
      const keytab = clients.write('http.keytab', await realm.principals.keytab('HTTP/localhost'))
      // -k decrypts the ticket.
      await clients.must('kvno', ['-k', keytab, 'HTTP/localhost'])
      assert.match(
        await clients.must('klist', ['-e']),
        new RegExp(`skey, tkt\\): (DEPRECATED:)?${name}, (DEPRECATED:)?${name}`),
      )
      const changed = await clients.must('kpasswd', ['alice'], typed(PASSWORD, 'Correct-Horse-9', 'Correct-Horse-9'))
      assert.match(changed, /Password changed/)
      await clients.must('kinit', ['alice'], typed('Correct-Horse-9'))
    })
  }

  test('a reply that is too big for a datagram comes over TCP', async () => {
    const big = { adType: 141, adData: new Uint8Array(8000) }
    const entries = [{ name: 'big', password: PASSWORD, attributes: { authorizationData: [big] } }, ...ENTRIES]
    const { realm, clients } = await start({ entries })
    await using _realm = realm
    using _clients = clients
    const trace = clients.at('trace')
    await clients.must('kinit', ['big'], typed(PASSWORD), { KRB5_TRACE: trace })
    assert.match(await clients.must('cat', [trace]), /Response too big|via TCP|stream/i)
  })

  test('clients reach it through the KDC proxy, and change passwords there', async () => {
    const { kdcProxy, embeddedKdc, memoryPrincipals } = await import('sspi/kdc')
    await using realm = await EmbeddedRealm.start({ realm: REALM, entries: [], enctypes: SHA1 })
    using clients = new ClientFolder([realm])
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const files = ['-keyout', clients.at('key.pem'), '-out', clients.at('cert.pem')]
    await clients.must('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...files, ...subject])
    const [key, cert] = [
      await clients.must('cat', [clients.at('key.pem')]),
      await clients.must('cat', [clients.at('cert.pem')]),
    ]
    const principals = memoryPrincipals({ realm: REALM, entries: ENTRIES, enctypes: SHA1 })
    const kdc = embeddedKdc({ realm: REALM, principals })
    const server = createHttpsServer(
      { key, cert },
      kdcProxy({ realms: (name) => (name === REALM ? kdc.handle : undefined) }),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const address = server.address()
      assert.ok(address !== null && typeof address === 'object')
      const url = `https://localhost:${address.port}/KdcProxy`
      const conf = (await clients.must('cat', [clients.at('krb5.conf')]))
        .replace(`kdc = ${realm.kdc}`, `kdc = ${url}\n  http_anchors = FILE:${clients.at('cert.pem')}`)
        .replaceAll(realm.kpasswd, url)
      const env = { KRB5_CONFIG: clients.write('proxy.conf', conf) }
      await clients.must('kinit', ['alice'], typed(PASSWORD), env)
      await clients.must('kvno', ['HTTP/localhost'], '', env)
      await clients.must('kpasswd', ['alice'], typed(PASSWORD, 'Correct-Horse-9', 'Correct-Horse-9'), env)
      assert.deepEqual(realm.events, [])
    } finally {
      server.closeAllConnections()
      server.close()
      principals.dispose()
    }
  })
})
