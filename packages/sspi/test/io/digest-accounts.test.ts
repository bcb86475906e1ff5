import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { digestHashesOf, fileAccounts, memoryAccounts, writeAccount } from '../../src/io/accounts/index.js'

// RFC 7616 §3.9.1, and its HA1 with MD5 and SHA-256 as in vectors/digest/http.json.
const MUFASA = { user: 'Mufasa', realm: 'http-auth@example.org', password: 'Circle of Life' }
const MD5 = '3d78807defe7de2157e2b0b6573a855f'
const SHA256 = '7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232'

function temporaryFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'digest-accounts-'))
  t.after(() => {
    rmSync(folder, { recursive: true })
  })
  return join(folder, 'accounts')
}

test('the hashes of a password are those of RFC 7616', () => {
  const { realm, hashes } = digestHashesOf(MUFASA.user, MUFASA.realm, MUFASA.password)
  assert.equal(realm, MUFASA.realm)
  assert.equal(toHex(hashes.MD5!), MD5)
  assert.equal(toHex(hashes['SHA-256']!), SHA256)
})

test('an account may have hashes alone; they are copies, and are not printed', () => {
  const digest = digestHashesOf(MUFASA.user, MUFASA.realm, MUFASA.password)
  const accounts = memoryAccounts([{ user: 'Mufasa', digest }])
  const account = accounts.lookup({ user: 'mufasa', domain: '' })
  assert.ok(account?.secret.kind === 'digest')
  assert.equal(account.secret.realm, MUFASA.realm)
  assert.doesNotMatch(inspect(account, { depth: 9 }), new RegExp(MD5.slice(0, 8)))
  account.secret.hashes.MD5!.fill(0)
  assert.equal(toHex(account.secret.hashes.MD5!), MD5)
  assert.ok(accounts.setEnabled({ user: 'Mufasa' }, false), 'a change keeps them')
  const disabled = accounts.lookup({ user: 'Mufasa', domain: '' })
  assert.ok(disabled?.secret.kind === 'digest' && disabled.enabled === false)
  accounts.remove({ user: 'Mufasa' })
  assert.throws(() => disabled.secret.kind === 'digest' && disabled.secret.hashes, { code: 'SEC_E_LOGON_DENIED' })
})

test('no hash, or one of a wrong length, is no account', () => {
  for (const hashes of [{}, { MD5: new Uint8Array(15) }, { 'SHA-256': new Uint8Array(16) }]) {
    const entry = { user: 'x', digest: { realm: 'r', hashes } }
    assert.throws(() => memoryAccounts([entry]), { code: 'SEC_E_INVALID_PARAMETER' })
  }
})

test('an account is found by the hash of its name', () => {
  // The name of RFC 7616 §3.9.2, hashed with SHA-512/256 as FIPS 180-4 has it: vectors/digest/http.json.
  const hash = fromHex('793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b')
  const userHash = { algorithm: 'SHA-512-256', realm: 'api@example.org', hash } as const
  const accounts = memoryAccounts([
    { user: 'bob', password: '1' },
    { user: 'Jäsøn Doe', password: '2' },
  ])
  assert.equal(accounts.lookup({ user: '', domain: '', userHash })?.identity.name, 'Jäsøn Doe')
  assert.equal(accounts.lookup({ user: '', domain: '', userHash: { ...userHash, realm: 'other' } }), undefined)
})

test('a file keeps the hashes of a realm in place of the password', async (t) => {
  const path = temporaryFile(t)
  await writeAccount(path, { user: 'LION\\Mufasa', password: MUFASA.password }, { digestRealm: MUFASA.realm })
  const text = readFileSync(path, 'utf8')
  assert.match(
    text,
    new RegExp(`^LION\\\\Mufasa:\\{digest\\}http-auth%40example.org,md5=${MD5},sha-256=${SHA256},`, 'm'),
  )
  const account = await fileAccounts(path).lookup({ user: 'Mufasa', domain: 'LION' })
  assert.ok(account?.secret.kind === 'digest' && account.secret.realm === MUFASA.realm)
  assert.equal(toHex(account.secret.hashes['SHA-256']!), SHA256)
  await assert.rejects(
    writeAccount(path, { user: 'x', password: 'y' }, { digestRealm: 'r', insecureStorePassword: true }),
    TypeError,
  )
})

test('a line whose hashes are wrong lets nobody in, and is not told', async (t) => {
  const path = temporaryFile(t)
  for (const secret of [
    'r',
    `r,md5=${MD5.slice(2)}`,
    `r,md5=${MD5},md5=${MD5}`,
    `r,sha1=${MD5}`,
    `r,md5=${SHA256}`,
    `%zz,md5=${MD5}`,
  ]) {
    writeFileSync(path, `#sspi-accounts 1\nMufasa:{digest}${secret}\n`, { mode: 0o600 })
    await assert.rejects(fileAccounts(path).load(), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'SEC_E_NO_AUTHENTICATING_AUTHORITY', secret)
      assert.ok(!error.message.includes(MD5.slice(4, 20)), error.message)
      return true
    })
  }
})
