import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { ccacheCredential, fileCcache, keytabFileCredential, saveKeytabFile } from '../../../src/io/krb5/index.js'
import { keytabCredential, SECPKG_CRED_OUTBOUND, type CredentialValue } from '../../../src/sspi/index.js'
import { Bench } from '../../sspi/table.js'
import { ccacheOf } from '../ccache-store/ccaches.js'

async function folderOf(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sspi-file-credentials-'))
  context.after(() => rm(folder, { recursive: true }))
  return folder
}

/** What a package was given of a value, after its credential was made; with a copy of what it was at the time. */
async function given(authData: CredentialValue): Promise<{ readonly then: Uint8Array; readonly now: Uint8Array }> {
  const seen: Uint8Array[] = []
  const bench = new Bench({
    overrides: {
      acquire: ({ value }) => {
        const bytes = value?.kind === 'keytab' ? value.keytab : value?.kind === 'ticket-cache' ? value.cache : undefined
        assert.ok(bytes)
        seen.push(new Uint8Array(bytes), bytes)
        return { expiry: new Date(0), identity: undefined, dispose: () => undefined }
      },
    },
  })
  await bench.table.acquireCredentialsHandle({ package: 'Fake', credentialUse: SECPKG_CRED_OUTBOUND, authData })
  const [then, now] = seen
  assert.ok(then !== undefined && now !== undefined)
  return { then, now }
}

const entry = {
  realm: 'EXAMPLE.COM',
  name: { nameType: 1, nameString: ['alice'] },
  timestamp: 1,
  kvno: 1,
  key: { keytype: 18, keyvalue: new Uint8Array(32).fill(9) },
}

test('what was read of a keytab file is wiped when the credential has been made, each time', async (t) => {
  const path = join(await folderOf(t), 'keytab')
  await saveKeytabFile(path, { version: 2, byteOrder: 'big', entries: [entry] })
  const value = keytabFileCredential(path)
  for (let round = 0; round < 2; round++) {
    const { then, now } = await given(value)
    assert.ok(then.some((byte) => byte !== 0))
    assert.ok(now.every((byte) => byte === 0))
  }
})

test('what was read of a ticket cache is wiped when the credential has been made', async (t) => {
  const store = fileCcache(join(await folderOf(t), 'cc'))
  await store.save(ccacheOf('alice'))
  const { then, now } = await given(await ccacheCredential(store))
  assert.ok(then.some((byte) => byte !== 0))
  assert.ok(now.every((byte) => byte === 0))
})

test("bytes of somebody else's source stay as they are", async () => {
  const keytab = new Uint8Array([5, 2, 1])
  await given(keytabCredential({ keytab: () => keytab }))
  assert.deepEqual(keytab, new Uint8Array([5, 2, 1]))
})
