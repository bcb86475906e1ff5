import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { suite, test } from 'node:test'
import { passwordCredential, SspiError, type InitiatorExchange } from 'sspi'
import { digestHashesOf, memoryAccounts } from 'sspi/accounts'
import type { DigestAlgorithmName, DigestOptions } from 'sspi/digest'
import {
  apacheGssapi,
  ask,
  commandOf,
  DigestWeb,
  missing,
  ourSide,
  PASSWORD,
  runProgram,
  squid,
  UTF8_PASSWORD,
} from '../src/index.js'

const REALM = 'our realm'

suite('curl at our server', { skip: missing('curl') }, () => {
  const serve = (digest: Partial<DigestOptions> = {}, now?: () => Date): Promise<DigestWeb> => {
    const accounts = memoryAccounts([
      { user: 'alice', password: PASSWORD },
      { user: 'utf8user', password: UTF8_PASSWORD },
      { user: 'hashed', digest: digestHashesOf('hashed', REALM, PASSWORD) },
      { user: 'bob', domain: 'CONTOSO', password: PASSWORD },
    ])
    return DigestWeb.start(ourSide({ accounts, now, digest: { realm: REALM, ...digest } }))
  }
  const curl = async (user: string, ...args: readonly string[]): Promise<string> => {
    const common = ['-sS', '--digest', '--max-time', '60', '-w', '%{http_code}\n', '-u', user]
    const ended = await runProgram(commandOf('curl'), [...common, ...args], { env: process.env })
    assert.equal(ended.code, 0, ended.stderr)
    return ended.stdout
  }

  const offers: readonly (readonly DigestAlgorithmName[])[] = [
    ['MD5'],
    ['MD5-sess'],
    ['SHA-256'],
    ['SHA-256-sess'],
    ['SHA-256', 'MD5'],
  ]
  for (const algorithms of offers) {
    test(`${algorithms.join(' before ')}: curl is let in, and answers with the first`, async () => {
      await using web = await serve({ algorithms })
      assert.equal(await curl(`alice:${PASSWORD}`, `${web.url}/a?b=c`), 'hello alice\n200\n')
      assert.match(web.seen.at(-1)!.authorization ?? '', new RegExp(`algorithm=${algorithms[0] ?? ''}(,|$)`, 'm'))
    })
  }

  test('a further request counts on, and is let in at once', async () => {
    await using web = await serve()
    assert.equal(await curl(`alice:${PASSWORD}`, '-L', `${web.url}/moved`), 'hello alice\n200\n')
    assert.deepEqual(
      web.seen.map(({ status }) => status),
      [401, 302, 200],
    )
    assert.match(web.seen[2]!.authorization ?? '', /nc=00000002/)
  })

  test('a nonce that has become too old is answered by a new one, and curl goes on without asking for the password', async () => {
    let seconds = 0
    const start = Date.now()
    // A minute for each request that was answered: the nonce of the first is too old for the third.
    await using web = await serve({ nonceLifetimeSeconds: 90 }, () => new Date(start + 1000 * seconds))
    web.onAnswer = () => (seconds += 60)
    assert.equal(await curl(`alice:${PASSWORD}`, '-L', `${web.url}/moved`), 'hello alice\n200\n')
    assert.deepEqual(
      web.seen.map(({ outcome }) => outcome),
      ['challenged', 'alice', 'stale', 'alice'],
    )
  })

  test('a body, a name with a domain, a password beyond ASCII and an account of hashes', async () => {
    await using web = await serve()
    assert.equal(await curl(`alice:${PASSWORD}`, '-d', 'a=b', `${web.url}/form`), 'hello alice\n200\n')
    assert.equal(await curl(`CONTOSO\\bob:${PASSWORD}`, `${web.url}/`), 'hello bob\n200\n')
    assert.equal(await curl(`utf8user:${UTF8_PASSWORD}`, `${web.url}/`), 'hello utf8user\n200\n')
    assert.equal(await curl(`hashed:${PASSWORD}`, `${web.url}/`), 'hello hashed\n200\n')
  })

  test('curl hides its name behind a hash where we take that', async () => {
    await using web = await serve({ userhash: true })
    assert.equal(await curl(`alice:${PASSWORD}`, `${web.url}/`), 'hello alice\n200\n')
    assert.match(web.seen.at(-1)!.authorization ?? '', /username="[0-9a-f]{64}".*userhash=true/)
  })

  test('a wrong password and an unknown user are refused', async () => {
    await using web = await serve()
    for (const user of ['alice:wrong', `nobody:${PASSWORD}`]) {
      assert.equal(await curl(user, `${web.url}/`), 'who are you?\n401\n')
      assert.equal(web.seen.at(-1)?.outcome, 'SEC_E_LOGON_DENIED')
    }
  })
})

