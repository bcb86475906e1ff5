import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { suite, test } from 'node:test'
import { digestHashesOf, type AccountEntry } from '../../src/io/accounts/index.js'
import { ASC_REQ_HTTP, type DigestAlgorithmName } from '../../src/digest/index.js'
import {
  ASC_REQ_INTEGRITY,
  ASC_RET_INTEGRITY,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_INTEGRITY,
  ISC_REQ_MUTUAL_AUTH,
  ISC_REQ_USE_HTTP_STYLE,
  ISC_RET_INTEGRITY,
  ISC_RET_MUTUAL_AUTH,
  SECBUFFER_DATA,
  SECBUFFER_PADDING,
  SECBUFFER_PKG_PARAMS,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_SESSION_KEY,
  SecBuffer,
  SecBufferDesc,
  SspiError,
  type Session,
} from '../../src/sspi/index.js'
import { NOON } from '../compliance/suite.js'
import { client, latin1, PASSWORD, Server, textOf, type ExchangeSide, type SideOptions } from './sides.js'

const URI = '/dir/index.html?a=b'
const GET = { params: ['GET', URI] }
const HTTP = ASC_REQ_HTTP
const later = (seconds: number): Date => new Date(NOON.getTime() + 1000 * seconds)

/** The client of a request; what it is given names the method only, as Windows has it. */
function httpClient(options: Parameters<typeof client>[0] = {}): ExchangeSide {
  return client({ target: URI, ...options, contextReq: ISC_REQ_USE_HTTP_STYLE | (options.contextReq ?? 0) })
}

const asClient = { params: ['GET', ''] }

/** A request from the challenge on. @returns the server's last step. */
function request(server: Server, options: Parameters<typeof client>[0] = {}): ReturnType<ExchangeSide['step']> {
  const challenge = server.accept(HTTP).text(undefined)
  return server.accept(HTTP).step(httpClient(options).text(challenge, asClient), GET)
}

function refused(call: () => unknown, code: string): SspiError {
  let caught: unknown
  try {
    call()
  } catch (error) {
    caught = error
  }
  assert.ok(caught instanceof SspiError, `nothing was thrown, ${code} expected`)
  assert.equal(caught.code, code, caught.message)
  return caught
}

function sessionOf(step: ReturnType<ExchangeSide['step']>): Session {
  assert.equal(step.kind, 'done')
  return step.session
}

const field = (text: string, name: string): string | undefined =>
  new RegExp(`(?:^|[ ,])${name.replace('*', '\\*')}="?([^",]*)`).exec(text)?.[1]

