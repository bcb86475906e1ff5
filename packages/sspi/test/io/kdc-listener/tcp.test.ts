import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { test, type TestContext } from 'node:test'
import { listenKdc } from '../../../src/io/kdc-listener/index.js'
import type { KdcHandler } from '../../../src/kdc/index.js'
import { KerberosErrorCode } from '../../../src/kerberos/index.js'
import { framed } from '../kdc/messages.js'
import { deferred, errorOf, listen, message, TcpClient } from './clients.js'

const echo: KdcHandler = (request) => Promise.resolve(request)

/** Stops the timers, which go on by `tick` alone; those that wait for the end of listeners run again. */
function stopTimers(t: TestContext): TestContext['mock']['timers'] {
  const { timers } = t.mock
  timers.enable({ apis: ['setTimeout'] })
  t.after(() => timers.reset())
  return timers
}

test('requests on one connection are answered in turn, however they are cut', async (t) => {
  const { port } = await listen(t, { answer: (request) => Promise.resolve(message(...request, 0xff)) })
  const client = new TcpClient(t, port)
  assert.deepEqual(await client.send(message(1)).reply(), message(1, 0xff))
  for (const byte of framed(message(2, 3))) {
    client.socket.write(message(byte))
    await new Promise(setImmediate)
  }
  assert.deepEqual(await client.reply(), message(2, 3, 0xff))
  client.send(message(4), message(5), message(6))
  for (const each of [4, 5, 6]) assert.deepEqual(await client.reply(), message(each, 0xff))
})

test('a request in TCP may have a reply of any length', async (t) => {
  const lengths: (number | undefined)[] = []
  const { port } = await listen(t, {
    answer: (_, { maxReplyBytes }) => {
      lengths.push(maxReplyBytes)
      return Promise.resolve(new Uint8Array(300_000))
    },
  })
  assert.equal((await new TcpClient(t, port).send(message(1)).reply()).length, 300_000)
  assert.deepEqual(lengths, [undefined])
})

test('a client that ends its side behind its requests gets the replies', async (t) => {
  const { port } = await listen(t, { answer: echo })
  const client = new TcpClient(t, port).send(message(1), message(2))
  client.socket.end()
  assert.deepEqual(await client.reply(), message(1))
  assert.deepEqual(await client.reply(), message(2))
  assert.equal(await client.closed, true)
})

test('a length with its top bit set, or of more than is taken, gets KRB_ERR_FIELD_TOOLONG and the end', async (t) => {
  const refused: string[] = []
  const { port } = await listen(t, {
    answer: echo,
    realm: 'EXAMPLE.COM',
    maxRequestBytes: 1000,
    onRefused: (reason) => refused.push(reason),
  })
  assert.equal((await new TcpClient(t, port).send(new Uint8Array(1000)).reply()).length, 1000)
  for (const length of [0x8000_0001, 1001, 0x7fff_ffff, 0]) {
    const client = new TcpClient(t, port)
    // Much more than is read by then: its loss must not take the answer along.
    client.socket.write(framed(new Uint8Array(100_000), length))
    const { errorCode, realm } = errorOf(await client.reply())
    assert.equal(errorCode, KerberosErrorCode.KRB_ERR_FIELD_TOOLONG)
    assert.equal(realm, 'EXAMPLE.COM')
    assert.equal(await client.closed, true)
  }
  assert.deepEqual(refused, Array(4).fill('bad length'))
})

test('silence and a failure of the handler close the connection', async (t) => {
  const { port } = await listen(t, {
    answer: ([first]) => (first === 1 ? Promise.resolve(undefined) : Promise.reject(new Error('broken'))),
  })
  for (const first of [1, 2]) {
    const client = new TcpClient(t, port).send(message(first))
    await client.closed
    await assert.rejects(client.reply(), /closed after 0 bytes/)
  }
})

test('a client that sends its request byte by byte for ever is ended, as is one that says nothing', async (t) => {
  const refused: string[] = []
  const { port } = await listen(t, {
    answer: echo,
    clientTimeoutMilliseconds: 50,
    onRefused: (reason) => refused.push(reason),
  })
  const drip = new TcpClient(t, port)
  drip.socket.write(framed(new Uint8Array(0), 1000))
  const dripping = setInterval(() => drip.socket.write(message(1)), 5)
  t.after(() => clearInterval(dripping))
  await drip.closed
  await new TcpClient(t, port).closed
  assert.deepEqual(refused, ['too slow', 'too slow'])
})

test('a client that keeps its connection and does not use it is ended without a word', async (t) => {
  const timers = stopTimers(t)
  const refused: string[] = []
  const { port } = await listen(t, {
    answer: echo,
    clientTimeoutMilliseconds: 50,
    onRefused: (reason) => refused.push(reason),
  })
  const client = new TcpClient(t, port)
  await client.send(message(1)).reply()
  timers.tick(49)
  assert.deepEqual(await client.send(message(2)).reply(), message(2))
  timers.tick(50)
  await client.closed
  assert.deepEqual(refused, [])
})

test('a client that does not take its reply is ended', async (t) => {
  const refused = deferred<string>()
  const { port } = await listen(t, {
    answer: () => Promise.resolve(new Uint8Array(0x200_0000)),
    clientTimeoutMilliseconds: 50,
    onRefused: refused.resolve,
  })
  const client = new TcpClient(t, port)
  client.socket.pause()
  client.send(message(1))
  assert.equal(await refused.promise, 'too slow')
  client.socket.resume()
  await client.closed
})

