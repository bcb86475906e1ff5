import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { memoryAccounts } from '../../src/io/accounts/index.js'
// By the file: the observer is for tests and not behind the room's door.
import { observeSecrets } from '../../src/crypto/secret-bytes.js'
import { ntowfv1 } from '../../src/ntlm/index.js'
import { anonymousCredential, passwordCredential, SspiError, type Account } from '../../src/sspi/index.js'
import { initSecurityInterface } from '../../src/system/index.js'
import { ALICES_ACCOUNT } from './both-sides.js'
import { answer, PASSWORD, type Client } from './scripted-client.js'

// Whoever asks must not learn whether a user exists: one answer, and the same work for it.

/** What a refusal took: the arrays for secrets that were made, by their lengths, in order. */
function workOf(
  client: Client,
  account: Account | undefined,
): { readonly work: readonly number[]; readonly said: string } {
  const work: number[] = []
  const stop = observeSecrets((array) => work.push(array.length))
  try {
    answer(client, { account, options: { insecureAllowNtlmV1: true } })
  } catch (error) {
    assert.ok(error instanceof SspiError)
    return { work, said: `${error.code}: ${error.message} ${String(error.cause)} ${String(error.token)}` }
  } finally {
    stop()
  }
  return assert.fail('it was let in')
}

suite('the same work and the same answer', () => {
  const byHash: Account = { ...ALICES_ACCOUNT, secret: { kind: 'nt-hash', ntHash: ntowfv1(PASSWORD) } }
  for (const response of ['v2', 'v1', 'lmv2'] as const) {
    test(`for everybody who is refused, by an answer of ${response}`, () => {
      const wrong: Client = { response, password: 'wrong' }
      const right: Client = { response }
      const expected = workOf(wrong, ALICES_ACCOUNT)
      assert.match(expected.said, /^SEC_E_LOGON_DENIED: NTLM: unknown user, wrong password, or the account is disabled/)
      const others: readonly [string, Client, Account | undefined][] = [
        ['nobody', wrong, undefined],
        ['a wrong password, the account by its hash', wrong, byHash],
        ['a disabled account, the password wrong', wrong, { ...ALICES_ACCOUNT, enabled: false }],
        ['a disabled account, the password right', right, { ...ALICES_ACCOUNT, enabled: false }],
        ['a disabled account by its hash', right, { ...byHash, enabled: false }],
      ]
      for (const [who, client, account] of others) assert.deepEqual(workOf(client, account), expected, who)
    })
  }

  test('an answer that is not allowed is refused before anybody is looked up', () => {
    for (const response of ['v1', 'lmv2', 'lm', 'none'] as const) {
      const said = [ALICES_ACCOUNT, undefined].map((account) => {
        try {
          return assert.fail(String(answer({ response }, { account }).asked))
        } catch (error) {
          assert.ok(error instanceof SspiError)
          assert.equal(error.code, 'SEC_E_LOGON_DENIED')
          return error.message
        }
      })
      assert.equal(said[0], said[1])
    }
  })
})

suite('what a peer, and a listener, is told', () => {
  for (const name of ['NTLM', 'Negotiate']) {
    test(`${name}: the same of nobody, a wrong password and a disabled account`, async () => {
      const told: unknown[] = []
      for (const [user, password] of [
        ['nobody', PASSWORD],
        ['alice', 'wrong'],
        ['carol', PASSWORD],
      ] as const) {
        const events: unknown[] = []
        const accounts = memoryAccounts([
          { user: 'alice', password: PASSWORD },
          { user: 'carol', password: PASSWORD, enabled: false },
        ])
        const credentials = passwordCredential({ user, password })
        const client = initSecurityInterface().initiate({ package: name, credentials })
        const server = initSecurityInterface({ accounts, onEvent: (event) => events.push(event) }).accept({
          package: name,
        })
        const { token } = await client.step((await server.step((await client.step()).token)).token)
        await assert.rejects(server.step(token), (error) => {
          assert.ok(error instanceof SspiError)
          told.push({ code: error.code, status: error.status, message: error.message, token: error.token, events })
          return true
        })
      }
      assert.deepEqual(told[1], told[0])
      assert.deepEqual(told[2], told[0])
    })

    test(`${name}: an anonymous client is refused whoever there is`, async () => {
      const told: unknown[] = []
      for (const accounts of [memoryAccounts(), memoryAccounts([{ user: 'alice', password: PASSWORD }]), undefined]) {
        const options = { package: name, integrity: false, confidentiality: false }
        const client = initSecurityInterface().initiate({ ...options, credentials: anonymousCredential() })
        const server = initSecurityInterface({ accounts }).accept(options)
        const { token } = await client.step((await server.step((await client.step()).token)).token)
        await assert.rejects(server.step(token), (error) => {
          assert.ok(error instanceof SspiError)
          told.push([error.code, error.message, error.token])
          return true
        })
      }
      assert.deepEqual(told[1], told[0])
      assert.deepEqual(told[2], told[0])
      assert.equal((told[0] as string[])[0], 'SEC_E_LOGON_DENIED')
    })
  }
})
