import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { sendToKdc, type KdcQuery, type KdcResolver, type KdcTransportOptions } from '../../../src/io/kdc/index.js'
import { unwrapFromKdcProxy, wrapForKdcProxy } from '../../../src/io/kdc/kdc-proxy-message.js'
import { parseKrb5Conf } from '../../../src/io/krb5-conf/index.js'
import { fakeKdc, fakeProxy, fixturePath } from './fake-kdc.js'
import { framed, krbError, replyOf } from './messages.js'

const request = new Uint8Array([0x6a, 3, 1, 2, 3])
const reply = replyOf(11)
const error = krbError(25)
const tooBig = krbError(52)
const unavailable = krbError(29)

/** Nobody listens there: a port of the system that is given out to no program. */
const DEAD = '127.0.0.1:1'

const noDns: KdcResolver = {
  resolveSrv: () => Promise.resolve([]),
  lookup: (host) => Promise.reject(new Error(`no such host ${host}`)),
}

/** Asks with times that are short, but long beside loopback's. */
function ask(
  servers: readonly string[],
  options: Partial<KdcTransportOptions> = {},
  query: Partial<KdcQuery> = {},
): Promise<Uint8Array> {
  return sendToKdc(
    { realm: 'EXAMPLE.COM', service: 'kdc', request, ...query },
    {
      config: parseKrb5Conf(''),
      resolver: noDns,
      servers: () => servers,
      attemptTimeoutMilliseconds: 5_000,
      staggerMilliseconds: 5_000,
      retransmitMilliseconds: 0,
      ...options,
    },
  )
}

function refused(...words: readonly RegExp[]): (thrown: unknown) => boolean {
  return (thrown) => {
    assert.ok(thrown instanceof Error && 'code' in thrown, String(thrown))
    assert.equal(thrown.code, 'SEC_E_NO_AUTHENTICATING_AUTHORITY', thrown.message)
    for (const word of words) assert.match(thrown.message, word)
    return true
  }
}

test('a request goes over UDP and its answer comes back', async (t) => {
  const kdc = await fakeKdc(t, { udp: () => [reply], tcp: () => undefined })
  assert.deepEqual(await ask([kdc.place]), reply)
  assert.deepEqual(kdc.log, [{ transport: 'udp', request }])
})

test('a KRB-ERROR is an answer', async (t) => {
  const kdc = await fakeKdc(t, { udp: () => [error] })
  assert.deepEqual(await ask([kdc.place]), error)
})

test('a request beyond udp_preference_limit goes over TCP first', async (t) => {
  const kdc = await fakeKdc(t, { udp: () => [error], tcp: () => reply })
  const config = parseKrb5Conf('[libdefaults]\nudp_preference_limit = 4\n')
  assert.deepEqual(await ask([kdc.place], { config }), reply)
  assert.deepEqual(kdc.log, [{ transport: 'tcp', request }])
})

test('where TCP comes first and is closed, UDP is tried', async (t) => {
  const kdc = await fakeKdc(t, { udp: () => [reply] })
  const config = parseKrb5Conf('[libdefaults]\nudp_preference_limit = 1\n')
  assert.deepEqual(await ask([kdc.place], { config }), reply)
})

test('KRB_ERR_RESPONSE_TOO_BIG is followed by TCP to the same KDC', async (t) => {
  const kdc = await fakeKdc(t, { udp: () => [tooBig], tcp: () => reply })
  const other = await fakeKdc(t, { udp: () => [error] })
  assert.deepEqual(await ask([kdc.place, other.place]), reply)
  assert.deepEqual(
    kdc.log.map(({ transport }) => transport),
    ['udp', 'tcp'],
  )
  assert.equal(other.log.length, 0)
})

test('when TCP fails after KRB_ERR_RESPONSE_TOO_BIG the next KDC is asked, and TCP not once more', async (t) => {
  const kdc = await fakeKdc(t, { udp: () => [tooBig], tcp: (_, socket) => void socket.destroy() })
  await assert.rejects(ask([kdc.place]), refused(/udp .*TOO_BIG/, /tcp .*closed after no byte/))
  assert.equal(kdc.log.length, 2)
  const other = await fakeKdc(t, { udp: () => [reply] })
  assert.deepEqual(await ask([kdc.place, other.place]), reply)
})

