import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { inspect } from 'node:util'
import { fileAccounts, memoryAccounts, ntHashOf, type AccountProof } from '../../src/io/accounts/index.js'
import {
  ntHashCredential,
  passwordCredential,
  SECPKG_ATTR_SESSION_KEY,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  SspiError,
  type CredentialValue,
} from '../../src/sspi/index.js'
import { initSecurityInterface } from '../../src/system/index.js'

// Secrets that are easy to recognise are planted, and everything that can be printed is searched for them.

const PASSWORD = 'Planted-Pa55word-ÄÖ'
const WRONG = 'Planted-and-wr0ng'
const NT_HASH = ntHashOf(PASSWORD)
const WRONG_HASH = ntHashOf(WRONG)
const EXPORT_KEY = new Uint8Array(32).map((_, index) => 0xa0 ^ (index * 7))

/** Everything that was seen, and where. */
class Shown {
  readonly #texts: { readonly where: string; readonly text: string }[] = []

  add(where: string, value: unknown): void {
    const options = { depth: Infinity, showHidden: true, getters: true, maxArrayLength: null, maxStringLength: null }
    this.#texts.push({ where: `inspect of ${where}`, text: inspect(value, options) })
    this.#texts.push({ where: `text of ${where}`, text: String(value) })
    this.#texts.push({ where: `JSON of ${where}`, text: asJson(value) })
    for (let error = value, depth = 0; error instanceof Error; error = error.cause) {
      const { message, stack } = error
      this.#texts.push({ where: `error of ${where}, cause ${depth++}`, text: `${message}\n${stack ?? ''}` })
    }
  }

  assertFreeOf(what: string, ...forms: readonly string[]): void {
    for (const { where, text } of this.#texts) {
      for (const form of forms) assert.ok(!text.includes(form), `${what} (${form}) in the ${where}`)
    }
  }

  assertFreeOfBytes(what: string, bytes: Uint8Array): void {
    const buffer = Buffer.from(bytes)
    const hex = buffer.toString('hex')
    const spaced = hex.replace(/..(?!$)/g, '$& ')
    this.assertFreeOf(what, hex, hex.toUpperCase(), spaced, spaced.toUpperCase())
    this.assertFreeOf(what, buffer.toString('base64'), buffer.toString('base64url'), buffer.toString('latin1'))
    this.assertFreeOf(what, [...bytes].join(', '), [...bytes].join(','), asJson(bytes).slice(2, -2))
  }
}

function asJson(value: unknown): string {
  try {
    return JSON.stringify([value], (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each))
  } catch {
    return '' // a circle, which is printed by nobody this way
  }
}

test('the search finds what is there', () => {
  const error = new SspiError('SEC_E_INTERNAL_ERROR', 'outer', { cause: new Error(`inner ${PASSWORD}`) })
  for (const leak of [{ deep: { deeper: NT_HASH } }, Buffer.from(NT_HASH), { text: toBase64() }, [...NT_HASH]]) {
    const shown = new Shown()
    shown.add('leak', leak)
    assert.throws(() => {
      shown.assertFreeOfBytes('the NT hash', NT_HASH)
    }, assert.AssertionError)
  }
  const shown = new Shown()
  shown.add('error', error)
  assert.throws(() => {
    shown.assertFreeOf('the password', PASSWORD)
  }, assert.AssertionError)
})

function toBase64(): string {
  return Buffer.from(NT_HASH).toString('base64')
}

const CHANNELS = ['context-established', 'context-refused', 'weak-mechanism-used', 'mechanism-passed-over'] as const

/** Runs something while all events are collected. */
async function watched(shown: Shown, run: () => Promise<void>): Promise<void> {
  let told = 0
  const listener = (event: unknown, name: string | symbol): void => {
    told++
    shown.add(`event ${String(name)}`, event)
  }
  for (const name of CHANNELS) subscribe(`sspi:${name}`, listener)
  try {
    await run()
  } finally {
    for (const name of CHANNELS) unsubscribe(`sspi:${name}`, listener)
  }
  assert.ok(told > 0, 'no event was told')
}

const proofs: readonly [string, AccountProof, (wrong: boolean) => CredentialValue][] = [
  [
    'a password',
    { password: PASSWORD },
    (wrong) => passwordCredential({ user: 'CONTOSO\\alice', password: wrong ? WRONG : PASSWORD }),
  ],
  [
    'an NT hash',
    { ntHash: NT_HASH },
    (wrong) => ntHashCredential({ user: 'CONTOSO\\alice', ntHash: wrong ? WRONG_HASH : NT_HASH }),
  ],
]

