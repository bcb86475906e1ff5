import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { SEC_E_OK, SECPKG_ATTR_FLAGS, SECPKG_ATTR_PACKAGE_INFO, SECPKG_CRED_OUTBOUND } from '../../src/sspi/index.js'
import { initSecurityInterface } from '../../src/system/index.js'
import { testTable } from '../compliance/setup.js'
import { fakePackage } from './fake-package.js'
import { Bench, room } from './table.js'

suite('packages', () => {
  test('fact 1: initSecurityInterface gives an interface whenever it is asked for one, independent of every other', () => {
    const one = initSecurityInterface()
    const other = initSecurityInterface()
    one.addSecurityPackage(fakePackage().package)
    assert.equal(one.querySecurityPackageInfo('Fake').name, 'Fake')
    assert.throws(() => other.querySecurityPackageInfo('Fake'), { code: 'SEC_E_SECPKG_NOT_FOUND' })
  })

  test('fact 2: the version of the table is 1', () => {
    assert.equal(initSecurityInterface().dwVersion, 1)
  })

  test('fact 7: querySecurityPackageInfo has NTLM, in version 1', () => {
    assert.equal(initSecurityInterface().querySecurityPackageInfo('NTLM').version, 1)
  })

  test('fact 11: a package without a name is not found, whatever else was asked', async () => {
    const { table } = new Bench()
    for (const name of [undefined, '', 'Fake2', ' Fake']) {
      // Programs without types have no such check.
      const request = { package: name!, credentialUse: 0 }
      await assert.rejects(table.acquireCredentialsHandle(request), { code: 'SEC_E_SECPKG_NOT_FOUND' })
    }
  })

  test('fact 20: deleteSecurityContext, then freeCredentialsHandle of its credential', async () => {
    const bench = new Bench()
    const { context, status } = await bench.initiate()
    assert.equal(status, SEC_E_OK)
    bench.table.deleteSecurityContext(context)
    bench.table.freeCredentialsHandle(await bench.credential())
    assert.equal(bench.fake.credentials[0]!.disposals, 1)
  })

  test('names match without regard to case', () => {
    const { table, fake } = new Bench({ name: 'FakePackage' })
    assert.equal(table.querySecurityPackageInfo('fakepackage'), fake.package.info)
    assert.equal(table.querySecurityPackageInfo('FAKEPACKAGE'), fake.package.info)
    assert.throws(
      () => {
        table.addSecurityPackage(fakePackage({ name: 'fakePACKAGE' }).package)
      },
      { code: 'SEC_E_CANNOT_INSTALL' },
    )
    table.deleteSecurityPackage('FAKEpackage')
    assert.deepEqual(table.enumerateSecurityPackages(), [])
  })

  test('it is told whether there are accounts, and taken for granted where nobody says so', () => {
    assert.equal(initSecurityInterface().hasAccounts, false)
    assert.equal(initSecurityInterface({ accounts: { lookup: () => undefined } }).hasAccounts, true)
    assert.equal(new Bench().table.hasAccounts, true)
  })

  test('enumerateSecurityPackages lists them in the order of their registration, and asking for another names them', () => {
    const table = testTable([fakePackage({ name: 'B' }).package, fakePackage({ name: 'A' }).package])
    table.addSecurityPackage(fakePackage({ name: 'C' }).package)
    assert.deepEqual(
      table.enumerateSecurityPackages().map((each) => each.name),
      ['B', 'A', 'C'],
    )
    assert.throws(() => table.querySecurityPackageInfo('D'), { code: 'SEC_E_SECPKG_NOT_FOUND', message: /B, A, C/ })
    assert.throws(
      () => {
        table.deleteSecurityPackage('D')
      },
      { code: 'SEC_E_SECPKG_NOT_FOUND' },
    )
  })

  test('two packages of one name cannot make up an interface', () => {
    assert.throws(() => testTable([fakePackage().package, fakePackage().package]), { code: 'SEC_E_CANNOT_INSTALL' })
  })

  test('a package that was taken out goes on in its contexts', async () => {
    const bench = new Bench()
    const { context } = await bench.initiate()
    bench.table.deleteSecurityPackage('Fake')
    assert.equal(bench.table.queryContextAttributes(context, SECPKG_ATTR_PACKAGE_INFO).name, 'Fake')
    bench.table.deleteSecurityContext(context)
    // Programs without types have no such check.
    const request = { package: 'Fake', credentialUse: SECPKG_CRED_OUTBOUND }
    await assert.rejects(bench.table.acquireCredentialsHandle(request), { code: 'SEC_E_SECPKG_NOT_FOUND' })
  })

  test('a package that cannot initiate, or accept, says so', async () => {
    const neither = { ...fakePackage().package }
    delete neither.initiate
    delete neither.accept
    const table = testTable([neither])
    const { credential } = await table.acquireCredentialsHandle({ package: 'Fake', credentialUse: 3 })
    const call = { credential, contextReq: 0, output: room() }
    await assert.rejects(table.initializeSecurityContext(call), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
    await assert.rejects(table.acceptSecurityContext(call), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
  })

  test('queryContextAttributes: what every package would answer alike, the interface answers', async () => {
    const bench = new Bench()
    const { context, contextAttr } = await bench.initiate()
    assert.equal(bench.table.queryContextAttributes(context, SECPKG_ATTR_FLAGS).flags, contextAttr)
    assert.equal(bench.table.queryContextAttributes(context, SECPKG_ATTR_PACKAGE_INFO).name, 'Fake')
  })

  test('packageOf says which package a credential was acquired for, as long as it is there', async () => {
    const bench = new Bench()
    const credential = await bench.credential()
    assert.equal(bench.table.packageOf(credential), bench.fake.package.info)
    bench.table.freeCredentialsHandle(credential)
    assert.throws(() => bench.table.packageOf(credential), { code: 'SEC_E_INVALID_HANDLE' })
  })
})
