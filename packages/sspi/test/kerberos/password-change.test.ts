import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeUtf8, Writer } from '../../src/bytes/index.js'
import { Enctype, KerberosKey } from '../../src/kerberos/enctypes/index.js'
import { KerberosPasswordChange } from '../../src/kerberos/password-change.js'
import type { PasswordChangeStep } from '../../src/sspi/index.js'
import { SspiError } from '../../src/status/index.js'
import { answerOf, clientOf, FakeKdc, PASSWORD, passwordOf } from './kdc-exchange/fake-kdc.js'

const REALM = 'A.EXAMPLE'
const packages = { [Symbol.iterator]: () => [][Symbol.iterator](), find: () => undefined }

function change(kdc: FakeKdc, newPassword: string, oldPassword = PASSWORD): PasswordChangeStep {
  const { settings, world } = clientOf(passwordOf('alice', PASSWORD, REALM))
  const request = { user: 'alice', domain: REALM, oldPassword, newPassword, packages }
  const changing = new KerberosPasswordChange(request, settings, world)
  try {
    let step = changing.step(undefined)
    while (step.kind === 'ask') step = changing.step(answerOf(step.ask, [kdc]))
    return step
  } finally {
    changing.dispose()
  }
}

test('a password is changed at the kpasswd service of its realm', () => {
  const kdc = new FakeKdc(REALM).user('alice')
  assert.deepEqual(change(kdc, 'Näu-1'), { kind: 'changed' })
  assert.deepEqual(kdc.passwords, ['Näu-1'])
})

test('what the server says against a password is a refusal without a policy', () => {
  const kdc = new FakeKdc(REALM).user('alice')
  kdc.passwordResult = { resultCode: 4, resultString: encodeUtf8('Password is too short') }
  const step = change(kdc, 'x')
  assert.ok(step.kind === 'refused')
  assert.equal(step.error.code, 'SEC_E_LOGON_DENIED')
  assert.match(step.error.message, /alice@A\.EXAMPLE was not changed: .*policy: Password is too short/)
  assert.equal(step.policy, undefined)
})

test("Windows' policy comes as numbers, and is read", () => {
  const kdc = new FakeKdc(REALM).user('alice')
  const [maximumAge, minimumAge] = [36_288_000_000_000n, 864_000_000_000n]
  const policy = new Writer(30).u16be(0).u32be(7).u32be(24).u32be(1).u64be(maximumAge).u64be(minimumAge).finish()
  kdc.passwordResult = { resultCode: 4, resultString: policy }
  const step = change(kdc, 'x')
  assert.ok(step.kind === 'refused')
  assert.match(step.error.message, /at least 7 characters, none of the last 24 passwords, of several kinds/)
  assert.deepEqual(step.policy, { minimumLength: 7, historyLength: 24, properties: 1, maximumAge, minimumAge })
})

test("a subkey of the server's own is taken, and one of a type that is not permitted is refused", () => {
  const kdc = new FakeKdc(REALM).user('alice')
  kdc.passwordSubkey = KerberosKey.generate(Enctype.AES128_CTS_HMAC_SHA1_96)
  assert.deepEqual(change(kdc, 'new'), { kind: 'changed' })
  kdc.passwordSubkey = KerberosKey.generate(Enctype.RC4_HMAC)
  assert.throws(() => change(kdc, 'new'), {
    code: 'SEC_E_ALGORITHM_MISMATCH',
    message: /kpasswd: .*not permitted here/,
  })
})

test('a wrong old password is a failure to log on, and nothing is sent to kpasswd', () => {
  const kdc = new FakeKdc(REALM).user('alice')
  const changed = (): unknown => change(kdc, 'new', 'wrong')
  assert.throws(changed, (error) => error instanceof SspiError && error.code === 'SEC_E_LOGON_DENIED')
  assert.deepEqual(kdc.passwords, [])
})
