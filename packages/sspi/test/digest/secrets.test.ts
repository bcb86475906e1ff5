import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { ASC_REQ_HTTP } from '../../src/digest/index.js'
import { ISC_REQ_MUTUAL_AUTH, ISC_REQ_USE_HTTP_STYLE, passwordCredential } from '../../src/sspi/index.js'
import { initSecurityInterface } from '../../src/system/index.js'
import { memoryAccounts } from '../../src/io/accounts/index.js'
import { noSecretLeft } from '../secrets-left.js'
import { client, PASSWORD, Server } from './sides.js'

const HTTP = { contextReq: ISC_REQ_USE_HTTP_STYLE | ISC_REQ_MUTUAL_AUTH, target: '/' }
const request = { params: ['GET', '/'] }

test('HTTP: the secrets of a request, of a refusal and of what was given up are wiped', async () => {
  const sspi = initSecurityInterface({
    accounts: memoryAccounts([{ user: 'alice', password: PASSWORD }]),
    digest: { realm: 'r' },
  })
  const http = { method: 'GET', uri: '/' }
  const run = async (password: string): Promise<void> => {
    const credentials = passwordCredential({ user: 'alice', password })
    const here = sspi.initiate({ package: 'WDigest', credentials, mutual: true, http })
    const there = sspi.accept({ package: 'WDigest', http })
    try {
      const { token } = await here.step((await there.step()).token)
      await here.step((await there.step(token)).token)
      here.session[Symbol.dispose]()
      there.session[Symbol.dispose]()
    } finally {
      here[Symbol.dispose]()
    }
  }
  await noSecretLeft(() => run(PASSWORD))
  await noSecretLeft(() => assert.rejects(run('wrong'), { code: 'SEC_E_LOGON_DENIED' }))
})

test('HTTP: a proof that fails, and an exchange that is left between two questions, leave nothing behind', async () => {
  const server = new Server()
  const side = client(HTTP)
  await noSecretLeft(() => {
    const token = side.text(server.accept(ASC_REQ_HTTP).text(undefined), request)
    assert.throws(() => side.step('rspauth="00"'))
    const { exchange } = server.accept(ASC_REQ_HTTP)
    const input = { kind: 'token', token: new TextEncoder().encode(token), channelBindings: undefined } as const
    exchange.step({ ...input, packageParams: [new TextEncoder().encode('GET')] })
    const identity = { name: 'alice', domain: '', sid: undefined, groups: [], source: 'verified' } as const
    const value = { identity, secret: { kind: 'password', password: PASSWORD } } as const
    assert.equal(exchange.step({ kind: 'answer', answer: { effect: 'account', value } }).kind, 'ask')
    exchange.dispose()
  })
})

test('no credential, exchange or session prints a secret', () => {
  const server = new Server()
  const side = client({ ...HTTP, contextReq: ISC_REQ_USE_HTTP_STYLE })
  const step = side.step(server.accept(ASC_REQ_HTTP).text(undefined), request)
  assert.equal(step.kind, 'done')
  for (const each of [side, step.session, server]) assert.doesNotMatch(inspect(each, { depth: 9 }), /Circle of Life/)
})
