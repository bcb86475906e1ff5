import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../property.js'
import { SspiError } from '../../src/sspi/index.js'
import { testTable } from '../compliance/setup.js'

const table = testTable([])

// What stands in names that were put into DNS for clients of Windows (CVE-2025-33073, and the relaying of Kerberos before it): an
// empty structure, once with zeros and once with what Windows left in the two bytes behind its head.
const PUBLISHED = [
  '1UWhRCAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAYBAAAA',
  '1UWhRCAAAAAAAAAAAAAAAAAAAAAAAAAAAAwbEAYBAAAA',
] as const

test('credMarshalTargetInfo of nothing is what is seen in the wild', () => {
  assert.equal(table.credMarshalTargetInfo({}), PUBLISHED[0])
})

for (const text of PUBLISHED) {
  test(`credUnmarshalTargetInfo finds it behind the name of a server: server1${text}`, () => {
    const expected = { targetInfo: { flags: 0, credTypes: [] }, actualSize: 88 }
    assert.deepEqual(table.credUnmarshalTargetInfo(`server1${text}`), expected)
    assert.deepEqual(table.credUnmarshalTargetInfo(text), expected)
  })
}

test('credUnmarshalTargetInfo gives back what credMarshalTargetInfo was given', () => {
  const name = fc.string({ minLength: 1, maxLength: 30 })
  const info = fc.record(
    {
      targetName: name,
      netbiosServerName: name,
      dnsServerName: name,
      netbiosDomainName: name,
      dnsDomainName: name,
      dnsTreeName: name,
      packageName: name,
    },
    { requiredKeys: [] },
  )
  const number = fc.integer({ min: 0, max: 0xffff_ffff })
  fc.assert(
    fc.property(info, number, fc.array(number, { maxLength: 5 }), fc.string(), (names, flags, credTypes, before) => {
      const text = table.credMarshalTargetInfo({ ...names, flags, credTypes })
      const { targetInfo, actualSize } = table.credUnmarshalTargetInfo(before + text)
      assert.deepEqual(targetInfo, { ...names, flags, credTypes })
      assert.equal(actualSize, 2 * text.length)
    }),
  )
})

test('credMarshalTargetInfo: longer than anybody needs is refused', () => {
  assert.throws(() => table.credMarshalTargetInfo({ targetName: 'x'.repeat(7000) }), {
    code: 'SEC_E_INVALID_PARAMETER',
  })
})

test('credUnmarshalTargetInfo refuses everything else', () => {
  const text = table.credMarshalTargetInfo({ dnsServerName: 'server.example.com', credTypes: [2] })
  const refused = { code: 'SEC_E_INVALID_TOKEN' } as const
  for (let length = 0; length < text.length; length++) {
    assert.throws(() => table.credUnmarshalTargetInfo(text.slice(0, length)), refused, `${length} characters`)
    assert.throws(
      () => table.credUnmarshalTargetInfo(text.slice(length + 1)),
      refused,
      `without ${length + 1} characters`,
    )
  }
  for (let at = 0; at < text.length; at++) {
    for (const other of ['A', '-', '=', 'ä']) {
      try {
        table.credUnmarshalTargetInfo(text.slice(0, at) + other + text.slice(at + 1))
      } catch (error) {
        assert.ok(error instanceof SspiError && error.code === 'SEC_E_INVALID_TOKEN', String(error))
      }
    }
  }
})
