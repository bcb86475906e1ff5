import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  locateKdcs,
  orderSrv,
  parseKdcServer,
  type KdcResolver,
  type KdcService,
  type Located,
  type SrvRecord,
} from '../../../src/io/kdc/index.js'
import { parseKrb5Conf } from '../../../src/io/krb5-conf/index.js'

const silent: KdcResolver = {
  resolveSrv: () => Promise.reject(new Error('DNS must not be asked')),
  lookup: () => Promise.reject(new Error('DNS must not be asked')),
}

const srv = (name: string, port: number, priority = 0, weight = 0): SrvRecord => ({ name, port, priority, weight })

function locate(
  conf: string,
  service: KdcService,
  records?: Readonly<Record<string, readonly SrvRecord[]>>,
  realm = 'EXAMPLE.COM',
): Promise<Located> {
  const resolver =
    records === undefined ? silent : { ...silent, resolveSrv: (name: string) => Promise.resolve(records[name] ?? []) }
  return locateKdcs(realm, service, { config: parseKrb5Conf(conf), resolver, random: () => 0 })
}

test('servers are read as they are written', () => {
  const any = (host: string, port: number): object => ({ transport: 'any', host, port })
  const readable: Readonly<Record<string, object>> = {
    'kdc.example.com': any('kdc.example.com', 88),
    ' kdc.example.com:8888 ': any('kdc.example.com', 8888),
    '192.0.2.1:1': any('192.0.2.1', 1),
    '[2001:db8::1]:89': any('2001:db8::1', 89),
    '[2001:db8::1]': any('2001:db8::1', 88),
    '2001:db8::1': any('2001:db8::1', 88),
    'tcp/kdc:90': { transport: 'tcp', host: 'kdc', port: 90 },
    'udp/kdc': { transport: 'udp', host: 'kdc', port: 88 },
    'https://proxy.example.com/KdcProxy': { transport: 'https', url: 'https://proxy.example.com/KdcProxy' },
  }
  for (const [text, server] of Object.entries(readable)) assert.deepEqual(parseKdcServer(text, 88), server, text)
  for (const text of ['', ':88', 'kdc:0', 'kdc:65536', 'kdc:x', 'http://proxy/KdcProxy', 'https://', 'a b', '[kdc']) {
    assert.equal(parseKdcServer(text, 88), undefined, text)
  }
})

test('a text that is no server is refused at once, however long it is', () => {
  // Colons that several patterns could share out among them would take longer than anybody lives.
  for (const text of [':'.repeat(1000) + '!', ':'.repeat(100_000) + '!', `${'a'.repeat(2000)}:88`]) {
    assert.equal(parseKdcServer(text, 88), undefined)
  }
})

const CONF = `[realms]
EXAMPLE.COM = {
 kdc = one
 kdc = not a server
 kdc = two:89
 admin_server = admin:749
}`

test('the servers of the configuration go before DNS', async () => {
  const { servers, notes } = await locate(CONF, 'kdc')
  assert.deepEqual(servers, [
    { transport: 'any', host: 'one', port: 88 },
    { transport: 'any', host: 'two', port: 89 },
  ])
  assert.deepEqual(notes, ['not a server: not a server'])
})

test('passwords are changed at kpasswd_server, else at port 464 of admin_server', async () => {
  assert.deepEqual((await locate(CONF, 'kpasswd')).servers, [{ transport: 'any', host: 'admin', port: 464 }])
  const named = await locate(CONF.replace('admin_server', 'kpasswd_server'), 'kpasswd')
  assert.deepEqual(named.servers, [{ transport: 'any', host: 'admin', port: 749 }])
})

test('servers that are given go before the configuration', async () => {
  const { servers } = await locateKdcs('EXAMPLE.COM', 'kdc', {
    config: parseKrb5Conf(CONF),
    resolver: silent,
    random: () => 0,
    servers: () => ['given'],
  })
  assert.deepEqual(servers, [{ transport: 'any', host: 'given', port: 88 }])
})

test('the proxy of a credential goes after all others, or in place of them', async () => {
  const options = { config: parseKrb5Conf(CONF), resolver: silent, random: () => 0 }
  const url = 'https://proxy.example.com/KdcProxy'
  const alone = await locateKdcs('EXAMPLE.COM', 'kdc', { ...options, proxy: { url, only: true } })
  assert.deepEqual(alone.servers, [{ transport: 'https', url }])
  const { servers } = await locateKdcs('EXAMPLE.COM', 'kdc', options)
  const last = await locateKdcs('EXAMPLE.COM', 'kdc', { ...options, proxy: { url, only: false } })
  assert.ok(servers.length > 0)
  assert.deepEqual(last.servers, [...servers, { transport: 'https', url }])
})

test('SRV records are asked where the configuration has no servers', async () => {
  const { servers } = await locate('', 'kdc', {
    '_kerberos._udp.EXAMPLE.COM': [srv('b', 88, 1), srv('a', 88, 0), srv('.', 88, 0)],
    '_kerberos._tcp.EXAMPLE.COM': [srv('A.', 88, 0), srv('c', 88, 0)],
  })
  assert.deepEqual(servers, [
    { transport: 'any', host: 'a', port: 88 },
    { transport: 'udp', host: 'b', port: 88 },
    { transport: 'tcp', host: 'c', port: 88 },
  ])
  const passwords = await locate('', 'kpasswd', { '_kpasswd._udp.EXAMPLE.COM': [srv('p', 464)] })
  assert.deepEqual(passwords.servers, [{ transport: 'udp', host: 'p', port: 464 }])
})

test('DNS is not asked when it is switched off, or for realms that are no domains', async () => {
  const off = await locate('[libdefaults]\ndns_lookup_kdc = false\n', 'kdc')
  assert.deepEqual(off.servers, [])
  assert.match(off.notes.join(), /dns_lookup_kdc/)
  for (const realm of ['', 'A B', 'A..B', 'X/Y', `${'a.'.repeat(200)}a`]) {
    assert.match((await locate('', 'kdc', undefined, realm)).notes.join(), /no domain/)
  }
})

test('a failure of DNS is a note', async () => {
  const { servers, notes } = await locateKdcs('R', 'kdc', {
    config: parseKrb5Conf(''),
    resolver: silent,
    random: () => 0,
  })
  assert.deepEqual(servers, [])
  assert.match(notes.join(), /_kerberos\._udp\.R: DNS must not be asked/)
})

test('SRV records are drawn by priority, then by weight', () => {
  const names = (random: () => number): string =>
    orderSrv([srv('far', 1, 9, 100), srv('heavy', 1, 0, 90), srv('light', 1, 0, 10), srv('zero', 1, 0, 0)], random)
      .map(({ name }) => name)
      .join(' ')
  assert.equal(
    names(() => 0),
    'zero light heavy far',
  )
  assert.equal(
    names(() => 0.5),
    'heavy light zero far',
  )
  assert.equal(
    names(() => 0.999),
    'heavy light zero far',
  )
  let seed = 7
  const random = (): number => (seed = (seed * 48_271) % 0x7fff_ffff) / 0x7fff_ffff
  const firsts = Array.from({ length: 1000 }, () => names(random).split(' ', 1)[0])
  const heavy = firsts.filter((name) => name === 'heavy').length
  assert.ok(heavy > 800 && heavy < 960, `${heavy} of 1000`)
})