test('the time that the handler takes does not count', async (t) => {
  const timers = stopTimers(t)
  const reply = deferred<Uint8Array>()
  const asked = deferred<undefined>()
  const { port } = await listen(t, {
    answer: () => {
      asked.resolve(undefined)
      return reply.promise
    },
    clientTimeoutMilliseconds: 20,
  })
  const client = new TcpClient(t, port).send(message(1))
  await asked.promise
  // Another one's end shows that the time is over.
  const other = new TcpClient(t, port)
  while (!other.socket.closed) {
    timers.tick(20)
    await new Promise(setImmediate)
  }
  reply.resolve(message(2))
  assert.deepEqual(await client.reply(), message(2))
})

test('of too many connections the one that has waited longest goes, and none that is being answered', async (t) => {
  const held = deferred<Uint8Array>()
  const asked = deferred<undefined>()
  const refused: string[] = []
  const { port } = await listen(t, {
    answer: ([first]) => {
      if (first !== 9) return Promise.resolve(message(0))
      asked.resolve(undefined)
      return held.promise
    },
    maxConnections: 3,
    onRefused: (reason) => refused.push(reason),
  })
  const busy = new TcpClient(t, port).send(message(9))
  await asked.promise
  const early = new TcpClient(t, port)
  await early.send(message(1)).reply()
  const late = new TcpClient(t, port)
  await late.send(message(1)).reply()
  // It was the first, and has asked since.
  await early.send(message(1)).reply()
  const newest = new TcpClient(t, port)
  assert.deepEqual(await newest.send(message(1)).reply(), message(0))
  await late.closed
  assert.equal(early.socket.closed, false)
  assert.deepEqual(refused, ['too many connections'])
  held.resolve(message(9))
  assert.deepEqual(await busy.reply(), message(9))
})

test('where all connections are being answered, new ones are closed', async (t) => {
  const held = deferred<Uint8Array>()
  let asked = 0
  const { port } = await listen(t, {
    answer: () => {
      asked++
      return held.promise
    },
    maxConnections: 2,
  })
  const clients = [new TcpClient(t, port).send(message(1)), new TcpClient(t, port).send(message(1))]
  while (asked < 2) await new Promise(setImmediate)
  await new TcpClient(t, port).send(message(1)).closed
  held.resolve(message(2))
  for (const client of clients) assert.deepEqual(await client.reply(), message(2))
})

test('one address has its own number of connections', async (t) => {
  const { port } = await listen(t, { answer: echo, maxConnectionsPerAddress: 2 })
  const clients = [new TcpClient(t, port), new TcpClient(t, port)]
  for (const client of clients) await client.send(message(1)).reply()
  await new TcpClient(t, port).send(message(1)).reply()
  await clients[0]!.closed
  assert.deepEqual(await clients[1]!.send(message(2)).reply(), message(2))
})

test('a thousand silent connections do not keep a client out', async (t) => {
  const { port } = await listen(t, { answer: echo, maxConnections: 100, maxConnectionsPerAddress: 1000 })
  const silent = Array.from({ length: 1000 }, () => new TcpClient(t, port))
  await Promise.all(silent.map(({ socket }) => once(socket, 'connect').catch(() => undefined)))
  assert.deepEqual(await new TcpClient(t, port).send(message(1)).reply(), message(1))
})

test('beyond the rate of an address a connection ends', async (t) => {
  const { port } = await listen(t, { answer: echo, maxRequestsPerSecond: 2 })
  const client = new TcpClient(t, port).send(...Array.from({ length: 10 }, () => message(1)))
  await client.reply()
  await client.reply()
  await client.closed
})

test('closing ends idle connections, lets a reply go out, and frees the port', async (t) => {
  const asked = deferred<undefined>()
  const reply = deferred<Uint8Array>()
  const listeners = await listen(t, {
    answer: ([first]) => {
      if (first === 1) return Promise.resolve(message(1))
      asked.resolve(undefined)
      return reply.promise
    },
    transports: ['tcp'],
  })
  const idle = new TcpClient(t, listeners.port)
  await idle.send(message(1)).reply()
  const busy = new TcpClient(t, listeners.port).send(message(2))
  await asked.promise
  const closed = listeners.close(60_000)
  await idle.closed
  await assert.rejects(once(connect({ port: listeners.port, host: '127.0.0.1' }), 'connect'), { code: 'ECONNREFUSED' })
  reply.resolve(message(3))
  assert.deepEqual(await busy.reply(), message(3))
  await closed
  const again = createServer().listen(listeners.port, '127.0.0.1')
  await once(again, 'listening')
  again.close()
})

test('closing cuts off a reply that takes too long', async (t) => {
  const asked = deferred<undefined>()
  const listeners = await listen(t, {
    answer: () => {
      asked.resolve(undefined)
      return new Promise(() => {})
    },
  })
  const client = new TcpClient(t, listeners.port).send(message(1))
  await asked.promise
  await listeners.close(1)
  await client.closed
})

test('a port that is taken is an error, and nothing is left listening', async (t) => {
  const { port } = await listen(t, { answer: echo, transports: ['udp'] })
  await assert.rejects(listenKdc({ answer: echo, addresses: ['127.0.0.1'], port }), { code: 'EADDRINUSE' })
  // TCP was opened before UDP was found taken. (To listen there may fail: connections that ended keep their ports for a while.)
  await assert.rejects(once(connect({ port, host: '127.0.0.1' }), 'connect'), { code: 'ECONNREFUSED' })
})

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))

test('by default both loopback addresses are listened on, on one port', async (t) => {
  const listeners = await listenKdc({ answer: echo, port: 0 })
  t.after(() => listeners.close(0))
  for (const host of hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1']) {
    const socket = connect({ host, port: listeners.port })
    t.after(() => socket.destroy())
    socket.write(framed(message(1)))
    const [chunk] = (await once(socket, 'data')) as [Uint8Array]
    assert.deepEqual(new Uint8Array(chunk), framed(message(1)))
  }
})
