import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect as connectSocket, createServer as createSocketServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { connect, createServer, type SecureStream, type ServerOptions } from '../../src/net/index.js'
import { FRAME_HEADER_LENGTH } from '../../src/net/framing.js'
import { alice, pattern, readAll, realInterface } from './streams.js'

const HOST = '127.0.0.1'
const packages = ['NTLM', 'Negotiate'] as const

async function serve(
  t: TestContext,
  options: Partial<ServerOptions>,
  onConnection: (stream: SecureStream) => void = (stream) => stream.pipe(stream),
) {
  const server = createServer({ sspi: realInterface(), package: 'Negotiate', ...options }, onConnection)
  await server.listen({ port: 0, host: HOST })
  t.after(() => server[Symbol.asyncDispose]())
  return server
}

const client = (port: number, password?: string) => ({
  sspi: realInterface(),
  package: 'Negotiate',
  credentials: alice(password),
  host: HOST,
  port,
})

const refusal = (server: Awaited<ReturnType<typeof serve>>) =>
  once(server, 'refused').then(([error]) => (error as { code: string }).code)

for (const packageName of packages) {
  test(`${packageName}: a client and a server talk over TCP`, async (t) => {
    const server = await serve(t, { package: packageName })
    const stream = await connect({ ...client(server.port), package: packageName, target: 'host/server' })
    assert.equal(stream.mechanism, 'NTLM')
    assert.equal(stream.packageName, packageName)
    assert.equal(server.connections, 1)
    const sent = pattern(1_000_003)
    const closed = once(stream, 'close')
    stream.end(sent)
    assert.ok((await readAll(stream)).equals(sent))
    await closed
    await server.close()
    assert.equal(server.connections, 0)
  })
}

test('a server tells who came, and from where', async (t) => {
  const server = await serve(t, {})
  const came = once(server, 'secureConnection')
  const stream = await connect(client(server.port))
  const [peer, from] = (await came) as [SecureStream, { address: string }]
  assert.deepEqual([peer.peer?.domain, peer.peer?.name, peer.mechanism], ['CONTOSO', 'alice', 'NTLM'])
  assert.equal(from.address, HOST)
  stream.destroy()
})

test('who is refused learns the status, and the server goes on', async (t) => {
  const server = await serve(t, {})
  const refused = refusal(server)
  await assert.rejects(connect(client(server.port, 'wrong')), { code: 'SEC_E_LOGON_DENIED' })
  assert.equal(await refused, 'SEC_E_LOGON_DENIED')
  const stream = await connect(client(server.port))
  stream.end('still here')
  assert.equal((await readAll(stream)).toString(), 'still here')
})

test('garbage from many sides does not hurt a server', async (t) => {
  const server = await serve(t, {})
  for (const garbage of ['GET / HTTP/1.0\r\n\r\n', '\0\0\0\x04\x01NTLM', '\0\0\0\x20\x02' + 'x'.repeat(32), '']) {
    const refused = refusal(server)
    const raw = connectSocket({ port: server.port, host: HOST })
    raw.on('error', () => {}) // a reset is an answer as well
    raw.end(garbage, 'latin1')
    assert.match(await refused, /^SEC_E_(INVALID_TOKEN|OUT_OF_SEQUENCE|UNFINISHED_CONTEXT_DELETED)$/)
    raw.resume()
  }
  const stream = await connect(client(server.port))
  stream.end('still here')
  assert.equal((await readAll(stream)).toString(), 'still here')
})

test('a client that vanishes in mid-stream does not hurt a server that does not listen for it', async (t) => {
  const closed = new Promise<void>((resolve) => {
    void serve(t, {}, (stream) => stream.resume().on('close', resolve)).then(async (server) => {
      const stream = await connect(client(server.port))
      stream.write('x')
      stream.destroy()
    })
  })
  await closed
})

test('a server that nobody answers for is an SspiError with the system’s as its cause', async () => {
  const nobodys = 1 // a port of the system, which is given out to no program
  await assert.rejects(connect(client(nobodys)), (error: { code: string; cause: NodeJS.ErrnoException }) => {
    assert.deepEqual([error.code, error.cause.code], ['SEC_E_TARGET_UNKNOWN', 'ECONNREFUSED'])
    return true
  })
})

