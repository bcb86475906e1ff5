import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import test from 'node:test'
import { writeAccount } from 'sspi/accounts'
import { eventsIn, folderFor, run, serve, type Event, type Finished, type Server } from './command.js'

const PASSWORD = 'Secret-Öl-42'

test('two programs talk: what goes in at one comes out at the other, and both end', async (t) => {
  const server = await serve(t, ['--user', 'CONTOSO\\alice', '--once', '--password-file', passwordFile(t)])
  server.end('from the server')
  const client = await connectTo(server, ['--user', 'CONTOSO\\alice'], 'from the client')
  assert.deepEqual([client.code, client.stdout], [0, 'from the server'])
  assert.match(client.stderr, /by NTLM: integrity, confidentiality/)
  assert.equal((await server.finished).code, 0)
  assert.equal(received(server.events), 'from the client')
  const connected = await server.event('connected')
  assert.equal(connected['client'], 'CONTOSO\\alice')
  assert.equal(connected['encrypted'], true)
})

test('each package serves', async (t) => {
  for (const name of ['NTLM', 'Negotiate']) {
    const server = await serve(t, ['--user', 'alice', '--once', '--package', name, '--password-file', passwordFile(t)])
    server.end('')
    const client = await connectTo(server, ['--user', 'alice', '--package', name], 'x')
    assert.equal(client.code, 0)
    assert.equal((await server.finished).code, 0)
  }
})

test('Digest serves where its old ciphers are allowed, and says so where they are not', async (t) => {
  const digest = ['--user', 'alice', '--package', 'WDigest']
  const legacy = '--insecure-allow-legacy-layers'
  const server = await serve(t, [...digest, legacy, '--once', '--password-file', passwordFile(t)])
  server.end('')
  const refused = await connectTo(server, digest, 'x')
  assert.match(refused.stderr, /insecureAllowLegacyLayers/)
  const client = await connectTo(server, [...digest, legacy], 'x')
  assert.equal(client.code, 0)
  assert.match(client.stderr, /by WDigest: mutual authentication, integrity, confidentiality/)
  assert.equal((await server.finished).code, 0)
  assert.equal(received(server.events), 'x')
})

test('a large file arrives as it was', async (t) => {
  const file = randomBytes(1_500_000)
  const server = await serve(t, ['--user', 'alice', '--once', '--password-file', passwordFile(t)])
  server.end('')
  // The password is the first line of the same descriptor; the file begins behind it.
  const client = await connectTo(server, ['--user', 'alice'], file)
  assert.equal(client.code, 0)
  await server.finished
  const parts = server.events.filter(({ event }) => event === 'data').map((each) => decoded(each))
  assert.equal(Buffer.concat(parts).equals(file), true)
})

test('a wrong password is refused with 3, an unknown user alike, and the server goes on', async (t) => {
  const server = await serve(t, ['--user', 'alice', '--once', '--password-file', passwordFile(t)])
  server.end('')
  const wrong = await connectTo(server, ['--user', 'alice'], '', 'not it')
  const unknown = await connectTo(server, ['--user', 'mallory'], '')
  for (const { code, stdout, stderr } of [wrong, unknown]) {
    assert.deepEqual([code, stdout], [3, ''])
    assert.match(stderr, /SEC_E_LOGON_DENIED 0x8009030c/)
  }
  assert.equal(wrong.stderr, unknown.stderr)
  assert.equal((await server.event('refused'))['code'], 'SEC_E_LOGON_DENIED')
  assert.equal((await connectTo(server, ['--user', 'alice'], '')).code, 0)
  assert.equal((await server.finished).code, 0)
})

test('an account file lets its users in; a broken one is told at the start', async (t) => {
  const file = folderFor(t)
  const path = file('accounts', '#sspi-accounts 1\n')
  await writeAccount(path, { user: 'CONTOSO\\bob', password: PASSWORD })
  const server = await serve(t, ['--accounts', path, '--once'])
  server.end('')
  assert.equal((await connectTo(server, ['--user', 'CONTOSO\\bob'], 'hi')).code, 0)
  assert.equal((await server.event('connected'))['client'], 'CONTOSO\\bob')
  await server.finished
  const broken = await run(['serve', '--accounts', file('broken', 'nonsense')])
  assert.equal(broken.code, 2)
  assert.match(broken.stderr, /accounts\.md/)
})

test('--echo sends back what comes, to many clients at once', async (t) => {
  const server = await serve(t, ['--user', 'alice', '--echo', '--password-file', passwordFile(t)])
  const texts = ['one', 'two', 'three']
  const clients = await Promise.all(texts.map((text) => connectTo(server, ['--user', 'alice'], text)))
  assert.deepEqual(
    clients.map(({ code, stdout }) => [code, stdout]),
    texts.map((text) => [0, text]),
  )
})

