import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server as WebServer, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { SspiError, type AcceptorExchange } from 'sspi'
import { splitChallenges } from 'sspi/digest'
import { createTestDomain, type TestDomain, type TestListeners } from 'sspi/testing'
import { eventsIn, folderFor, run as runCommand, type Finished } from './command.js'

const PASSWORD = 'Secret-Öl-42'

suite('fetch', () => {
  let domain: TestDomain
  let listeners: TestListeners
  let web: WebServer
  let origin = ''
  const seen: IncomingMessage[] = []

  before(async () => {
    domain = createTestDomain({ users: [{ name: 'alice', password: PASSWORD }], services: ['HTTP/localhost'] })
    listeners = await domain.listen()
    web = createServer(siteOf(domain, seen))
    web.keepAliveTimeout = 0
    origin = await listening(web)
  })
  after(async () => {
    web.closeAllConnections()
    web.close()
    await domain[Symbol.asyncDispose]()
  })

  const run = (args: readonly string[], input: string | Uint8Array = ''): Promise<Finished> =>
    runCommand(['fetch', ...args], { input, env: listeners.env })
  const withTickets = async (args: readonly string[], input: string | Uint8Array = ''): Promise<Finished> =>
    run(['--ccache', await listeners.writeTicketCache('alice'), ...args], input)
  const byPassword = (name: string, args: readonly string[], password = PASSWORD): Promise<Finished> =>
    run(['--user', 'EXAMPLE\\alice', '--password-fd', '0', '--package', name, ...args], `${password}\n`)

  test('with tickets it is let in by Kerberos, and the server has proven itself', async () => {
    const { code, stdout, stderr } = await withTickets(['-v', `${origin}/negotiate`])
    assert.deepEqual([code, stdout], [0, 'hello alice by Kerberos\n'], stderr)
    assert.match(stderr, /> leg 2 to localhost:\d+: Negotiate, \d+ bytes\n(.*\n)*.*AP-REQ/)
    assert.match(stderr, /knows you by Negotiate \(Kerberos\), as HTTP\/localhost, has proven itself; 200 OK/)
  })

  for (const name of ['NTLM', 'Digest']) {
    test(`with a password it is let in by ${name}, and refused with another`, async () => {
      const url = `${origin}/${name.toLowerCase()}`
      const { code, stdout, stderr } = await byPassword(name, [url])
      assert.deepEqual([code, stdout], [0, `hello alice by ${name === 'NTLM' ? 'NTLM' : 'WDigest'}\n`], stderr)
      const wrong = await byPassword(name, [url], 'not it')
      assert.equal(wrong.code, 3, wrong.stderr)
    })
  }

  test('a password is not sent as it is without TLS', async () => {
    const { code, stderr } = await byPassword('Basic', [`${origin}/basic`])
    assert.equal(code, 3)
    assert.match(stderr, /no TLS/)
    assert.ok(seen.every(({ headers }) => !/^basic/i.test(headers.authorization ?? '')))
  })

  test('who is nobody is told what is offered', async () => {
    const { code, stderr } = await run([`${origin}/negotiate`])
    assert.equal(code, 3)
    assert.match(stderr, /sspi kinit/)
    const digest = await byPassword('NTLM', [`${origin}/digest`])
    assert.equal(digest.code, 3)
    assert.match(digest.stderr, /Digest/)
  })

  test('a body is sent again when the server asks first, from an argument, a file and a pipe', async (t) => {
    const url = `${origin}/negotiate`
    const body = new Uint8Array(300_000).fill(0x78)
    const path = folderFor(t)('body', body)
    assert.equal((await withTickets(['-d', 'abc', url])).stdout, 'hello alice by Kerberos, POST of 3\n')
    assert.equal(seen.at(-1)?.headers['content-type'], 'application/x-www-form-urlencoded')
    assert.equal((await withTickets(['-d', `@${path}`, url])).stdout, 'hello alice by Kerberos, POST of 300000\n')
    const piped = await withTickets(['-X', 'PUT', '-H', 'Content-Type: text/plain', '-d', '@-', url], body)
    assert.equal(piped.stdout, 'hello alice by Kerberos, PUT of 300000\n', piped.stderr)
    assert.equal(seen.at(-1)?.headers['content-type'], 'text/plain')
  })

  test('the body goes to a file, with a name given or that of the URL', async (t) => {
    const path = join(folderFor(t)('other', ''), '..', 'page')
    const { code, stdout } = await run(['-o', path, `${origin}/open`])
    assert.deepEqual([code, stdout, readFileSync(path, 'utf8')], [0, '', 'open\n'])
    for (const way of ['/', '/a/..%2Fb', '/a/%2e%2e', '/a/..\\b%5c']) {
      const refused = await run(['-O', origin + way])
      assert.equal(refused.code, 1, way)
      assert.match(refused.stderr, /--remote-name/)
    }
    assert.equal(existsSync('b'), false)
  })

  test('the head is printed where it is asked for, and a redirect followed', async () => {
    assert.match((await run(['-i', `${origin}/open`])).stdout, /^HTTP\/1\.1 200 OK\r\n(.+\r\n)*\r\nopen\n$/)
    assert.match((await run(['-I', `${origin}/open`])).stdout, /^HTTP\/1\.1 200 OK\r\n(.+\r\n)*\r\n$/)
    assert.match((await run(['-i', `${origin}/moved`])).stdout, /^HTTP\/1\.1 302 Found\r\n/)
    const followed = await withTickets(['-L', `${origin}/moved`])
    assert.equal(followed.stdout, 'hello alice by Kerberos\n')
  })

  test('a status of 404 is an answer, and a failure where --fail says so', async () => {
    assert.equal((await run([`${origin}/nowhere`])).code, 0)
    assert.equal((await run(['--fail', `${origin}/nowhere`])).code, 5)
  })

  test('--json tells the head, the body and the end', async () => {
    const { stdout } = await withTickets(['--json', '-v', `${origin}/negotiate`])
    const events = eventsIn(stdout)
    assert.deepEqual(
      events.map(({ event }) => event),
      ['leg', 'leg', 'leg', 'response', 'data', 'closed'],
    )
    const { status, origin: authentication } = events[3]!
    assert.equal(status, 200)
    const { state, mechanism, mutual } = authentication as Readonly<Record<string, unknown>>
    assert.deepEqual([state, mechanism, mutual], ['authenticated', 'Kerberos', true])
  })

  test('what makes no sense is refused before anything is sent', async () => {
    const before = seen.length
    for (const args of [
      ['ftp://example.com/'],
      ['http://alice:secret@localhost/'],
      ['ftp://alice:secret@localhost/'],
      ['http://alice:secret@no host/'],
      ['-H', 'no colon', origin],
      ['-X', 'GET', '-d', 'x', origin],
      ['--package', 'Schannel', origin],
      ['-k', origin],
      ['--cacert', 'x', '--insecure', origin],
      ['--proxy-user', 'alice', origin],
      ['-o', 'x', '-O', origin],
      ['--hosts', 'two words', origin],
      ['--delegation', '*', origin],
      ['-X', 'CONNECT', origin],
      ['-x', 'ftp://proxy', origin],
    ]) {
      const { code, stderr } = await run(args)
      assert.equal(code, 1, args.join(' '))
      assert.doesNotMatch(stderr, /:secret@/)
    }
    assert.equal(seen.length, before)
  })

  test('a server that does not answer is given up, and so is one that is not there', async (t) => {
    const silent = createTcpServer((socket) => void socket.resume()) // so that it sees the end
    t.after(() => silent.close())
    const late = await run(['--max-time', '1', await listening(silent)])
    assert.equal(late.code, 2)
    assert.match(late.stderr, /--max-time/)
    const gone = await run(['http://127.0.0.1:1/']) // where nobody listens
    assert.equal(gone.code, 2)
    assert.match(gone.stderr, /ECONNREFUSED/)
  })

  test('no password is in any output, at whatever verbosity', async () => {
    for (const name of ['NTLM', 'Digest', 'Negotiate']) {
      for (const password of [PASSWORD, 'Other-Öl-43']) {
        const { stdout, stderr } = await byPassword(name, ['-v', '-i', `${origin}/${name.toLowerCase()}`], password)
        for (const form of [password, Buffer.from(password, 'utf16le').toString('hex')]) {
          assert.equal((stdout + stderr).includes(form), false, name)
        }
      }
    }
  })
})

