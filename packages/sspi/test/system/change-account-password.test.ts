import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryAccounts } from '../../src/io/accounts/index.js'
import { passwordCredential, SEC_E_OK, type KdcQuery, type SecurityFunctionTable } from '../../src/sspi/index.js'
import { SspiError } from '../../src/status/index.js'
import { initSecurityInterface } from '../../src/system/index.js'

const host = { netbiosName: 'SRV', netbiosDomain: 'SRV', dnsName: 'srv.example.com', dnsDomain: 'example.com' }
const change = { accountName: 'alice', oldPassword: 'old one', newPassword: 'new one' }

/** Whether somebody logs on with a password, by NTLM. */
async function logsOn(sspi: SecurityFunctionTable, password: string): Promise<boolean> {
  using client = sspi.initiate({ package: 'NTLM', credentials: passwordCredential({ user: 'alice', password }) })
  using server = sspi.accept({ package: 'NTLM' })
  try {
    const challenge = await server.step((await client.step()).token)
    const last = await client.step(challenge.token)
    return (await server.step(last.token)).done
  } catch (error) {
    assert.equal((error as SspiError).code, 'SEC_E_LOGON_DENIED')
    return false
  }
}

for (const name of ['NTLM', 'Negotiate']) {
  test(`changeAccountPassword: ${name} changes a password in the account database, and the old one is good for nothing`, async () => {
    const accounts = memoryAccounts([{ user: 'alice', password: 'old one' }])
    const sspi = initSecurityInterface({ accounts, host })
    assert.equal(await sspi.changeAccountPassword({ package: name, ...change }), SEC_E_OK)
    assert.equal(await logsOn(sspi, 'new one'), true)
    assert.equal(await logsOn(sspi, 'old one'), false)
  })

  test(`${name} tells a wrong password and an unknown user by the same words`, async () => {
    const accounts = memoryAccounts([{ user: 'alice', password: 'other' }])
    const sspi = initSecurityInterface({ accounts, host })
    const message = 'NTLM: unknown user, wrong password, or the account is disabled'
    for (const accountName of ['alice', 'bob']) {
      const refused = sspi.changeAccountPassword({ package: name, ...change, accountName })
      await assert.rejects(refused, { name: 'SspiError', code: 'SEC_E_LOGON_DENIED', message })
    }
  })
}

test('without a database, or with one that cannot, the error says so', async () => {
  const of = { package: 'NTLM', ...change }
  await assert.rejects(initSecurityInterface({ host }).changeAccountPassword(of), {
    code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY',
    message: /give `accounts`/,
  })
  const accounts = { lookup: () => undefined }
  await assert.rejects(initSecurityInterface({ host, accounts }).changeAccountPassword(of), {
    code: 'SEC_E_UNSUPPORTED_FUNCTION',
  })
})

test('where Kerberos applies and fails, Negotiate does not change a local password of the same name', async () => {
  const accounts = memoryAccounts([{ user: 'alice', password: 'old one' }])
  const asked: KdcQuery[] = []
  const sspi = initSecurityInterface({
    accounts,
    host,
    kerberos: { defaultRealm: 'EXAMPLE.COM' },
    kdc: (query) => {
      asked.push(query)
      throw new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', 'nobody is there')
    },
  })
  const changed = sspi.changeAccountPassword({ package: 'Negotiate', ...change, accountName: 'alice@EXAMPLE.COM' })
  await assert.rejects(changed, { code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY' })
  assert.deepEqual(
    asked.map(({ realm }) => realm),
    ['EXAMPLE.COM'],
  )
  assert.equal(await logsOn(sspi, 'old one'), true)
})
