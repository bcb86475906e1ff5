import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import {
  defaultCredential,
  dirCcaches,
  openCcache,
  parseKrb5Conf,
  saveKeytabFile,
  type DefaultCredentialOptions,
} from '../../../src/io/krb5/index.js'
import type { Keytab } from '../../../src/kerberos/index.js'
import {
  SECPKG_CRED_BOTH,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  type CredentialChoice,
  type RevealedCredential,
  type SettledCredentialValue,
} from '../../../src/sspi/index.js'
import { initSecurityInterface } from '../../../src/system/index.js'
import { Bench } from '../../sspi/table.js'
import { ccacheOf } from '../ccache-store/ccaches.js'

const NOW = new Date('2026-01-01T00:00:00Z')
const LATER = NOW.getTime() / 1000 + 3600
const none = { name: 'SspiError', code: 'SEC_E_NO_CREDENTIALS' }

/** An environment in a folder of its own, in which nothing is at first. */
async function environment(context: TestContext): Promise<{ folder: string; options: DefaultCredentialOptions }> {
  const folder = await mkdtemp(join(tmpdir(), 'sspi-default-'))
  context.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'krb5.conf'), '[libdefaults]\n default_realm = EXAMPLE.COM\n')
  const env = {
    KRB5_CONFIG: join(folder, 'krb5.conf'),
    KRB5CCNAME: `FILE:${folder}/cc`,
    KRB5_KTNAME: `FILE:${folder}/keytab`,
    KRB5_CLIENT_KTNAME: `FILE:${folder}/client.keytab`,
  }
  return { folder, options: { env, k5identity: join(folder, '.k5identity'), now: () => NOW } }
}

function keytabOf(user: string, realm = 'EXAMPLE.COM'): Keytab {
  const key = { keytype: 18, keyvalue: new Uint8Array(32).fill(9) }
  const entry = { realm, name: { nameType: 1, nameString: user.split('/') }, timestamp: 1, kvno: 1, key }
  return { version: 2, byteOrder: 'big', entries: [entry] }
}

const CHOICE: CredentialChoice = { package: 'Kerberos', use: 'outbound', principal: undefined, targetName: undefined }

async function choose(
  options: DefaultCredentialOptions,
  choice: Partial<CredentialChoice> = {},
): Promise<SettledCredentialValue> {
  const value = await defaultCredential(options).choose({ ...CHOICE, ...choice })
  assert.ok('kind' in value)
  return value
}

test('nothing is read before a credential is acquired, and anew for each', async (t) => {
  const { folder, options } = await environment(t)
  const credential = defaultCredential(options)
  await assert.rejects(async () => credential.choose(CHOICE), none)
  await (await openCcache(`FILE:${folder}/cc`)).save(ccacheOf('alice', 'EXAMPLE.COM', LATER))
  const found = await credential.choose(CHOICE)
  assert.equal('kind' in found && found.kind, 'ticket-cache')
})

test('who initiates has the ticket cache, and the client keytab where its tickets are over', async (t) => {
  const { folder, options } = await environment(t)
  const cache = await openCcache(`FILE:${folder}/cc`)
  await saveKeytabFile(join(folder, 'client.keytab'), keytabOf('alice'))
  assert.equal((await choose(options)).kind, 'keytab')
  await cache.save(ccacheOf('alice', 'EXAMPLE.COM', LATER))
  assert.equal((await choose(options)).kind, 'ticket-cache')
  await cache.save(ccacheOf('alice', 'EXAMPLE.COM', NOW.getTime() / 1000 + 10))
  const value = await choose(options)
  assert.equal(value.kind === 'keytab' && value.principal, 'alice@EXAMPLE.COM')
  // Whoever else's keytab it is: the cache says whose tickets are over.
  await saveKeytabFile(join(folder, 'client.keytab'), keytabOf('robot'))
  assert.equal((await choose(options)).kind, 'ticket-cache')
})

test('who accepts has the keytab', async (t) => {
  const { folder, options } = await environment(t)
  await saveKeytabFile(join(folder, 'keytab'), keytabOf('HTTP/www.example.com'))
  assert.equal((await choose(options, { use: 'inbound' })).kind, 'keytab')
  const other = choose(options, { use: 'inbound', principal: 'ldap/www.example.com' })
  await assert.rejects(other, { ...none, message: /it has no key of ldap\/www\.example\.com/ })
})

