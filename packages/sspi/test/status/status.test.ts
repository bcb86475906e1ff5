import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import * as status from '../../src/status/index.js'
import { SspiError, Status } from '../../src/status/index.js'

interface StatusVectors {
  readonly groups: { readonly SECURITY_STATUS: readonly { readonly name: string; readonly value: number }[] }
}

// Seen from dist/test/status, where this file runs.
const vectors = JSON.parse(
  readFileSync(new URL('../../../../../vectors/constants/security-status.json', import.meta.url), 'utf8'),
) as StatusVectors

test('every status has the number of the headers', () => {
  const expected = Object.fromEntries(vectors.groups.SECURITY_STATUS.map(({ name, value }) => [name, value]))
  assert.notEqual(vectors.groups.SECURITY_STATUS.length, 0)
  assert.deepEqual({ ...Status }, expected)
})

test('a status that has a name of its own has the same number there', () => {
  const numbers: ReadonlyMap<string, number> = new Map(Object.entries(Status))
  for (const [name, value] of Object.entries(status)) {
    if (typeof value === 'number') assert.equal(value, numbers.get(name), name)
  }
})

test('an SspiError carries its code, the number of that code and its message', () => {
  const error = new SspiError('SEC_E_INVALID_TOKEN', 'CHALLENGE: 8 bytes wanted, 3 left')
  assert.ok(error instanceof Error)
  assert.equal(error.name, 'SspiError')
  assert.equal(error.code, 'SEC_E_INVALID_TOKEN')
  assert.equal(error.status, 0x8009_0308)
  assert.equal(error.message, 'CHALLENGE: 8 bytes wanted, 3 left')
  assert.equal(error.token, undefined)
  assert.equal('cause' in error, false)
})

test('an SspiError carries the token for the peer and the failure beneath', () => {
  const token = Uint8Array.of(0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28)
  const cause = new Error('the KDC hung up')
  const error = new SspiError('SEC_E_LOGON_DENIED', 'the acceptor refused', { token, cause })
  assert.equal(error.token, token)
  assert.equal(error.cause, cause)
})
