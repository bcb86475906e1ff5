import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { SEC_E_OK, SEC_I_CONTINUE_NEEDED, SECPKG_CRED_BOTH, Status } from '../../src/sspi/index.js'
import { ASK, SlowDriver } from './fake-package.js'
import { Bench, room, tokenIn } from './table.js'

const goOn = { kind: 'continue', token: Uint8Array.of(1), consumed: 0 } as const

suite('calls that are followed by a context', () => {
  test('sspiAcquireCredentialsHandleAsync: sspiGetAsyncCallStatus is pending, then what the call came to', async () => {
    const { table, fake } = new Bench()
    const asyncContext = table.sspiCreateAsyncContext()
    assert.throws(() => table.sspiGetAsyncCallStatus(asyncContext), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    const request = { package: fake.package.info.name, credentialUse: SECPKG_CRED_BOTH }
    const acquired = table.sspiAcquireCredentialsHandleAsync(asyncContext, request)
    assert.equal(table.sspiGetAsyncCallStatus(asyncContext), Status.SEC_I_ASYNC_CALL_PENDING)
    const { credential } = await acquired
    assert.equal(table.sspiGetAsyncCallStatus(asyncContext), SEC_E_OK)
    table.freeCredentialsHandle(credential)
    table.sspiFreeAsyncContext(asyncContext)
  })

  test('sspiInitializeSecurityContextAsync and sspiAcceptSecurityContextAsync have the status of their step', async () => {
    const bench = new Bench({ client: () => goOn, server: () => goOn })
    const { table } = bench
    const credential = await bench.credential()
    const [client, server] = [table.sspiCreateAsyncContext(), table.sspiCreateAsyncContext()]
    await table.sspiInitializeSecurityContextAsync(client, { credential, contextReq: 0, output: room() })
    const input = tokenIn(Uint8Array.of(1))
    await table.sspiAcceptSecurityContextAsync(server, { credential, contextReq: 0, input, output: room() })
    for (const asyncContext of [client, server]) {
      assert.equal(table.sspiGetAsyncCallStatus(asyncContext), SEC_I_CONTINUE_NEEDED)
    }
  })

  test('sspiFreeCredentialsHandleAsync and sspiDeleteSecurityContextAsync end what they are given', async () => {
    const bench = new Bench({ client: () => goOn })
    const { table } = bench
    const { context } = await bench.initiate()
    const asyncContext = table.sspiCreateAsyncContext()
    await table.sspiDeleteSecurityContextAsync(asyncContext, context)
    assert.equal(table.sspiGetAsyncCallStatus(asyncContext), SEC_E_OK)
    assert.throws(
      () => {
        table.deleteSecurityContext(context)
      },
      { code: 'SEC_E_INVALID_HANDLE' },
    )
    table.sspiReinitAsyncContext(asyncContext)
    const credential = await bench.credential()
    await table.sspiFreeCredentialsHandleAsync(asyncContext, credential)
    table.sspiReinitAsyncContext(asyncContext)
    await assert.rejects(table.sspiFreeCredentialsHandleAsync(asyncContext, credential), {
      code: 'SEC_E_INVALID_HANDLE',
    })
    assert.equal(table.sspiGetAsyncCallStatus(asyncContext), Status.SEC_E_INVALID_HANDLE)
  })

  test('sspiSetAsyncNotifyCallback, sspiAsyncContextRequiresNotify: it is told once the status is there, with its data; nobody has to look at the promise', async () => {
    const { table } = new Bench()
    const asyncContext = table.sspiCreateAsyncContext()
    assert.equal(table.sspiAsyncContextRequiresNotify(asyncContext), false)
    const told = new Promise((resolve) => {
      table.sspiSetAsyncNotifyCallback(
        asyncContext,
        (context, data) => {
          resolve([context === asyncContext, data, table.sspiGetAsyncCallStatus(context)])
        },
        'data',
      )
    })
    assert.equal(table.sspiAsyncContextRequiresNotify(asyncContext), true)
    void table.sspiAcquireCredentialsHandleAsync(asyncContext, { package: 'nobody', credentialUse: SECPKG_CRED_BOTH })
    assert.deepEqual(await told, [true, 'data', Status.SEC_E_SECPKG_NOT_FOUND])
    table.sspiSetAsyncNotifyCallback(asyncContext, undefined)
    assert.equal(table.sspiAsyncContextRequiresNotify(asyncContext), false)
  })

  test('a call of the wrong type is an internal error in the status, and the context is free for another', async () => {
    const { table } = new Bench()
    const asyncContext = table.sspiCreateAsyncContext()
    const call = table.sspiInitializeSecurityContextAsync(asyncContext, undefined as never)
    await assert.rejects(call, TypeError)
    assert.equal(table.sspiGetAsyncCallStatus(asyncContext), Status.SEC_E_INTERNAL_ERROR)
    table.sspiReinitAsyncContext(asyncContext)
    table.sspiFreeAsyncContext(asyncContext)
  })

  test('an AbortSignal that ends the call is an internal error in the status, and its own reason in the promise', async () => {
    const bench = new Bench({ client: () => ASK }, { driver: new SlowDriver() })
    const { table } = bench
    const credential = await bench.credential()
    const asyncContext = table.sspiCreateAsyncContext()
    const signal = AbortSignal.abort(new Error('enough'))
    const call = { credential, contextReq: 0, output: room(), signal }
    await assert.rejects(table.sspiInitializeSecurityContextAsync(asyncContext, call), { message: 'enough' })
    assert.equal(table.sspiGetAsyncCallStatus(asyncContext), Status.SEC_E_INTERNAL_ERROR)
  })
})

suite('a context', () => {
  test('of sspiCreateAsyncContext is good for one call until sspiReinitAsyncContext, which keeps its callback', async () => {
    const { table, fake } = new Bench()
    const asyncContext = table.sspiCreateAsyncContext()
    let times = 0
    table.sspiSetAsyncNotifyCallback(asyncContext, () => times++)
    const request = { package: fake.package.info.name, credentialUse: SECPKG_CRED_BOTH }
    const first = table.sspiAcquireCredentialsHandleAsync(asyncContext, request)
    const busy = { code: 'SEC_E_OUT_OF_SEQUENCE' } as const
    assert.throws(() => table.sspiAcquireCredentialsHandleAsync(asyncContext, request), busy)
    assert.throws(() => table.sspiReinitAsyncContext(asyncContext), busy)
    assert.throws(() => {
      table.sspiFreeAsyncContext(asyncContext)
    }, busy)
    await first
    assert.throws(() => table.sspiAcquireCredentialsHandleAsync(asyncContext, request), busy)
    assert.equal(table.sspiReinitAsyncContext(asyncContext), SEC_E_OK)
    await table.sspiAcquireCredentialsHandleAsync(asyncContext, request)
    assert.equal(times, 2)
  })

  test('is none after sspiFreeAsyncContext, which may be called twice', () => {
    const { table } = new Bench()
    const asyncContext = table.sspiCreateAsyncContext()
    table.sspiFreeAsyncContext(asyncContext)
    table.sspiFreeAsyncContext(asyncContext)
    for (const call of [
      () => table.sspiGetAsyncCallStatus(asyncContext),
      () => table.sspiReinitAsyncContext(asyncContext),
      () => table.sspiAsyncContextRequiresNotify(asyncContext),
      () => table.sspiSetAsyncNotifyCallback(asyncContext, undefined),
      () => table.sspiAcquireCredentialsHandleAsync(asyncContext, { package: 'x', credentialUse: 1 }),
    ]) {
      assert.throws(call, { code: 'SEC_E_INVALID_HANDLE' })
    }
  })
})