for (const name of ['NTLM', 'Negotiate']) {
  suite(`${name} shows no secret`, () => {
    for (const [what, proof, credentialOf] of proofs) {
      test(`with ${what}: what is printed, told and thrown`, async () => {
        const shown = new Shown()
        const accounts = memoryAccounts([{ user: 'CONTOSO\\alice', ...proof }])
        const sspi = initSecurityInterface({ accounts, onEvent: (event) => shown.add('event', event) })
        const keys: Uint8Array[] = []
        await watched(shown, async () => {
          for (const wrong of [false, true]) {
            const credentials = credentialOf(wrong)
            const client = sspi.initiate({ package: name, target: 'HTTP/server', credentials })
            const server = sspi.accept({ package: name })
            shown.add('credential value', credentials)
            try {
              let token = (await client.step()).token
              for (let turn = 1; token !== undefined; turn++) {
                shown.add(`exchange ${turn}`, [client, server])
                token = (await (turn % 2 === 1 ? server : client).step(token)).token
              }
              assert.ok(!wrong)
              const sessions = [client.session, server.session]
              for (const session of sessions) {
                shown.add('session', session)
                shown.add('peer', session.peer)
                keys.push(session.attribute(SECPKG_ATTR_SESSION_KEY).sessionKey)
                session.seal(Buffer.from('text'))
                shown.add('session in use', session)
              }
              const blob = client.session.export({ key: EXPORT_KEY })
              shown.add('exported session', blob)
              shown.add('moved session', await sspi.importSession({ package: name, blob, key: EXPORT_KEY }))
            } catch (error) {
              assert.ok(error instanceof SspiError && wrong, String(error))
              shown.add('refusal', error)
              shown.add('refused sides', [client, server])
            }
          }
        })
        const lookedUp = accounts.lookup({ user: 'alice', domain: 'CONTOSO' })
        shown.add('accounts', [accounts, lookedUp, sspi])

        assert.equal(keys.length, 2)
        for (const key of keys) shown.assertFreeOfBytes('the session key', key)
        shown.assertFreeOf('the password', PASSWORD, WRONG)
        shown.assertFreeOfBytes('the password in UTF-16', Buffer.from(PASSWORD, 'utf16le'))
        shown.assertFreeOfBytes('the NT hash', NT_HASH)
        shown.assertFreeOfBytes('the wrong NT hash', WRONG_HASH)
        shown.assertFreeOfBytes('the export key', EXPORT_KEY)
      })
    }

    test('handles and the errors of the caller', async () => {
      const shown = new Shown()
      const sspi = initSecurityInterface()
      const authData = passwordCredential({ user: 'alice', password: PASSWORD })
      const outbound = await sspi.acquireCredentialsHandle({
        package: name,
        credentialUse: SECPKG_CRED_OUTBOUND,
        authData,
      })
      const inbound = await sspi.acquireCredentialsHandle({ package: name, credentialUse: SECPKG_CRED_INBOUND })
      shown.add('handles', [outbound, inbound, sspi])
      const mistakes: readonly (() => unknown)[] = [
        () => sspi.initiate({ package: name, credentials: { user: 'A\\b', domain: 'C', password: PASSWORD } }).step(),
        () => {
          const credentials = ntHashCredential({ user: 'alice', ntHash: NT_HASH.subarray(0, 15) })
          return sspi.initiate({ package: name, credentials }).step()
        },
        () =>
          sspi.initiate({ package: name, credentials: { user: PASSWORD.length as never, password: PASSWORD } }).step(),
        () => sspi.importSession({ package: name, blob: new Uint8Array(90), key: EXPORT_KEY.subarray(1) }),
        () => memoryAccounts([{ user: 'alice', sid: 'nonsense', password: PASSWORD }]),
        () => memoryAccounts([{ user: 'alice', ntHash: NT_HASH.subarray(0, 15) }]),
      ]
      for (const [index, mistake] of mistakes.entries()) {
        await assert.rejects(
          async () => await mistake(),
          (error) => {
            shown.add(`mistake ${index}`, error)
            return true
          },
        )
      }
      shown.assertFreeOf('the password', PASSWORD)
      shown.assertFreeOfBytes('most of the NT hash', NT_HASH.subarray(0, 15))
      shown.assertFreeOfBytes('most of the export key', EXPORT_KEY.subarray(1))
    })
  })
}

test('an account file that cannot be read says where, and nothing of what stands there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sspi-secrets-'))
  const shown = new Shown()
  const hash = Buffer.from(NT_HASH).toString('hex')
  const path = join(folder, 'accounts')
  try {
    for (const line of [`alice:${hash}0`, `${hash}:alice`, `alice:{password}${WRONG}%`, `alice ${hash}`, `:${hash}`]) {
      writeFileSync(path, `#sspi-accounts 1\n${line}\n`, { mode: 0o600 })
      const accounts = fileAccounts(path)
      await assert.rejects(accounts.load(), (error) => {
        shown.add(`error about '${line.replace(hash, '…')}'`, error)
        return true
      })
      shown.add('accounts', accounts)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  shown.assertFreeOf('the NT hash', hash)
  shown.assertFreeOf('the password', WRONG)
})
