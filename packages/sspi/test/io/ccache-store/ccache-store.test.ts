import assert from 'node:assert/strict'
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import {
  dirCcaches,
  fileCcache,
  loadKeytabFile,
  memoryCcache,
  openCcache,
  saveKeytabFile,
  type CcacheStore,
} from '../../../src/io/ccache-store/index.js'
import type { Keytab } from '../../../src/kerberos/files/index.js'
import { ccacheOf } from './ccaches.js'

const posix = process.platform !== 'win32'
const refused = { name: 'SspiError', code: 'SEC_E_NO_CREDENTIALS' }
const unsupported = { name: 'SspiError', code: 'SEC_E_UNSUPPORTED_FUNCTION' }

async function folderOf(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sspi-ccache-'))
  context.after(() => rm(folder, { recursive: true }))
  return folder
}

const userOf = async (store: CcacheStore): Promise<string | undefined> =>
  (await store.load())?.defaultPrincipal.name.nameString[0]

const places: Readonly<Record<string, (context: TestContext) => Promise<CcacheStore>>> = {
  FILE: async (context) => fileCcache(join(await folderOf(context), 'cc')),
  MEMORY: async () => memoryCcache(),
  DIR: async (context) => dirCcaches(join(await folderOf(context), 'collection')).primary(),
}

for (const [type, place] of Object.entries(places)) {
  test(`${type}: a cache is saved, loaded, replaced and destroyed`, async (t) => {
    const store = await place(t)
    assert.ok(store.name.startsWith(`${type}:`))
    assert.equal(await store.load(), undefined)
    assert.equal(await store.destroy(), false)
    await store.save(ccacheOf('alice'))
    assert.deepEqual(await store.load(), ccacheOf('alice'))
    await store.save(ccacheOf('bob'))
    assert.equal(await userOf(store), 'bob')
    assert.equal(await store.destroy(), true)
    assert.equal(await store.load(), undefined)
    assert.equal(await store.destroy(), false)
  })
}

test('what a loaded cache is used for does not change what is kept in memory', async () => {
  const store = memoryCcache()
  await store.save(ccacheOf('alice'))
  const loaded = await store.load()
  loaded?.credentials[0]?.key.keyvalue.fill(0)
  assert.deepEqual(await store.load(), ccacheOf('alice'))
})

test('a file is for its owner alone, and nothing is left beside it', { skip: !posix }, async (t) => {
  const folder = await folderOf(t)
  const path = join(folder, 'cc')
  await writeFile(path, 'old', { mode: 0o644 })
  await fileCcache(path).save(ccacheOf('alice'))
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(folder), ['cc'])
})

test(
  'a symbolic link in the place of the cache is replaced, and what it points at is not touched',
  { skip: !posix },
  async (t) => {
    const folder = await folderOf(t)
    const [path, target] = [join(folder, 'cc'), join(folder, 'target')]
    await writeFile(target, 'precious')
    await symlink(target, path)
    await fileCcache(path).save(ccacheOf('alice'))
    assert.equal(await readFile(target, 'utf8'), 'precious')
    assert.equal(await userOf(fileCcache(path)), 'alice')
    await rm(path)
    await symlink(target, path)
    assert.equal(await fileCcache(path).destroy(), true)
    assert.equal(await readFile(target, 'utf8'), 'precious')
  },
)

test('readers never see half a cache', async (t) => {
  const path = join(await folderOf(t), 'cc')
  await fileCcache(path).save(ccacheOf('alice'))
  const seen = new Set<string | undefined>()
  for (let round = 0; round < 50; round++) {
    const saved = fileCcache(path).save(ccacheOf(round % 2 === 0 ? 'bob' : 'a-longer-name'))
    const reads = Array.from({ length: 5 }, () => userOf(fileCcache(path)))
    for (const user of await Promise.all(reads)) seen.add(user)
    await saved
  }
  for (const user of seen) assert.match(user ?? '', /^(alice|bob|a-longer-name)$/)
})

test('a save that fails leaves the old cache and no other file', async (t) => {
  const folder = await folderOf(t)
  await mkdir(join(folder, 'cc'))
  await assert.rejects(fileCcache(join(folder, 'cc')).save(ccacheOf('alice')), refused)
  await assert.rejects(fileCcache(join(folder, 'none', 'cc')).save(ccacheOf('alice')), refused)
  assert.deepEqual(await readdir(folder), ['cc'])
})

