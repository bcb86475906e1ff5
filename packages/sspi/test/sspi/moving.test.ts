import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { SECPKG_ATTR_FLAGS, SecurityFunctionTable, type CtxtHandle, type Session } from '../../src/sspi/index.js'
import { NOON, testTable } from '../compliance/setup.js'
import { fakePackage, FakeSession, finished } from './fake-package.js'
import { Bench } from './table.js'

const KEY = new Uint8Array(32).fill(0x4b)

suite('moving a context', () => {
  const exported = async (
    lifetimeSeconds?: number,
  ): Promise<{ blob: Uint8Array; bench: Bench; context: CtxtHandle }> => {
    const bench = new Bench({ client: () => finished(new FakeSession(Uint8Array.of(1, 2, 3))) })
    const { context } = await bench.initiate()
    const blob = bench.table.exportSecurityContext(context, { key: KEY, lifetimeSeconds })
    return { blob, bench, context }
  }
  const request = (blob: Uint8Array, key = KEY): { package: string; blob: Uint8Array; key: Uint8Array } => ({
    package: 'FAKE',
    blob,
    key,
  })

  test('by exportSecurityContext ends it here; by importSecurityContext it is taken up there, once', async () => {
    const { blob, bench, context } = await exported()
    assert.throws(() => bench.table.queryContextAttributes(context, SECPKG_ATTR_FLAGS), {
      code: 'SEC_E_INVALID_HANDLE',
    })
    let taken: Session | undefined
    const there = testTable([
      fakePackage({
        overrides: {
          importSession: (bytes) => {
            assert.deepEqual([...bytes], [1, 2, 3])
            return (taken = new FakeSession(bytes))
          },
        },
      }).package,
    ])
    const { context: arrived } = await there.importSecurityContext(request(blob))
    await assert.rejects(there.importSecurityContext(request(blob)), { code: 'SEC_E_INVALID_TOKEN' })
    const session = taken as FakeSession | undefined
    assert.deepEqual([...(session?.bytes ?? [])], [1, 2, 3])
    there.deleteSecurityContext(arrived)
    assert.equal(session?.disposals, 1)
  })

  test('the blob shows nothing of the session, and no two are the same', async () => {
    const secret = new TextEncoder().encode('the session key itself')
    const bench = new Bench({ client: () => finished(new FakeSession(secret)) })
    const blobs = []
    for (let turn = 0; turn < 2; turn++) {
      const { context } = await bench.initiate()
      blobs.push(Buffer.from(bench.table.exportSecurityContext(context, { key: KEY })))
    }
    assert.ok(blobs.every((blob) => !blob.includes(Buffer.from(secret))))
    assert.notDeepEqual(blobs[0], blobs[1])
  })

  test('a blob of another key, cut short, or changed in any byte is refused and still good afterwards', async () => {
    const { blob, bench } = await exported()
    const { table } = bench
    await assert.rejects(table.importSecurityContext(request(blob, new Uint8Array(32))), {
      code: 'SEC_E_MESSAGE_ALTERED',
    })
    await assert.rejects(table.importSecurityContext(request(blob, new Uint8Array(16))), TypeError)
    for (let at = 0; at < blob.length; at++) {
      const changed = blob.slice()
      changed[at]! ^= 1 << (at % 8)
      const code = at < 5 ? 'SEC_E_INVALID_TOKEN' : 'SEC_E_MESSAGE_ALTERED'
      await assert.rejects(table.importSecurityContext(request(changed)), { code }, `byte ${at}`)
      const short = table.importSecurityContext(request(blob.subarray(0, at)))
      await assert.rejects(short, { code }, `${at} bytes`)
    }
    await assert.rejects(table.importSecurityContext(request(Uint8Array.of(...blob, 0))), {
      code: 'SEC_E_MESSAGE_ALTERED',
    })
    await table.importSecurityContext(request(blob))
  })

  test('a blob is good for as long as it says, by the clock of the importer', async () => {
    const { blob } = await exported(90)
    const at = (seconds: number): SecurityFunctionTable =>
      testTable([fakePackage().package], { now: () => new Date(NOON.getTime() + 1000 * seconds) })
    await assert.rejects(at(91).importSecurityContext(request(blob)), { code: 'SEC_E_CONTEXT_EXPIRED' })
    await at(90).importSecurityContext(request(blob))
    const usual = await exported()
    await assert.rejects(at(61).importSecurityContext(request(usual.blob)), { code: 'SEC_E_CONTEXT_EXPIRED' })
  })

  test('a blob of another package is refused, and one whose mechanism is not there', async () => {
    const { blob, bench } = await exported()
    bench.table.addSecurityPackage(fakePackage({ name: 'Other' }).package)
    const other = { ...request(blob), package: 'Other' }
    await assert.rejects(bench.table.importSecurityContext(other), { code: 'SEC_E_INVALID_TOKEN' })
    await assert.rejects(bench.table.importSecurityContext({ ...other, package: 'None' }), {
      code: 'SEC_E_SECPKG_NOT_FOUND',
    })
  })

  test('without a replay cache nothing is imported', async () => {
    const { blob } = await exported()
    const table = new SecurityFunctionTable({
      packages: [fakePackage().package],
      driver: { answer: () => assert.fail('nobody asks') },
      world: {
        now: () => NOON,
        random: (length) => new Uint8Array(length),
        policy: { channelBindings: 'none', targetNames: undefined, targetNameRequired: false },
        emit: () => undefined,
      },
    })
    await assert.rejects(table.importSecurityContext(request(blob)), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
  })

  test('a caller’s mistake leaves the context as it was', async () => {
    const session = new FakeSession()
    const bench = new Bench({ client: () => finished(session) })
    const { context } = await bench.initiate()
    for (const options of [
      { key: new Uint8Array(16) },
      { key: KEY, lifetimeSeconds: 0 },
      { key: KEY, lifetimeSeconds: -1 },
      { key: KEY, lifetimeSeconds: NaN },
      { key: KEY, lifetimeSeconds: Infinity },
    ]) {
      assert.throws(() => bench.table.exportSecurityContext(context, options), TypeError)
    }
    assert.equal(session.disposals, 0)
    bench.table.exportSecurityContext(context, { key: KEY })
    assert.equal(session.disposals, 1)
  })
})
