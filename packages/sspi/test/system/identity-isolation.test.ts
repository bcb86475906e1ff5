import assert from 'node:assert/strict'
import { AsyncResource } from 'node:async_hooks'
import { EventEmitter, once } from 'node:events'
import { Agent, createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import { MessageChannel, Worker } from 'node:worker_threads'
import { initSecurityInterface, passwordCredential, type SecureSession } from '../../src/index.js'
import { memoryAccounts } from '../../src/io/accounts/index.js'
import { cross } from './cross.js'

// Whoever runs: nobody ever sees the identity of another. Each flow of control asks who it is, at every place where it could be
// mistaken for one that runs beside it.

const USERS = ['alice', 'bob', 'carol', 'dave']
const PROCESS = 'the process'
const accounts = memoryAccounts(USERS.map((user) => ({ user, password: `of ${user}` })))
const sspi = initSecurityInterface({ accounts })
const sessions = new Map<string, SecureSession>()

before(async () => {
  for (const user of USERS) {
    const credentials = passwordCredential({ user, password: `of ${user}` })
    const server = sspi.accept({ package: 'NTLM' })
    await cross(initSecurityInterface().initiate({ package: 'NTLM', credentials, target: 'HTTP/www' }), server)
    sessions.set(user, server.session)
  }
})

after(() => {
  for (const session of sessions.values()) session[Symbol.dispose]()
})

const whoAmI = (): string => sspi.currentAccessToken()?.user.name ?? PROCESS

function as<T>(user: string, fn: () => T): T {
  return sessions.get(user)!.impersonate(fn)
}

suite('requests of HTTP', () => {
  test('on one kept-alive connection are each their own user, from the first byte to the last', async () => {
    await using web = await listen()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const sockets = new Set<unknown>()
    for (let round = 0; round < 12; round++) {
      const user = USERS[round % USERS.length]!
      assert.equal(await ask(web.port, user, agent, sockets), `${user} `.repeat(5).trim())
      // And one without anybody in between: what the user before left on the connection would show.
      assert.equal(await ask(web.port, undefined, agent, sockets), `${PROCESS} `.repeat(5).trim())
    }
    assert.equal(sockets.size, 1, 'the connection was kept')
    agent.destroy()
  })

  test('that overlap are each their own user', async () => {
    await using web = await listen()
    const agent = new Agent({ keepAlive: true, maxSockets: 8 })
    const asked = Array.from({ length: 80 }, async (_, index) => {
      const user = USERS[index % (USERS.length + 1)]
      assert.equal(await ask(web.port, user, agent), `${user ?? PROCESS} `.repeat(5).trim())
    })
    await Promise.all(asked)
    agent.destroy()
  })

  test('sent by several users over the connections of one agent call each back as itself', async () => {
    await using web = await listen()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const seen = await Promise.all(
      USERS.map((user) =>
        as(user, async () => {
          await ask(web.port, undefined, agent)
          return [
            whoAmI(),
            await new Promise<string>((resolve) => {
              request({ port: web.port, host: '127.0.0.1', agent }, (response) => {
                response.resume()
                resolve(whoAmI())
              }).end()
            }),
          ]
        }),
      ),
    )
    assert.deepEqual(
      seen,
      USERS.map((user) => [user, user]),
    )
    agent.destroy()
  })
})

suite('what was begun outside of an impersonation stays outside', () => {
  test('timers and immediates', async () => {
    const seen: string[] = []
    const note = (): number => seen.push(whoAmI())
    const ends = [
      new Promise((resolve) => setTimeout(() => resolve(note()), 5)),
      new Promise((resolve) => setImmediate(() => resolve(note()))),
    ]
    await as('alice', async () => {
      await delay(10)
      assert.equal(whoAmI(), 'alice')
    })
    await Promise.all(ends)
    assert.deepEqual(seen, [PROCESS, PROCESS])
  })

  test('promises: whoever awaits stays themselves, whoever settles', async () => {
    let settle = (): void => undefined
    const shared = new Promise<void>((resolve) => (settle = resolve))
    const outside = shared.then(whoAmI)
    const insides = USERS.map((user) =>
      as(user, async () => {
        await shared
        return whoAmI()
      }),
    )
    as('dave', () => {
      settle()
    })
    assert.equal(await outside, PROCESS)
    assert.deepEqual(await Promise.all(insides), USERS)
  })

  test('intervals that outlast it, and what a user begins is the user’s as long as the user is there', async () => {
    const seen: string[] = []
    const timer = setInterval(() => seen.push(whoAmI()), 1)
    try {
      await as('bob', async () => {
        while (seen.length < 3) await delay(1)
        const own = await new Promise<string>((resolve) => setTimeout(() => resolve(whoAmI()), 1))
        assert.equal(own, 'bob')
      })
    } finally {
      clearInterval(timer)
    }
    assert.ok(seen.every((name) => name === PROCESS))
  })
})

suite('event emitters', () => {
  test('call a listener as whoever emits; one that was bound to its own identity stays itself', () => {
    const shared = new EventEmitter()
    const seen: string[] = []
    as('alice', () => {
      const asAlice = sspi.captureIdentity()
      const bound = AsyncResource.bind(() => seen.push(`bound: ${whoAmI()}`))
      shared.on('news', () => seen.push(`plain: ${whoAmI()}`))
      shared.on('news', () => seen.push(`captured: ${asAlice(whoAmI)}`))
      shared.on('news', bound)
      as('bob', () => shared.emit('news'))
    })
    assert.deepEqual(seen, ['plain: bob', 'captured: alice', 'bound: alice'])
  })

  test('of one request each are never mistaken for those of another', async () => {
    const seen = await Promise.all(
      USERS.map((user) =>
        as(user, async () => {
          const own = new EventEmitter()
          setImmediate(() => own.emit('news'))
          await once(own, 'news')
          return whoAmI()
        }),
      ),
    )
    assert.deepEqual(seen, USERS)
  })

  test('a listener that a user left on a shared emitter is nobody once the user is gone', () => {
    const shared = new EventEmitter()
    const seen: unknown[] = []
    as('alice', () => {
      const asAlice = sspi.captureIdentity()
      shared.on('news', () => {
        try {
          seen.push(asAlice(whoAmI))
        } catch (error) {
          seen.push((error as { readonly code?: string }).code)
        }
      })
    })
    shared.emit('news')
    as('bob', () => shared.emit('news'))
    assert.deepEqual(seen, ['SEC_E_NO_IMPERSONATION', 'SEC_E_NO_IMPERSONATION'])
  })
})

test('streams: each pipeline runs as who began it, chunk by chunk', async () => {
  const seen = await Promise.all(
    [...USERS, undefined].map(async (user) => {
      const names = new Set<string>()
      const run = async (): Promise<void> => {
        async function* source(): AsyncGenerator<string> {
          for (let chunk = 0; chunk < 50; chunk++) {
            await turn()
            names.add(whoAmI())
            yield 'x'.repeat(1000)
          }
        }
        const sink = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
          for await (const chunk of chunks) {
            names.add(whoAmI())
            yield String(chunk.length)
          }
        }
        const middle = new PassThrough({ highWaterMark: 100 })
        const end = new PassThrough()
        await Promise.all([pipeline(source, middle, sink, end), text(end)])
        names.add(whoAmI())
      }
      await (user === undefined ? run() : as(user, run))
      return [...names]
    }),
  )
  assert.deepEqual(
    seen,
    [...USERS, PROCESS].map((user) => [user]),
  )
})