test('what is no cache is refused with its path', async (t) => {
  const folder = await folderOf(t)
  const path = join(folder, 'cc')
  await writeFile(path, 'rubbish')
  await assert.rejects(fileCcache(path).load(), (error: Error) => error.message.startsWith(path) && 'code' in error)
  await assert.rejects(fileCcache(folder).load(), { ...refused, message: /no regular file/ })
})

test('a cache of another user is refused', { skip: !posix || process.geteuid?.() !== 0 }, async (t) => {
  const path = join(await folderOf(t), 'cc')
  await chmod(join(path, '..'), 0o755)
  await fileCcache(path).save(ccacheOf('alice'))
  await chmod(path, 0o644)
  await chown(path, 12_345, 12_345)
  assert.equal(await userOf(fileCcache(path)), 'alice') // root reads everybody's
  process.seteuid?.(54_321)
  try {
    await assert.rejects(fileCcache(path).load(), { ...refused, message: /belongs to user 12345, not to 54321/ })
  } finally {
    process.seteuid?.(0)
  }
})

test('a collection has a primary cache, others, and takes no notice of other files', async (t) => {
  const folder = join(await folderOf(t), 'collection')
  const collection = dirCcaches(folder)
  assert.deepEqual(await collection.list(), [])
  const first = await collection.primary()
  assert.equal(first.name, `DIR::${join(folder, 'tkt')}`)
  await first.save(ccacheOf('alice'))
  const second = await collection.create()
  await second.save(ccacheOf('bob'))
  await writeFile(join(folder, 'other'), '')
  assert.deepEqual((await collection.list()).map(({ name }) => name).sort(), [first.name, second.name].sort())
  assert.equal(await userOf(await collection.primary()), 'alice')
  await collection.switchTo(second)
  assert.equal(await readFile(join(folder, 'primary'), 'utf8'), `${second.name.slice(`DIR::${folder}/`.length)}\n`)
  assert.equal(await userOf(await collection.primary()), 'bob')
  assert.equal(await userOf(await openCcache(`DIR:${folder}`)), 'bob')
  assert.equal(await userOf(await openCcache(first.name)), 'alice')
  await assert.rejects(collection.switchTo(fileCcache(join(folder, 'tkt'))), TypeError)
  if (posix) assert.equal((await stat(folder)).mode & 0o777, 0o700)
})

test('a primary file that leads out of the folder is refused', async (t) => {
  const folder = await folderOf(t)
  for (const text of ['../tkt\n', 'tkt/../../x\n', '', 'other\n', '\xff']) {
    await writeFile(join(folder, 'primary'), text, 'latin1')
    await assert.rejects(dirCcaches(folder).primary(), refused, text)
  }
})

test('caches are opened by the names of KRB5CCNAME', async () => {
  assert.equal((await openCcache('FILE:/tmp/x')).name, 'FILE:/tmp/x')
  assert.equal((await openCcache('/tmp/x')).name, 'FILE:/tmp/x')
  assert.equal((await openCcache('C:\\x')).name, 'FILE:C:\\x')
  assert.equal((await openCcache('MEMORY:x')).name, 'MEMORY:')
  for (const name of ['KEYRING:persistent:0', 'API:', 'MSLSA:', 'FILE:', '', 'DIR:', 'WHAT:x', 'constructor:x']) {
    await assert.rejects(openCcache(name), unsupported, name)
  }
})

test('a keytab goes to a file and back', async (t) => {
  const path = join(await folderOf(t), 'keytab')
  const keytab: Keytab = {
    version: 2,
    byteOrder: 'big',
    entries: [
      {
        realm: 'EXAMPLE.COM',
        name: { nameType: 1, nameString: ['HTTP', 'www.example.com'] },
        timestamp: 1,
        kvno: 300,
        key: { keytype: 17, keyvalue: new Uint8Array(16).fill(9) },
      },
    ],
  }
  await assert.rejects(loadKeytabFile(path), refused)
  await saveKeytabFile(`WRFILE:${path}`, keytab)
  assert.deepEqual(await loadKeytabFile(`FILE:${path}`), keytab)
  assert.deepEqual(await loadKeytabFile(path), keytab)
  if (posix) assert.equal((await stat(path)).mode & 0o777, 0o600)
  await writeFile(path, 'rubbish')
  await assert.rejects(loadKeytabFile(path), { ...refused, message: /keytab: it begins/ })
  await assert.rejects(loadKeytabFile('SRVTAB:x'), unsupported)
})