test('a port that is taken is told by listen(), and by nothing else', async (t) => {
  const server = await serve(t, {})
  const second = createServer({ sspi: realInterface(), package: 'NTLM' })
  await assert.rejects(second.listen({ port: server.port, host: HOST }), { code: 'EADDRINUSE' })
  assert.throws(() => second.port, { code: 'SEC_E_INVALID_HANDLE' })
  await second.close()
  await assert.rejects(second.listen({ port: 0 }), { code: 'SEC_E_OUT_OF_SEQUENCE' })
})

test('a server that closes gives up those who are not authenticated', async (t) => {
  const server = await serve(t, {})
  const raw = connectSocket({ port: server.port, host: HOST })
  raw.resume()
  await once(raw, 'connect')
  const stream = await connect(client(server.port))
  const refused = refusal(server)
  const closed = server.close()
  assert.equal(await refused, 'SEC_E_SHUTDOWN_IN_PROGRESS')
  raw.end()
  stream.end('the last word')
  assert.equal((await readAll(stream)).toString(), 'the last word')
  await closed
})

test('no more clients authenticate at once than allowed', async (t) => {
  const server = await serve(t, { maxHandshakes: 1 })
  const raw = connectSocket({ port: server.port, host: HOST })
  await once(raw, 'connect')
  const refused = refusal(server)
  await assert.rejects(connect(client(server.port)), { code: 'SEC_E_UNFINISHED_CONTEXT_DELETED' })
  assert.equal(await refused, 'SEC_E_INSUFFICIENT_MEMORY')
  const gone = refusal(server)
  raw.destroy()
  await gone
  const stream = await connect(client(server.port))
  stream.destroy()
})

test('connect() can be given up at any time', async (t) => {
  const silent = createSocketServer(() => {}).listen(0, HOST)
  await once(silent, 'listening')
  t.after(() => silent.close())
  const sockets: Socket[] = []
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  silent.on('connection', (socket) => sockets.push(socket.on('error', () => {}).resume()))
  const { port } = silent.address() as AddressInfo
  const reason = new Error('enough')
  await assert.rejects(connect({ ...client(port), signal: AbortSignal.abort(reason) }), (error) => error === reason)
  const controller = new AbortController()
  const connecting = connect({ ...client(port), signal: controller.signal })
  silent.once('connection', () => controller.abort(reason))
  await assert.rejects(connecting, (error) => error === reason)
})

test('a Unix socket or a named pipe does as well', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sspi-net-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = process.platform === 'win32' ? `\\\\.\\pipe\\${folder.replaceAll('\\', '-')}` : join(folder, 'socket')
  const server = createServer({ sspi: realInterface(), package: 'NTLM' }, (stream) => stream.pipe(stream))
  await server.listen({ path })
  t.after(() => server[Symbol.asyncDispose]())
  const stream = await connect({ sspi: realInterface(), package: 'NTLM', credentials: alice(), path })
  stream.end('hello')
  assert.equal((await readAll(stream)).toString(), 'hello')
})

// ---------------------------------------------------------------- somebody in the middle

/** What somebody in the middle makes of the frames of one direction. */
type Meddle = (frame: Buffer, index: number) => readonly Buffer[] | 'cut'

/** A TCP proxy that takes the frames apart; the client's frames after the handshake pass through `meddle`. */
async function proxy(t: TestContext, port: number, meddle: Meddle): Promise<number> {
  const server = createSocketServer((near) => {
    const far = connectSocket({ port, host: HOST })
    for (const socket of [near, far]) socket.on('error', () => {})
    far.pipe(near)
    let rest = Buffer.alloc(0)
    let index = 0
    near.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= FRAME_HEADER_LENGTH) {
        const length = FRAME_HEADER_LENGTH + rest.readUInt32BE(0)
        if (rest.length < length) break
        const frame = rest.subarray(0, length)
        rest = rest.subarray(length)
        // The first record is START; what counts begins after it.
        const sent = frame[4] === 1 ? [frame] : meddle(frame, index++)
        if (sent === 'cut') {
          far.end()
          near.pause()
          return
        }
        for (const each of sent) far.write(each)
      }
    })
    near.on('end', () => far.end())
    t.after(() => {
      near.destroy()
      far.destroy()
    })
  }).listen(0, HOST)
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

const errorOf = (stream: SecureStream) =>
  new Promise<Error & { code: string }>((resolve) => {
    stream.once('error', resolve)
  })

const flipped = (frame: Buffer, at: number) => {
  const copy = Buffer.from(frame)
  copy[at] = copy[at]! ^ 1
  return copy
}

/** Frame 0 is START, 1 to 3 are the words, 4 is END. */
const WORDS = ['alpha', 'beta', 'gamma'] as const
let held: Buffer | undefined

