import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { afterEach, test } from 'node:test'
import { secureClient, secureServer } from '../../src/net/index.js'
import { FrameType, writeFrame } from '../../src/net/framing.js'
import { pipePair } from './pair.js'
import { alice, readAll, realInterface, securedPair, tinySides, type PairOptions } from './streams.js'
import { noSessionsLeft } from './tiny-package.js'

afterEach(noSessionsLeft)

/** What both sides say when the handshake fails. */
async function failures(options: PairOptions) {
  const sides = tinySides(options)
  const [a, b] = pipePair()
  const closed = Promise.all([once(a, 'close'), once(b, 'close')])
  const results = await Promise.allSettled([secureClient(a, sides.client), secureServer(b, sides.server)])
  await closed
  return results.map((result) => (result.status === 'rejected' ? (result.reason as { code: string }).code : 'welcome'))
}

/** Speaks to a server as the test likes. */
function rawServer(options: PairOptions = {}): { raw: Duplex; server: ReturnType<typeof secureServer> } {
  const [raw, transport] = pipePair()
  const server = secureServer(transport, tinySides(options).server)
  server.catch(() => {}) // looked at later
  return { raw, server }
}

test('both sides know each other after the handshake', async () => {
  const { client, server } = await securedPair()
  assert.equal(server.peer?.name, 'alice')
  assert.equal(client.peer, undefined)
  for (const stream of [client, server]) {
    assert.equal(stream.packageName, 'Tiny')
    assert.equal(stream.mechanism, 'Tiny')
    assert.deepEqual(stream.achieved, ['integrity', 'confidentiality'])
    assert.equal(stream.encrypted, true)
    stream.destroy()
  }
})

test('an acceptor may have the last word', async () => {
  const { client, server } = await securedPair({ tiny: { lastWord: true } })
  client.end('x')
  server.end()
  assert.equal((await readAll(server)).toString(), 'x')
  await readAll(client)
})

test('a wrong password is told to both sides by its status alone', async () => {
  const [raw, transport] = pipePair()
  const { client, server } = tinySides({ password: 'wrong' })
  let seen = ''
  const tapped = transport.write.bind(transport) as (chunk: Uint8Array) => boolean
  transport.write = ((chunk: Uint8Array) => {
    seen += Buffer.from(chunk).toString('latin1')
    return tapped(chunk)
  }) as typeof transport.write
  const results = await Promise.allSettled([secureClient(raw, client), secureServer(transport, server)])
  for (const result of results) {
    assert.equal(result.status === 'rejected' && (result.reason as { code: string }).code, 'SEC_E_LOGON_DENIED')
  }
  assert.ok(seen.endsWith('\x00\x00\x00\x04\x04\x80\x09\x03\x0c'), 'the last frame is the status and nothing else')
})

test('an error token of the package is heard before the status', async () => {
  const codes = await failures({ password: 'wrong', user: 'mallory', tiny: { lastWord: true } })
  assert.deepEqual(codes, ['SEC_E_WRONG_PRINCIPAL', 'SEC_E_LOGON_DENIED'])
})

test('a client that may not come in is refused before it hears a welcome', async () => {
  assert.deepEqual(await failures({ server: { authorize: ({ name }) => name !== 'alice' } }), [
    'SEC_E_LOGON_DENIED',
    'SEC_E_LOGON_DENIED',
  ])
  const authorize = async () => {
    throw new TypeError('the directory is down')
  }
  const sides = tinySides({ server: { authorize } })
  const [a, b] = pipePair()
  const [client, server] = await Promise.allSettled([secureClient(a, sides.client), secureServer(b, sides.server)])
  assert.equal(client.status === 'rejected' && (client.reason as { code: string }).code, 'SEC_E_INTERNAL_ERROR')
  assert.ok(server.status === 'rejected' && server.reason instanceof TypeError)
})

test('a client that may come in does', async () => {
  const { client, server } = await securedPair({ server: { authorize: async ({ name }) => name === 'alice' } })
  client.destroy()
  server.destroy()
})

