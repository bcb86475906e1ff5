import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  loadDefaultKrb5Conf,
  loadKrb5Conf,
  parseDuration,
  parseKrb5Conf,
  realmOfHost,
  type KerberosConfig,
} from '../../../src/io/krb5-conf/index.js'

const refused = { name: 'SspiError', code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY' }
const libdefaults = (...lines: readonly string[]): KerberosConfig =>
  parseKrb5Conf(`[libdefaults]\n${lines.join('\n')}\n`)

test('durations are what MIT krb5 takes for one', () => {
  const all = { '300': 300, '10h 30m': 37_800, '1d': 86_400, '7d 2h': 612_000, '10:30': 37_800, '1:30:15': 5415 }
  const more = { '1:3': 3780, '1d1h1m1s': 90_061, '1-02:03:04': 93_784, '90m': 5400, '0': 0 }
  for (const [text, seconds] of Object.entries({ ...all, ...more })) assert.equal(parseDuration(text), seconds, text)
  for (const text of ['', '5m10', '3h 5', '30m 10h', '1 d', '-5', '99999999999', '1w', 'x', '1:2:3:4', '10:', '1.5h']) {
    assert.equal(parseDuration(text), undefined, text)
  }
})

test('a duration with very many blanks in it is refused at once', () => {
  // Patterns that could share the blanks out among them would take longer than anybody lives.
  assert.equal(parseDuration(`1d${' '.repeat(100_000)}x`), undefined)
  assert.equal(parseDuration(`1d${' '.repeat(100_000)}2h`), 93_600)
})

test('an empty configuration is the safe defaults', () => {
  const config = parseKrb5Conf('', { expansions: { uid: '7', euid: '8' } })
  assert.deepEqual(config.permittedEnctypes, [20, 19, 18, 17])
  assert.deepEqual(config.tktEnctypes, config.permittedEnctypes)
  assert.equal(config.insecureAllowRc4, false)
  assert.equal(config.clockSkewSeconds, 300)
  assert.equal(config.dnsCanonicalizeHostname, false)
  assert.equal(config.rdns, false)
  assert.equal(config.dnsLookupKdc, true)
  assert.equal(config.udpPreferenceLimitBytes, 1465)
  assert.equal(config.defaultCcacheName, 'FILE:/tmp/krb5cc_7')
  assert.equal(config.defaultKeytabName, 'FILE:/etc/krb5.keytab')
  assert.equal(config.defaultClientKeytabName, 'FILE:/etc/krb5/user/8/client.keytab')
  assert.deepEqual(config.warnings, [])
})

test('libdefaults are read in their types', () => {
  const config = libdefaults(
    'default_realm = EXAMPLE.COM',
    'default_realm = LATER.IS.NOT.HEARD',
    'clockskew = 10m',
    'ticket_lifetime = 10h 30m',
    'renew_lifetime = 1d',
    'forwardable = YES',
    'proxiable = 1',
    'rdns = off',
    'dns_lookup_kdc = f',
    'dns_lookup_realm = on',
    'dns_canonicalize_hostname = fallback',
    'udp_preference_limit = 1',
    'kdc_timesync = 0',
    'preferred_preauth_types = 17, 16',
    'kcm_socket = -',
    'default_ccache_name = ""',
  )
  assert.equal(config.defaultRealm, 'EXAMPLE.COM')
  assert.equal(config.clockSkewSeconds, 600)
  assert.equal(config.ticketLifetimeSeconds, 37_800)
  assert.equal(config.renewLifetimeSeconds, 86_400)
  assert.equal(config.forwardable, true)
  assert.equal(config.proxiable, true)
  assert.equal(config.rdns, false)
  assert.equal(config.dnsLookupKdc, false)
  assert.equal(config.dnsLookupRealm, true)
  assert.equal(config.dnsCanonicalizeHostname, 'fallback')
  assert.equal(config.udpPreferenceLimitBytes, 1)
  assert.equal(config.kdcTimesync, false)
  assert.deepEqual(config.preferredPreauthTypes, [17, 16])
  assert.equal(config.kcmSocket, undefined)
  assert.deepEqual(config.warnings, [])
})

test('encryption types go by name, family and DEFAULT, with some taken away', () => {
  const permitted = (text: string): readonly number[] =>
    libdefaults('allow_weak_crypto = true', `permitted_enctypes = ${text}`).permittedEnctypes
  assert.deepEqual(permitted('aes256-cts-hmac-sha1-96 aes128-cts , rc4-hmac'), [18, 17, 23])
  assert.deepEqual(permitted('DEFAULT camellia -aes128-sha1'), [20, 19, 18, 26, 25])
  assert.deepEqual(permitted('AES -aes256-sha2 des3 aes'), [18, 17, 19, 16, 20])
})

test('RC4 and triple DES are left out with a warning unless they are allowed', () => {
  const list = 'permitted_enctypes = aes256-sha1 rc4 des3'
  assert.deepEqual(libdefaults(list).permittedEnctypes, [18])
  assert.equal(libdefaults(list).warnings.length, 1)
  assert.deepEqual(libdefaults(list, 'allow_rc4 = true').permittedEnctypes, [18, 23])
  const weak = libdefaults(list, 'allow_weak_crypto = true')
  assert.deepEqual(weak.permittedEnctypes, [18, 23, 16])
  assert.deepEqual(weak.warnings, [])
})

test('single DES is named in a warning; a list that leaves nothing is refused', () => {
  const config = libdefaults('permitted_enctypes = des-cbc-md5 aes128-sha2')
  assert.deepEqual(config.permittedEnctypes, [19])
  assert.match(config.warnings.join(), /des-cbc-md5/)
  assert.throws(() => libdefaults('permitted_enctypes = des-cbc-crc'), refused)
  assert.throws(() => libdefaults('permitted_enctypes = rc4'), refused)
})

test('the lists for requests stay within what is permitted', () => {
  const config = libdefaults(
    'permitted_enctypes = aes256-sha1 aes128-sha1',
    'default_tkt_enctypes = aes128-sha1 aes256-sha2',
  )
  assert.deepEqual(config.tktEnctypes, [17])
  assert.deepEqual(config.tgsEnctypes, [18, 17])
  assert.throws(() => libdefaults('permitted_enctypes = aes256-sha1', 'default_tgs_enctypes = aes128-sha1'), refused)
})

test('names of files are expanded, and what means nothing is refused', () => {
  const expansions = { uid: '1000', euid: '0', username: 'alice', temp: '/tmp' }
  const cache = (text: string): string =>
    parseKrb5Conf(`[libdefaults]\ndefault_ccache_name = ${text}\n`, { expansions }).defaultCcacheName
  assert.equal(cache('DIR:/run/user/%{uid}/krb5cc'), 'DIR:/run/user/1000/krb5cc')
  assert.equal(cache('FILE:%{TEMP}/%{username}-%{euid}%{null}-%{USERID}'), 'FILE:/tmp/alice-0-1000')
  assert.throws(() => cache('FILE:%{nonsense}'), { ...refused, message: /default_ccache_name: %\{nonsense\}/ })
  assert.throws(() => cache('FILE:%{uid'), refused)
})

test('a value of the wrong type is refused by name', () => {
  const wrong = ['forwardable = maybe', 'clockskew = soon', 'udp_preference_limit = 1k', 'preferred_preauth_types = a']
  for (const line of wrong) {
    const [name = ''] = line.split(' ')
    assert.throws(() => libdefaults(line), { ...refused, message: new RegExp(`\\[libdefaults\\] ${name}: `) })
  }
})

const REALMS = `
[libdefaults]
 plugin_base_dir = /lib
 mystery = 1
[realms]
 EXAMPLE.COM = {
  kdc = kdc1.example.com
  kdc = [2001:db8::1]:88
  admin_server = admin.example.com
  http_anchors = FILE:/etc/anchors.pem
  auth_to_local = DEFAULT
  disable_encrypted_timestamp = true
 }
[domain_realm]
 .Example.com = EXAMPLE.COM
 special.example.com = SPECIAL
 bare.org = BARE
[capaths]
 A = {
  B = C
  B = D
  D = .
 }
[plugins]
[nonsense]
`

test('realms, hosts and paths between realms are read', () => {
  const config = parseKrb5Conf(REALMS)
  const realm = config.realms.get('EXAMPLE.COM')
  assert.deepEqual(realm?.kdcs, ['kdc1.example.com', '[2001:db8::1]:88'])
  assert.deepEqual(realm.adminServers, ['admin.example.com'])
  assert.deepEqual(realm.kpasswdServers, [])
  assert.deepEqual(realm.httpAnchors, ['FILE:/etc/anchors.pem'])
  assert.equal(realm.disableEncryptedTimestamp, true)
  assert.deepEqual(config.capaths.get('A')?.get('B'), ['C', 'D'])
  assert.deepEqual(config.capaths.get('A')?.get('D'), ['.'])
  assert.equal(realmOfHost(config, 'WWW.example.com.'), 'EXAMPLE.COM')
  assert.equal(realmOfHost(config, 'a.b.example.com'), 'EXAMPLE.COM')
  assert.equal(realmOfHost(config, 'special.example.com'), 'SPECIAL')
  assert.equal(realmOfHost(config, 'x.special.example.com'), 'SPECIAL')
  assert.equal(realmOfHost(config, 'www.bare.org'), 'BARE')
  assert.equal(realmOfHost(config, 'example.com'), undefined)
})

test('what has no effect is said', () => {
  assert.deepEqual(
    parseKrb5Conf(REALMS).warnings.map((warning) => warning.split(':', 1)[0]),
    [
      '[plugins] has no effect',
      '[nonsense]',
      '[libdefaults] plugin_base_dir has no effect',
      '[libdefaults] mystery',
      '[realms] EXAMPLE.COM auth_to_local has no effect',
    ],
  )
})

test('a configuration that asks for checks that do not exist is refused', () => {
  assert.throws(() => libdefaults('pkinit_require_crl_checking = true'), refused)
  assert.deepEqual(libdefaults('pkinit_require_crl_checking = false').warnings, [])
})

test('names of relations that objects have are nothing special', () => {
  assert.equal(libdefaults('constructor = 1', '__proto__ = 2').warnings.length, 2)
})

test('the default configuration is what the environment names', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sspi-krb5-conf-'))
  t.after(() => rm(folder, { recursive: true }))
  const [one, two] = [join(folder, 'one'), join(folder, 'two')]
  await writeFile(one, '[libdefaults]\ndefault_realm = ONE\n')
  await writeFile(two, '[libdefaults]\ndefault_realm = TWO\ndefault_keytab_name = FILE:/two\n')
  const env = { KRB5_CONFIG: `${one}:${two}`, KRB5CCNAME: 'FILE:/cc-%{uid}' }
  const config = await loadDefaultKrb5Conf({ env, platform: 'linux', expansions: { uid: '5' } })
  assert.equal(config.defaultRealm, 'ONE')
  assert.equal(config.defaultKeytabName, 'FILE:/two')
  assert.equal(config.defaultCcacheName, 'FILE:/cc-5')
  const missing = { env: { KRB5_CONFIG: join(folder, 'none') }, platform: 'linux' } as const
  await assert.rejects(loadDefaultKrb5Conf(missing), refused)
  // No file in the usual places is no mistake.
  const usual = await loadDefaultKrb5Conf({ env: { ProgramData: folder, SystemRoot: folder }, platform: 'win32' })
  assert.equal(usual.defaultRealm, undefined)
  assert.equal((await loadKrb5Conf(one)).defaultRealm, 'ONE')
})
