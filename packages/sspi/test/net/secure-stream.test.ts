import assert from 'node:assert/strict'
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { afterEach, test } from 'node:test'
import { fc } from '../property.js'
import type { SecureStream } from '../../src/net/index.js'
import { pattern, readAll, securedPair, type PairOptions } from './streams.js'
import { noSessionsLeft } from './tiny-package.js'

afterEach(noSessionsLeft)

test('what is written is read, in order, whatever its pieces', async () => {
  const piece = fc.integer({ min: 0, max: 5000 })
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 20 }), fc.boolean(), async (lengths, confidentiality) => {
      const { client, server } = await securedPair({ confidentiality, maxRecordBytes: 1024 })
      let at = 0
      for (const length of lengths) {
        client.write(pattern(length, at))
        at += length
      }
      client.end()
      server.end()
      const [got] = await Promise.all([readAll(server), readAll(client)])
      assert.ok(got.equals(pattern(at)))
      assert.equal(client.bytesWritten, at)
      assert.equal(server.bytesRead, at)
    }),
    { numRuns: 60 },
  )
})

test('a small write goes out at once, and waits for nobody', async () => {
  const { client, server } = await securedPair()
  client.write('a')
  const [chunk] = (await once(server, 'data')) as [Buffer]
  assert.equal(chunk.toString(), 'a')
  client.destroy()
  server.destroy()
})

test('text is written in the encoding that was named', async () => {
  const { client, server } = await securedPair()
  client.write('Grüße', 'latin1')
  client.end('ff', 'hex')
  server.end()
  assert.equal((await readAll(server)).toString('latin1'), 'Grüßeÿ')
  await readAll(client)
})

test('a record is never longer than the peer takes', async () => {
  const { client, server } = await securedPair({ client: { maxRecordBytes: 65_536 }, server: { maxRecordBytes: 2000 } })
  const lengths: number[] = []
  server.on('data', (chunk: Buffer) => lengths.push(chunk.length))
  client.end(pattern(10_000))
  server.end()
  await once(server, 'end')
  assert.deepEqual(lengths, [2000, 2000, 2000, 2000, 2000])
  client.destroy()
})

test('end() ends one direction; the other goes on', async () => {
  const { client, server } = await securedPair()
  client.end('question')
  assert.equal((await readAll(server)).toString(), 'question')
  await once(client, 'finish')
  server.write('answer, ')
  server.write('in parts')
  server.end()
  assert.equal((await readAll(client)).toString(), 'answer, in parts')
})

test('without allowHalfOpen a stream ends when its peer does', async () => {
  const { client, server } = await securedPair({ server: { allowHalfOpen: false } })
  client.end('x')
  const ended = once(client, 'end')
  client.resume()
  await readAll(server)
  await ended
})

test('when both have ended, streams and transports are closed', async () => {
  const { client, server, transports } = await securedPair()
  const closed = [client, server, ...transports].map((stream) => once(stream, 'close'))
  client.end('a')
  server.end('b')
  client.resume()
  server.resume()
  await Promise.all(closed)
})

test('a transport that ends without the peer’s word is a failure, not an end', async () => {
  const { client, server, transports } = await securedPair()
  client.write('all that I')
  let got = ''
  server.on('data', (chunk: Buffer) => (got += chunk.toString()))
  let ended = false
  server.on('end', () => (ended = true))
  await once(server, 'data')
  transports[0].end()
  const [error] = (await once(server, 'error')) as [{ code: string }]
  assert.equal(error.code, 'SEC_E_MESSAGE_ALTERED')
  assert.equal(got, 'all that I')
  assert.equal(ended, false)
  client.destroy()
})

test('a transport that breaks is a failure with its cause', async () => {
  const { client, server, transports } = await securedPair()
  server.resume()
  const cause = new Error('cable')
  const failed = once(client, 'error')
  const alsoFailed = once(server, 'error')
  client.write('x')
  transports[0].destroy(cause)
  const [error] = (await failed) as [{ code: string; cause: unknown }]
  assert.deepEqual([error.code, error.cause], ['SEC_E_MESSAGE_ALTERED', cause])
  await alsoFailed
})

test('destroy() is a failure for the peer', async () => {
  const { client, server } = await securedPair()
  server.resume()
  client.destroy()
  assert.equal(((await once(server, 'error')) as [{ code: string }])[0].code, 'SEC_E_MESSAGE_ALTERED')
  assert.throws(() => client.attribute(0), { code: 'SEC_E_INVALID_HANDLE' })
})

test('a write under way learns that the stream was destroyed', async () => {
  const { client, server } = await securedPair()
  const written = new Promise<Error | null | undefined>((resolve) => client.write(pattern(1_000_000), resolve))
  client.destroy()
  assert.equal(((await written) as { code?: string } | undefined)?.code, 'SEC_E_CONTEXT_EXPIRED')
  server.destroy()
})