test('a context without integrity is refused', async () => {
  const codes = await failures({ tiny: { weak: true }, confidentiality: false })
  assert.ok(
    codes.every((code) => code === 'SEC_E_SECURITY_QOS_FAILED'),
    codes.join(),
  )
})

test('without privacy records are signed', async () => {
  const { client, server } = await securedPair({ confidentiality: false })
  assert.equal(client.encrypted, false)
  client.end('in the open')
  server.end('so be it')
  assert.equal((await readAll(server)).toString(), 'in the open')
  assert.equal((await readAll(client)).toString(), 'so be it')
})

test('sides that do not agree on privacy do not come together', async () => {
  const codes = await failures({ confidentiality: false, client: {}, server: {}, tiny: { acceptorSeals: true } })
  assert.deepEqual(codes, ['SEC_E_OUT_OF_SEQUENCE', 'SEC_E_OUT_OF_SEQUENCE'])
})

test('a server that insists on privacy does not get a client without', async () => {
  const codes = await failures({ client: { confidentiality: false } })
  assert.deepEqual(codes, ['SEC_E_SECURITY_QOS_FAILED', 'SEC_E_SECURITY_QOS_FAILED'])
})

test('an exchange that never ends is ended', async () => {
  const codes = await failures({ tiny: { endless: true } })
  assert.deepEqual(codes, ['SEC_E_INVALID_TOKEN', 'SEC_E_INVALID_TOKEN'])
})

test('garbage is answered with a status, and hung up on', async () => {
  for (const garbage of [
    'GET / HTTP/1.1\r\n\r\n',
    '\0\0\0\0\x09',
    '\0\0\0\x03\x01abc',
    '\0\0\0\x03\x02abc',
    '\0\0\0\0\x01',
    '\0\0\0\x01\x04a',
  ]) {
    const { raw, server } = rawServer()
    raw.write(Buffer.from(garbage, 'latin1'))
    await assert.rejects(server, (error: { code: string }) =>
      /^SEC_E_(INVALID_TOKEN|OUT_OF_SEQUENCE)$/.test(error.code),
    )
    raw.end()
    assert.match((await readAll(raw)).toString('hex'), /^00000004048009/)
  }
})

test('a frame that is too long before authentication is not waited for', async () => {
  const { raw, server } = rawServer()
  raw.write(Buffer.from('0001000101', 'hex'))
  await assert.rejects(server, { code: 'SEC_E_INVALID_TOKEN', message: /65537 bytes, 65536 allowed/ })
})

test('a transport that ends in the middle is a failure', async () => {
  const { raw, server } = rawServer()
  raw.write(writeFrame(FrameType.TOKEN, Buffer.from('hello')))
  raw.end()
  await assert.rejects(server, { code: 'SEC_E_UNFINISHED_CONTEXT_DELETED' })
})

test('a transport that breaks keeps its own error as the cause', async () => {
  const [a] = pipePair()
  const client = secureClient(a, tinySides().client)
  const cause = new Error('cable')
  a.destroy(cause)
  await assert.rejects(client, { code: 'SEC_E_UNFINISHED_CONTEXT_DELETED', cause })
})

test('a transport that is gone already is a failure, not a wait', async () => {
  const [a, b] = pipePair()
  a.destroy()
  await assert.rejects(secureClient(a, tinySides().client), { code: 'SEC_E_UNFINISHED_CONTEXT_DELETED' })
  b.destroy()
})

test('a peer who gives up is believed in its status only if that is a failure', async () => {
  for (const [status, code] of [
    ['8009030c', 'SEC_E_LOGON_DENIED'],
    ['00000000', 'SEC_E_INTERNAL_ERROR'],
    ['00090312', 'SEC_E_INTERNAL_ERROR'],
    ['12345678', 'SEC_E_INTERNAL_ERROR'],
  ] as const) {
    const { raw, server } = rawServer()
    raw.write(writeFrame(FrameType.ERROR, Buffer.from(status, 'hex')))
    await assert.rejects(server, { code })
    raw.destroy()
  }
})

