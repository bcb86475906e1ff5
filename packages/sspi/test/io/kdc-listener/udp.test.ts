import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { test } from 'node:test'
import type { KdcPeer } from '../../../src/kdc/index.js'
import { sendToKdc } from '../../../src/io/kdc/index.js'
import { parseKrb5Conf } from '../../../src/io/krb5-conf/index.js'
import { KerberosErrorCode } from '../../../src/kerberos/index.js'
import { replyOf } from '../kdc/messages.js'
import { asReq, deferred, errorOf, listen, message, UdpClient } from './clients.js'

test('a datagram is handed on with where it came from, and the reply goes back', async (t) => {
  const seen: { request: Uint8Array; from: KdcPeer }[] = []
  const { port } = await listen(t, {
    answer: (request, from) => {
      seen.push({ request, from })
      return Promise.resolve(message(1, ...request))
    },
  })
  assert.deepEqual(await new UdpClient(t, port).send(message(7, 8)).reply(), message(1, 7, 8))
  const address = { addrType: 2, address: message(127, 0, 0, 1) }
  assert.deepEqual(seen, [{ request: message(7, 8), from: { service: 'kdc', address, maxReplyBytes: 4096 } }])
})

test('changes of passwords have a port of their own', async (t) => {
  const { port, kpasswdPort } = await listen(t, {
    answer: (_, { service }) => Promise.resolve(message(service === 'kdc' ? 1 : 2)),
    kpasswdPort: 0,
  })
  assert.ok(kpasswdPort !== undefined && kpasswdPort !== port)
  assert.deepEqual(await new UdpClient(t, port).send(message(0)).reply(), message(1))
  assert.deepEqual(await new UdpClient(t, kpasswdPort).send(message(0)).reply(), message(2))
})

test('a reply that is too long for a datagram becomes KRB_ERR_RESPONSE_TOO_BIG for the one who was asked', async (t) => {
  const { port } = await listen(t, {
    answer: (request) => Promise.resolve(new Uint8Array(request[0] === 0x6a ? 101 : 100)),
    maxDatagramReplyBytes: 100,
    realm: 'DEFAULT.TEST',
  })
  const client = new UdpClient(t, port)
  assert.equal((await client.send(message(1)).reply()).length, 100)
  const error = errorOf(await client.send(asReq('EXAMPLE.COM', ['HTTP', 'www'])).reply())
  assert.equal(error.errorCode, KerberosErrorCode.KRB_ERR_RESPONSE_TOO_BIG)
  assert.equal(error.realm, 'EXAMPLE.COM')
  assert.deepEqual(error.sname.nameString, ['HTTP', 'www'])
  const unread = errorOf(await client.send(message(0x6a, 1)).reply())
  assert.equal(unread.realm, 'DEFAULT.TEST')
  assert.deepEqual(unread.sname.nameString, ['krbtgt', 'DEFAULT.TEST'])
})

test('our own client goes on over TCP after KRB_ERR_RESPONSE_TOO_BIG', async (t) => {
  const long = replyOf(11, 'x'.repeat(5000))
  const transports: (number | undefined)[] = []
  const { port } = await listen(t, {
    answer: (_, { maxReplyBytes }) => {
      transports.push(maxReplyBytes)
      return Promise.resolve(long)
    },
  })
  const reply = await sendToKdc(
    { realm: 'EXAMPLE.COM', service: 'kdc', request: asReq('EXAMPLE.COM', ['krbtgt', 'EXAMPLE.COM']) },
    { config: parseKrb5Conf(''), servers: () => [`127.0.0.1:${port}`] },
  )
  assert.deepEqual(reply, long)
  assert.deepEqual(transports, [4096, undefined])
})

test('silence and failures of the handler send nothing, and the next request is answered', async (t) => {
  const failures: unknown[] = []
  const { port } = await listen(t, {
    answer: ([first]) => {
      if (first === 1) return Promise.resolve(undefined)
      if (first === 2) return Promise.reject(new Error('broken'))
      return Promise.resolve(message(first ?? 0))
    },
    onFailure: (error) => failures.push(error),
  })
  const client = new UdpClient(t, port).send(message(), message(1), message(2), message(3))
  assert.deepEqual(await client.reply(), message(3))
  assert.match(String(failures), /broken/)
})

test('beyond the rate of an address datagrams are dropped', async (t) => {
  const refused: string[] = []
  let answered = 0
  const { port } = await listen(t, {
    answer: (request) => {
      answered++
      return Promise.resolve(request)
    },
    maxRequestsPerSecond: 3,
    onRefused: (reason, from) => refused.push(`${reason} ${from.transport} ${from.address}`),
  })
  const client = new UdpClient(t, port)
  const started = performance.now()
  for (let at = 0; at < 3; at++) await client.send(message(at)).reply()
  client.send(...Array.from({ length: 20 }, (_, at) => message(100 + at)))
  while (answered + refused.length < 3 + 20) await new Promise(setImmediate)
  const seconds = (performance.now() - started) / 1000
  assert.ok(answered <= 3 + 3 * seconds, `${answered} answered in ${seconds} s`)
  assert.ok(refused.every((each) => each === 'too many requests udp 127.0.0.1'))
})

test('a flood that nobody can answer in time is dropped, and does not keep later requests out', async (t) => {
  const refused: string[] = []
  const held: (() => void)[] = []
  const { port } = await listen(t, {
    answer: (request) =>
      new Promise((resolve) => {
        if (request[0] === 9) resolve(request)
        else held.push(() => resolve(request))
      }),
    maxPendingDatagrams: 5,
    onRefused: (reason) => refused.push(reason),
  })
  const client = new UdpClient(t, port).send(...Array.from({ length: 8 }, (_, at) => message(1, at)))
  while (refused.length < 3) await new Promise(setImmediate)
  assert.equal(held.length, 5)
  assert.deepEqual(refused, ['too busy', 'too busy', 'too busy'])
  for (const release of held) release()
  for (let at = 0; at < 5; at++) await client.reply()
  assert.deepEqual(await client.send(message(9)).reply(), message(9))
})

test('closing waits for replies under way, but not for ever, and frees the port', async (t) => {
  const asked = deferred<undefined>()
  const reply = deferred<Uint8Array>()
  const listeners = await listen(t, {
    answer: () => {
      asked.resolve(undefined)
      return reply.promise
    },
    transports: ['udp'],
  })
  const client = new UdpClient(t, listeners.port).send(message(1))
  await asked.promise
  const closed = listeners.close(60_000)
  reply.resolve(message(5))
  assert.deepEqual(await client.reply(), message(5))
  await closed
  const again = createSocket('udp4')
  await new Promise<void>((resolve, reject) => {
    again.once('error', reject)
    again.bind({ port: listeners.port, address: '127.0.0.1', exclusive: true }, resolve)
  })
  again.close()

  const stuck = deferred<undefined>()
  const other = await listen(t, {
    answer: () => {
      stuck.resolve(undefined)
      return new Promise(() => {})
    },
    transports: ['udp'],
  })
  new UdpClient(t, other.port).send(message(1))
  await stuck.promise
  await other.close(1)
})
