import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { digestHashesOf, fileAccounts, memoryAccounts, ntHashOf, writeAccount } from '../../src/io/accounts/index.js'
import type { AccountDatabase, AccountSecret } from '../../src/sspi/index.js'
import type { AccountEntry } from '../../src/io/accounts/index.js'

const alice = { user: 'alice', domain: 'CONTOSO' }
const change = { ...alice, oldPassword: 'old one', newPassword: 'new one' }
const REALM = 'example.com'

const entries: readonly AccountEntry[] = [
  { ...alice, password: 'old one', sid: 'S-1-5-21-1-2-3-1000', upn: 'al@contoso.com' },
  { ...alice, ntHash: ntHashOf('old one') },
  { ...alice, digest: digestHashesOf('alice', REALM, 'old one') },
]

const forms: Readonly<Record<string, (entry: AccountEntry, context: TestContext) => Promise<AccountDatabase>>> = {
  memory: async (entry) => memoryAccounts([entry]),
  file: async (entry, context) => {
    const folder = await mkdtemp(join(tmpdir(), 'sspi-change-'))
    context.after(() => rm(folder, { recursive: true }))
    const path = join(folder, 'accounts')
    await writeFile(path, '#sspi-accounts 1\n# stays\n', { mode: 0o600 })
    await writeAccount(path, entry, { insecureStorePassword: entry.password !== undefined })
    return fileAccounts(path)
  },
}

async function secretOf(accounts: AccountDatabase): Promise<AccountSecret | undefined> {
  return (await accounts.lookup(alice))?.secret
}

for (const [form, open] of Object.entries(forms)) {
  for (const entry of entries) {
    const kind = entry.password !== undefined ? 'password' : entry.ntHash !== undefined ? 'nt-hash' : 'digest'
    test(`${form}: a new password takes the form of the old one (${kind})`, async (t) => {
      const accounts = await open(entry, t)
      assert.equal(await accounts.changePassword?.(change), true)
      const secret = await secretOf(accounts)
      assert.ok(secret)
      switch (secret.kind) {
        case 'password':
          assert.equal(secret.password, 'new one')
          break
        case 'nt-hash':
          assert.deepEqual(secret.ntHash, ntHashOf('new one'))
          break
        case 'digest':
          assert.deepEqual({ realm: REALM, hashes: secret.hashes }, digestHashesOf('alice', REALM, 'new one'))
          break
      }
      assert.equal(secret.kind, kind)
      const account = await accounts.lookup(alice)
      assert.equal(account?.identity.sid, entry.sid)
      if (entry.upn !== undefined) assert.ok(await accounts.lookup({ user: entry.upn, domain: '' }))
      assert.equal(await accounts.changePassword?.(change), false, 'the old password is gone')
    })

    test(`${form}: a wrong password changes nothing, nor do an unknown user and a disabled account (${kind})`, async (t) => {
      const accounts = await open(entry, t)
      assert.equal(await accounts.changePassword?.({ ...change, oldPassword: 'old onE' }), false)
      assert.equal(await accounts.changePassword?.({ ...change, oldPassword: '' }), false)
      assert.equal(await accounts.changePassword?.({ ...change, user: 'bob' }), false)
      const disabled = await open({ ...entry, enabled: false }, t)
      assert.equal(await disabled.changePassword?.(change), false)
      for (const database of [accounts, disabled]) {
        assert.equal(await database.changePassword?.({ ...change, oldPassword: 'new one' }), false)
      }
    })
  }

  test(`${form}: an empty password is not taken, and the error holds neither`, async (t) => {
    const accounts = await open(entries[0]!, t)
    const changed = async (): Promise<unknown> => accounts.changePassword?.({ ...change, newPassword: '' })
    await assert.rejects(changed, (error: Error) => {
      assert.equal((error as { code?: string }).code, 'SEC_E_LOGON_DENIED')
      assert.doesNotMatch(error.message, /old one/)
      return true
    })
  })
}

test('file: everything else in it stays as it is, and of two changes at once one wins', async (t) => {
  const accounts = await forms['file']!(entries[1]!, t)
  const both = await Promise.all([
    accounts.changePassword?.(change),
    accounts.changePassword?.({ ...change, newPassword: 'another' }),
  ])
  assert.deepEqual(both.filter(Boolean).length, 1)
  const { path } = accounts as unknown as { readonly path: string }
  assert.match(await readFile(path, 'utf8'), /^#sspi-accounts 1\n# stays\nCONTOSO\\alice:[0-9a-f]{32}\n$/)
})
