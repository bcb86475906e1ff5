import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, fromHex, Writer } from '../../../src/bytes/index.js'
import { logonFacts, PacBufferType } from '../../../src/kerberos/pac/index.js'
import { readVectors } from '../../vectors.js'

interface Expected {
  readonly LogoffTime: string
  readonly KickOffTime: string
  readonly PasswordMustChange: string
  readonly UserFlags: number
}

const { cases } = readVectors<{ readonly ndr: string }, Expected>('pac/kerb-validation-info.json')
const NEVER = '9223372036854775807'

/** A PAC with one buffer. */
function pacWith(type: number, bytes: Uint8Array): Uint8Array {
  const head = new Writer().u32le(1).u32le(0).u32le(type).u32le(bytes.length).u64le(24n).finish()
  return concatBytes(head, bytes)
}

for (const { name, input, expected } of cases) {
  test(`SECPKG_ATTR_PASSWORD_EXPIRY, SECPKG_ATTR_USER_FLAGS, SECPKG_ATTR_LOGOFF_TIME are what a PAC says: ${name}`, () => {
    const facts = logonFacts(pacWith(PacBufferType.LOGON_INFO, fromHex(input.ndr)))
    const expires = facts?.passwordExpires
    if (expected.PasswordMustChange === NEVER) assert.equal(expires, undefined)
    else {
      // [MS-DTYP] 2.3.3: from 1601 on, in units of 100 ns.
      const since1601 = BigInt(expires!.getTime() - Date.UTC(1601, 0, 1)) * 10_000n
      assert.equal(since1601, (BigInt(expected.PasswordMustChange) / 10_000n) * 10_000n)
    }
    assert.deepEqual([expected.LogoffTime, expected.KickOffTime], [NEVER, NEVER])
    assert.equal(facts?.logoff, undefined)
    assert.equal(facts?.userFlags, expected.UserFlags)
  })
}

test('a PAC without a log-on says nothing of it', () => {
  assert.equal(logonFacts(pacWith(PacBufferType.CLIENT_INFO, new Uint8Array(10))), undefined)
})
