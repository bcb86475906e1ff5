import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dnsHosts, type HostAddress, type HostResolver } from '../../../src/io/kdc/index.js'

interface Zone {
  readonly txt?: Readonly<Record<string, readonly string[]>>
  readonly cname?: Readonly<Record<string, string>>
  readonly address?: Readonly<Record<string, string>>
  readonly reverse?: Readonly<Record<string, readonly string[]>>
}

/** A resolver of a zone, and what it was asked. */
function resolverOf({ txt = {}, cname = {}, address = {}, reverse = {} }: Zone) {
  const asked: string[] = []
  const lookUp = async <T>(
    kind: string,
    records: Readonly<Record<string, T>>,
    name: string,
  ): Promise<T | undefined> => {
    asked.push(`${kind} ${name}`)
    if (!Object.hasOwn(records, name)) return undefined
    return records[name]
  }
  const resolver: HostResolver = {
    resolveTxt: async (name) => (await lookUp('TXT', txt, name)) ?? [],
    resolveCname: async (name) => [await lookUp('CNAME', cname, name)].filter((found) => found !== undefined),
    lookup: async (host) => {
      const found = await lookUp('A', address, host)
      if (found === undefined) throw new Error('no such host')
      return [{ address: found, family: 4 } satisfies HostAddress]
    },
    reverse: async (of) => {
      const found = await lookUp('PTR', reverse, of)
      if (found === undefined) throw new Error('no name')
      return found
    },
  }
  return { asked, hosts: dnsHosts({ resolver }) }
}

test('the realm is that of the host, else of the nearest domain above it; top-level domains are not asked', async () => {
  const { asked, hosts } = resolverOf({ txt: { '_kerberos.example.com': ['EXAMPLE.COM'], '_kerberos.com': ['EVIL'] } })
  assert.equal(await hosts.realmOf('www.sub.example.com', undefined), 'EXAMPLE.COM')
  assert.deepEqual(asked, [
    'TXT _kerberos.www.sub.example.com',
    'TXT _kerberos.sub.example.com',
    'TXT _kerberos.example.com',
  ])
  assert.equal(await hosts.realmOf('www.other.com.', undefined), undefined)
  assert.deepEqual(asked.slice(3), ['TXT _kerberos.www.other.com', 'TXT _kerberos.other.com'])
})

test('a host of one label is asked for as it is', async () => {
  const { hosts } = resolverOf({ txt: { '_kerberos.localhost2': ['MIT2.TEST.'] } })
  assert.equal(await hosts.realmOf('localhost2', undefined), 'MIT2.TEST')
})

test('what is no realm is passed over, and a host with very many labels has an end', async () => {
  const txt = { '_kerberos.www.example.com': ['', 'A REALM', 'A/B', 'A@B', 'A\nB', 'x'.repeat(256), 'LAST.TEST'] }
  assert.equal(await resolverOf({ txt }).hosts.realmOf('www.example.com', undefined), 'LAST.TEST')
  const { asked, hosts } = resolverOf({})
  assert.equal(await hosts.realmOf(`${'a.'.repeat(100)}com`, undefined), undefined)
  assert.equal(asked.length, 16)
})

test('what is no host name is not asked for', async () => {
  const { asked, hosts } = resolverOf({})
  for (const host of ['', 'a b', 'a..b', '.', '[::1]', `${'a'.repeat(260)}.com`]) {
    assert.equal(await hosts.realmOf(host, undefined), undefined)
    assert.equal(await hosts.canonicalName({ host, reverse: false }, undefined), host)
  }
  assert.deepEqual(asked, [])
})

test('the canonical name is the end of the chain of aliases, in lower case', async () => {
  const cname = { 'www.example.com': 'web.example.com', 'web.example.com': 'HOST7.example.com.' }
  const { hosts } = resolverOf({ cname })
  assert.equal(await hosts.canonicalName({ host: 'www.example.com', reverse: false }, undefined), 'host7.example.com')
  assert.equal(await hosts.canonicalName({ host: 'other.example.com', reverse: false }, undefined), 'other.example.com')
})

test('aliases in a circle have an end', async () => {
  const { asked, hosts } = resolverOf({ cname: { 'a.test': 'b.test', 'b.test': 'a.test' } })
  await hosts.canonicalName({ host: 'a.test', reverse: false }, undefined)
  assert.equal(asked.length, 8)
})

test('with reverse it is the name of the address, where that has a fit one', async () => {
  const zone = {
    cname: { 'www.test': 'web.test' },
    address: { 'web.test': '192.0.2.1', 'odd.test': '192.0.2.2', 'bare.test': '192.0.2.3', '192.0.2.1': '192.0.2.1' },
    reverse: { '192.0.2.1': ['host7.test'], '192.0.2.2': ['not a name', 'a/b'] },
  }
  const canonical = (host: string): Promise<string> =>
    resolverOf(zone).hosts.canonicalName({ host, reverse: true }, undefined)
  assert.equal(await canonical('www.test'), 'host7.test')
  assert.equal(await canonical('odd.test'), 'odd.test')
  assert.equal(await canonical('bare.test'), 'bare.test')
  assert.equal(await canonical('nowhere.test'), 'nowhere.test')
  assert.equal(await canonical('192.0.2.1'), 'host7.test')
})

test('DNS servers that fail are as if they had nothing, and those that are silent are not waited for', async () => {
  const never = (): Promise<never> => new Promise(() => {})
  const failing = (): Promise<never> => Promise.reject(new Error('SERVFAIL'))
  for (const answer of [never, failing]) {
    const resolver = { resolveTxt: answer, resolveCname: answer, lookup: answer, reverse: answer }
    const hosts = dnsHosts({ resolver, timeoutMilliseconds: 20 })
    assert.equal(await hosts.realmOf('www.test', undefined), undefined)
    assert.equal(await hosts.canonicalName({ host: 'www.test', reverse: true }, undefined), 'www.test')
  }
})
