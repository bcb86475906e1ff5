import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { memoryAccounts } from 'sspi/accounts'
import type { DigestAlgorithmName, DigestOptions } from 'sspi/digest'
import {
  commandOf,
  DigestWeb,
  GuardedWeb,
  missing,
  ourSide,
  PASSWORD,
  runProgram,
  UTF8_PASSWORD,
  type DigestWebOptions,
} from '../src/index.js'

const REALM = 'our realm'

/** A clock that stands where it is put. */
class Clock {
  seconds = 0
  readonly #start = Date.now()
  readonly now = (): Date => new Date(this.#start + 1000 * this.seconds)
}

function ours(digest: Partial<DigestOptions> = {}, clock = new Clock()): ReturnType<typeof ourSide> {
  const accounts = memoryAccounts([
    { user: 'alice', password: PASSWORD },
    { user: 'utf8user', password: UTF8_PASSWORD },
    { user: 'jürgen', password: UTF8_PASSWORD },
    { user: 'quo"ted', password: PASSWORD },
    { user: 'bob', domain: 'CONTOSO', password: PASSWORD },
  ])
  return ourSide({ accounts, now: clock.now, digest: { realm: REALM, ...digest } })
}

function serve(digest?: Partial<DigestOptions>, web?: DigestWebOptions, clock?: Clock): Promise<DigestWeb> {
  return DigestWeb.start(ours(digest, clock), web)
}

/** What the requests with credentials have said of a directive. */
function said({ seen }: DigestWeb, name: string): (string | undefined)[] {
  const directive = new RegExp(`(?:^|[ ,])${name}="?([^",]*)`)
  return seen.flatMap(({ authorization }) => (authorization === undefined ? [] : [directive.exec(authorization)?.[1]]))
}

const outcomes = ({ seen }: DigestWeb): string[] => seen.map(({ outcome }) => outcome)

const whoCame = ({ seen }: GuardedWeb): string[] =>
  seen.map(({ mechanism, user }) => `${user.user.name} by ${mechanism}`)

suite('neon at our server', { skip: missing('neon') }, () => {
  /** One line for each path: the status, or what neon has found. */
  const neon = async (url: string, user: string, password: string, ...paths: readonly string[]): Promise<string[]> => {
    const ended = await runProgram(commandOf('neon'), [url, user, ...paths], {
      env: process.env,
      input: `${password}\n`,
    })
    assert.equal(ended.code, 0, ended.stderr)
    return ended.stdout.trimEnd().split('\n')
  }

  const names: readonly DigestAlgorithmName[] = [
    'MD5',
    'MD5-sess',
    'SHA-256',
    'SHA-256-sess',
    'SHA-512-256',
    'SHA-512-256-sess',
  ]
  for (const name of names) {
    test(`${name}: neon is let in, counts on, and finds each of our proofs right`, async () => {
      await using web = await serve({ algorithms: [name] })
      assert.deepEqual(await neon(web.url, 'alice', PASSWORD, '/1', '/2?a=b', '/3'), ['200', '200', '200'])
      assert.deepEqual(said(web, 'algorithm'), [name, name, name])
      assert.deepEqual(said(web, 'nc'), ['00000001', '00000002', '00000003'])
    })
  }

  for (const [what, change, error] of [
    [
      'another proof',
      (info: string) => info.replace(/(?<=rspauth=")./, (digit) => (digit === '0' ? '1' : '0')),
      'request-digest mismatch',
    ],
    ['that of another count', (info: string) => info.replace('nc=00000001', 'nc=00000002'), 'nonce count mismatch'],
    [
      "that of another client's nonce",
      (info: string) => info.replace('cnonce="', 'cnonce="x'),
      'client nonce mismatch',
    ],
  ] as const) {
    test(`our proof is told from ${what}`, async () => {
      await using web = await serve({}, { onTheWayBack: change })
      const [line] = await neon(web.url, 'alice', PASSWORD, '/')
      assert.match(line ?? '', new RegExp(`^Digest mutual authentication failure: ${error}`))
    })
  }

  test('neon goes on with our next nonce, request after request, and is never asked again', async () => {
    const clock = new Clock()
    await using web = await serve({ nonceLifetimeSeconds: 300 }, {}, clock)
    web.onAnswer = () => (clock.seconds += 200)
    assert.deepEqual(await neon(web.url, 'alice', PASSWORD, '/1', '/2', '/3', '/4'), ['200', '200', '200', '200'])
    assert.deepEqual(outcomes(web), ['challenged', 'alice', 'alice', 'alice', 'alice'])
    assert.equal(new Set(said(web, 'nonce')).size, 4)
    assert.deepEqual(new Set(said(web, 'nc')), new Set(['00000001']))
  })

  test('neon stays in one context by the nonces that it is given with each answer, its key that of the first one', async () => {
    for (const name of names) {
      await using web = await serve({ algorithms: [name] }, { inOneContext: true })
      assert.deepEqual(await neon(web.url, 'alice', PASSWORD, '/1', '/2', '/3', '/4'), ['200', '200', '200', '200'])
      assert.deepEqual(outcomes(web), ['challenged', 'alice', 'alice', 'alice', 'alice'])
      assert.equal(new Set(said(web, 'nonce')).size, 4)
    }
  })

  test('a nonce that has become too old is answered by a new one, and neon goes on', async () => {
    const clock = new Clock()
    await using web = await serve({}, {}, clock)
    web.onAnswer = () => {
      if (web.seen.length === 2) clock.seconds += 400
    }
    assert.deepEqual(await neon(web.url, 'alice', PASSWORD, '/1', '/2'), ['200', '200'])
    assert.deepEqual(outcomes(web), ['challenged', 'alice', 'stale', 'alice'])
  })

  test('neon hides its name behind a hash where we take that, one beyond ASCII too', async () => {
    await using web = await serve({ userhash: true })
    assert.deepEqual(await neon(web.url, 'jürgen', UTF8_PASSWORD, '/'), ['200'])
    assert.match(web.seen.at(-1)!.authorization ?? '', /username="[0-9a-f]{64}".*userhash=true/)
  })

  test('a name beyond ASCII comes as username*, as we say that names are not hidden', async () => {
    await using web = await serve()
    assert.deepEqual(await neon(web.url, 'jürgen', UTF8_PASSWORD, '/'), ['200'])
    assert.match(web.seen.at(-1)!.authorization ?? '', /username\*=UTF-8''j%c3%bcrgen/i)
  })

  test('a wrong password and an unknown user are refused', async () => {
    await using web = await serve()
    for (const [user, password] of [
      ['alice', 'wrong'],
      ['nobody', PASSWORD],
    ] as const) {
      assert.match((await neon(web.url, user, password, '/'))[0] ?? '', /^Could not authenticate to server/)
      assert.equal(web.seen.at(-1)?.outcome, 'SEC_E_LOGON_DENIED')
    }
  })

  test('our authenticator of HTTP lets neon in, and proves itself', async () => {
    await using web = await GuardedWeb.start({ sspi: ours(), schemes: ['Digest'] })
    assert.deepEqual(await neon(web.url, 'alice', PASSWORD, '/1', '/2'), ['200', '200'])
    assert.deepEqual(whoCame(web), ['alice by WDigest', 'alice by WDigest'])
  })
})

suite('Apache HttpClient at our server', { skip: missing('httpclient') }, () => {
  type Request = readonly [method: string, path: string, body?: Uint8Array]

  /** The status and the page of each request, made one after the other in one context. */
  const httpClient = async (
    url: string,
    user: string,
    password: string,
    ...requests: readonly Request[]
  ): Promise<readonly (readonly [status: string, page: string])[]> => {
    const lines = requests.map(([method, path, body]) => {
      const words = [method, url + path]
      if (body !== undefined) words.push(`:${Buffer.from(body).toString('base64')}`)
      return words.join(' ')
    })
    const input = [user, password, ...lines, ''].join('\n')
    const ended = await runProgram(commandOf('httpclient'), [], { env: process.env, input })
    assert.equal(ended.code, 0, ended.stderr)
    return ended.stdout
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [status = '', page = ''] = line.split(' ')
        return [status, Buffer.from(page, 'base64').toString()]
      })
  }

  const hello = (name: string): readonly [string, string] => ['200', `hello ${name}\n`]

  for (const name of ['MD5', 'MD5-sess', 'SHA-256'] as const) {
    test(`auth-int with ${name}: bodies are let in, no body, an empty one, a short one and one of 1 MiB`, async () => {
      await using web = await serve({ algorithms: [name] }, { integrity: true })
      const requests: readonly Request[] = [
        ['GET', '/'],
        ['POST', '/form?a=b', new Uint8Array()],
        ['PUT', '/', Buffer.from('a=b')],
        ['POST', '/', randomBytes(1 << 20)],
      ]
      const answers = await httpClient(web.url, 'alice', PASSWORD, ...requests)
      assert.deepEqual(
        answers,
        requests.map(() => hello('alice')),
      )
      assert.deepEqual(outcomes(web), ['challenged', 'alice', 'alice', 'alice', 'alice'])
      assert.deepEqual(new Set(said(web, 'qop')), new Set(['auth-int']))
      assert.deepEqual(said(web, 'nc'), ['00000001', '00000002', '00000003', '00000004'])
    })
  }

  test('auth-int: a body that was changed on the way, cut short, or made longer is refused', async () => {
    for (const onTheWay of [
      (body: Uint8Array) => body.map((byte) => byte ^ 1),
      (body: Uint8Array) => body.subarray(0, -1),
      (body: Uint8Array) => Buffer.concat([body, Buffer.of(0)]),
    ]) {
      await using web = await serve({}, { integrity: true, onTheWay })
      const [answer] = await httpClient(web.url, 'alice', PASSWORD, ['POST', '/', Buffer.from('a=b')])
      assert.equal(answer?.[0], '401')
      assert.equal(outcomes(web).at(-1), 'SEC_E_LOGON_DENIED')
    }
  })

  test('auth: nothing of the body counts, and who demands integrity is not taken in by it', async () => {
    await using web = await serve({}, { onTheWay: () => Buffer.from('another body') })
    assert.deepEqual(await httpClient(web.url, 'alice', PASSWORD, ['POST', '/', Buffer.from('a=b')]), [hello('alice')])
    assert.deepEqual(said(web, 'qop'), ['auth'])
  })

  test('a nonce that has become too old is answered by a new one, and HttpClient goes on', async () => {
    const clock = new Clock()
    await using web = await serve({}, { integrity: true }, clock)
    web.onAnswer = () => {
      if (web.seen.length === 2) clock.seconds += 400
    }
    const body = Buffer.from('a=b')
    const answers = await httpClient(web.url, 'alice', PASSWORD, ['POST', '/1', body], ['POST', '/2', body])
    assert.deepEqual(answers, [hello('alice'), hello('alice')])
    assert.deepEqual(outcomes(web), ['challenged', 'alice', 'stale', 'alice'])
  })

  test('a name with quotes, one with a domain, and a password beyond ASCII', async () => {
    await using web = await serve()
    for (const [user, password, name] of [
      ['quo"ted', PASSWORD, 'quo"ted'],
      ['CONTOSO\\bob', PASSWORD, 'bob'],
      ['utf8user', UTF8_PASSWORD, 'utf8user'],
    ] as const) {
      assert.deepEqual(await httpClient(web.url, user, password, ['GET', '/']), [hello(name)])
    }
  })

  test('a wrong password is refused', async () => {
    await using web = await serve({}, { integrity: true })
    assert.equal((await httpClient(web.url, 'alice', 'wrong', ['GET', '/']))[0]?.[0], '401')
    assert.equal(web.seen.at(-1)?.outcome, 'SEC_E_LOGON_DENIED')
  })

  test('our authenticator of HTTP lets HttpClient in', async () => {
    await using web = await GuardedWeb.start({ sspi: ours(), schemes: ['Digest'] })
    const requests: readonly Request[] = [
      ['POST', '/1', Buffer.from('a=b')],
      ['GET', '/2'],
    ]
    const answers = await httpClient(web.url, 'alice', PASSWORD, ...requests)
    assert.deepEqual(
      answers.map(([status]) => status),
      ['200', '200'],
    )
    assert.deepEqual(whoCame(web), ['alice by WDigest', 'alice by WDigest'])
  })
})