const attacks: readonly { name: string; meddle: Meddle; codes: RegExp; got: string }[] = [
  {
    name: 'changes a byte of the data',
    meddle: (frame, index) => [index === 2 ? flipped(frame, frame.length - 1) : frame],
    codes: /^SEC_E_MESSAGE_ALTERED$/,
    got: 'alpha',
  },
  {
    name: 'changes a byte of the signature',
    meddle: (frame, index) => [index === 2 ? flipped(frame, FRAME_HEADER_LENGTH + 5) : frame],
    codes: /^SEC_E_MESSAGE_ALTERED$/,
    got: 'alpha',
  },
  {
    name: 'sends a record twice',
    meddle: (frame, index) => (index === 2 ? [frame, frame] : [frame]),
    codes: /^SEC_E_(MESSAGE_ALTERED|OUT_OF_SEQUENCE)$/,
    got: 'alphabeta',
  },
  {
    name: 'leaves a record out',
    meddle: (frame, index) => (index === 2 ? [] : [frame]),
    codes: /^SEC_E_(MESSAGE_ALTERED|OUT_OF_SEQUENCE)$/,
    got: 'alpha',
  },
  {
    name: 'changes the order of records',
    meddle: (frame, index) => {
      if (index === 2) held = frame
      return index === 2 ? [] : index === 3 ? [frame, held!] : [frame]
    },
    codes: /^SEC_E_(MESSAGE_ALTERED|OUT_OF_SEQUENCE)$/,
    got: 'alpha',
  },
  {
    name: 'says that a record is shorter than it is',
    meddle: (frame, index) => {
      const copy = Buffer.from(frame)
      copy.writeUInt32BE(frame.length - FRAME_HEADER_LENGTH - 1, 0)
      return [index === 2 ? copy : frame]
    },
    codes: /^SEC_E_(MESSAGE_ALTERED|OUT_OF_SEQUENCE)$/,
    got: 'alpha',
  },
  {
    name: 'says that a record is endless',
    meddle: (frame, index) => [index === 2 ? Buffer.from('ffffffff02', 'hex') : frame],
    codes: /^SEC_E_INVALID_TOKEN$/,
    got: 'alpha',
  },
  {
    name: 'puts in a frame of its own without protection',
    meddle: (frame, index) => (index === 2 ? [Buffer.from('000000050102616263', 'hex'), frame] : [frame]),
    codes: /^SEC_E_(INVALID_TOKEN|OUT_OF_SEQUENCE)$/,
    got: 'alpha',
  },
  {
    name: 'says that records are only signed',
    meddle: (frame, index) => {
      const copy = Buffer.from(frame)
      copy[4] = 3
      return [index === 2 ? copy : frame]
    },
    codes: /^SEC_E_OUT_OF_SEQUENCE$/,
    got: 'alpha',
  },
  {
    name: 'ends the connection between two records',
    meddle: (frame, index) => (index === 3 ? 'cut' : [frame]),
    codes: /^SEC_E_MESSAGE_ALTERED$/,
    got: 'alphabeta',
  },
  {
    name: 'ends the connection in place of the last record',
    meddle: (frame, index) => (index === 4 ? 'cut' : [frame]),
    codes: /^SEC_E_MESSAGE_ALTERED$/,
    got: 'alphabetagamma',
  },
]

for (const packageName of packages) {
  for (const { name, meddle, codes, got } of attacks) {
    test(`${packageName}: somebody in the middle ${name}, and is found out`, async (t) => {
      let text = ''
      let ended = false
      const server = await serve(t, { package: packageName }, (stream) => {
        stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
        stream.on('end', () => (ended = true))
      })
      const failed = once(server, 'secureConnection').then(([stream]) => errorOf(stream as SecureStream))
      const port = await proxy(t, server.port, meddle)
      const stream = await connect({ ...client(port), package: packageName })
      stream.on('error', () => {}) // the server tells it, or not
      stream.resume()
      for (const word of WORDS) await new Promise((resolve) => stream.write(word, resolve))
      stream.end()
      assert.match((await failed).code, codes)
      assert.deepEqual([text, ended], [got, false])
      stream.destroy()
    })
  }
}

test('an untouched connection through the same proxy is fine', async (t) => {
  const server = await serve(t, {})
  const port = await proxy(t, server.port, (frame) => [frame])
  const stream = await connect(client(port))
  for (const word of WORDS) stream.write(word)
  stream.end()
  assert.equal((await readAll(stream)).toString(), WORDS.join(''))
})
