import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import {
  ISC_REQ_MUTUAL_AUTH,
  passwordCredential,
  type InitiateOptions,
  type InitiatorExchange,
  type SecureSession,
} from 'sspi'
import { createClient, type HttpLeg } from 'sspi/http'
import { ask, commandOf, missing, octetsOf, ourSide, PASSWORD, UTF8_PASSWORD, type WebAnswer } from '../src/index.js'

/** Our client before its first request. */
function client(
  request: NonNullable<InitiateOptions['http']>,
  options: Partial<InitiateOptions> & { readonly user?: string; readonly password?: string } = {},
): InitiatorExchange {
  const { user = 'alice', password = PASSWORD, ...others } = options
  const credentials = passwordCredential({ user, password })
  return ourSide().initiate({ package: 'WDigest', credentials, http: request, ...others })
}

/** What a field says of a directive. */
function directive(field: Uint8Array | undefined, name: string): string | undefined {
  const text = Buffer.from(field ?? []).toString('latin1')
  return new RegExp(`(?:^|[ ,])${name}="?([^",]*)`).exec(text)?.[1]
}

suite('our client at WEBrick', { skip: missing('webrick') }, () => {
  const origin = (): string => `http://${commandOf('webrick')}`
  const challengeOf = async (path: string): Promise<Uint8Array> => {
    const answer = await ask(origin(), path)
    assert.equal(answer.status, 401)
    return octetsOf(answer, 'www-authenticate')
  }
  /** The session of a first request, that WEBrick has let in, and its answer. */
  const letIn = async (
    path: string,
    options: Parameters<typeof client>[1] & { readonly method?: string; readonly body?: Uint8Array } = {},
  ): Promise<{ session: SecureSession; token: Uint8Array | undefined; answer: WebAnswer }> => {
    const { method = 'POST', body = new Uint8Array(), ...others } = options
    const side = client({ method, uri: path, body }, { mutual: false, ...others })
    const { token } = await side.step(await challengeOf(path))
    const answer = await ask(origin(), path, { method, authorization: token, body })
    assert.equal(answer.status, 200)
    return { session: side.session, token, answer }
  }

  for (const [what, body] of [
    ['an empty body', new Uint8Array()],
    ['a short body', Buffer.from('a=b')],
    ['a body of 1 MiB', randomBytes(1 << 20)],
  ] as const) {
    test(`auth-int: ${what} is let in, and so proven is the one that comes back`, async () => {
      const { session, token, answer } = await letIn('/auth-int', { integrity: true, body })
      assert.equal(directive(token, 'qop'), 'auth-int')
      assert.ok(session.achieved.includes('integrity'))
      assert.equal(answer.headers['x-user'], 'alice')
      assert.deepEqual(Buffer.from(answer.body), Buffer.from(body))
      const info = octetsOf(answer, 'authentication-info')
      const changed = Buffer.concat([answer.body, Buffer.of(0)])
      assert.throws(() => session.verify(changed, info), { code: 'SEC_E_MESSAGE_ALTERED' })
      session.verify(answer.body, info)
    })
  }

  test('auth-int: a body, a method and a URI that were changed on the way are refused', async () => {
    const path = '/auth-int'
    for (const changed of [{ body: Buffer.from('a=c') }, { method: 'PUT' }, { uri: '/auth-int/x' }]) {
      const side = client({ method: 'POST', uri: path, body: Buffer.from('a=b') }, { integrity: true })
      const { token } = await side.step(await challengeOf(path))
      const { method = 'POST', uri = path, body = Buffer.from('a=b') } = changed
      const { status } = await ask(origin(), uri, { method, authorization: token, body })
      assert.equal(status, uri === path ? 401 : 400)
    }
  })

  test('auth-int: a proof that is for another body than the one that came is noticed', async () => {
    const body = Buffer.from('a=b')
    const { session, answer } = await letIn('/auth-int/other', { integrity: true, body })
    const info = octetsOf(answer, 'authentication-info')
    assert.throws(() => session.verify(answer.body, info), { code: 'SEC_E_MESSAGE_ALTERED' })
    session.verify(body, info) // WEBrick's proof is over the body of the request
  })

  test('auth-int and mutual authentication are had together: the exchange is given the body of the answer', async () => {
    const path = '/auth-int'
    const body = Buffer.from('a=b')
    const side = client({ method: 'POST', uri: path, body }, { integrity: true, mutual: true })
    const { token, done } = await side.step(await challengeOf(path))
    assert.equal(done, false)
    const answer = await ask(origin(), path, { method: 'POST', authorization: token, body })
    assert.ok((await side.step(octetsOf(answer, 'authentication-info'), undefined, answer.body)).done)
    assert.ok(side.session.achieved.includes('mutual authentication'))
  })

  for (const [path, integrity] of [
    ['/auth', false],
    ['/auth-int', true],
  ] as const) {
    test(`${path.slice(1)}: each request goes under the nonce that came with the answer before, by which WEBrick knows it`, async () => {
      const { session, token: first, answer: page } = await letIn(path, { integrity, body: Buffer.from('request 1') })
      const nonces = [directive(first, 'nonce')]
      let answer = page
      for (let count = 2; count <= 5; count++) {
        const info = octetsOf(answer, 'authentication-info')
        session.verify(answer.body, info)
        const body = Buffer.from(`request ${count}`)
        const token = session.signRequest({ method: 'PUT', uri: path, body })
        assert.equal(directive(token, 'nonce'), directive(info, 'nextnonce'))
        assert.equal(directive(token, 'nc'), '00000001')
        nonces.push(directive(token, 'nonce'))
        answer = await ask(origin(), path, { method: 'PUT', authorization: token, body })
        assert.equal(answer.status, 200)
      }
      assert.equal(new Set(nonces).size, 5)
    })
  }

  test('a next nonce that is the one in use does not begin its count anew', async () => {
    const { session, answer: page } = await letIn('/still')
    let answer = page
    for (let count = 2; count <= 4; count++) {
      session.verify(answer.body, octetsOf(answer, 'authentication-info'))
      const token = session.signRequest({ method: 'GET', uri: '/still' })
      assert.equal(directive(token, 'nc'), `0000000${count}`)
      answer = await ask(origin(), '/still', { authorization: token })
      assert.equal(answer.status, 200)
    }
  })

  test('a nonce that was used up is called stale, and the exchange goes on with another', async () => {
    const path = '/auth'
    const challenge = await challengeOf(path)
    const used = await client({ method: 'GET', uri: path }).step(challenge)
    assert.equal((await ask(origin(), path, { authorization: used.token })).status, 200)
    const side = client({ method: 'GET', uri: path }, { mutual: true })
    const late = await ask(origin(), path, { authorization: (await side.step(challenge)).token })
    const again = octetsOf(late, 'www-authenticate')
    assert.deepEqual([late.status, directive(again, 'stale')], [401, 'true'])
    const answer = await ask(origin(), path, { authorization: (await side.step(again)).token })
    assert.equal(answer.status, 200)
    assert.ok((await side.step(octetsOf(answer, 'authentication-info'))).done)
  })

  test('MD5-sess: the key of the session serves further requests under its nonce', async () => {
    for (const integrity of [false, true]) {
      const { session, token, answer } = await letIn('/session', { integrity, body: Buffer.from('a=b') })
      assert.equal(directive(token, 'algorithm'), 'MD5-sess')
      for (const method of ['POST', 'GET']) {
        const authorization = session.signRequest({ method, uri: '/session' })
        assert.equal((await ask(origin(), '/session', { method, authorization })).status, 200)
      }
      // The proof of the first request is no proof of the last one.
      assert.throws(() => session.verify(answer.body, octetsOf(answer, 'authentication-info')), {
        code: 'SEC_E_OUT_OF_SEQUENCE',
      })
    }
  })

  test('a name with quotes and backslashes, and a password beyond ASCII', async () => {
    assert.equal((await letIn('/either', { user: 'utf8user', password: UTF8_PASSWORD })).answer.status, 200)
    const user = 'quo"ted\\user'
    const side = client({ method: 'GET', uri: '/either' }, { user })
    const { token } = await side.step(await challengeOf('/either'))
    const answer = await ask(origin(), '/either', { authorization: token })
    assert.deepEqual([answer.status, answer.headers['x-user']], [200, user])
  })

  test('our client of HTTP follows it from one request to the next, and gets through where WEBrick makes a new key for each nonce', async (t) => {
    for (const [path, refusals] of [
      ['/auth', 1],
      ['/still', 1],
      // WEBrick takes the key of a session from the nonce of each request, RFC 7616 §3.4.2 from that of the challenge.
      ['/session', 3],
    ] as const) {
      const legs: HttpLeg[] = []
      const http = createClient({
        sspi: ourSide(),
        schemes: ['Digest'],
        credentials: passwordCredential({ user: 'alice', password: PASSWORD }),
        mutual: true,
        onLeg: (leg) => legs.push(leg),
      })
      t.after(() => http.close())
      for (let count = 0; count < 3; count++) {
        const answer = await http.fetch(`${origin()}${path}`, { method: 'POST', body: `request ${count}` })
        assert.equal(await answer.text(), `request ${count}`)
      }
      const count = (status: number): number => legs.filter((leg) => leg.status === status).length
      assert.deepEqual([count(200), count(401)], [3, refusals])
    }
  })
})

