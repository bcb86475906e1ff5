import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { inspect } from 'node:util'
import { decodeUtf8 } from '../../../src/bytes/index.js'
import { memoryPrincipals, type MemoryPrincipals, type PrincipalEntry } from '../../../src/io/principals/index.js'
import type { KdcPrincipal } from '../../../src/kdc/index.js'
import { Enctype, KerberosKey, NameType, parsePrincipal, readKeytab } from '../../../src/kerberos/index.js'

const REALM = 'EXAMPLE.COM'
const ENCTYPES = [Enctype.AES256_CTS_HMAC_SHA1_96, Enctype.AES128_CTS_HMAC_SHA1_96]
const TIME = new Date('2026-11-22T12:00:00Z')

function databaseOf(...entries: readonly PrincipalEntry[]): MemoryPrincipals {
  return memoryPrincipals({ realm: REALM, entries, enctypes: ENCTYPES })
}

async function find(database: MemoryPrincipals, text: string, nameType?: number): Promise<KdcPrincipal | undefined> {
  const { name, realm = REALM } =
    nameType === undefined ? parsePrincipal(text) : { name: { nameType, nameString: [text] } }
  return database.lookup({ principal: { name, realm }, as: 'client' })
}

const versions = (entry: KdcPrincipal | undefined): readonly number[] => [
  ...new Set(entry?.keys.map(({ kvno }) => kvno)),
]