suite('messages between threads', () => {
  test('arrive at a port that was opened outside as the process, whoever sent them', async (t) => {
    const { port1, port2 } = new MessageChannel()
    t.after(() => port1.close())
    const arrived = new Promise<string>((resolve) => port2.once('message', () => resolve(whoAmI())))
    as('alice', () => {
      port1.postMessage('of alice')
    })
    assert.equal(await arrived, PROCESS)
  })

  test('are answered to each user as itself, over one worker that all share', async (t) => {
    const worker = new Worker(
      'require("node:worker_threads").parentPort.on("message", (m) => m.port.postMessage(m.user))',
      {
        eval: true,
      },
    )
    t.after(() => worker.terminate())
    const seen = await Promise.all(
      USERS.map((user) =>
        as(user, async () => {
          const { port1, port2 } = new MessageChannel()
          worker.postMessage({ user, port: port2 }, [port2])
          const [answer] = (await once(port1, 'message')) as [string]
          port1.close()
          return [answer, whoAmI()]
        }),
      ),
    )
    assert.deepEqual(
      seen,
      USERS.map((user) => [user, user]),
    )
  })
})

test('two interfaces in one process do not see one another’s', async () => {
  const other = initSecurityInterface({ accounts })
  const theirs = other.accept({ package: 'NTLM' })
  const credentials = passwordCredential({ user: 'bob', password: 'of bob' })
  await cross(initSecurityInterface().initiate({ package: 'NTLM', credentials, target: 'HTTP/www' }), theirs)
  await as('alice', () =>
    theirs.session.impersonate(async () => {
      await turn()
      assert.equal(whoAmI(), 'alice')
      assert.equal(other.currentAccessToken()?.user.name, 'bob')
      assert.equal(
        other.revertSecurityContext(() => whoAmI()),
        'alice',
      )
    }),
  )
  theirs.session[Symbol.dispose]()
})

interface Web extends AsyncDisposable {
  readonly port: number
}

/** A server that says at every place of a request who it runs as, with the user in a header. */
async function listen(): Promise<Web> {
  const server: Server = createServer((message, response) => {
    const seen: string[] = []
    const handle = async (): Promise<void> => {
      seen.push(whoAmI())
      message.on('data', () => undefined)
      await once(message, 'end')
      seen.push(whoAmI())
      await delay(Math.random() * 3)
      seen.push(whoAmI())
      await new Promise<void>((resolve) => process.nextTick(resolve))
      seen.push(whoAmI())
      queueMicrotask(() => {
        seen.push(whoAmI())
        response.end(seen.join(' '))
      })
      await once(response, 'finish')
    }
    const user = message.headers['x-user'] as string | undefined
    void (user === undefined ? handle() : as(user, handle))
  })
  server.keepAliveTimeout = 0 // a test that stands still for five seconds must not lose its connections
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { port, [Symbol.asyncDispose]: close }
}

async function ask(port: number, user: string | undefined, agent: Agent, sockets?: Set<unknown>): Promise<string> {
  const headers = user === undefined ? {} : { 'x-user': user }
  const sent = request({ port, host: '127.0.0.1', method: 'POST', agent, headers })
  sent.end('a body')
  const [response] = (await once(sent, 'response')) as [NodeJS.ReadableStream & { readonly socket: unknown }]
  sockets?.add(response.socket)
  return text(response)
}