suite('our client at lighttpd', { skip: missing('lighttpd') }, () => {
  const origin = (): string => `http://${commandOf('lighttpd')}`
  /** The challenges, each in a field of its own, as one. */
  const challengeOf = async (path: string): Promise<Uint8Array> => {
    const { status, headers } = await ask(origin(), path)
    assert.equal(status, 401)
    return Buffer.from(String(headers['www-authenticate']), 'latin1')
  }
  /** The same challenge, as it was given so many seconds ago: lighttpd's nonces begin with their time. */
  const aged = (challenge: Uint8Array, seconds: number): Uint8Array => {
    const text = Buffer.from(challenge).toString('latin1')
    const older = (_: string, start: string, time: string): string =>
      start + (Number.parseInt(time, 16) - seconds).toString(16)
    return Buffer.from(text.replaceAll(/(nonce=")([0-9a-f]+)/g, older), 'latin1')
  }

  for (const [what, path, algorithm, user, password] of [
    ['SHA-256 before MD5', '/digest/', 'SHA-256', 'alice', PASSWORD],
    ['MD5', '/md5/', 'MD5', 'bob', PASSWORD],
    ['a password beyond ASCII', '/digest/', 'SHA-256', 'utf8user', UTF8_PASSWORD],
    ['a name beyond ASCII', '/digest/', 'SHA-256', 'jürgen', UTF8_PASSWORD],
    ['a name behind its hash', '/hashed/', 'SHA-256', 'jürgen', UTF8_PASSWORD],
  ] as const) {
    test(`${what}: ${user} is let in, and again`, async () => {
      const http = { method: 'GET', uri: path }
      const side = client(http, { user, password })
      const { token } = await side.step(await challengeOf(path))
      assert.equal(directive(token, 'algorithm'), algorithm)
      assert.equal(directive(token, 'userhash'), path === '/hashed/' ? 'true' : undefined)
      for (const authorization of [token, side.session.signRequest(http)]) {
        const answer = await ask(origin(), path, { authorization })
        assert.deepEqual([answer.status, Buffer.from(answer.body).toString()], [200, `${user}\n`])
      }
    })
  }

  test('a wrong password is refused, and told as such', async () => {
    const side = client({ method: 'GET', uri: '/digest/' }, { password: 'wrong', mutual: true })
    const { token } = await side.step(await challengeOf('/digest/'))
    const { status, headers } = await ask(origin(), '/digest/', { authorization: token })
    assert.equal(status, 401)
    const again = Buffer.from(String(headers['www-authenticate']), 'latin1')
    await assert.rejects(side.step(again), { code: 'SEC_E_LOGON_DENIED' })
  })

  for (const algorithm of ['SHA-256-sess', 'MD5-sess'] as const) {
    test(`${algorithm} is answered with the session's key, which lighttpd takes although it does not offer it`, async () => {
      const challenge = Buffer.from(await challengeOf('/digest/')).toString('latin1')
      const one = challenge.split(/, (?=Digest )/).find((each) => each.includes(`algorithm=${algorithm.slice(0, -5)},`))
      assert.ok(one)
      const side = client({ method: 'GET', uri: '/digest/' })
      const { token } = await side.step(Buffer.from(one.replace(/algorithm=[^,]*/, `algorithm=${algorithm}`), 'latin1'))
      for (const authorization of [token, side.session.signRequest({ method: 'GET', uri: '/digest/' })]) {
        assert.equal((await ask(origin(), '/digest/', { authorization })).status, 200)
      }
    })
  }

  test('a nonce of eleven minutes is stale, and the exchange goes on with the new one by the same algorithm', async () => {
    const side = client({ method: 'GET', uri: '/digest/' }, { mutual: true })
    const old = await side.step(aged(await challengeOf('/digest/'), 660))
    const refused = await ask(origin(), '/digest/', { authorization: old.token })
    const again = octetsOf(refused, 'www-authenticate')
    assert.deepEqual([directive(again, 'stale'), directive(again, 'algorithm')], ['true', 'SHA-256'])
    const { token } = await side.step(again)
    assert.equal((await ask(origin(), '/digest/', { authorization: token })).status, 200)
  })

  test('a nonce near its end is followed by the next, without a proof: there is a context that claims none', async () => {
    const http = { method: 'GET', uri: '/digest/' }
    const side = client(http, { flags: ISC_REQ_MUTUAL_AUTH })
    const { token } = await side.step(aged(await challengeOf('/digest/'), 570))
    const answer = await ask(origin(), '/digest/', { authorization: token })
    assert.equal(answer.status, 200)
    const info = octetsOf(answer, 'authentication-info')
    assert.ok((await side.step(info)).done)
    assert.ok(!side.session.achieved.includes('mutual authentication'))
    const next = side.session.signRequest(http)
    assert.equal(directive(next, 'nonce'), directive(info, 'nextnonce'))
    assert.equal((await ask(origin(), '/digest/', { authorization: next })).status, 200)
  })
})