suite('our client at Apache', { skip: missing('apache') }, () => {
  const origin = (): string => `http://${commandOf('apache')}`
  const exchange = (user = 'alice', password = PASSWORD, mutual = true): InitiatorExchange =>
    ourSide().initiate({
      package: 'WDigest',
      credentials: passwordCredential({ user, password }),
      target: 'HTTP/localhost',
      mutual,
      http: { method: 'GET', uri: '/digest/' },
    })
  const bytes = (value: string | readonly string[] | undefined): Uint8Array => {
    assert.equal(typeof value, 'string', 'a field is missing')
    return new Uint8Array(Buffer.from(String(value), 'latin1'))
  }
  const challenge = async (): Promise<Uint8Array> => {
    const { status, headers } = await ask(origin(), '/digest/')
    assert.equal(status, 401)
    return bytes(headers['www-authenticate'])
  }

  for (const [user, password] of [
    ['alice', PASSWORD],
    ['utf8user', UTF8_PASSWORD],
  ] as const) {
    test(`${user} is let in, and Apache proves that it knows the password`, async () => {
      const side = exchange(user, password)
      const { token } = await side.step(await challenge())
      const { status, headers } = await ask(origin(), '/digest/', { authorization: token })
      assert.equal(status, 200)
      assert.equal(headers['x-user'], user)
      assert.ok((await side.step(bytes(headers['authentication-info']))).done)
      assert.ok(side.session.achieved.includes('mutual authentication'))
      side.session[Symbol.dispose]()
    })
  }

  test('further requests are signed by the context, and each answer is verified', async () => {
    const side = exchange('alice', PASSWORD, false)
    const first = await side.step(await challenge())
    assert.ok(first.done)
    let answer = await ask(origin(), '/digest/', { authorization: first.token })
    for (const method of ['HEAD', 'GET', 'GET']) {
      assert.equal(answer.status, 200)
      side.session.verify(new Uint8Array(), bytes(answer.headers['authentication-info']))
      const authorization = side.session.signRequest({ method, uri: '/digest/' })
      answer = await ask(origin(), '/digest/', { method, authorization })
    }
    assert.equal(answer.status, 200)
  })

  test('a wrong password is refused, and told as such', async () => {
    const side = exchange('alice', 'wrong')
    const { token } = await side.step(await challenge())
    const { status, headers } = await ask(origin(), '/digest/', { authorization: token })
    assert.equal(status, 401)
    await assert.rejects(side.step(bytes(headers['www-authenticate'])), { code: 'SEC_E_LOGON_DENIED' })
  })

  test('a nonce that Apache calls stale is followed by a new one in the same exchange', async () => {
    const side = ourSide().initiate({
      package: 'WDigest',
      credentials: passwordCredential({ user: 'alice', password: PASSWORD }),
      mutual: true,
      http: { method: 'GET', uri: '/strict/' },
    })
    const { headers: first } = await ask(origin(), '/strict/')
    const old = await side.step(bytes(first['www-authenticate']))
    await new Promise((resolve) => setTimeout(resolve, 4_100)) // its nonces live for three seconds
    let answer = await ask(origin(), '/strict/', { authorization: old.token })
    assert.match(String(answer.headers['www-authenticate']), /stale=true/)
    // On a busy machine the new one may be stale as well by the time it comes back. The exchange bears that once.
    for (let tries = 0; answer.status === 401 && tries < 2; tries++) {
      const { token } = await side.step(bytes(answer.headers['www-authenticate']))
      answer = await ask(origin(), '/strict/', { authorization: token })
    }
    assert.equal(answer.status, 200)
    assert.ok((await side.step(bytes(answer.headers['authentication-info']))).done)
  })

  test('a request that was changed on the way is refused by Apache', async () => {
    const side = exchange('alice', PASSWORD, false)
    const { token } = await side.step(await challenge())
    const { status } = await ask(origin(), '/digest/', { method: 'POST', authorization: token })
    assert.equal(status, 401)
    assert.throws(() => side.session.verify(new Uint8Array(), new Uint8Array()), SspiError)
  })
})

