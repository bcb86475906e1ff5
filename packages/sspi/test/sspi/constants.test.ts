import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import * as constants from '../../src/sspi/constants/index.js'

interface Vector {
  readonly name: string
  readonly value: number
}

interface SspiVectors {
  readonly groups: Readonly<Record<string, readonly Vector[]>>
}

interface PackageVectors {
  readonly cases: readonly { readonly package: string; readonly rpcId: number; readonly comment?: string }[]
  readonly rpcAuthn: readonly Vector[]
}

// Seen from dist/test/sspi, where this file runs.
function readConstants(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../../../vectors/constants/${name}.json`, import.meta.url), 'utf8'))
}

const { groups } = readConstants('sspi') as SspiVectors
const packages = readConstants('packages') as PackageVectors
const exported: ReadonlyMap<string, number | string> = new Map(Object.entries(constants))

/** The groups of the vectors that the room exports, whole but for {@link leftOut}. */
const listed = [
  'SECBUFFER',
  'ISC_REQ',
  'ISC_RET',
  'ASC_REQ',
  'ASC_RET',
  'SECPKG_FLAG',
  'SECPKG_CRED',
  'SECPKG_CRED_ATTR',
  'SECPKG_ATTR',
  'SECPKG_CONTEXT_EXPORT',
  'SECPKG_NEGOTIATION',
  'SECQOP',
  'SECURITY_DREP',
  'SEC_WINNT_AUTH_IDENTITY',
]

/** Names of these groups that are not exported, with the reason. */
const leftOut: ReadonlyMap<string, 'dialog' | 'foreign' | 'kernel'> = new Map([
  ['SECPKG_ATTR_THUNK_ALL', 'kernel'],
  ['SECPKG_CRED_ATTR_TICKET_LOGON', 'foreign'],
  ['SEC_WINNT_AUTH_IDENTITY_EXTENDED_v2', 'foreign'],
  ['SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_LOAD', 'dialog'],
  ['SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_CREDPROV_DO_NOT_SAVE', 'dialog'],
  ['SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_NO_CHECKBOX', 'dialog'],
  ['SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_SAVE_CRED_BY_CALLER', 'dialog'],
  ['SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_SAVE_CRED_CHECKED', 'dialog'],
  ['SEC_WINNT_AUTH_IDENTITY_FLAGS_SSPIPFC_USE_MASK', 'dialog'],
  ['SEC_WINNT_AUTH_IDENTITY_FLAGS_VALID_SSPIPFC_FLAGS', 'dialog'],
])

for (const group of listed) {
  test(`every constant of ${group} has the number of the headers, or is left out for a reason`, () => {
    const vectors = groups[group] ?? []
    assert.notEqual(vectors.length, 0)
    for (const { name, value } of vectors) {
      if (leftOut.has(name)) assert.equal(exported.has(name), false, `${name} is exported and listed as left out`)
      else assert.equal(exported.get(name), value, name)
    }
  })
}

test('every name that is left out exists in the headers', () => {
  const known = new Set(listed.flatMap((group) => groups[group] ?? []).map(({ name }) => name))
  for (const name of leftOut.keys()) assert.ok(known.has(name), name)
})

test('every exported constant stands in the headers with its number', () => {
  const known = new Map<string, number | string>()
  for (const { name, value } of Object.values(groups).flat()) known.set(name, value)
  for (const { name, value } of packages.rpcAuthn) known.set(name, value)
  for (const { package: name, comment } of packages.cases) {
    const constant = comment?.split(';')[0]
    if (constant !== undefined) known.set(constant, name)
  }
  for (const [name, value] of exported) assert.equal(value, known.get(name), name)
})

test('every package of the vectors that has a constant is named', () => {
  for (const { package: name, comment } of packages.cases) {
    const constant = comment?.split(';')[0]
    if (constant !== undefined) assert.equal(exported.get(constant), name, constant)
  }
})

test('the attributes of a buffer are unsigned and lie within the mask', () => {
  const { SECBUFFER_ATTRMASK, SECBUFFER_READONLY, SECBUFFER_READONLY_WITH_CHECKSUM } = constants
  for (const attribute of [SECBUFFER_READONLY, SECBUFFER_READONLY_WITH_CHECKSUM]) {
    assert.equal((attribute & SECBUFFER_ATTRMASK) >>> 0, attribute)
  }
})

test('the requirements for TLS messages do not survive a bitwise operator', () => {
  for (const name of ['ISC_REQ_MESSAGES', 'ISC_RET_MESSAGES', 'ASC_REQ_MESSAGES', 'ASC_RET_MESSAGES'] as const) {
    assert.equal(constants[name], 2 ** 32)
    assert.equal(constants[name] | 0, 0)
  }
})
