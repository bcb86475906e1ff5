import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { toHex } from '../../src/bytes/index.js'
import { fileAccounts, ntHashOf, removeAccount, writeAccount } from '../../src/io/accounts/index.js'

const HASH = 'a4f49c406510bdcab6824ee7c30fd852'
const HEADER = '#sspi-accounts 1\n'
const posix = process.platform !== 'win32'

async function inFolder(context: TestContext, text?: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sspi-accounts-'))
  context.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'accounts')
  if (text !== undefined) await writeFile(path, text, { mode: 0o600 })
  return path
}

const alice = { user: 'alice', domain: 'CONTOSO' }

test('a file is read as its documentation says', async (t) => {
  const path = await inFolder(
    t,
    `${HEADER}# a comment\n\nCONTOSO\\alice:${HASH}:S-1-5-21-1-2-3-1000:S-1-5-32-544,S-1-5-32-545::al@contoso.com\r\n` +
      `bob : ${HASH.toUpperCase()} : : : disabled\ncarol:{password}caf%C3%A9%3a%25\n`,
  )
  const accounts = fileAccounts(path)
  assert.equal(await accounts.load(), 3)
  const found = await accounts.lookup({ user: 'AL@contoso.com', domain: '' })
  assert.deepEqual(found?.identity, {
    name: 'alice',
    domain: 'CONTOSO',
    sid: 'S-1-5-21-1-2-3-1000',
    groups: ['S-1-5-32-544', 'S-1-5-32-545'],
    source: 'verified',
    userPrincipalName: 'al@contoso.com',
  })
  assert.ok(found.secret.kind === 'nt-hash')
  assert.equal(toHex(found.secret.ntHash), HASH)
  assert.equal(found.enabled, true)
  assert.equal((await accounts.lookup({ user: 'bob', domain: '' }))?.enabled, false)
  const carol = await accounts.lookup({ user: 'carol', domain: '' })
  assert.ok(carol?.secret.kind === 'password')
  assert.equal(carol.secret.password, 'café:%')
  assert.equal(await accounts.lookup({ user: 'dave', domain: '' }), undefined)
})

test('a change of the file is seen without a restart', async (t) => {
  const path = await inFolder(t, `${HEADER}CONTOSO\\alice:${HASH}\n`)
  const accounts = fileAccounts(path)
  assert.ok(await accounts.lookup(alice))
  for (let round = 0; round < 20; round++) {
    // Same length each time, and as fast as it goes: times and lengths alone would not tell.
    const enabled = round % 2 === 0
    const names = enabled ? ['alice', 'nobody'] : ['nobody', 'alice']
    await writeFile(path, `${HEADER}CONTOSO\\${names[0]!}:${HASH}\nOTHER\\${names[1]!}:${HASH}\n`)
    assert.equal((await accounts.lookup(alice)) !== undefined, enabled)
  }
})

test('a file that has settled is not read again', { skip: !posix }, async (t) => {
  const path = await inFolder(t, `${HEADER}CONTOSO\\alice:${HASH}\n`)
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 60_000 })
  const accounts = fileAccounts(path)
  const first = await accounts.lookup(alice)
  assert.equal(await accounts.lookup(alice), first)
  await utimes(path, 1, 1)
  assert.notEqual(await accounts.lookup(alice), first)
})

test('look-ups that come together read once', async (t) => {
  const path = await inFolder(t, `${HEADER}CONTOSO\\alice:${HASH}\n`)
  const accounts = fileAccounts(path)
  const all = await Promise.all(Array.from({ length: 20 }, () => accounts.lookup(alice)))
  assert.equal(new Set(all).size, 1)
})

test('a wrong line is named by its number, its text is not told, and nobody gets in until it is mended', async (t) => {
  const secret = 'hunter2'
  const wrong = [
    `alice:${secret}`,
    `alice ${secret}`,
    `alice:${HASH}0`,
    `alice:${HASH.slice(1)}`,
    `alice:{password}${secret}%`,
    `alice:{password}${secret}%ff`,
    `alice:${HASH}:${secret}`,
    `alice:${HASH}::${secret}`,
    `alice:${HASH}:::${secret}`,
    `alice:${HASH}:::disable`,
    `alice:${HASH}::::${secret}`,
    `alice:${HASH}:::::${secret}`,
    `:${HASH}`,
    `a\\b\\${secret}:${HASH}`,
    `ALICE2:${HASH}\nalice2:${HASH}`,
    `${secret}:${HASH}::::x@y\nb:${HASH}::::X@Y`,
  ]
  const path = await inFolder(t)
  const accounts = fileAccounts(path)
  for (const line of wrong) {
    await writeFile(path, `${HEADER}CONTOSO\\alice:${HASH}\n${line}\n`, { mode: 0o600 })
    const at = line.includes('\n') ? 4 : 3
    await assert.rejects(accounts.lookup(alice), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'SEC_E_NO_AUTHENTICATING_AUTHORITY')
      assert.ok(error.message.startsWith(`${path}:${at}: `), error.message)
      assert.ok(!inspect(error).includes(secret), inspect(error))
      return true
    })
  }
  await writeFile(path, `${HEADER}CONTOSO\\alice:${HASH}\n`)
  assert.ok(await accounts.lookup(alice))
})

