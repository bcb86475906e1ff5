import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { toHex } from '../../src/bytes/index.js'
import {
  credSspCredential,
  passwordCredential,
  SECPKG_ATTR_DELEGATED_CREDENTIAL,
  SspiError,
  type AuthenticationEvent,
} from '../../src/index.js'
import { memoryAccounts } from '../../src/io/accounts/index.js'
import { noSecretLeft } from '../secrets-left.js'
import { ALICE, ALLOWED, Pair, type PairOptions } from './pair.js'

/** Everything that somebody who reads logs may see of a value. */
const shown = (value: unknown): string => inspect(value, { depth: 20, showHidden: true, getters: true })

/** The password, as text, as UTF-16 in hexadecimal. */
const FORMS = [ALICE.password, toHex(new Uint8Array(Buffer.from(ALICE.password, 'utf16le')))]

function assertHidden(text: string): void {
  for (const form of FORMS) assert.ok(!text.includes(form), 'the password is shown')
}

test('the secrets of a session, of a refusal and of an exchange that was given up are wiped', async () => {
  const within = async (options: PairOptions, work: (pair: Pair) => Promise<void>): Promise<void> => {
    using pair = new Pair(options)
    await work(pair)
  }
  await noSecretLeft(() =>
    within({}, async (pair) => {
      const { client, server } = await pair.establish()
      client[Symbol.dispose]()
      server[Symbol.dispose]()
    }),
  )
  const wrong = { identity: passwordCredential({ ...ALICE, password: 'wrong' }) }
  await noSecretLeft(() => within(wrong, (pair) => assert.rejects(pair.establish(), { code: 'SEC_E_LOGON_DENIED' })))
  for (const steps of [1, 2, 3, 4]) {
    await noSecretLeft(() =>
      within({}, async ({ client, server }) => {
        let { token } = await client.step()
        for (let step = 1; step < steps; step++) token = (await (step % 2 === 1 ? server : client).step(token)).token
      }),
    )
  }
})

test('nothing of the password is in events, in errors, or in what is printed', async () => {
  const events: AuthenticationEvent[] = []
  const onEvent = (event: AuthenticationEvent): void => void events.push(event)
  const accounts = memoryAccounts([ALICE])
  const client = { credssp: ALLOWED, onEvent }
  using pair = new Pair({ client, server: { accounts, onEvent } })
  const sessions = await pair.establish()
  const { credential } = sessions.server.attribute(SECPKG_ATTR_DELEGATED_CREDENTIAL)
  assertHidden(
    shown([pair.client, pair.server, sessions, credential, credSspCredential({ identity: credential }), events]),
  )

  using refused = new Pair({ client, server: { accounts: memoryAccounts([{ ...ALICE, password: 'other' }]), onEvent } })
  await assert.rejects(refused.establish(), (error: unknown) => {
    assert.ok(error instanceof SspiError)
    assertHidden(`${shown(error)} ${String(error.stack)}`)
    return true
  })
  assertHidden(shown(events))
})
