import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { suite, test, type TestContext } from 'node:test'
import { ISC_REQ_DELEGATE, type SecureSession, type SecurityFunctionTable } from '../../../src/sspi/index.js'
import { createClient, type HttpClient } from '../../../src/http/index.js'
import type { TestDomain } from '../../../src/testing/index.js'
import { cross } from '../../system/cross.js'
import { clientOf, gateOf, lookup, serve, SERVICE, testDomain, text, type Running } from './servers.js'

// A client without credentials of its own is whoever the caller acts as: a front server uses one for all of its users.

/** A user's session at the front server. */
async function arrive(
  t: TestContext,
  domain: TestDomain,
  front: SecurityFunctionTable,
  user: string,
  flags = ISC_REQ_DELEGATE,
): Promise<SecureSession> {
  const client = domain
    .sspi()
    .initiate({ package: 'Kerberos', credentials: domain.credential(user), target: SERVICE, flags })
  const acceptor = front.accept({ package: 'Kerberos', credentials: domain.serviceCredential(SERVICE) })
  await cross(client, acceptor)
  client.session[Symbol.dispose]()
  const { session } = acceptor
  t.after(() => {
    session[Symbol.dispose]()
  })
  return session
}

interface Front {
  readonly domain: TestDomain
  readonly table: SecurityFunctionTable
  readonly client: HttpClient
  readonly back: Running
}

async function frontOf(t: TestContext): Promise<Front> {
  const domain = testDomain(t)
  const table = domain.sspi({ defaultCredentials: domain.credential('bob') })
  const back = await serve(t, { gate: gateOf(domain, ['Negotiate'], { persistent: true }) })
  const client = clientOf(t, domain, { sspi: table, credentials: undefined, limits: { maxConnections: 1 } })
  return { domain, table, client, back }
}

const ask = async ({ client, back }: Front): Promise<string> => (await client.fetch(back.url)).text()

suite('a client without credentials, at a server that impersonates', () => {
  test('makes each request as whoever the caller acts as, over connections of their own', async (t) => {
    const front = await frontOf(t)
    const alice = await arrive(t, front.domain, front.table, 'alice')
    const again = await arrive(t, front.domain, front.table, 'alice')
    assert.equal(await ask(front), 'hello bob')
    for (let i = 0; i < 2; i++) {
      assert.equal(await alice.impersonate(() => ask(front)), 'hello alice')
      assert.equal(await ask(front), 'hello bob')
    }
    assert.equal(await again.impersonate(() => ask(front)), 'hello alice')
    const mixed = await Promise.all(
      Array.from({ length: 9 }, (_, i) =>
        i % 3 === 0 ? ask(front) : [alice, again][i % 2]!.impersonate(() => ask(front)),
      ),
    )
    assert.deepEqual(
      mixed,
      Array.from({ length: 9 }, (_, i) => (i % 3 === 0 ? 'hello bob' : 'hello alice')),
    )
    // The process, and each session: the same one keeps its connection.
    assert.equal(front.back.connections(), 3)
    assert.ok(front.back.usersByConnection().every((users) => users.length === 1))
  })

  test('does so for those whose requests come by its agents and its dispatcher', async (t) => {
    const front = await frontOf(t)
    const alice = await arrive(t, front.domain, front.table, 'alice')
    const client = createClient({ sspi: front.table, lookup, hosts: ['*.example.com'] })
    t.after(() => client.close())
    const byAgent = async (): Promise<string> => {
      const [response] = (await once(request(front.back.url, { agent: client.agents.http }).end(), 'response')) as [
        AsyncIterable<unknown>,
      ]
      return text(response)
    }
    const byDispatcher = async (): Promise<string> => {
      const init = { dispatcher: client.dispatcher() } as unknown as RequestInit
      return (await fetch(front.back.url, init)).text()
    }
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => {
        const send = i % 2 === 0 ? byAgent : byDispatcher
        return i % 3 === 0 ? send() : alice.impersonate(send)
      }),
    )
    assert.deepEqual(
      answers,
      answers.map((_, i) => (i % 3 === 0 ? 'hello bob' : 'hello alice')),
    )
    assert.ok(front.back.usersByConnection().every((users) => users.length <= 1))
  })

  test('is nobody for one who delegated nothing, and never the process', async (t) => {
    const front = await frontOf(t)
    assert.equal(await ask(front), 'hello bob')
    const alice = await arrive(t, front.domain, front.table, 'alice', 0)
    await assert.rejects(
      alice.impersonate(() => ask(front)),
      { code: 'SEC_E_NO_CREDENTIALS', message: /did not delegate/ },
    )
    const open = await serve(t, {})
    assert.equal((await alice.impersonate(() => front.client.fetch(open.url))).status, 200)
  })

  test('is nobody behind the end of an impersonation, though its connection is open', async (t) => {
    const front = await frontOf(t)
    const alice = await arrive(t, front.domain, front.table, 'alice')
    let late: (() => void) | undefined
    const later = new Promise<void>((resolve) => (late = resolve))
    let leftOver: Promise<string> | undefined
    await alice.impersonate(async () => {
      assert.equal(await ask(front), 'hello alice')
      leftOver = later.then(() => ask(front))
    })
    late?.()
    await assert.rejects(leftOver!, { code: 'SEC_E_NO_CREDENTIALS', message: /has ended/ })
    alice[Symbol.dispose]()
    assert.equal(await ask(front), 'hello bob')
  })
})
