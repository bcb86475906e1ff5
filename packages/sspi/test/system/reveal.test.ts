import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keytabCredential, ticketCacheCredential, type CredentialValue } from '../../src/sspi/index.js'
import { SspiError } from '../../src/status/index.js'
import { createDriver } from '../../src/system/driver.js'

const driver = createDriver({ accounts: undefined })
const reveal = (value: CredentialValue) =>
  driver.answer(
    {
      effect: 'reveal',
      query: { value, package: 'Kerberos', use: 'outbound', principal: undefined, targetName: undefined },
    },
    undefined,
  )

test('the secret of a credential in a package’s options is had from its source', async () => {
  const keytab = (): Promise<Uint8Array> => Promise.resolve(Uint8Array.of(5, 2))
  const value = { kind: 'keytab', principal: 'host/box', packageList: undefined, keytab: Uint8Array.of(5, 2) }
  assert.deepEqual(await reveal(keytabCredential({ principal: 'host/box', keytab })), { effect: 'reveal', value })
})

test('a source without a secret is SEC_E_NO_CREDENTIALS, its own failure beneath or, as an SspiError, itself', async () => {
  const broken = new Error('no such file')
  const failing = (error: Error) =>
    reveal(ticketCacheCredential({ cache: () => Promise.reject(error) })) as Promise<unknown>
  await assert.rejects(failing(broken), { code: 'SEC_E_NO_CREDENTIALS', cause: broken })
  const own = new SspiError('SEC_E_NO_CREDENTIALS', 'log on first')
  await assert.rejects(failing(own), own)
})