suite('HTTP, both sides', () => {
  const names: readonly DigestAlgorithmName[] = [
    'MD5',
    'MD5-sess',
    'SHA-256',
    'SHA-256-sess',
    'SHA-512-256',
    'SHA-512-256-sess',
  ]
  for (const name of names) {
    for (const integrity of [false, true]) {
      test(`${name} ${integrity ? 'with' : 'without'} integrity: the password is proven, and the server in return`, () => {
        const server = new Server({
          digest: { algorithms: [name] },
          contextReq: HTTP | (integrity ? ASC_REQ_INTEGRITY : 0),
        })
        const body = latin1('a=b')
        const side = httpClient({ contextReq: ISC_REQ_MUTUAL_AUTH | (integrity ? ISC_REQ_INTEGRITY : 0) })
        const token = side.text(server.accept().text(undefined), { ...asClient, body })
        assert.equal(field(token, 'algorithm'), name)
        assert.equal(field(token, 'qop'), integrity ? 'auth-int' : 'auth')
        const done = server.accept().step(token, { ...GET, body })
        assert.equal(done.kind, 'done')
        assert.equal(done.session.peer?.name, 'alice')
        assert.equal((done.session.contextAttr & ASC_RET_INTEGRITY) !== 0, integrity)
        // With integrity the proof covers a body that the server writes later.
        const reply = latin1('the answer')
        const proof = done.token ?? signResponse(done.session, reply)
        const end = side.step(proof, integrity ? { body: reply } : {})
        assert.equal(end.kind, 'done')
        assert.ok(end.session.contextAttr & ISC_RET_MUTUAL_AUTH)
        assert.equal((end.session.contextAttr & ISC_RET_INTEGRITY) !== 0, integrity)
      })
    }
  }

  test('SHA-256 is offered before MD5, with one nonce, and the stronger one is answered', () => {
    const server = new Server()
    const challenge = server.accept(HTTP).text(undefined)
    assert.match(challenge, /^realm="testrealm", algorithm=SHA-256, .*, Digest realm="testrealm", algorithm=MD5, /)
    for (const order of [challenge, challenge.split(', Digest ').reverse().join(', Digest ')]) {
      assert.equal(field(httpClient().text(order, asClient), 'algorithm'), 'SHA-256')
    }
    assert.equal(field(httpClient({ digest: { algorithms: ['MD5'] } }).text(challenge, asClient), 'algorithm'), 'MD5')
    assert.equal(request(server, { digest: { algorithms: ['MD5'] } }).kind, 'done')
  })

  test('an unknown user, a wrong password and a disabled account get one answer, with a new challenge', () => {
    const accounts = [
      { user: 'alice', password: PASSWORD },
      { user: 'bob', password: PASSWORD, enabled: false },
      { user: 'carol', ntHash: new Uint8Array(16) },
    ]
    const server = new Server({ accounts })
    const errors = [
      { user: 'nobody' },
      { password: 'wrong' },
      { user: 'bob' },
      { user: 'carol' },
      { user: 'CONTOSO\\alice' },
    ].map((options) => refused(() => request(server, options), 'SEC_E_LOGON_DENIED'))
    for (const error of errors) {
      assert.equal(error.message, errors[0]!.message)
      assert.ok(error.token)
      assert.doesNotMatch(textOf(error.token), /stale/)
      // The one who mistyped may go on with it.
      assert.equal(server.accept(HTTP).step(httpClient().text(error.token, asClient), GET).kind, 'done')
    }
  })

  test('a nonce that is too old is told apart only after the right password, and its client goes on with a new one', () => {
    let now = NOON
    const server = new Server({ now: () => now })
    const challenge = server.accept(HTTP).text(undefined)
    const right = httpClient().text(challenge, asClient)
    const wrong = httpClient({ password: 'wrong' }).text(challenge, asClient)
    now = later(301)
    refused(() => server.accept(HTTP).step(wrong, GET), 'SEC_E_LOGON_DENIED')
    const again = server.accept(HTTP).step(right, GET)
    assert.equal(again.kind, 'continue')
    assert.match(textOf(again.token), /stale=true/)
    assert.equal(server.accept(HTTP).step(httpClient().text(again.token, asClient), GET).kind, 'done')
    now = later(300)
    assert.equal(server.accept(HTTP).step(right, GET).kind, 'done', 'good to the end of its time')
  })

  test("another server's nonce, a made-up one and one of SASL are as good as old ones", () => {
    const server = new Server()
    const other = new Server().accept(HTTP).text(undefined)
    const sasl = new Server({ digest: { nonceKey: new Uint8Array(32) } })
    const ofSasl = field(sasl.accept(0).text(undefined), 'nonce') ?? ''
    const http = new Server({ digest: { nonceKey: new Uint8Array(32) } })
    for (const [at, nonce] of [
      [server, field(other, 'nonce') ?? ''],
      [server, 'made up'],
      [http, ofSasl],
    ] as const) {
      const challenge = `realm="testrealm",nonce="${nonce}",qop="auth",algorithm=SHA-256`
      assert.equal(at.accept(HTTP).step(httpClient().text(challenge, asClient), GET).kind, 'continue')
    }
  })

  test('an opaque that is not ours is as good as an old nonce, and one that is left out is passed over', () => {
    const server = new Server()
    const token = httpClient().text(server.accept(HTTP).text(undefined), asClient)
    assert.equal(server.accept(HTTP).step(token.replace(/opaque="[^"]*"/, 'opaque="x"'), GET).kind, 'continue')
    assert.equal(server.accept(HTTP).step(token.replace(/, opaque="[^"]*"/, ''), GET).kind, 'done')
  })

  test('servers with one key take each other’s nonces', () => {
    const nonceKey = new Uint8Array(32).fill(7)
    const [one, two] = [new Server({ digest: { nonceKey } }), new Server({ digest: { nonceKey } })]
    const token = httpClient().text(one.accept(HTTP).text(undefined), asClient)
    assert.equal(two.accept(HTTP).step(token, GET).kind, 'done')
  })

  test('a request that comes again is a replay', () => {
    const server = new Server()
    const token = httpClient().text(server.accept(HTTP).text(undefined), asClient)
    assert.equal(server.accept(HTTP).step(token, GET).kind, 'done')
    const error = refused(() => server.accept(HTTP).step(token, GET), 'SEC_E_OUT_OF_SEQUENCE')
    assert.match(textOf(error.token!), /stale=true/)
  })

  test('further requests count on, in any order, each once', () => {
    const server = new Server()
    const first = httpClient().step(server.accept(HTTP).text(undefined), asClient)
    assert.equal(first.kind, 'done')
    const more = [2, 3, 4].map(() => signRequest(first.session, 'GET', URI))
    assert.deepEqual(
      more.map((token) => field(textOf(token), 'nc')),
      ['00000002', '00000003', '00000004'],
    )
    for (const token of [more[2]!, first.token!, more[0]!, more[1]!]) {
      assert.equal(server.accept(HTTP).step(token, GET).kind, 'done')
    }
    for (const token of more) refused(() => server.accept(HTTP).step(token, GET), 'SEC_E_OUT_OF_SEQUENCE')
  })

  test('a nonce store that fails lets nobody in', () => {
    const server = new Server()
    const token = httpClient().text(server.accept(HTTP).text(undefined), asClient)
    const { exchange } = server.accept(HTTP)
    const input = {
      kind: 'token',
      token: latin1(token),
      channelBindings: undefined,
      packageParams: [latin1('GET')],
    } as const
    assert.equal(exchange.step(input).kind, 'ask')
    const account = {
      identity: { name: 'alice', domain: '', sid: undefined, groups: [], source: 'verified' },
      secret: { kind: 'password', password: PASSWORD },
    } as const
    const asked = exchange.step({ kind: 'answer', answer: { effect: 'account', value: account } })
    assert.ok(asked.kind === 'ask' && asked.ask.effect === 'nonce')
    assert.equal(asked.ask.query.count, 1)
    exchange.dispose()
    assert.throws(() => exchange.step({ kind: 'answer', answer: { effect: 'nonce', value: true } }), {
      code: 'SEC_E_OUT_OF_SEQUENCE',
    })
  })
})

suite('HTTP: what stands within quotes, and what does not (RFC 7616 sections 3.3 to 3.5)', () => {
  const quoting = (text: string): Record<string, boolean> =>
    Object.fromEntries(Array.from(text.matchAll(/([\w-]+)=("?)/g), ([, name = '', quote]) => [name, quote === '"']))

  test('in a challenge', () => {
    const challenge = new Server({ digest: { algorithms: ['MD5'] } }).accept(HTTP).text(undefined)
    const within = { realm: true, nonce: true, opaque: true, qop: true }
    assert.deepEqual(quoting(challenge), { ...within, algorithm: false, charset: false, userhash: false })
  })

  test('in a response', () => {
    const response = httpClient({ target: '/' }).text(new Server().accept(HTTP).text(undefined), asClient)
    const within = { username: true, realm: true, nonce: true, uri: true, response: true, cnonce: true, opaque: true }
    assert.deepEqual(quoting(response), { ...within, algorithm: false, qop: false, nc: false })
  })

  test('in the proof of a server, without qop too', () => {
    const done = request(new Server())
    assert.deepEqual(quoting(textOf(signResponse(sessionOf(done)))), {
      rspauth: true,
      nextnonce: true,
      cnonce: true,
      qop: false,
      nc: false,
    })
    const old = { digest: { insecureAllowNoQop: true } }
    const server = new Server(old)
    const challenge = server.accept(HTTP).text(undefined).replaceAll(', qop="auth"', '')
    const without = server.accept(HTTP).step(httpClient(old).text(challenge, asClient), GET)
    assert.deepEqual(quoting(textOf(signResponse(sessionOf(without)))), { rspauth: true, nextnonce: true })
  })
})

suite('HTTP: what a server refuses', () => {
  const cases: readonly (readonly [string, (token: string) => string, string, object?])[] = [
    ['another realm', (token) => token.replace('realm="testrealm"', 'realm="elsewhere"'), 'SEC_E_TARGET_UNKNOWN'],
    [
      'an algorithm that was not offered',
      (token) => token.replace('SHA-256', 'SHA-512-256'),
      'SEC_E_ALGORITHM_MISMATCH',
    ],
    [
      'a quality that was not offered',
      (token) => token.replace('qop=auth', 'qop=auth-int'),
      'SEC_E_SECURITY_QOS_FAILED',
    ],
    ['no quality', (token) => token.replace(/, qop=auth|, nc=\w+/g, ''), 'SEC_E_INVALID_TOKEN'],
    ['another method', (token) => token, 'SEC_E_LOGON_DENIED', { params: ['PUT', URI] }],
    ['another resource', (token) => token, 'SEC_E_INVALID_TOKEN', { params: ['GET', '/other'] }],
    ['a uri that was changed', (token) => token.replace('index', 'other'), 'SEC_E_LOGON_DENIED', { params: ['GET'] }],
    ['a count that was changed', (token) => token.replace('nc=00000001', 'nc=00000002'), 'SEC_E_LOGON_DENIED'],
    ["a client's nonce that was changed", (token) => token.replace('cnonce="', 'cnonce="0'), 'SEC_E_LOGON_DENIED'],
    ['a request without its method', (token) => token, 'SEC_E_INVALID_PARAMETER', {}],
  ]
  for (const [what, change, code, given = GET] of cases) {
    test(`${what}: ${code}`, () => {
      const server = new Server()
      const token = httpClient().text(server.accept(HTTP).text(undefined), asClient)
      refused(() => server.accept(HTTP).step(change(token), given), code)
    })
  }

  test('what a client said is shown short, and cannot steer a terminal', () => {
    const server = new Server()
    const token = httpClient().text(server.accept(HTTP).text(undefined), asClient)
    const realm = `realm="\u009b31m${'x'.repeat(500)}"`
    const { message } = refused(
      () => server.accept(HTTP).step(token.replace('realm="testrealm"', realm), GET),
      'SEC_E_TARGET_UNKNOWN',
    )
    assert.ok(message.length < 200 && !message.includes('\u009b'), message)
  })

  test('a body that was changed', () => {
    const server = new Server({ contextReq: HTTP | ASC_REQ_INTEGRITY })
    const challenge = server.accept().text(undefined)
    const token = httpClient({ contextReq: ISC_REQ_INTEGRITY }).text(challenge, { ...asClient, body: latin1('a=b') })
    refused(() => server.accept().step(token, { ...GET, body: latin1('a=c') }), 'SEC_E_LOGON_DENIED')
  })

  test('who demands integrity takes nothing less, and gives nothing less', () => {
    const demanding = new Server({ contextReq: HTTP | ASC_REQ_INTEGRITY })
    refused(() => httpClient().text(demanding.accept().text(undefined), asClient), 'SEC_E_SECURITY_QOS_FAILED')
    const plain = new Server()
    refused(
      () => httpClient({ contextReq: ISC_REQ_INTEGRITY }).text(plain.accept(HTTP).text(undefined), asClient),
      'SEC_E_SECURITY_QOS_FAILED',
    )
    refused(
      () => httpClient({ contextReq: ISC_REQ_CONFIDENTIALITY }).text(plain.accept(HTTP).text(undefined), asClient),
      'SEC_E_SECURITY_QOS_FAILED',
    )
  })

  test('absolute URIs and those that proxies have made of them are the same resource', () => {
    const server = new Server()
    const challenge = server.accept(HTTP).text(undefined)
    const token = httpClient({ target: `http://www.example.com${URI}` }).text(challenge, asClient)
    assert.equal(server.accept(HTTP).step(token, GET).kind, 'done')
  })
})

suite('HTTP: names', () => {
  const NAME = 'J\u00e4s\u00f8n Doe'

  test('a name beyond ASCII goes as username*, and the password in UTF-8', () => {
    for (const password of ['Secret, or not?', 'Gr\u00fc\u00dfe', '\u043f\u0430\u0440\u043e\u043b\u044c']) {
      const server = new Server({ accounts: [{ user: NAME, password }] })
      const token = httpClient({ user: NAME, password }).text(server.accept(HTTP).text(undefined), asClient)
      assert.match(token, /username\*=UTF-8''J%C3%A4s%C3%B8n%20Doe/)
      assert.equal(server.accept(HTTP).step(token, GET).kind, 'done')
    }
  })

  test('to a server that says nothing of UTF-8 it goes in ISO 8859-1, which our server takes as well', () => {
    const server = new Server({ accounts: [{ user: NAME, password: 'Gr\u00fc\u00dfe' }] })
    const challenge = server.accept(HTTP).text(undefined).replaceAll(', charset=UTF-8', '')
    const token = httpClient({ user: NAME, password: 'Gr\u00fc\u00dfe' }).text(challenge, asClient)
    assert.match(token, /username="J\u00e4s\u00f8n Doe"/)
    assert.equal(server.accept(HTTP).step(token, GET).kind, 'done')
  })

  test('names and passwords are in normal form C, however they were typed (RFC 7616 section 4)', () => {
    const composed = 'Gr\u00fc\u00dfe, J\u00e4s\u00f8n'
    const decomposed = composed.normalize('NFD')
    assert.notEqual(composed, decomposed)
    for (const stored of [composed, decomposed]) {
      const hashes = { user: NAME, digest: digestHashesOf(NAME.normalize('NFD'), 'testrealm', stored) }
      for (const account of [{ user: NAME, password: stored }, hashes]) {
        const server = new Server({ accounts: [account] })
        for (const password of [composed, decomposed]) {
          const user = NAME.normalize('NFD')
          const token = httpClient({ user, password }).text(server.accept(HTTP).text(undefined), asClient)
          assert.match(token, /username\*=UTF-8''J%C3%A4s%C3%B8n%20Doe/)
          assert.equal(server.accept(HTTP).step(token, GET).kind, 'done')
        }
      }
    }
  })

  test('a challenge says whether names may be hidden, either way: neon sends username* only where it has been told', () => {
    for (const userhash of [false, true]) {
      const challenge = new Server({ digest: { userhash } }).accept(HTTP).text(undefined)
      assert.equal(field(challenge, 'userhash'), String(userhash))
    }
  })

  test('a name is hidden behind its hash where the server takes that, and found again', () => {
    const accounts = [
      { user: 'bob', password: 'x' },
      { user: NAME, domain: 'CONTOSO', password: PASSWORD },
    ]
    const server = new Server({ accounts, digest: { userhash: true } })
    for (const user of [NAME, `CONTOSO\\${NAME}`]) {
      const token = httpClient({ user }).text(server.accept(HTTP).text(undefined), asClient)
      assert.match(token, /username="[0-9a-f]{64}", userhash=true/)
      assert.equal(sessionOf(server.accept(HTTP).step(token, GET)).peer?.name, NAME)
    }
    const plain = new Server({ accounts })
    const token = httpClient({ user: NAME, domain: 'CONTOSO' }).text(server.accept(HTTP).text(undefined), asClient)
    refused(() => plain.accept(HTTP).step(token, GET), 'SEC_E_LOGON_DENIED')
  })

  test('a domain stands in front of the name, quoted or, as some clients send it, not (MS-DPSP 2.2)', () => {
    const accounts = [{ user: 'alice', domain: 'CONTOSO', password: PASSWORD }]
    const server = new Server({ accounts })
    const challenge = server.accept(HTTP).text(undefined)
    const token = httpClient({ domain: 'CONTOSO' }).text(challenge, asClient)
    assert.match(token, /username="CONTOSO\\\\alice"/)
    const improper = token.replace('CONTOSO\\\\alice', 'CONTOSO\\alice')
    assert.equal(
      new Server({ accounts }).accept(HTTP).step(improper, GET).kind,
      'continue',
      'elsewhere, but the password is right',
    )
    assert.equal(
      sessionOf(server.accept(HTTP).step(improper, GET)).query(SECPKG_ATTR_NAMES)?.userName,
      'CONTOSO\\alice',
    )
  })

  test('quotes and backslashes in names and realms survive', () => {
    const server = new Server({
      accounts: [{ user: 'a"b', password: 'pa:ss"w\\' }],
      digest: { realm: 'the "realm", \\ and more' },
    })
    assert.equal(request(server, { user: 'a"b', password: 'pa:ss"w\\' }).kind, 'done')
  })
})

suite('HTTP: accounts that hold hashes alone', () => {
  const digest = digestHashesOf('alice', 'testrealm', PASSWORD)
  const only = (name: 'MD5' | 'SHA-256'): AccountEntry => ({
    user: 'alice',
    digest: { realm: digest.realm, hashes: { [name]: digest.hashes[name]! } },
  })

  for (const algorithm of ['MD5', 'MD5-sess', 'SHA-256', 'SHA-256-sess', 'SHA-512-256'] as const) {
    test(`${algorithm} is verified by them`, () => {
      const server = new Server({ accounts: [{ user: 'alice', digest }], digest: { algorithms: [algorithm] } })
      assert.equal(request(server).kind, 'done')
      refused(() => request(server, { password: 'wrong' }), 'SEC_E_LOGON_DENIED')
    })
  }

  test('another algorithm, realm or spelling than theirs is a wrong password', () => {
    refused(() => request(new Server({ accounts: [only('MD5')] })), 'SEC_E_LOGON_DENIED')
    assert.equal(request(new Server({ accounts: [only('SHA-256')] })).kind, 'done')
    const elsewhere = new Server({ accounts: [only('SHA-256')], digest: { realm: 'elsewhere' } })
    refused(() => request(elsewhere), 'SEC_E_LOGON_DENIED')
    refused(() => request(new Server({ accounts: [only('SHA-256')] }), { user: 'Alice' }), 'SEC_E_LOGON_DENIED')
  })
})

suite('HTTP: the server proves itself', () => {
  const mutual = (options: SideOptions = {}): { side: ExchangeSide; proof: string } => {
    const server = new Server(options)
    const side = httpClient({ contextReq: ISC_REQ_MUTUAL_AUTH })
    return { side, proof: server.accept(HTTP).text(side.text(server.accept(HTTP).text(undefined), asClient), GET) }
  }

  test('a wrong proof, or one for another request, is refused', () => {
    const wrong = mutual()
    refused(() => wrong.side.step(wrong.proof.replace(/rspauth="./, 'rspauth="x')), 'SEC_E_MUTUAL_AUTH_FAILED')
    const other = mutual()
    refused(() => other.side.step(other.proof.replace('nc=00000001', 'nc=00000002')), 'SEC_E_OUT_OF_SEQUENCE')
    refused(() => other.side.step(other.proof), 'SEC_E_OUT_OF_SEQUENCE')
  })

  test('without a proof there is a context, and it does not claim one', () => {
    const { side } = mutual()
    const step = side.step(undefined)
    assert.equal(sessionOf(step).contextAttr & ISC_RET_MUTUAL_AUTH, 0)
  })

  test('a next nonce without a proof is taken up, and no proof is claimed, as lighttpd sends it', () => {
    const { side } = mutual()
    const session = sessionOf(side.step('nextnonce="another"'))
    assert.equal(session.contextAttr & ISC_RET_MUTUAL_AUTH, 0)
    const next = textOf(signRequest(session, 'GET', URI))
    assert.deepEqual([field(next, 'nonce'), field(next, 'nc')], ['another', '00000001'])
  })

  test('a next nonce that is the one in use does not begin its count anew (RFC 7616 section 3.4)', () => {
    const server = new Server()
    const side = httpClient({ contextReq: ISC_REQ_MUTUAL_AUTH })
    const token = side.text(server.accept(HTTP).text(undefined), asClient)
    const nonce = field(token, 'nonce')
    const proof = `${server.accept(HTTP).text(token, GET)}, nextnonce="${nonce}"`
    const session = sessionOf(side.step(proof))
    for (const count of ['00000002', '00000003']) {
      const sent = textOf(signRequest(session, 'GET', URI))
      assert.deepEqual([field(sent, 'nonce'), field(sent, 'nc')], [nonce, count])
      verifyResponse(session, latin1(`${server.accept(HTTP).text(sent, GET)}, nextnonce="${nonce}"`))
    }
  })

  test('a refusal in its place is told as one, and a nonce that was too old is answered anew, twice at most', () => {
    const server = new Server()
    const challenge = server.accept(HTTP).text(undefined)
    const denied = httpClient({ contextReq: ISC_REQ_MUTUAL_AUTH })
    denied.text(challenge, asClient)
    refused(() => denied.step(challenge), 'SEC_E_LOGON_DENIED')
    const stale = httpClient({ contextReq: ISC_REQ_MUTUAL_AUTH })
    stale.text(challenge, asClient)
    const old = challenge.replaceAll('nonce=', 'stale=true, nonce=')
    assert.equal(stale.step(old).kind, 'continue')
    assert.equal(stale.step(old).kind, 'continue')
    refused(() => stale.step(old), 'SEC_E_LOGON_DENIED')
  })

  test('a nonce near its end is followed by the next, which the client takes up', () => {
    let now = NOON
    const server = new Server({ now: () => now })
    const side = httpClient({ contextReq: ISC_REQ_MUTUAL_AUTH })
    const token = side.text(server.accept(HTTP).text(undefined), asClient)
    now = later(200)
    const proof = server.accept(HTTP).text(token, GET)
    const next = field(proof, 'nextnonce')
    assert.ok(next)
    now = later(450)
    const again = textOf(signRequest(sessionOf(side.step(proof)), 'GET', URI))
    assert.deepEqual([field(again, 'nonce'), field(again, 'nc')], [next, '00000001'])
    assert.equal(server.accept(HTTP).step(again, GET).kind, 'done')
  })

  test('the key of a session stays bound to the nonces of the challenge, whichever nonce comes next', () => {
    const server = new Server({ digest: { algorithms: ['SHA-256-sess'] } })
    const side = httpClient()
    const sent = side.step(server.accept(HTTP).text(undefined), asClient)
    const first = textOf(sent.kind === 'done' ? sent.token! : new Uint8Array())
    const there = sessionOf(server.accept(HTTP).step(first, GET))
    const here = sessionOf(sent)
    const proof = signResponse(there)
    verifyResponse(here, proof)
    const next = textOf(signRequest(here, 'GET', URI))
    assert.equal(field(next, 'nonce'), field(textOf(proof), 'nextnonce'))
    // RFC 7616 §3.4.2: A1 has nonce-prime and cnonce-prime, those of the challenge and of its response.
    const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
    const secret = sha256(`alice:${field(first, 'realm')}:${PASSWORD}`)
    const ha1 = sha256(`${secret}:${field(first, 'nonce')}:${field(first, 'cnonce')}`)
    const middle = [field(next, 'nonce'), field(next, 'nc'), field(next, 'cnonce'), 'auth'].join(':')
    assert.equal(field(next, 'response'), sha256(`${ha1}:${middle}:${sha256(`GET:${URI}`)}`))
    verifyRequest(there, latin1(next), 'GET', URI)
    const keys = [here, there].map((session) => session.query(SECPKG_ATTR_SESSION_KEY)?.sessionKey)
    assert.deepEqual(keys[0], keys[1])
  })

  test('a request whose key was made anew of its own nonces is taken, as Firefox makes it', () => {
    const server = new Server({ digest: { algorithms: ['SHA-256-sess'] } })
    const side = httpClient()
    const sent = side.step(server.accept(HTTP).text(undefined), asClient)
    const there = sessionOf(
      server.accept(HTTP).step(textOf(sent.kind === 'done' ? sent.token! : new Uint8Array()), GET),
    )
    verifyResponse(sessionOf(sent), signResponse(there))
    const next = textOf(signRequest(sessionOf(sent), 'GET', URI))
    const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
    const anew = (password: string): Uint8Array => {
      const nonces = `${field(next, 'nonce')}:0123456789abcdef`
      const ha1 = sha256(`${sha256(`alice:${field(next, 'realm')}:${password}`)}:${nonces}`)
      const middle = [field(next, 'nonce'), field(next, 'nc'), '0123456789abcdef', 'auth'].join(':')
      const response = sha256(`${ha1}:${middle}:${sha256(`GET:${URI}`)}`)
      const changed = next
        .replace(field(next, 'response') ?? '', response)
        .replace(/cnonce="[^"]*"/, 'cnonce="0123456789abcdef"')
      return latin1(changed)
    }
    refused(() => verifyRequest(there, anew('another'), 'GET', URI), 'SEC_E_MESSAGE_ALTERED')
    verifyRequest(there, anew(PASSWORD), 'GET', URI)
    refused(() => verifyRequest(there, anew(PASSWORD), 'GET', URI), 'SEC_E_OUT_OF_SEQUENCE')
  })
})

suite('HTTP: the messages of a context', () => {
  const both = (): { here: Session; there: Session; server: Server } => {
    const server = new Server()
    const side = httpClient()
    const sent = side.step(server.accept(HTTP).text(undefined), asClient)
    assert.equal(sent.kind, 'done')
    return { here: sent.session, there: sessionOf(server.accept(HTTP).step(sent.token, GET)), server }
  }

  test('the server signs its response and hands out a nonce of the context, under which it verifies requests', () => {
    const { here, there } = both()
    verifyResponse(here, signResponse(there))
    const one = signRequest(here, 'GET', URI)
    const two = signRequest(here, 'PUT', '/other')
    verifyRequest(there, one, 'GET', URI)
    refused(() => verifyRequest(there, one, 'GET', URI), 'SEC_E_OUT_OF_SEQUENCE')
    refused(() => verifyRequest(there, two, 'GET', '/other'), 'SEC_E_MESSAGE_ALTERED')
    refused(() => verifyRequest(there, two, 'PUT', '/'), 'SEC_E_MESSAGE_ALTERED')
    verifyRequest(there, two, 'PUT', '/other')
    verifyResponse(here, signResponse(there))
    verifyRequest(there, signRequest(here, 'GET', URI), 'GET', URI)
  })

  test('a request that was verified in its context is not accepted outside of it, nor the other way round', () => {
    const { here, there, server } = both()
    const outside = signRequest(here, 'GET', URI)
    refused(() => verifyRequest(there, outside, 'GET', URI), 'SEC_E_OUT_OF_SEQUENCE')
    assert.equal(server.accept(HTTP).step(outside, GET).kind, 'done')
    const two = both()
    verifyResponse(two.here, signResponse(two.there))
    const inside = signRequest(two.here, 'GET', URI)
    verifyRequest(two.there, inside, 'GET', URI)
    assert.equal(two.server.accept(HTTP).step(inside, GET).kind, 'continue', 'the nonce is as good as an old one')
  })

  test('a proof that was changed, or comes for the request before, is refused', () => {
    const { here, there } = both()
    const proof = textOf(signResponse(there))
    refused(() => verifyResponse(here, latin1(proof.replace(/rspauth="./, 'rspauth="x'))), 'SEC_E_MESSAGE_ALTERED')
    signRequest(here, 'GET', URI)
    refused(() => verifyResponse(here, latin1(proof)), 'SEC_E_OUT_OF_SEQUENCE')
    refused(() => verifyResponse(here, latin1('nextnonce="x"')), 'SEC_E_INVALID_TOKEN')
  })

  test('buffers are laid out as for Windows: token, method, URI, hash of the body, and the result as padding', () => {
    const { here, server } = both()
    const output = new SecBuffer(SECBUFFER_PADDING, 4096)
    here.sign(
      new SecBufferDesc([
        new SecBuffer(SECBUFFER_TOKEN),
        new SecBuffer(SECBUFFER_PKG_PARAMS, latin1('GET\0')),
        new SecBuffer(SECBUFFER_PKG_PARAMS, latin1(URI)),
        new SecBuffer(SECBUFFER_PKG_PARAMS),
        output,
      ]),
      0,
      0,
    )
    assert.equal(server.accept(HTTP).step(output.bytes.slice(), GET).kind, 'done')
    const short = new SecBuffer(SECBUFFER_PADDING, 10)
    const message = [
      new SecBuffer(SECBUFFER_TOKEN),
      ...['GET', URI].map((text) => new SecBuffer(SECBUFFER_PKG_PARAMS, latin1(text))),
      short,
    ]
    refused(() => {
      here.sign(new SecBufferDesc(message), 0, 0)
    }, 'SEC_E_BUFFER_TOO_SMALL')
  })

  test('what such a message cannot have is refused, and so is encryption', () => {
    const { here } = both()
    const token = (): SecBuffer => new SecBuffer(SECBUFFER_TOKEN)
    const method = new SecBuffer(SECBUFFER_PKG_PARAMS, latin1('GET'))
    for (const buffers of [
      [],
      [token()],
      [token(), token(), method],
      [token(), method],
      [token(), new SecBuffer(0x7f)],
    ]) {
      refused(() => {
        here.sign(new SecBufferDesc(buffers), 0, 0)
      }, 'SEC_E_INVALID_TOKEN')
    }
    const data = new SecBufferDesc([token(), new SecBuffer(SECBUFFER_DATA, latin1('x'))])
    refused(() => {
      here.seal(data, 0, 0)
    }, 'SEC_E_QOP_NOT_SUPPORTED')
    refused(() => here.unseal(data, 0), 'SEC_E_QOP_NOT_SUPPORTED')
    refused(() => {
      here.sign(data, 7, 0)
    }, 'SEC_E_QOP_NOT_SUPPORTED')
    here.dispose()
    refused(() => signRequest(here, 'GET', URI), 'SEC_E_INVALID_HANDLE')
    assert.equal(here.query(SECPKG_ATTR_NAMES), undefined)
    assert.ok(!('export' in here), 'a context of HTTP stays where it is')
  })

  test('the hash of a body is taken as Windows has it, and one of a wrong length is refused', () => {
    const server = new Server({ digest: { algorithms: ['MD5'] }, contextReq: HTTP | ASC_REQ_INTEGRITY })
    const hash = '900150983cd24fb0d6963f7d28e17f72' // MD5 of abc, RFC 1321
    const challenge = server.accept().text(undefined)
    const token = httpClient({ contextReq: ISC_REQ_INTEGRITY }).text(challenge, { params: ['POST', hash] })
    assert.equal(server.accept().step(token, { params: ['POST', URI, ''], body: latin1('abc') }).kind, 'done')
    refused(
      () => httpClient({ contextReq: ISC_REQ_INTEGRITY }).text(challenge, { params: ['POST', 'ab'] }),
      'SEC_E_INVALID_PARAMETER',
    )
  })
})

suite('HTTP: without qop (RFC 2069)', () => {
  const challenge = (server: Server): string =>
    server
      .accept(HTTP)
      .text(undefined)
      .replaceAll(/, qop="auth"/g, '')

  test('is refused by both sides', () => {
    const server = new Server()
    refused(() => httpClient().text(challenge(server), asClient), 'SEC_E_SECURITY_QOS_FAILED')
    const token = httpClient({ digest: { insecureAllowNoQop: true } }).text(challenge(server), asClient)
    refused(() => server.accept(HTTP).step(token, GET), 'SEC_E_INVALID_TOKEN')
  })

  test('goes where it is allowed, once for each nonce', () => {
    const server = new Server({ digest: { insecureAllowNoQop: true } })
    const sent = httpClient({ digest: { insecureAllowNoQop: true } }).step(challenge(server), asClient)
    assert.equal(sent.kind, 'done')
    assert.equal(server.accept(HTTP).step(sent.token, GET).kind, 'done')
    refused(() => server.accept(HTTP).step(sent.token, GET), 'SEC_E_OUT_OF_SEQUENCE')
    refused(() => signRequest(sent.session, 'GET', URI), 'SEC_E_QOP_NOT_SUPPORTED')
  })
})

function signRequest(session: Session, method: string, uri: string): Uint8Array {
  const token = new SecBuffer(SECBUFFER_TOKEN)
  const parameters = [method, uri].map((text) => new SecBuffer(SECBUFFER_PKG_PARAMS, latin1(text)))
  session.sign(new SecBufferDesc([token, ...parameters]), 0, 0)
  return token.bytes
}

function verifyRequest(session: Session, token: Uint8Array, method: string, uri: string): void {
  const parameters = [method, uri].map((text) => new SecBuffer(SECBUFFER_PKG_PARAMS, latin1(text)))
  session.verify(new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, token), ...parameters]), 0)
}

function signResponse(session: Session, body?: Uint8Array): Uint8Array {
  const token = new SecBuffer(SECBUFFER_TOKEN)
  session.sign(new SecBufferDesc(body === undefined ? [token] : [token, new SecBuffer(SECBUFFER_DATA, body)]), 0, 0)
  return token.bytes
}

function verifyResponse(session: Session, token: Uint8Array): void {
  session.verify(new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, token)]), 0)
}