/** A place for each scheme; `/open`, which asks for nothing; `/moved`, which leads to `/negotiate`. */
function siteOf(domain: TestDomain, seen: IncomingMessage[]) {
  const sspi = domain.sspi()
  // No message is signed or encrypted by a context: HTTP has TLS for that.
  const bare = { integrity: false, confidentiality: false }
  const credentials = domain.serviceCredential('HTTP/localhost')
  const places: ReadonlyMap<string, Place> = new Map([
    ['/negotiate', { scheme: 'Negotiate', begin: () => sspi.accept({ package: 'Negotiate', credentials, ...bare }) }],
    ['/ntlm', { scheme: 'NTLM', begin: () => sspi.accept({ package: 'NTLM', ...bare }) }],
    [
      '/digest',
      {
        scheme: 'Digest',
        begin: ({ method = '', url: uri = '' }) => sspi.accept({ package: 'WDigest', http: { method, uri } }),
      },
    ],
  ])
  /** NTLM takes two requests of one connection. */
  const begun = new WeakMap<Socket, AcceptorExchange>()
  return (request: IncomingMessage, response: ServerResponse): void => {
    seen.push(request)
    const { url = '' } = request
    const place = places.get(url)
    if (place !== undefined) void guarded(request, response, place, begun)
    else if (url === '/basic') response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end()
    else if (url === '/moved') response.writeHead(302, { Location: '/negotiate' }).end()
    else if (url === '/open') response.end('open\n')
    else response.writeHead(404).end('nowhere\n')
  }
}