test('a refusal with a good token in it is still a refusal', async () => {
  const [raw, transport] = pipePair()
  const client = secureClient(transport, tinySides({ tiny: { lastWord: true } }).client)
  raw.write(writeFrame(FrameType.TOKEN, Buffer.from('who')))
  raw.write(writeFrame(FrameType.ERROR, Buffer.from('8009030c', 'hex'), Buffer.from('well')))
  await assert.rejects(client, { code: 'SEC_E_LOGON_DENIED' })
  raw.destroy()
})

test('a handshake that takes too long is given up', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { raw, server } = rawServer()
  t.mock.timers.tick(29_999)
  raw.write(writeFrame(FrameType.TOKEN, Buffer.from('hello')))
  await once(raw, 'readable')
  t.mock.timers.tick(1)
  await assert.rejects(server, { code: 'SEC_E_UNFINISHED_CONTEXT_DELETED', message: /30 s/ })
  raw.destroy()
})

test('a handshake can be given up by the caller', async () => {
  const controller = new AbortController()
  const { raw, server } = rawServer({ signal: controller.signal })
  const reason = new Error('changed my mind')
  controller.abort(reason)
  await assert.rejects(server, (error) => error === reason)
  const aborted = rawServer({ signal: AbortSignal.abort(reason) })
  await assert.rejects(aborted.server, (error) => error === reason)
  raw.destroy()
})

test('a record of one’s own, sent back, is not taken for the peer’s', async () => {
  // With one password and no direction in its keys, a package alone would not notice.
  const { raw, server } = rawServer()
  raw.write(writeFrame(FrameType.TOKEN, Buffer.from('hello')))
  await once(raw, 'readable')
  raw.read()
  raw.write(writeFrame(FrameType.SEALED, Buffer.alloc(30)))
  await assert.rejects(server, { code: 'SEC_E_OUT_OF_SEQUENCE' })
  raw.destroy()
})

test('the interface’s own mistakes are the caller’s', async () => {
  const [a, b] = pipePair()
  const unknown = secureClient(a, { ...tinySides().client, package: 'Unknown' })
  await assert.rejects(unknown, { code: 'SEC_E_SECPKG_NOT_FOUND' })
  for (const limits of [
    { handshakeTimeoutSeconds: 0 },
    { maxRecordBytes: 1 },
    { idleTimeoutSeconds: NaN },
    { maxTokenBytes: 1e12 },
  ]) {
    await assert.rejects(secureServer(b, { ...tinySides().server, ...limits }), TypeError)
  }
})

for (const packageName of ['NTLM', 'Negotiate']) {
  test(`${packageName} secures a pipe, and refuses a wrong password`, async () => {
    const sspi = realInterface()
    const secure = (password: string) => {
      const [a, b] = pipePair()
      return Promise.allSettled([
        secureClient(a, { sspi, package: packageName, credentials: alice(password), target: 'host/server' }),
        secureServer(b, { sspi, package: packageName }),
      ] as const)
    }
    const [client, server] = await secure('secret')
    assert.ok(client.status === 'fulfilled' && server.status === 'fulfilled', JSON.stringify([client, server]))
    assert.equal(client.value.mechanism, 'NTLM')
    assert.equal(server.value.peer?.name, 'alice')
    assert.equal(client.value.encrypted, true)
    client.value.end('hello')
    server.value.end('goodbye')
    assert.equal((await readAll(server.value)).toString(), 'hello')
    assert.equal((await readAll(client.value)).toString(), 'goodbye')
    for (const result of await secure('wrong')) {
      assert.equal(result.status === 'rejected' && (result.reason as { code: string }).code, 'SEC_E_LOGON_DENIED')
    }
  })

  test(`${packageName} signs a pipe where privacy is not asked for`, async () => {
    const sspi = realInterface()
    const [a, b] = pipePair()
    const both = { sspi, package: packageName, confidentiality: false }
    const [client, server] = await Promise.all([
      secureClient(a, { ...both, credentials: alice() }),
      secureServer(b, both),
    ])
    client.end('hello')
    server.end()
    assert.equal((await readAll(server)).toString(), 'hello')
    await readAll(client)
    assert.equal(client.encrypted, server.encrypted)
  })
}