test('a transport’s end in the middle of writing is a failure for the writer', async () => {
  const { client, server, transports } = await securedPair()
  server.end()
  await readAll(client)
  client.write(pattern(1_000_000))
  transports[0].destroy()
  assert.equal(((await once(client, 'error')) as [{ code: string }])[0].code, 'SEC_E_MESSAGE_ALTERED')
  server.destroy()
})

test('a reader that does not read holds the writer back', async () => {
  const { client, server } = await securedPair({ maxRecordBytes: 16_384, highWaterMark: 16_384 })
  const total = 4 * 1024 * 1024
  let written = 0
  const chunk = pattern(16_384)
  const write = () => {
    while (written < total) {
      written += chunk.length
      if (!client.write(chunk)) return
    }
    client.end()
  }
  client.on('drain', write)
  write()
  // Nobody reads: after a few turns all stands still, with a few buffers full.
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
  const stopped = written
  assert.ok(stopped < 256 * 1024, `${stopped} bytes went out`)
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(written, stopped)
  server.end()
  assert.equal((await readAll(server)).length, total)
  await readAll(client)
})

test('64 MiB each way stay within a few buffers', async () => {
  await pump(64 * 1024 * 1024, { highWaterMark: 65_536 }, 1024 * 1024)
})

test(
  '1 GiB stays within a few buffers',
  { skip: process.env['SSPI_LARGE'] !== '1' && 'set SSPI_LARGE=1' },
  async (t) => {
    const before = process.memoryUsage.rss()
    let peak = before
    const started = performance.now()
    const total = 1024 ** 3
    await pump(total, {}, 1024 * 1024, () => (peak = Math.max(peak, process.memoryUsage.rss())))
    const seconds = (performance.now() - started) / 1000
    const mebi = (bytes: number) => Math.round(bytes / 1024 ** 2)
    t.diagnostic(
      `RSS ${mebi(before)} MiB before, ${mebi(peak)} MiB at most; ${seconds.toFixed(1)} s for 1 GiB each way`,
    )
    assert.ok(peak - before < 256 * 1024 ** 2, `RSS grew by ${mebi(peak - before)} MiB`)
  },
)

/** Sends so much both ways at once, and looks at how much is under way. */
async function pump(total: number, options: PairOptions, most: number, sample = () => {}): Promise<void> {
  const { client, server, transports } = await securedPair(options)
  const all = [client, server, ...transports]
  const chunk = pattern(65_536)
  let highest = 0
  const source = async function* () {
    for (let sent = 0; sent < total; sent += chunk.length) {
      const underWay = all.reduce((sum, each) => sum + each.readableLength + each.writableLength, 0)
      highest = Math.max(highest, underWay)
      if ((sent & 0xff_ffff) === 0) sample()
      yield chunk
    }
  }
  const sink = (count: { bytes: number; different: number }) => async (stream: SecureStream) => {
    for await (const each of stream.iterator({ destroyOnReturn: false })) {
      const piece = each as Buffer
      const at = count.bytes % chunk.length
      const same = piece.compare(chunk, at, at + piece.length) === 0
      if (!same && at + piece.length <= chunk.length) count.different++
      count.bytes += piece.length
    }
  }
  const counts = [0, 1].map(() => ({ bytes: 0, different: 0 }))
  await Promise.all([
    pipeline(source, client),
    pipeline(source, server),
    sink(counts[0]!)(client),
    sink(counts[1]!)(server),
  ])
  assert.deepEqual(counts, [
    { bytes: total, different: 0 },
    { bytes: total, different: 0 },
  ])
  assert.ok(highest <= most, `${highest} bytes were under way, ${most} expected at most`)
}

test('one long write is sent in records, as fast as the peer reads', async () => {
  const { client, server } = await securedPair()
  const long = pattern(3_000_001)
  client.end(long)
  server.end()
  assert.ok((await readAll(server)).equals(long))
  await readAll(client)
})

test('a stream that is idle for too long is given up, and the peer is told', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { client, server, transports } = await securedPair({ server: { idleTimeoutSeconds: 60 } })
  const closed = Promise.all(transports.map((transport) => once(transport, 'close')))
  server.resume()
  client.resume()
  const told = once(client, 'error')
  t.mock.timers.tick(59_000)
  client.write('still here')
  await once(server, 'data')
  t.mock.timers.tick(59_000)
  assert.equal(server.destroyed, false)
  const given = once(server, 'error')
  t.mock.timers.tick(1000)
  assert.equal(((await given) as [{ code: string }])[0].code, 'SEC_E_CONTEXT_EXPIRED')
  assert.equal(((await told) as [{ code: string }])[0].code, 'SEC_E_CONTEXT_EXPIRED')
  await closed
})

test('a peer that stops reading does not stop the idle time-out', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { client, server, transports } = await securedPair({ client: { idleTimeoutSeconds: 5 } })
  const closed = once(transports[0], 'close')
  const given = once(client, 'error')
  client.write(pattern(5_000_000), () => {})
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  t.mock.timers.tick(5000)
  assert.equal(((await given) as [{ code: string }])[0].code, 'SEC_E_CONTEXT_EXPIRED')
  t.mock.timers.tick(2000) // nor does it keep the transport
  await closed
  server.destroy()
})
