import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { chooseCcache, dirCcaches, parseK5identity, type CcacheCollection } from '../../../src/io/ccache-store/index.js'
// By the file: patterns are for the room alone.
import { identityFor, matches } from '../../../src/io/ccache-store/k5identity.js'
import { ccacheOf } from './ccaches.js'

const web = { service: 'HTTP', host: 'www.example.com', realm: undefined }

/** A folder with caches, the first of which is the primary one. */
async function collectionOf(
  context: TestContext,
  ...clients: readonly (readonly [user: string, realm: string])[]
): Promise<CcacheCollection> {
  const folder = await mkdtemp(join(tmpdir(), 'sspi-choose-'))
  context.after(() => rm(folder, { recursive: true }))
  const collection = dirCcaches(folder)
  for (const [at, [user, realm]] of clients.entries()) {
    const store = await collection.create()
    await store.save(ccacheOf(user, realm))
    if (at === 0) await collection.switchTo(store)
  }
  return collection
}

async function chosen(collection: CcacheCollection, wish: Parameters<typeof chooseCcache>[1]): Promise<string> {
  const principal = (await (await chooseCcache(collection, wish)).load())?.defaultPrincipal
  return `${principal?.name.nameString.join('/')}@${principal?.realm}`
}

test('without anything to choose by, the primary cache is it', async (t) => {
  const collection = await collectionOf(t, ['zoe', 'A.TEST'], ['alice', 'B.TEST'])
  assert.equal(await chosen(collection, {}), 'zoe@A.TEST')
  assert.equal(await chosen(collection, { service: web }), 'zoe@A.TEST')
})

test('the cache of the principal that is wanted is found, whichever it is', async (t) => {
  const collection = await collectionOf(t, ['zoe', 'A.TEST'], ['alice', 'A.TEST'], ['alice', 'B.TEST'])
  assert.equal(await chosen(collection, { principal: 'alice@B.TEST' }), 'alice@B.TEST')
  assert.equal(await chosen(collection, { principal: 'zoe' }), 'zoe@A.TEST')
  await assert.rejects(chooseCcache(collection, { principal: 'bob@A.TEST' }), {
    code: 'SEC_E_NO_CREDENTIALS',
    message: /no ticket cache of bob@A\.TEST; there is zoe@A\.TEST in DIR::.*, alice@/,
  })
})

test("the service's realm chooses, the primary cache before others of it", async (t) => {
  const collection = await collectionOf(t, ['zoe', 'A.TEST'], ['bob', 'B.TEST'], ['carol', 'A.TEST'])
  assert.equal(await chosen(collection, { service: { ...web, realm: 'B.TEST' } }), 'bob@B.TEST')
  assert.equal(await chosen(collection, { service: { ...web, realm: 'A.TEST' } }), 'zoe@A.TEST')
  assert.equal(await chosen(collection, { service: { ...web, realm: 'C.TEST' } }), 'zoe@A.TEST')
})

test('where the realm is not known, a realm named like the domain of the host does', async (t) => {
  const collection = await collectionOf(t, ['zoe', 'A.TEST'], ['bob', 'EXAMPLE.COM'], ['carol', 'COM'])
  assert.equal(await chosen(collection, { service: web }), 'bob@EXAMPLE.COM')
  assert.equal(await chosen(collection, { service: { ...web, host: 'x.y.example.com' } }), 'bob@EXAMPLE.COM')
  assert.equal(await chosen(collection, { service: { ...web, host: 'example.com' } }), 'zoe@A.TEST')
})

test('rules of k5identity come before realms, and must be met', async (t) => {
  const collection = await collectionOf(t, ['zoe', 'A.TEST'], ['bob', 'B.TEST'])
  const rules = parseK5identity('bob@B.TEST realm=A.TEST\ncarol@A.TEST host=*.example.org')
  assert.equal(await chosen(collection, { service: { ...web, realm: 'A.TEST' }, rules }), 'bob@B.TEST')
  assert.equal(await chosen(collection, { rules }), 'zoe@A.TEST')
  const service = { ...web, host: 'www.example.org' }
  await assert.rejects(chooseCcache(collection, { service, rules }), {
    message: /carol@A\.TEST, whom \.k5identity names/,
  })
})

test("rules are read as k5identity(5) has them, with the manual's example", () => {
  const rules = parseK5identity(
    [
      '# comment',
      'alice@KRBTEST.COM       realm=KRBTEST.COM',
      'alice/root@EXAMPLE.COM  host=*.servers.example.com',
      'alice/mail@EXAMPLE.COM  host=mail.example.com service=imap',
      'alice@EXAMPLE.COM',
    ].join('\n'),
  )
  const to = (service: string, host: string, realm?: string): string | undefined =>
    identityFor(rules, { service, host, realm })
  assert.equal(to('HTTP', 'x', 'KRBTEST.COM'), 'alice@KRBTEST.COM')
  assert.equal(to('host', 'a.servers.example.com'), 'alice/root@EXAMPLE.COM')
  assert.equal(to('imap', 'mail.example.com'), 'alice/mail@EXAMPLE.COM')
  assert.equal(to('smtp', 'mail.example.com'), 'alice@EXAMPLE.COM')
  assert.equal(identityFor(parseK5identity('bob@X colour=red\ncarol@X'), web), 'carol@X')
  assert.deepEqual(parseK5identity('a@B\n'.repeat(2000)).length, 1000)
})

test('patterns match with stars and question marks, quickly whatever they are', () => {
  for (const [pattern, text] of [
    ['*', ''],
    ['**', 'x'],
    ['a?c', 'abc'],
    ['*.example.com', 'a.b.example.com'],
    ['a*b*c', 'a1b2b3c'],
  ] as const) {
    assert.ok(matches(pattern, text), `${pattern} ${text}`)
  }
  for (const [pattern, text] of [
    ['', 'x'],
    ['?', ''],
    ['a*b', 'abc'],
    ['*.example.com', 'example.com'],
  ] as const) {
    assert.ok(!matches(pattern, text), `${pattern} ${text}`)
  }
  assert.ok(!matches('*a'.repeat(500) + 'b', 'a'.repeat(5000)))
})