test('where there is nothing, the error says what was looked for and where', async (t) => {
  const { folder, options } = await environment(t)
  await assert.rejects(choose(options), (error: Error) => {
    assert.match(error.message, /no default credentials to initiate with: /)
    assert.ok(error.message.includes(`ticket cache FILE:${folder}/cc (KRB5CCNAME): `), error.message)
    assert.ok(error.message.includes(`keytab FILE:${folder}/client.keytab (KRB5_CLIENT_KTNAME): `), error.message)
    assert.match(error.message, /kinit/)
    return true
  })
  await assert.rejects(choose(options, { use: 'inbound' }), {
    ...none,
    message: /no default credentials to accept with: keytab FILE:.*keytab \(KRB5_KTNAME\): .*no such keytab/,
  })
  const krb5 = parseKrb5Conf(
    `[libdefaults]\n default_ccache_name = KEYRING:x\n default_client_keytab_name = ${folder}/no`,
  )
  await assert.rejects(choose({ ...options, krb5 }), {
    ...none,
    message: /KEYRING:x \(default_ccache_name\): .*Linux keyrings.*\/no \(default_client_keytab_name\)/,
  })
})

test('of a collection the cache is chosen by principal, rules and realm', async (t) => {
  const { folder, options } = await environment(t)
  const collection = dirCcaches(join(folder, 'collection'))
  for (const [user, realm] of [
    ['alice', 'EXAMPLE.COM'],
    ['bob', 'OTHER.TEST'],
  ] as const) {
    await (user === 'alice' ? await collection.primary() : await collection.create()).save(ccacheOf(user, realm, LATER))
  }
  await writeFile(join(folder, 'krb5.conf'), '[domain_realm]\n .other.test = OTHER.TEST\n')
  await writeFile(join(folder, '.k5identity'), 'bob@OTHER.TEST service=imap\n')
  const named = { ...options, env: { ...options.env, KRB5CCNAME: `DIR:${folder}/collection` } }
  const clientFor = async (choice: Partial<CredentialChoice>): Promise<string | undefined> => {
    const value = await choose(named, choice)
    if (value.kind !== 'ticket-cache') return undefined
    return /alice|bob/.exec(new TextDecoder().decode(await value.reveal()))?.[0]
  }
  assert.equal(await clientFor({}), 'alice')
  assert.equal(await clientFor({ targetName: 'HTTP/www.other.test' }), 'bob')
  assert.equal(await clientFor({ targetName: 'imap/mail.example.com' }), 'bob')
  assert.equal(await clientFor({ targetName: 'smtp/mail.example.com' }), 'alice')
  assert.equal(await clientFor({ principal: 'bob@OTHER.TEST' }), 'bob')
  await assert.rejects(clientFor({ principal: 'carol@OTHER.TEST' }), none)
})

test('a single cache of somebody else is not taken for the principal that is wanted', async (t) => {
  const { folder, options } = await environment(t)
  await (await openCcache(`FILE:${folder}/cc`)).save(ccacheOf('alice', 'EXAMPLE.COM', LATER))
  await assert.rejects(choose(options, { principal: 'bob@EXAMPLE.COM' }), {
    ...none,
    message: /it is of alice@EXAMPLE\.COM, not of bob@EXAMPLE\.COM/,
  })
})

test('Kerberos and Negotiate take it for both sides, and package lists hold', async (t) => {
  const { folder, options } = await environment(t)
  await saveKeytabFile(join(folder, 'keytab'), keytabOf('HTTP/www.example.com'))
  await saveKeytabFile(join(folder, 'client.keytab'), keytabOf('alice'))
  const sspi = initSecurityInterface()
  for (const name of ['Kerberos', 'Negotiate']) {
    for (const credentialUse of [SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND, SECPKG_CRED_BOTH]) {
      const request = { package: name, credentialUse, authData: defaultCredential(options) }
      const { credential } = await sspi.acquireCredentialsHandle(request)
      sspi.freeCredentialsHandle(credential)
    }
  }
  const authData = defaultCredential({ ...options, packageList: '!kerberos' })
  const refused = sspi.acquireCredentialsHandle({ package: 'Negotiate', credentialUse: SECPKG_CRED_OUTBOUND, authData })
  await assert.rejects(refused, { ...none, message: /package list excludes it/ })
})

test('without being asked for, nothing is read', async () => {
  const sspi = initSecurityInterface()
  const acquired = sspi.acquireCredentialsHandle({ package: 'Kerberos', credentialUse: SECPKG_CRED_OUTBOUND })
  await assert.rejects(acquired, { ...none, message: /defaultCredential\(\)/ })
})

test('for both sides at once each has its own', async (t) => {
  const { folder, options } = await environment(t)
  await saveKeytabFile(join(folder, 'keytab'), keytabOf('HTTP/www.example.com'))
  await (await openCcache(`FILE:${folder}/cc`)).save(ccacheOf('alice', 'EXAMPLE.COM', LATER))
  const bench = new Bench()
  await bench.table.acquireCredentialsHandle({
    package: 'Fake',
    credentialUse: SECPKG_CRED_BOTH,
    authData: defaultCredential(options),
  })
  const value = bench.fake.requests[0]?.value as Extract<RevealedCredential, { readonly kind: 'pair' }>
  assert.deepEqual([value.kind, value.outbound.kind, value.inbound.kind], ['pair', 'ticket-cache', 'keytab'])
})