suite('a principal database in memory', () => {
  test('has the services that a KDC needs by itself, or as they were given', async () => {
    const own = databaseOf()
    const changepw = await find(own, 'kadmin/changepw')
    assert.ok((await find(own, `krbtgt/${REALM}`)) !== undefined)
    assert.deepEqual([changepw?.attributes.initialOnly, changepw?.attributes.changesPasswords], [true, true])
    const given = databaseOf({ name: `krbtgt/${REALM}`, kvno: 7 })
    assert.deepEqual(versions(await find(given, `krbtgt/${REALM}`)), [7])
  })

  test('makes the keys of a password with the salt of the name (RFC 4120 section 4)', async () => {
    const entry = await find(databaseOf({ name: 'HTTP/www', password: 'correct horse' }), 'HTTP/www')
    assert.deepEqual(
      entry?.keys.map(({ key, salt }) => [key.enctype, decodeUtf8(salt!, 'salt')]),
      ENCTYPES.map((enctype) => [enctype, 'EXAMPLE.COMHTTPwww']),
    )
  })

  test('makes them once, whoever asks meanwhile', async () => {
    const database = databaseOf({ name: 'alice', password: 'correct horse' })
    const [one, other] = await Promise.all([find(database, 'alice'), find(database, 'alice')])
    assert.equal(one?.keys[0]?.key, other?.keys[0]?.key)
    const { name } = parsePrincipal('alice')
    assert.ok(!(database.lookup({ principal: { name, realm: REALM }, as: 'client' }) instanceof Promise))
  })

  test('overwrites old keys in the end, and not while a request may use them', async () => {
    const database = databaseOf({ name: 'alice' })
    const principal = { name: parsePrincipal('alice').name, realm: REALM }
    const first = (await find(database, 'alice'))!.keys[0]!.key
    const key = KerberosKey.generate(ENCTYPES[0]!)
    const change = (): unknown =>
      database.update({ principal, keys: [{ key }], time: TIME, passwordExpires: undefined })
    for (let i = 0; i < 1_000; i++) change()
    first.reveal()
    for (let i = 0; i < 10; i++) change()
    assert.throws(() => first.reveal(), TypeError)
  })

  test('finds by alias and by enterprise name, and nobody by a part of a name or another case', async () => {
    const database = databaseOf({ name: 'alice', aliases: ['al', 'a/b'], enterpriseNames: ['Alice@Mail.Example'] })
    for (const alias of ['alice', 'al', 'a/b']) {
      assert.deepEqual((await find(database, alias))?.principal.name.nameString, ['alice'])
    }
    assert.ok((await find(database, 'alice@mail.example', NameType.NT_ENTERPRISE)) !== undefined)
    assert.equal(await find(database, 'alice@mail.example', NameType.NT_PRINCIPAL), undefined)
    for (const other of ['Alice', 'a', 'b', 'alice@OTHER.EXAMPLE']) assert.equal(await find(database, other), undefined)
  })

  test('has each name once', () => {
    const taken = { code: 'SEC_E_INVALID_PARAMETER' }
    assert.throws(() => databaseOf({ name: 'alice' }, { name: 'alice' }), taken)
    assert.throws(() => databaseOf({ name: 'alice' }, { name: 'bob', aliases: ['alice'] }), taken)
    assert.throws(() => databaseOf({ name: 'alice', aliases: ['alice'] }), taken)
    assert.throws(() => databaseOf({ name: 'a@b@c' }), taken)
  })

  test('counts failures in a row, and forgets those that are old', () => {
    const database = databaseOf({ name: 'alice' })
    const { name } = parsePrincipal('alice')
    const attempt = (succeeded: boolean, seconds: number): number => {
      const time = new Date(TIME.getTime() + seconds * 1000)
      const forgetBefore = new Date(time.getTime() - 60_000)
      return database.attempt({ principal: { name, realm: REALM }, succeeded, time, forgetBefore })
    }
    assert.deepEqual([attempt(false, 0), attempt(false, 1), attempt(true, 2), attempt(false, 3)], [1, 2, 0, 1])
    assert.deepEqual([attempt(false, 63), attempt(false, 124)], [2, 1])
  })

  test('keeps four versions of keys, copies of its own', async () => {
    const database = databaseOf({ name: 'alice' })
    const { name } = parsePrincipal('alice')
    const key = KerberosKey.generate(ENCTYPES[0]!)
    for (let i = 0; i < 5; i++) {
      const principal = { name, realm: REALM }
      await database.update({ principal, keys: [{ key }], time: TIME, passwordExpires: undefined })
    }
    const bytes = key.reveal()
    key.dispose()
    const entry = await find(database, 'alice')
    assert.deepEqual(versions(entry), [6, 5, 4, 3])
    assert.deepEqual(entry?.keys[0]?.key.reveal(), bytes)
    assert.equal(entry.passwordChanged, TIME)
  })

  test('gives a new password, new attributes, and takes a principal away', async () => {
    const database = databaseOf({ name: 'alice', aliases: ['al'], attributes: { forwardable: false } })
    await database.setPassword('alice', 'battery staple')
    database.setAttributes('al', { disabled: true })
    const entry = await find(database, 'alice')
    assert.deepEqual(versions(entry), [2, 1])
    assert.deepEqual(entry?.attributes, { forwardable: false, disabled: true })
    assert.ok(database.remove('al'))
    assert.equal(await find(database, 'alice'), undefined)
    assert.ok(!database.remove('alice'))
    await assert.rejects(database.setPassword('alice', 'x'), { code: 'SEC_E_INVALID_PARAMETER' })
  })

  test('gives each of several new passwords that come at once a version of its own', async () => {
    const database = databaseOf({ name: 'alice', password: 'correct horse' })
    const key = KerberosKey.generate(ENCTYPES[0]!)
    const principal = { name: parsePrincipal('alice').name, realm: REALM }
    const update = { principal, keys: [{ key }], time: TIME, passwordExpires: undefined }
    // Before there are keys of the first password, which are made when they are wanted.
    await Promise.all([
      database.setPassword('alice', 'battery staple'),
      database.update(update),
      database.update(update),
      database.setPassword('alice', 'staple battery'),
    ])
    assert.deepEqual(versions(await find(database, 'alice')), [5, 4, 3, 2])
  })

  test('writes keytabs with every version, and refuses one for nobody', async () => {
    const database = databaseOf({ name: 'HTTP/www' })
    await database.setPassword('HTTP/www', 'battery staple')
    const { entries } = readKeytab(await database.keytab('HTTP/www'))
    const entry = await find(database, 'HTTP/www')
    assert.deepEqual(
      entries.map(({ kvno, key }) => [kvno, key.keytype, [...key.keyvalue]]),
      entry?.keys.map(({ kvno, key }) => [kvno, key.enctype, [...key.reveal()]]),
    )
    await assert.rejects(database.keytab('nobody'), { code: 'SEC_E_INVALID_PARAMETER' })
  })

  test('overwrites its keys when it is disposed of, and shows none when it is printed', async () => {
    const database = databaseOf({ name: 'alice', password: 'correct horse' })
    const entry = await find(database, 'alice')
    assert.doesNotMatch(inspect(database, { depth: 9, showHidden: true }), /correct horse/)
    database.dispose()
    assert.throws(() => entry?.keys[0]?.key.reveal(), TypeError)
    assert.equal(await find(database, 'alice'), undefined)
  })
})