suite('our client at Squid, a proxy', { skip: missing('squid', 'apache-gssapi') }, () => {
  /** Squid offers all of its schemes, each in a field of its own. */
  const digestOf = ({ headersDistinct }: IncomingMessage): Uint8Array => {
    const digest = headersDistinct['proxy-authenticate']?.find((challenge) => challenge.startsWith('Digest '))
    assert.ok(digest)
    return new Uint8Array(Buffer.from(digest, 'latin1'))
  }
  const through = async (method: string, target: string, token?: Uint8Array): Promise<IncomingMessage> => {
    const { hostname, port } = new URL(squid().url)
    const headers: Record<string, string> = { host: new URL(apacheGssapi().http).host }
    if (token !== undefined) headers['proxy-authorization'] = `Digest ${Buffer.from(token).toString('latin1')}`
    const sent = request({ host: hostname, port, method, path: target, headers, agent: false, timeout: 30_000 }).end()
    const event = method === 'CONNECT' ? 'connect' : 'response'
    const [answer, socket] = (await once(sent, event)) as [IncomingMessage, Socket | undefined]
    if (socket === undefined) answer.resume()
    socket?.destroy()
    return answer
  }
  const exchangeFor = (method: string, uri: string, password = PASSWORD): InitiatorExchange => {
    const credentials = passwordCredential({ user: 'alice', password })
    // Squid proves nothing.
    return ourSide().initiate({ package: 'WDigest', credentials, mutual: false, http: { method, uri } })
  }

  for (const [what, method, uri] of [
    ['a request', 'GET', () => `${apacheGssapi().http}/`],
    ['a tunnel', 'CONNECT', () => new URL(apacheGssapi().https).host],
  ] as const) {
    test(`${what} is let through, and the next one in the same context`, async () => {
      const challenge = await through(method, uri())
      assert.equal(challenge.statusCode, 407)
      const side = exchangeFor(method, uri())
      const step = await side.step(digestOf(challenge))
      assert.ok(step.done)
      assert.equal((await through(method, uri(), step.token)).statusCode, 200)
      for (let count = 2; count < 5; count++) {
        const next = side.session.signRequest({ method, uri: uri() })
        assert.equal((await through(method, uri(), next)).statusCode, 200)
      }
      side.session[Symbol.dispose]()
    })
  }

  test('a wrong password is refused, and so is what was made for another request', async () => {
    const uri = `${apacheGssapi().http}/`
    const challenge = digestOf(await through('GET', uri))
    const wrong = await exchangeFor('GET', uri, 'wrong').step(challenge)
    assert.equal((await through('GET', uri, wrong.token)).statusCode, 407)
    const other = await exchangeFor('POST', uri).step(challenge)
    assert.equal((await through('GET', uri, other.token)).statusCode, 407)
  })
})