test('a lost datagram is sent again, after a time that doubles', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const kdc = await fakeKdc(t, {
    udp: (_, before) => {
      if (before === 2) return [reply]
      t.mock.timers.tick(10 * 2 ** before)
      return []
    },
  })
  assert.deepEqual(await ask([kdc.place], { retransmitMilliseconds: 10 }), reply)
  assert.equal(kdc.log.length, 3)
})

test('a KDC that is silent over UDP is asked over TCP', async (t) => {
  const kdc = await fakeKdc(t, { udp: () => [], tcp: () => reply })
  assert.deepEqual(await ask([kdc.place], { staggerMilliseconds: 20 }), reply)
})

test('a KDC that is slow still wins when the next one is silent', async (t) => {
  let answerLate = (): void => {}
  const nextAsked = new Promise<void>((resolve) => (answerLate = resolve))
  const slow = await fakeKdc(t, {
    tcp: (_, socket) => {
      void nextAsked.then(() => socket.write(framed(reply)))
      return undefined
    },
  })
  const next = await fakeKdc(t, {
    tcp: () => {
      answerLate()
      return undefined
    },
  })
  assert.deepEqual(await ask([`tcp/${slow.place}`, `tcp/${next.place}`], { staggerMilliseconds: 20 }), reply)
})

test('a dead KDC costs no waiting', async (t) => {
  const kdc = await fakeKdc(t, { udp: () => [reply] })
  assert.deepEqual(await ask(['nowhere.test', DEAD, kdc.place], { staggerMilliseconds: 60_000 }), reply)
})

test('when the first KDC is silent the second one is asked', async (t) => {
  const first = await fakeKdc(t, { udp: () => [] })
  const second = await fakeKdc(t, { udp: () => [reply] })
  assert.deepEqual(await ask([first.place, second.place], { staggerMilliseconds: 20 }), reply)
  assert.equal(first.log.length, 1)
})

test('after KDC_ERR_SVC_UNAVAILABLE others are asked; alone, it is the answer', async (t) => {
  const busy = await fakeKdc(t, { udp: () => [unavailable] })
  const other = await fakeKdc(t, { udp: () => [reply] })
  assert.deepEqual(await ask([busy.place, other.place]), reply)
  assert.deepEqual(await ask([busy.place]), unavailable)
})

test('datagrams that are no whole reply are passed over', async (t) => {
  const rubbish = [new Uint8Array(0), new Uint8Array([1, 2]), reply.subarray(0, -1), new Uint8Array([...reply, 0])]
  const kdc = await fakeKdc(t, { udp: () => [...rubbish, replyOf(13)] })
  assert.deepEqual(await ask([kdc.place]), replyOf(13))
  const worse = await fakeKdc(t, { udp: () => rubbish })
  // As long as it takes them to come, on a busy machine, too.
  let said = ''
  for (let milliseconds = 50; milliseconds < 60_000 && !said.includes('passed over'); milliseconds *= 4) {
    const options = { attemptTimeoutMilliseconds: milliseconds, staggerMilliseconds: 60_000 }
    await assert.rejects(ask([worse.place], options), (error: Error) => {
      said = error.message
      return refused()(error)
    })
  }
  assert.match(said, /udp .*no answer in \d+ ms; passed over \d+ bytes/)
})

test('over TCP replies of wrong lengths are refused', async (t) => {
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [new Uint8Array([0x80, 0, 0, 5, 1]), /top bit/],
    [new Uint8Array([0, 0, 0, 0]), /of 0 bytes/],
    [new Uint8Array([0x00, 0x10, 0x00, 0x01]), /of 1048577 bytes, 1048576 allowed/],
    [new Uint8Array([0, 0]), /closed after 2 bytes of length/],
    [framed(reply.subarray(0, -1), reply.length), /closed after \d+ of \d+ bytes/],
    [framed(reply, reply.length - 1), /left|cut/],
    [framed(new Uint8Array([...reply, 0])), /left over/],
    [framed(new Uint8Array([1, 2, 3])), /neither AS-REP/],
  ]
  for (const [bytes, words] of cases) {
    const kdc = await fakeKdc(t, { tcp: (_, socket) => void socket.end(bytes) })
    await assert.rejects(ask([`tcp/${kdc.place}`]), refused(/tcp 127.0.0.1/, words))
  }
})

test('a reply over TCP may come byte by byte', async (t) => {
  const kdc = await fakeKdc(t, {
    tcp: (_, socket) => {
      socket.setNoDelay(true)
      const bytes = framed(reply)
      const next = (at: number): void => {
        if (at < bytes.length) socket.write(bytes.subarray(at, at + 1), () => setImmediate(next, at + 1))
      }
      next(0)
      return undefined
    },
  })
  assert.deepEqual(await ask([`tcp/${kdc.place}`]), reply)
})