test('a client gets its answer after it has ended its own side', async (t) => {
  const server = await serve(t, ['--user', 'alice', '--once', '--password-file', passwordFile(t)])
  const client = connectTo(server, ['--user', 'alice', '--json'], 'the question')
  await server.event('data')
  server.end('the answer')
  const { code, stdout } = await client
  assert.equal(code, 0)
  const events = eventsIn(stdout)
  assert.deepEqual(
    events.map(({ event }) => event),
    ['connected', 'data', 'closed'],
  )
  assert.equal(received(events), 'the answer')
})

test('a byte that is changed on the way ends both programs with 4', async (t) => {
  const server = await serve(t, ['--user', 'alice', '--once', '--password-file', passwordFile(t)])
  const port = await alteringProxy(t, server.port)
  const client = await run(['connect', '127.0.0.1', String(port), '--user', 'alice', '--password-fd', '0'], {
    input: `${PASSWORD}\npay 100 to bob`,
  })
  assert.equal(client.code, 4)
  const { code, stderr } = await server.finished
  assert.equal(code, 4)
  assert.match(stderr, /SEC_E_MESSAGE_ALTERED/)
  assert.equal(received(server.events), '')
})

test('a port where something else listens is told from a server', async (t) => {
  const other = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
  })
  t.after(() => other.close())
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo // TCP
  const { code, stderr } = await connectTo({ port }, ['--user', 'alice'], '')
  assert.ok(code === 4 || code === 2, stderr)
  assert.match(stderr, /sspi serve/)
})

test('a port that is taken is told, with exit code 2', async (t) => {
  const password = passwordFile(t)
  const server = await serve(t, ['--user', 'alice', '--password-file', password])
  const second = await run(['serve', '--port', String(server.port), '--user', 'alice', '--password-file', password])
  assert.equal(second.code, 2)
  assert.match(second.stderr, /EADDRINUSE/)
})

test('no password is in any output, at whatever verbosity', async (t) => {
  const env = { NODE_DEBUG: 'sspi' }
  const server = await serve(t, ['--user', 'alice', '--once', '--verbose', '--password-file', passwordFile(t)], env)
  server.end('')
  const args = ['connect', '127.0.0.1', String(server.port), '--user', 'alice', '--verbose', '--password-fd', '0']
  const wrong = await run(args, { input: 'Other-Öl-43\n', env })
  const right = await run(args, { input: `${PASSWORD}\n`, env })
  const { stderr } = await server.finished
  assert.deepEqual([wrong.code, right.code], [3, 0])
  const said =
    [wrong, right].flatMap((each) => [each.stdout, each.stderr]).join('') + stderr + JSON.stringify(server.events)
  for (const secret of [PASSWORD, 'Other-Öl-43', Buffer.from(PASSWORD, 'utf16le').toString('hex')]) {
    assert.equal(said.includes(secret), false)
  }
})

test('no command takes a password as an argument', async () => {
  for (const name of ['serve', 'connect', 'decode']) {
    const { stdout } = await run([name, '--help'])
    assert.doesNotMatch(stdout, /--password[ =]/)
    assert.equal((await run([name, '--password', 'x', '127.0.0.1', '1'])).code, 1)
  }
})

function connectTo(
  { port }: Pick<Server, 'port'>,
  args: readonly string[],
  input: string | Uint8Array,
  password = PASSWORD,
): Promise<Finished> {
  return run(['connect', '127.0.0.1', String(port), '--password-fd', '0', ...args], {
    input: Buffer.concat([Buffer.from(`${password}\n`), Buffer.from(input)]),
  })
}

function passwordFile(t: { after(fn: () => void): void }): string {
  return folderFor(t)('password', `${PASSWORD}\n`)
}

function decoded(event: Event): Buffer {
  return Buffer.from(String(event['base64']), 'base64')
}

function received(events: readonly Event[]): string {
  return Buffer.concat(events.filter(({ event }) => event === 'data').map(decoded)).toString()
}

/** Passes everything on, but changes the last byte of the client's second record: the first that carries data. */
async function alteringProxy(t: { after(fn: () => void): void }, port: number): Promise<number> {
  const proxy = createServer((socket) => {
    const onward = connect(port, '127.0.0.1')
    for (const each of [socket, onward]) each.on('error', () => undefined)
    onward.pipe(socket)
    alter(socket, onward)
  })
  t.after(() => proxy.close())
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return (proxy.address() as AddressInfo).port // TCP
}

const HEADER_LENGTH = 5
const SEALED = 2

function alter(from: Socket, to: Socket): void {
  let pending: Buffer = Buffer.alloc(0)
  let records = 0
  from.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= HEADER_LENGTH && pending.length >= HEADER_LENGTH + pending.readUInt32BE()) {
      const frame = Buffer.from(pending.subarray(0, HEADER_LENGTH + pending.readUInt32BE()))
      pending = pending.subarray(frame.length)
      if (frame[4] === SEALED && ++records === 2) {
        frame.writeUInt8(frame.readUInt8(frame.length - 1) ^ 1, frame.length - 1)
      }
      to.write(frame)
    }
  })
  from.on('end', () => to.end())
}
