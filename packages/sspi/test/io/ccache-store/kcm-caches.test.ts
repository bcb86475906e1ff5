import assert from 'node:assert/strict'
import { chmod, chown } from 'node:fs/promises'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { kcmCaches, kcmCcache, openCcache } from '../../../src/io/ccache-store/index.js'
// By the file: what the daemons say is for the room alone.
import { KcmConnection, KcmOperation } from '../../../src/io/ccache-store/kcm-connection.js'
import { makeTimeOffset, type Ccache } from '../../../src/kerberos/files/index.js'
import { ccacheOf } from './ccaches.js'
import { keepingDaemon, kcmSocket, refusal, reply, type Answer } from './fake-kcm.js'

const skip = process.platform === 'win32' ? 'the daemon listens at a Unix socket' : false
const unreachable = (message: RegExp): object => ({ name: 'SspiError', code: 'SEC_E_NO_CREDENTIALS', message })

for (const [daemon, mit] of [
  ["that knows MIT's operations", true],
  ['that does not', false],
] as const) {
  test(`a cache goes to a daemon ${daemon} and comes back`, { skip }, async (t) => {
    const socket = await kcmSocket(t, keepingDaemon(mit))
    const store = await openCcache('KCM:', { kcmSocket: socket })
    assert.equal(store.name, 'KCM:0')
    assert.equal(await store.load(), undefined)
    const header = [makeTimeOffset({ seconds: -7, microseconds: 0 })]
    const [first] = ccacheOf('alice').credentials
    const ccache: Ccache = { ...ccacheOf('alice'), header, credentials: [first!, { ...first!, authTime: 99 }] }
    await store.save(ccache)
    assert.deepEqual(await store.load(), ccache)
    await store.save(ccacheOf('bob'))
    assert.deepEqual(await store.load(), ccacheOf('bob'))
    assert.equal(await store.destroy(), true)
    assert.equal(await store.destroy(), false)
    assert.equal(await store.load(), undefined)
  })
}

test('a daemon keeps several caches, one of which is the primary', { skip }, async (t) => {
  const collection = kcmCaches(await kcmSocket(t, keepingDaemon(true)))
  const first = await collection.primary()
  await first.save(ccacheOf('alice'))
  const second = await collection.create()
  await second.save(ccacheOf('bob'))
  assert.deepEqual(
    (await collection.list()).map(({ name }) => name),
    ['KCM:0', 'KCM:0:1'],
  )
  await collection.switchTo(second)
  assert.equal((await collection.primary()).name, 'KCM:0:1')
  await assert.rejects(collection.switchTo({ ...second, name: 'DIR::/x/tkt' }), TypeError)
})

test('a cache that is destroyed while the list is read is left out', { skip }, async (t) => {
  const socket = await kcmSocket(t, (operation) =>
    operation === 18 ? reply(new Uint8Array(32)) : refusal(operation === 19 ? -1_765_328_242 : 5),
  )
  assert.deepEqual(await kcmCaches(socket).list(), [])
})

test("the error that Heimdal's daemon has for a list of nothing is an empty list", { skip }, async (t) => {
  assert.deepEqual(await kcmCaches(await kcmSocket(t, () => refusal(-1_765_328_189))).list(), [])
})

const silence = /no answer in 100 ms/
const bad: readonly (readonly [string, Answer, RegExp])[] = [
  ['hangs up', new Uint8Array(0), silence],
  ['says nothing', undefined, silence],
  ['sends half a reply', reply(new Uint8Array(8)).subarray(0, 15), silence],
  ['announces more than 10 MiB', Uint8Array.of(0, 0xa0, 0, 1), /a reply of 10485761 bytes, 10485760 allowed/],
  ['announces no reply at all', new Uint8Array(8), /status: 4 bytes wanted, 0 left/],
  ['sends more than a reply', Buffer.concat([reply(), Uint8Array.of(1)]), /more than what was asked for/],
  ['refuses', refusal(13), /GET_PRINCIPAL is answered with error 13/],
]
for (const [what, answer, message] of bad) {
  test(`a daemon that ${what} is an error, and no wait without end`, { skip }, async (t) => {
    const socket = await kcmSocket(t, () => answer)
    const call = async (): Promise<unknown> => {
      using daemon = await KcmConnection.open(socket, message === silence ? 100 : 30_000)
      await daemon.call(KcmOperation.GET_PRINCIPAL)
      // What is too much may come a moment later.
      return await daemon.call(KcmOperation.GET_PRINCIPAL)
    }
    await assert.rejects(call(), { message })
  })
}

test('replies that do not parse are refused, with the name of the cache', { skip }, async (t) => {
  const alice = keepingDaemon(true)
  for (const rubbish of [Buffer.from('rubbish'), new Uint8Array(5), new Uint8Array(64).fill(0xff)]) {
    const socket = await kcmSocket(t, () => reply(rubbish))
    const calls = [
      () => kcmCcache('0', socket).load(),
      () => kcmCaches(socket).list(),
      () => kcmCaches(socket).primary(),
    ]
    for (const call of calls) {
      await assert.rejects(call(), unreachable(/^KCM:.*: the KCM daemon at .*: /))
    }
  }
  const counting = await kcmSocket(t, (operation, parameters) =>
    operation === 13_001 ? reply(Uint8Array.of(0, 0, 0x27, 0x11)) : alice(operation, parameters),
  )
  const store = kcmCcache('0', counting)
  await store.save(ccacheOf('alice'))
  await assert.rejects(store.load(), unreachable(/10001 entries, 10000 allowed/))
})

test('no daemon, one of another user, and none by configuration are told apart', { skip }, async (t) => {
  await assert.rejects(
    openCcache('KCM:', { kcmSocket: '/nowhere/socket' }),
    unreachable(/at \/nowhere\/socket: .*ENOENT/),
  )
  for (const name of ['KCM:', 'KCM:0']) {
    await assert.rejects(openCcache(name, { kcmSocket: '-' }), {
      code: 'SEC_E_UNSUPPORTED_FUNCTION',
      message: /kcm_socket/,
    })
  }
  if (process.getuid?.() !== 0) return
  const socket = await kcmSocket(t, keepingDaemon(true))
  await chown(socket, 12_345, 0)
  await chmod(dirname(socket), 0o755)
  process.seteuid?.(54_321)
  try {
    await assert.rejects(kcmCcache('0', socket).load(), unreachable(/belongs to user 12345, not to 54321/))
  } finally {
    process.seteuid?.(0)
  }
})