test('the error lists what was tried and what each said', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const silent = await fakeKdc(t, {
    tcp: () => {
      t.mock.timers.tick(5_000)
      return undefined
    },
  })
  const servers = [DEAD, 'gone.test', `tcp/${silent.place}`, 'not a server']
  await assert.rejects(
    ask(servers),
    refused(
      /^no kdc of EXAMPLE\.COM answered: /,
      new RegExp(`udp ${DEAD}: .*ECONNREFUSED`),
      new RegExp(`tcp ${DEAD}: .*ECONNREFUSED`),
      /gone\.test: no such host gone\.test/,
      new RegExp(`tcp ${silent.place}: no answer in 5000 ms`),
      /not a server: not a server/,
    ),
  )
})

test('a realm that nobody knows is an error that says where it was looked for', async () => {
  await assert.rejects(
    ask([]),
    refused(/no kdc in the configuration/, /no SRV records at _kerberos\._udp\.EXAMPLE\.COM/),
  )
})

test('SRV records lead to a KDC', async (t) => {
  const kdc = await fakeKdc(t, { udp: () => [reply] })
  const resolver: KdcResolver = {
    resolveSrv: (name) =>
      Promise.resolve(
        name === '_kerberos._udp.EXAMPLE.COM'
          ? [{ name: 'kdc.example.com', port: kdc.port, priority: 0, weight: 0 }]
          : [],
      ),
    lookup: (host) =>
      host === 'kdc.example.com'
        ? Promise.resolve([{ address: '127.0.0.1', family: 4 }])
        : Promise.reject(new Error('unknown')),
  }
  assert.deepEqual(await ask([], { resolver }), reply)
})

test('all of it has a deadline', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const kdc = await fakeKdc(t, {
    udp: () => {
      t.mock.timers.tick(10)
      return []
    },
    tcp: () => {
      t.mock.timers.tick(50)
      return undefined
    },
  })
  await assert.rejects(
    ask([kdc.place], { timeoutMilliseconds: 60, staggerMilliseconds: 10 }),
    refused(/given up after 60 ms in all/, /udp .*no answer yet/, /tcp .*no answer yet/),
  )
  const hanging: KdcResolver = { ...noDns, resolveSrv: () => new Promise(() => {}) }
  const failed = assert.rejects(ask([], { timeoutMilliseconds: 20, resolver: hanging }), refused(/given up/))
  t.mock.timers.tick(20)
  await failed
})

test('a look-up that hangs costs the time of one server', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const kdc = await fakeKdc(t, { udp: () => [reply] })
  const hanging: KdcResolver = {
    ...noDns,
    lookup: () => {
      setImmediate(() => t.mock.timers.tick(5_000))
      return new Promise(() => {})
    },
  }
  assert.deepEqual(await ask(['slow.test', kdc.place], { resolver: hanging }), reply)
})

test('the signal ends it with its own reason', async (t) => {
  const reason = new Error('enough')
  await assert.rejects(ask(['127.0.0.1'], {}, { signal: AbortSignal.abort(reason) }), reason)
  const controller = new AbortController()
  const kdc = await fakeKdc(t, {
    udp: () => {
      controller.abort(reason)
      return []
    },
  })
  await assert.rejects(ask([kdc.place], {}, { signal: controller.signal }), reason)
})

test('a change of a password goes over TCP first, and to one server at a time', async (t) => {
  const done = new Uint8Array([0, 6, 0, 1, 0, 0])
  const kdc = await fakeKdc(t, { udp: () => [done], tcp: () => done })
  let tellAsked = (): void => {}
  const asked = new Promise<void>((resolve) => (tellAsked = resolve))
  const other = await fakeKdc(t, { udp: () => (tellAsked(), []), tcp: () => undefined })
  assert.deepEqual(await ask([kdc.place, other.place], { staggerMilliseconds: 0 }, { service: 'kpasswd' }), done)
  assert.deepEqual(
    kdc.log.map(({ transport }) => transport),
    ['tcp'],
  )
  assert.equal(other.log.length, 0)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const options = { retransmitMilliseconds: 5, staggerMilliseconds: 5 }
  const changed = ask([`udp/${other.place}`], options, { service: 'kpasswd' })
  const failed = assert.rejects(changed, refused(/no kpasswd of/))
  await asked
  t.mock.timers.tick(4_999)
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate) // what would be sent again would come now
  assert.equal(other.log.length, 1)
  t.mock.timers.tick(1)
  await failed
  assert.equal(other.log.length, 1)
  const odd = await fakeKdc(t, { tcp: () => new Uint8Array([0, 7, 0, 1, 0, 0]) })
  await assert.rejects(ask([odd.place], {}, { service: 'kpasswd' }), refused(/7 bytes announced, 6 there/))
})

