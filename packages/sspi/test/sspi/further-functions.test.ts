import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  SEC_E_OK,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_FLAGS,
  SECPKG_ATTR_STREAM_SIZES,
  SECPKG_CONTEXT_EXPORT_DELETE_OLD,
  SECPKG_CONTEXT_EXPORT_RESET_NEW,
  SECPKG_CONTEXT_EXPORT_TO_KERNEL,
  SECPKG_OPTIONS_PERMANENT,
  SECPKG_OPTIONS_TYPE_LSA,
  SECPKG_OPTIONS_TYPE_SSPI,
  SECPKG_OPTIONS_TYPE_UNKNOWN,
  SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION,
  SecBuffer,
  SecBufferDesc,
} from '../../src/sspi/index.js'
import { fakePackage } from './fake-package.js'
import { Bench } from './table.js'

const KEY = new Uint8Array(32).fill(0x4b)

suite('freeContextBuffer', () => {
  test('overwrites the bytes of whatever a call has returned, and answers SEC_E_OK', () => {
    const { table } = new Bench()
    const bytes = (): Uint8Array => Uint8Array.of(1, 2, 3)
    const [token, inDesc, sessionKey, first, second] = [bytes(), bytes(), bytes(), bytes(), bytes()]
    const results: readonly object[] = [
      bytes(),
      new SecBuffer(SECBUFFER_TOKEN, token),
      new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, inDesc)]),
      { sessionKey },
      { certificates: [first, second] },
    ]
    for (const result of results) assert.equal(table.freeContextBuffer(result), SEC_E_OK)
    for (const wiped of [results[0], token, inDesc, sessionKey, first, second]) {
      assert.deepEqual(wiped, new Uint8Array(3))
    }
  })

  test('fact 8: takes a package’s information, which stays as it is', () => {
    const { table } = new Bench()
    const info = table.querySecurityPackageInfo('Fake')
    assert.equal(table.freeContextBuffer(info), SEC_E_OK)
    assert.equal(info.name, 'Fake')
  })
})

suite('addSecurityPackage and deleteSecurityPackage', () => {
  test('take a package in and out; its contexts go on', async () => {
    const { table } = new Bench()
    const { package: added } = fakePackage({ name: 'Added' })
    for (const type of [SECPKG_OPTIONS_TYPE_UNKNOWN, SECPKG_OPTIONS_TYPE_SSPI]) {
      table.addSecurityPackage(added, { type, flags: 0 })
      table.deleteSecurityPackage('added')
    }
    table.addSecurityPackage(added)
    const { credential } = await table.acquireCredentialsHandle({ package: 'Added', credentialUse: 2 })
    const output = new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN)])
    const { context } = await table.initializeSecurityContext({ credential, contextReq: 0, output })
    table.deleteSecurityPackage('Added')
    assert.throws(() => table.querySecurityPackageInfo('Added'), { code: 'SEC_E_SECPKG_NOT_FOUND' })
    assert.throws(() => table.deleteSecurityPackage('Added'), { code: 'SEC_E_SECPKG_NOT_FOUND' })
    assert.equal(typeof table.queryContextAttributes(context, SECPKG_ATTR_FLAGS).flags, 'number')
  })

  test('refuse what only Windows can do (SECPKG_OPTIONS_TYPE_LSA, SECPKG_OPTIONS_PERMANENT), and what nobody can', () => {
    const { table } = new Bench()
    const { package: added } = fakePackage({ name: 'Added' })
    for (const options of [{ type: SECPKG_OPTIONS_TYPE_LSA }, { flags: SECPKG_OPTIONS_PERMANENT }]) {
      assert.throws(() => table.addSecurityPackage(added, options), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
    }
    for (const options of [{ type: 3 }, { flags: 2 }]) {
      assert.throws(() => table.addSecurityPackage(added, options), { code: 'SEC_E_INVALID_PARAMETER' })
    }
    assert.throws(() => table.querySecurityPackageInfo('Added'), { code: 'SEC_E_SECPKG_NOT_FOUND' })
  })
})

test('the version of the table is SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION', () => {
  assert.equal(new Bench().table.dwVersion, SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION)
})

test('exportSecurityContext: SECPKG_CONTEXT_EXPORT_DELETE_OLD is what it always does; what would use keys twice is refused', async () => {
  const own = new Bench()
  const established = (await own.initiate()).context
  for (const flags of [SECPKG_CONTEXT_EXPORT_RESET_NEW, SECPKG_CONTEXT_EXPORT_TO_KERNEL]) {
    const both = [flags, flags | SECPKG_CONTEXT_EXPORT_DELETE_OLD]
    for (const each of both) {
      assert.throws(() => own.table.exportSecurityContext(established, { key: KEY, flags: each }), {
        code: 'SEC_E_UNSUPPORTED_FUNCTION',
      })
    }
  }
  assert.throws(() => own.table.exportSecurityContext(established, { key: KEY, flags: 8 }), {
    code: 'SEC_E_INVALID_PARAMETER',
  })
  // Nothing has happened yet.
  assert.equal(typeof own.table.queryContextAttributes(established, SECPKG_ATTR_FLAGS).flags, 'number')
  const blob = own.table.exportSecurityContext(established, { key: KEY, flags: SECPKG_CONTEXT_EXPORT_DELETE_OLD })
  assert.throws(() => own.table.queryContextAttributes(established, SECPKG_ATTR_FLAGS), {
    code: 'SEC_E_INVALID_HANDLE',
  })
  const { context: arrived } = await own.table.importSecurityContext({ package: 'Fake', blob, key: KEY })
  assert.equal(typeof own.table.queryContextAttributes(arrived, SECPKG_ATTR_FLAGS).flags, 'number')
})

test('queryContextAttributesEx answers, and refuses, as queryContextAttributes does', async () => {
  const bench = new Bench()
  const { context, contextAttr } = await bench.initiate()
  const { flags } = bench.table.queryContextAttributesEx(context, SECPKG_ATTR_FLAGS)
  assert.equal(flags, contextAttr)
  assert.deepEqual({ flags }, bench.table.queryContextAttributes(context, SECPKG_ATTR_FLAGS))
  assert.throws(() => bench.table.queryContextAttributesEx(context, SECPKG_ATTR_STREAM_SIZES), {
    code: 'SEC_E_UNSUPPORTED_FUNCTION',
  })
})