interface Place {
  readonly scheme: string
  readonly begin: (request: IncomingMessage) => AcceptorExchange
}

async function guarded(
  request: IncomingMessage,
  response: ServerResponse,
  { scheme, begin }: Place,
  begun: WeakMap<Socket, AcceptorExchange>,
): Promise<void> {
  const { length } = await buffer(request)
  const { authorization } = request.headers
  const exchange = begun.get(request.socket) ?? begin(request)
  begun.delete(request.socket)
  const said = authorization?.slice(scheme.length + 1)
  const inText = scheme === 'Digest'
  const challenge = (token?: Uint8Array): void => {
    const fields = inText ? splitChallenges(token ?? new Uint8Array()) : [`${scheme} ${base64(token)}`.trim()]
    response.writeHead(401, { 'WWW-Authenticate': [...fields] }).end()
  }
  if (said === undefined && !inText) {
    challenge()
    return
  }
  try {
    const step = await exchange.step(said === undefined ? undefined : Buffer.from(said, inText ? 'latin1' : 'base64'))
    if (!step.done) {
      begun.set(request.socket, exchange)
      challenge(step.token)
      return
    }
    const { peer, mechanism } = exchange.session
    exchange.session[Symbol.dispose]()
    if (step.token !== undefined && inText) {
      response.setHeader('Authentication-Info', Buffer.from(step.token).toString('latin1'))
    } else if (step.token !== undefined) response.setHeader('WWW-Authenticate', `${scheme} ${base64(step.token)}`)
    const what = length === 0 ? '' : `, ${request.method ?? ''} of ${length}`
    response.end(`hello ${peer?.name ?? ''} by ${mechanism}${what}\n`)
  } catch (error) {
    if (!(error instanceof SspiError)) throw error
    challenge(error.token)
  }
}

function base64(token: Uint8Array | undefined): string {
  return token === undefined ? '' : Buffer.from(token).toString('base64')
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://localhost:${(server.address() as AddressInfo).port}` // TCP
}
