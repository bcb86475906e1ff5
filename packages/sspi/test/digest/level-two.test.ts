import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { memoryAccounts } from '../../src/io/accounts/index.js'
import { passwordCredential, type InitiatorExchange, type SecurityFunctionTable } from '../../src/sspi/index.js'
import { initSecurityInterface } from '../../src/system/index.js'
import { NOON } from '../compliance/suite.js'
import { latin1, PASSWORD } from './sides.js'

suite('HTTP by initiate and accept, integrity and mutual authentication together', () => {
  const http = { method: 'POST', uri: '/form', body: latin1('a=b') }
  const page = latin1('the answer')

  const sides = (now = () => NOON): { table: SecurityFunctionTable; side: InitiatorExchange } => {
    const accounts = memoryAccounts([{ user: 'alice', password: PASSWORD }])
    const table = initSecurityInterface({ accounts, digest: { realm: 'r', nonceLifetimeSeconds: 30 }, now })
    const credentials = passwordCredential({ user: 'alice', password: PASSWORD })
    return { table, side: table.initiate({ package: 'WDigest', credentials, http, integrity: true, mutual: true }) }
  }
  const accept = async (table: SecurityFunctionTable, token?: Uint8Array) => {
    const exchange = table.accept({ package: 'WDigest', http, integrity: true })
    return { exchange, step: await exchange.step(token) }
  }

  test("the server's proof covers the body of its response, which the last step is given", async () => {
    const { table, side } = sides()
    const challenge = await accept(table)
    const { token } = await side.step(challenge.step.token)
    const { exchange } = await accept(table, token)
    assert.ok((await side.step(exchange.session.sign(page), undefined, page)).done)
    assert.ok(side.session.achieved.includes('mutual authentication'))
  })

  test('another body, or none, is not what it proves', async () => {
    for (const body of [http.body, latin1('another answer'), undefined]) {
      const { table, side } = sides()
      const { token } = await side.step((await accept(table)).step.token)
      const { exchange } = await accept(table, token)
      await assert.rejects(side.step(exchange.session.sign(page), undefined, body), {
        code: 'SEC_E_MUTUAL_AUTH_FAILED',
      })
    }
  })

  test('an empty body need not be given', async () => {
    const { table, side } = sides()
    const { token } = await side.step((await accept(table)).step.token)
    const { exchange } = await accept(table, token)
    assert.ok((await side.step(exchange.session.sign(new Uint8Array()))).done)
  })

  test('where the nonce was too old the request is signed again with its own body', async () => {
    let now = NOON
    const { table, side } = sides(() => now)
    const { token: old } = await side.step((await accept(table)).step.token)
    now = new Date(NOON.getTime() + 60_000)
    const stale = await accept(table, old)
    assert.equal(stale.step.done, false)
    const { token } = await side.step(stale.step.token, undefined, latin1('who are you?'))
    const { exchange } = await accept(table, token)
    assert.ok((await side.step(exchange.session.sign(page), undefined, page)).done)
  })
})
