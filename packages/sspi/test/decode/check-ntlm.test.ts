import assert from 'node:assert/strict'
import test from 'node:test'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { checkNtlm } from '../../src/decode/index.js'
import { ntowfv1 } from '../../src/ntlm/index.js'
import { readVectors } from '../vectors.js'

interface Recorded {
  readonly password: string
  readonly negotiateMessage: string | null
  readonly challengeMessage: string
  readonly authenticateMessage: string
}
interface Derived {
  readonly user: string
  readonly ntlmVersion: number
  readonly mic?: string | null
  readonly sessionBaseKey: string
  readonly exportedSessionKey: string
}

const exchanges = readVectors<Recorded, Derived>('ntlm/exchanges.json').cases.map(({ name, input, expected }) => ({
  name,
  password: input.password,
  expected,
  messages: {
    negotiate: input.negotiateMessage === null ? undefined : fromHex(input.negotiateMessage),
    challenge: fromHex(input.challengeMessage),
    authenticate: fromHex(input.authenticateMessage),
  },
}))

test('every recorded exchange checks out with its password', () => {
  for (const { name, password, expected, messages } of exchanges) {
    const { user, response, mic, keys, responseKind } = checkNtlm({ ...messages, password, revealKeys: true })
    assert.equal(user, expected.user, name)
    assert.equal(response.result, 'valid', name)
    assert.equal(responseKind.startsWith(`NTLMv${expected.ntlmVersion}`), true, name)
    assert.equal(keys && toHex(keys.sessionBaseKey), expected.sessionBaseKey, name)
    assert.equal(keys && toHex(keys.exportedSessionKey), expected.exportedSessionKey, name)
    if (typeof expected.mic === 'string') assert.equal(mic.result, 'valid', name)
    else assert.notEqual(mic.result, 'invalid', name)
  }
})

test('the NT hash does what the password does', () => {
  for (const { name, password, messages } of exchanges) {
    const ntHash = ntowfv1(password)
    const byHash = checkNtlm({ ...messages, ntHash })
    const byPassword = checkNtlm({ ...messages, password })
    assert.deepEqual(byHash.response, byPassword.response, name)
    // Keys of NTLMv1 may be made of the LM hash, which only the password gives.
    if (byPassword.responseKind === 'NTLMv2') assert.deepEqual(byHash, byPassword, name)
  }
})

test('with another password nothing is valid', () => {
  for (const { name, messages } of exchanges) {
    const { response, mic, keys } = checkNtlm({ ...messages, password: 'not this one', revealKeys: true })
    assert.equal(response.result, 'invalid', name)
    assert.notEqual(mic.result, 'valid', name)
    assert.equal(keys, undefined, name)
  }
})

test('keys come back only to those who ask', () => {
  const { password, messages } = exchanges[0]!
  assert.equal(checkNtlm({ ...messages, password }).keys, undefined)
})

test('tokens of SPNEGO are looked into, and a changed NEGOTIATE breaks the MIC', () => {
  interface Session {
    readonly password: string
    readonly tokens: readonly { readonly token: string }[]
  }
  const { password, tokens } = readVectors<Session, unknown>('spnego/ntlm-sessions.json').cases[0]!.input
  const [negotiate, challenge, authenticate] = tokens.map(({ token }) => fromHex(token))
  assert.ok(negotiate && challenge && authenticate)
  const sound = checkNtlm({ negotiate, challenge, authenticate, password })
  assert.deepEqual([sound.response.result, sound.mic.result], ['valid', 'valid'])

  const changed = negotiate.slice()
  changed[changed.length - 8]! ^= 1
  const { response, mic } = checkNtlm({ negotiate: changed, challenge, authenticate, password })
  assert.deepEqual([response.result, mic.result], ['valid', 'invalid'])

  const without = checkNtlm({ challenge, authenticate, password })
  assert.equal(without.mic.result, 'unchecked')
})

test('a token of another kind is refused by name', () => {
  const { password, messages } = exchanges[0]!
  assert.throws(() => checkNtlm({ ...messages, challenge: messages.authenticate, password }), {
    code: 'SEC_E_INVALID_TOKEN',
    message: /^CHALLENGE:/,
  })
})

test("messages may be Node's Buffers, and stay as they are", () => {
  const { password, messages } = exchanges.find(({ expected }) => typeof expected.mic === 'string')!
  const negotiate = Buffer.from(messages.negotiate ?? [])
  const challenge = Buffer.from(messages.challenge)
  const authenticate = Buffer.from(messages.authenticate)
  assert.equal(checkNtlm({ negotiate, challenge, authenticate, password }).mic.result, 'valid')
  assert.deepEqual(new Uint8Array(authenticate), messages.authenticate)
})