test('a file of another kind or version is refused', async (t) => {
  const path = await inFolder(t)
  for (const text of ['', '\n', `alice:${HASH}\n`, '#sspi-accounts 2\n', Buffer.from(`${HEADER}é\n`, 'latin1')]) {
    await writeFile(path, text, { mode: 0o600 })
    await assert.rejects(fileAccounts(path).load(), { code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY', message: /:1: / })
  }
  await writeFile(path, `\uFEFF${HEADER}`)
  assert.equal(await fileAccounts(path).load(), 0)
})

test('a file that is not there lets nobody in, and says so', async (t) => {
  const path = await inFolder(t)
  const accounts = fileAccounts(path)
  await assert.rejects(accounts.lookup(alice), { code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY', message: /ENOENT/ })
  await writeAccount(path, { ...alice, password: 'Password' })
  assert.ok(await accounts.lookup(alice))
})

test('a folder and a file that is too long are refused', async (t) => {
  const path = await inFolder(t, HEADER)
  await assert.rejects(fileAccounts(join(path, '..')).load(), { code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY' })
  await assert.rejects(fileAccounts(path, { maxBytes: 16 }).load(), { message: /17 bytes long, 16 allowed/ })
})

test('a file that others can read or write is refused unless allowed', { skip: !posix }, async (t) => {
  const path = await inFolder(t, `${HEADER}CONTOSO\\alice:${HASH}\n`)
  const accounts = fileAccounts(path)
  assert.ok(await accounts.lookup(alice))
  for (const mode of [0o604, 0o640, 0o620, 0o602]) {
    await chmod(path, mode)
    await assert.rejects(accounts.lookup(alice), { code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY', message: /chmod 600/ })
    assert.ok(await fileAccounts(path, { allowInsecurePermissions: true }).lookup(alice))
  }
  await chmod(path, 0o400)
  assert.ok(await accounts.lookup(alice))
})

test('an account is written as a hash, changed in its place, and removed; the rest stays', async (t) => {
  const path = await inFolder(t)
  await writeAccount(path, { ...alice, password: 'Password', upn: 'al@contoso.com' })
  await writeFile(path, `${await readFile(path, 'utf8')}# keep me\n`)
  await writeAccount(path, { user: 'bob', password: 'x:y', enabled: false }, { insecureStorePassword: true })
  await writeAccount(path, {
    user: 'contoso\\ALICE',
    ntHash: ntHashOf('Password'),
    groups: ['S-1-1-0'],
    sid: 'S-1-5-7',
  })
  const bob = 'bob:{password}x%3Ay:::disabled'
  assert.equal(await readFile(path, 'utf8'), `${HEADER}contoso\\ALICE:${HASH}:S-1-5-7:S-1-1-0\n# keep me\n${bob}\n`)
  assert.equal(await fileAccounts(path).load(), 2)
  assert.equal(await removeAccount(path, alice), true)
  assert.equal(await removeAccount(path, alice), false)
  assert.equal(await readFile(path, 'utf8'), `${HEADER}# keep me\n${bob}\n`)
})

test('a file is written for its owner alone, and leaves nothing beside it', { skip: !posix }, async (t) => {
  const path = await inFolder(t, HEADER)
  await chmod(path, 0o644)
  await writeAccount(path, { ...alice, password: 'x' })
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  await assert.rejects(writeAccount(path, { user: 'a:b', password: 'x' }), { code: 'SEC_E_INVALID_PARAMETER' })
  assert.deepEqual(await readdir(join(path, '..')), ['accounts'])
})

test('a file behind a symbolic link is replaced, not the link', { skip: !posix }, async (t) => {
  const path = await inFolder(t, HEADER)
  const link = `${path}.link`
  await symlink(path, link)
  await writeAccount(link, { ...alice, password: 'x' })
  assert.equal(await fileAccounts(path).load(), 1)
})

test('writers take turns, and none is lost', async (t) => {
  const path = await inFolder(t)
  const users = Array.from({ length: 20 }, (_, i) => `user${i}`)
  await Promise.all(users.map((user) => writeAccount(path, { user, ntHash: ntHashOf(user) })))
  assert.equal(await fileAccounts(path).load(), 20)
})

test('a writer of another process is told of, not overtaken', async (t) => {
  const path = await inFolder(t, HEADER)
  await writeFile(`${path}.new`, '')
  await assert.rejects(writeAccount(path, { user: 'a', password: 'x' }), {
    code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY',
    message: /somebody else/,
  })
  assert.deepEqual((await readdir(join(path, '..'))).sort(), ['accounts', 'accounts.new'])
})

test('what would make the file unusable is not written', async (t) => {
  const path = await inFolder(t)
  await writeAccount(path, { ...alice, upn: 'al@contoso.com', password: 'x' })
  const before = await readFile(path, 'utf8')
  const wrong = [
    { user: 'b', upn: 'AL@contoso.com', password: 'x' },
    { user: 'b\nc', password: 'x' },
    { user: '#b', password: 'x' },
    { user: ' b', password: 'x' },
    { user: 'b', upn: 'a@b\n', password: 'x' },
    { user: '', password: 'x' },
  ]
  for (const entry of wrong) {
    await assert.rejects(writeAccount(path, entry), { code: 'SEC_E_INVALID_PARAMETER' })
  }
  assert.equal(await readFile(path, 'utf8'), before)
})

test('a look-up that was given up does not answer', async (t) => {
  const path = await inFolder(t, HEADER)
  await assert.rejects(fileAccounts(path).lookup(alice, AbortSignal.abort()), { name: 'AbortError' })
})