const toProxy: KdcResolver = { ...noDns, lookup: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]) }
const anchored = parseKrb5Conf(`[realms]\nEXAMPLE.COM = {\n http_anchors = FILE:${fixturePath('authority.pem')}\n}\n`)

test('a KDC proxy carries the request to its realm and back', async (t) => {
  let got: Readonly<Record<string, unknown>> = {}
  const port = await fakeProxy(t, (body, incoming, response) => {
    got = {
      request: unwrapFromKdcProxy(body),
      hasRealm: Buffer.from(body).includes('EXAMPLE.COM'),
      method: incoming.method,
      url: incoming.url,
      type: incoming.headers['content-type'],
    }
    response.end(wrapForKdcProxy(reply, 'EXAMPLE.COM'))
  })
  const servers = [`https://kdcproxy.test:${port}/KdcProxy`]
  assert.deepEqual(await ask(servers, { config: anchored, resolver: toProxy }), reply)
  assert.deepEqual(got, {
    request,
    hasRealm: true,
    method: 'POST',
    url: '/KdcProxy',
    type: 'application/kerberos',
  })
})

test('a proxy whose certificate is of another authority or for another name gets no request', async (t) => {
  let requests = 0
  const port = await fakeProxy(t, (_, __, response) => {
    requests++
    response.end(wrapForKdcProxy(reply, 'EXAMPLE.COM'))
  })
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  t.after(() => {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
  })
  await assert.rejects(ask([`https://kdcproxy.test:${port}/KdcProxy`], { resolver: toProxy }), refused(/certificate/))
  await assert.rejects(
    ask([`https://other.test:${port}/KdcProxy`], { config: anchored, resolver: toProxy }),
    refused(/altnames|other\.test/),
  )
  assert.equal(requests, 0)
})

test('a proxy that does not answer as it should is an entry in the list', async (t) => {
  const answers: readonly (readonly [(respond: ServerResponse) => void, RegExp])[] = [
    [(response) => response.writeHead(403).end('no'), /HTTP status 403/],
    [(response) => response.writeHead(302, { Location: 'https://elsewhere.test/' }).end(), /HTTP status 302/],
    [(response) => response.end('rubbish'), /KDC-PROXY-MESSAGE/],
    [(response) => response.end(wrapForKdcProxy(new Uint8Array(5000), 'EXAMPLE.COM')), /more than 3024 bytes/],
    [(response) => response.end(wrapForKdcProxy(new Uint8Array(2500), 'EXAMPLE.COM')), /2500 bytes, 2000/],
    [(response) => response.end(wrapForKdcProxy(reply.subarray(1), 'EXAMPLE.COM')), /neither AS-REP/],
    [(response) => response.destroy(), /hang up|ECONNRESET/],
  ]
  const askAt = (port: number, attemptTimeoutMilliseconds: number): Promise<Uint8Array> => {
    const options = { config: anchored, resolver: toProxy, attemptTimeoutMilliseconds, maxReplyBytes: 2000 }
    return ask([`https://kdcproxy.test:${port}/KdcProxy`], options)
  }
  for (const [answer, words] of answers) {
    const port = await fakeProxy(t, (_, __, response) => answer(response))
    await assert.rejects(askAt(port, 30_000), refused(/https:\/\/kdcproxy\.test/, words))
  }
  const silent = await fakeProxy(t, () => {})
  await assert.rejects(askAt(silent, 300), refused(/https:\/\/kdcproxy\.test.*no answer in 300 ms/))
})

test('anchors that cannot be read do not become those of Node.js', async () => {
  for (const anchor of ['FILE:/nonexistent/anchors.pem', 'DIR:/nonexistent', 'ENV:X']) {
    const config = parseKrb5Conf(`[realms]\nEXAMPLE.COM = {\n http_anchors = ${anchor}\n}\n`)
    await assert.rejects(ask(['https://kdcproxy.test:1/'], { config, resolver: toProxy }), refused(/nonexistent|ENV:X/))
  }
})
