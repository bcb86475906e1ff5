import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  SEC_E_OK,
  SECBUFFER_CHANGE_PASS_RESPONSE,
  SECBUFFER_TOKEN,
  SecBuffer,
  SecBufferDesc,
  SspiError,
  type Answer,
  type ChangeAccountPasswordOptions,
  type PasswordChange,
  type PasswordChangeRequest,
  type PasswordChangeStep,
} from '../../src/sspi/index.js'
import { SlowDriver } from './fake-package.js'
import { Bench } from './table.js'

const OLD_AND_NEW = { package: 'Fake', accountName: 'CONTOSO\\alice', oldPassword: 'old', newPassword: 'new' }
const denied = new SspiError('SEC_E_LOGON_DENIED', 'no')
// MS-SAMR's defaults of a domain: 7 characters, 24 passwords, 42 days, 1 day.
const DAY = 864_000_000_000n
const policy = { minimumLength: 7, historyLength: 24, properties: 1, maximumAge: 42n * DAY, minimumAge: DAY }

/** A package whose change of a password goes by a script. */
function scripted(step: (answer: Answer | undefined) => PasswordChangeStep) {
  const seen = { requests: [] as PasswordChangeRequest[], disposals: 0 }
  const driver = new SlowDriver()
  const changePassword = (request: PasswordChangeRequest): PasswordChange => {
    seen.requests.push(request)
    const dispose = (): void => {
      seen.disposals++
    }
    return { step, dispose }
  }
  const { table } = new Bench({ overrides: { changePassword } }, { driver })
  return { table, seen, driver }
}

const ask: PasswordChangeStep = { kind: 'ask', ask: { effect: 'account', query: { user: 'alice', domain: '' } } }
const responseOf = (...memory: [] | [number]): { buffer: SecBuffer; output: SecBufferDesc } => {
  const buffer = new SecBuffer(SECBUFFER_CHANGE_PASS_RESPONSE, ...memory)
  return { buffer, output: new SecBufferDesc([buffer]) }
}

test('changeAccountPassword gives the package the account, taken apart, and both passwords', async () => {
  const { table, seen } = scripted(() => ({ kind: 'changed' }))
  assert.equal(await table.changeAccountPassword(OLD_AND_NEW), SEC_E_OK)
  await table.changeAccountPassword({ ...OLD_AND_NEW, accountName: 'bob', domainName: 'FABRIKAM' })
  await table.changeAccountPassword({ ...OLD_AND_NEW, accountName: 'carol@contoso.com' })
  assert.deepEqual(
    seen.requests.map(({ user, domain, oldPassword, newPassword }) => [user, domain, oldPassword, newPassword]),
    [
      ['alice', 'CONTOSO', 'old', 'new'],
      ['bob', 'FABRIKAM', 'old', 'new'],
      ['carol@contoso.com', '', 'old', 'new'],
    ],
  )
  assert.equal(seen.disposals, 3)
})

test('what it asks is answered by the driver', async () => {
  const { table, seen, driver } = scripted((answer) => (answer === undefined ? ask : { kind: 'changed' }))
  const changed = table.changeAccountPassword(OLD_AND_NEW)
  driver.reply()
  assert.equal(await changed, SEC_E_OK)
  assert.equal(driver.asked.length, 1)
  assert.equal(seen.disposals, 1)
})

test('a failure of the driver, or of the package, is that of the call, and nothing is left behind', async () => {
  const { table, seen, driver } = scripted((answer) => {
    if (answer === undefined) return ask
    throw denied
  })
  const failing = table.changeAccountPassword(OLD_AND_NEW)
  driver.fail(denied)
  await assert.rejects(failing, denied)
  const refused = table.changeAccountPassword(OLD_AND_NEW)
  driver.reply()
  await assert.rejects(refused, denied)
  assert.equal(seen.disposals, 2)
})

test('who gives up waiting gets the reason, and the package is disposed of', async () => {
  const { table, seen } = scripted(() => ask)
  const control = new AbortController()
  const changed = table.changeAccountPassword({ ...OLD_AND_NEW, signal: control.signal })
  control.abort(new Error('enough'))
  await assert.rejects(changed, { message: 'enough' })
  assert.equal(seen.disposals, 1)
  await assert.rejects(table.changeAccountPassword({ ...OLD_AND_NEW, signal: control.signal }), { message: 'enough' })
  assert.equal(seen.requests.length, 1)
})

test('the policy that a refused password is against lies in the buffer as DOMAIN_PASSWORD_INFORMATION', async () => {
  const { table } = scripted(() => ({ kind: 'refused', error: denied, policy }))
  for (const { buffer, output } of [responseOf(), responseOf(24), responseOf(99)]) {
    await assert.rejects(table.changeAccountPassword({ ...OLD_AND_NEW, output }), denied)
    const view = new DataView(buffer.bytes.buffer, buffer.bytes.byteOffset, buffer.bytes.length)
    assert.equal(view.byteLength, 24)
    assert.deepEqual([view.getUint16(0, true), view.getUint16(2, true), view.getUint32(4, true)], [7, 24, 1])
    assert.deepEqual([view.getBigInt64(8, true), view.getBigInt64(16, true)], [-42n * DAY, -DAY])
  }
})

test('without a policy, and without a refusal, nothing goes into the buffer', async () => {
  const refusing = scripted(() => ({ kind: 'refused', error: denied, policy: undefined }))
  const first = responseOf(24)
  await assert.rejects(refusing.table.changeAccountPassword({ ...OLD_AND_NEW, output: first.output }), denied)
  assert.equal(first.buffer.cbBuffer, 0)
  const changing = scripted(() => ({ kind: 'changed' }))
  const second = responseOf()
  await changing.table.changeAccountPassword({ ...OLD_AND_NEW, output: second.output })
  assert.equal(second.buffer.cbBuffer, 0)
})

test("the caller's mistakes are found before anything is begun", async () => {
  const { table, seen } = scripted(() => ({ kind: 'changed' }))
  const rejects = (change: Partial<ChangeAccountPasswordOptions>, code: string): Promise<void> =>
    assert.rejects(table.changeAccountPassword({ ...OLD_AND_NEW, ...change }), { name: 'SspiError', code })
  await rejects({ package: 'Nobody' }, 'SEC_E_SECPKG_NOT_FOUND')
  await rejects({ domainName: 'FABRIKAM' }, 'SEC_E_UNKNOWN_CREDENTIALS')
  await rejects({ output: responseOf(23).output }, 'SEC_E_BUFFER_TOO_SMALL')
  await rejects({ output: new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, 24)]) }, 'SEC_E_BUFFER_TOO_SMALL')
  assert.equal(seen.requests.length, 0)
})

test('a package that cannot change passwords says so', async () => {
  const { table } = new Bench()
  await assert.rejects(table.changeAccountPassword(OLD_AND_NEW), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
})
