import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SECPKG_ATTR_NAMES, SspiError, type AcceptorExchange, type InitiatorExchange } from '../../src/sspi/index.js'
import { bytesOf, refused } from './pair.js'
import type { PackageSetup } from './setup.js'

const TEXT = bytesOf('a message of the second level')

/** The same for people in a hurry. */
export function levelTwoRules(setup: PackageSetup): void {
  const { records = false } = setup.supports
  test('level 2: both sides get a session that seals, signs and knows the peer', async () => {
    const { client, server } = begin(setup)
    await run(client, server)
    const here = client.session
    const there = server.session
    for (const [from, to] of [
      [here, there],
      [there, here],
    ] as const) {
      const sealed = from.seal(TEXT)
      const kept = sealed.slice()
      assert.deepEqual(to.unseal(sealed), TEXT)
      assert.deepEqual(sealed, kept, 'the argument was changed')
      if (!records) refused(() => to.unseal(sealed), 'again')
      if (!records) to.verify(TEXT, from.sign(TEXT))
      assert.deepEqual(to.unseal(from.seal(new Uint8Array(0))), new Uint8Array(0))
    }
    assert.equal(here.mechanism, setup.mechanism ?? setup.name)
    assert.equal(there.packageName, setup.name)
    assert.equal(here.peer, undefined)
    assert.equal(there.peer?.source, 'verified')
    assert.equal(there.attribute(SECPKG_ATTR_NAMES).userName, setup.clientName)
    for (const word of ['integrity', 'confidentiality'] as const) {
      assert.ok(here.achieved.includes(word) && there.achieved.includes(word))
    }
    assert.equal(here.achieved.includes('mutual authentication'), setup.supports.mutual)
    here[Symbol.dispose]()
    here[Symbol.dispose]()
    assert.throws(() => here.seal(TEXT), { code: 'SEC_E_INVALID_HANDLE' })
    client[Symbol.dispose]()
    there[Symbol.dispose]()
  })

  test('level 2: a second step while one is under way is refused and harms nothing', async () => {
    const { client, server } = begin(setup)
    const first = client.step()
    await assert.rejects(client.step(), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    const { token } = await first
    const running = server.step(token)
    await assert.rejects(server.step(token), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    await run(client, server, (await running).token)
    assert.deepEqual(server.session.unseal(client.session.seal(TEXT)), TEXT)
    await assert.rejects(client.step(token), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    assert.deepEqual(server.session.unseal(client.session.seal(TEXT)), TEXT)
  })

  test('level 2: a wrong secret is refused, and there is no session then', async () => {
    const { client, server } = begin(setup, setup.wrongCredential)
    await assert.rejects(run(client, server), { code: 'SEC_E_LOGON_DENIED' })
    assert.throws(() => server.session, { code: 'SEC_E_OUT_OF_SEQUENCE' })
    client[Symbol.dispose]()
    server[Symbol.dispose]()
    await assert.rejects(server.step(TEXT), { code: 'SEC_E_OUT_OF_SEQUENCE' })
  })

  test('level 2: an exchange that is disposed during a step comes to nothing', async () => {
    const { client } = begin(setup)
    const running = client.step()
    client[Symbol.dispose]()
    await assert.rejects(running, SspiError)
    assert.throws(() => client.session, { code: 'SEC_E_OUT_OF_SEQUENCE' })
  })

  if (!setup.supports.mutual) {
    test('level 2: proof of the server that the package cannot give is refused when insisted on', async () => {
      const { server } = begin(setup)
      const client = setup.tables().client.initiate({
        package: setup.name,
        credentials: setup.clientCredential,
        target: setup.target,
        mutual: true,
      })
      await assert.rejects(run(client, server), SspiError)
    })
  }

  if (setup.supports.export) {
    test('level 2: a session moves out', async () => {
      const { client, server } = begin(setup)
      await run(client, server)
      const key = new Uint8Array(32).fill(9)
      const blob = server.session.export({ key })
      assert.throws(() => server.session.sign(TEXT), { code: 'SEC_E_INVALID_HANDLE' })
      const { table } = { table: setup.tables().server }
      const { context } = await table.importSecurityContext({ package: setup.name, blob, key })
      table.deleteSecurityContext(context)
    })
  }
}

function begin(
  setup: PackageSetup,
  credentials = setup.clientCredential,
): { client: InitiatorExchange; server: AcceptorExchange } {
  const tables = setup.tables()
  return {
    client: tables.client.initiate({ package: setup.name, credentials, target: setup.target }),
    server: tables.server.accept({ package: setup.name, credentials: setup.serverCredential }),
  }
}

/** Runs the exchange to its end, from the server's first token if there is one already. */
async function run(client: InitiatorExchange, server: AcceptorExchange, reply?: Uint8Array): Promise<void> {
  let step = await client.step(reply)
  let clientDone = step.done
  for (let turn = 0; turn < 10; turn++) {
    if (step.token === undefined && step.done) return
    // A client whose server speaks first has nothing to send at the start.
    const answer = await server.step(step.token)
    if (answer.token === undefined) {
      assert.ok(answer.done && clientDone)
      return
    }
    step = await client.step(answer.token)
    clientDone = step.done
  }
}
