import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkServer, checkTarget } from '../../src/credssp/delegation-policy.js'

const forbidden = { code: 'SEC_E_DELEGATION_POLICY' }
const ntlmOnly = { code: 'SEC_E_POLICY_NLTM_ONLY' }

test('without a policy nothing is delegated anywhere', () => {
  for (const origin of ['fresh', 'saved', 'default'] as const) {
    assert.throws(() => checkTarget({}, origin, 'TERMSRV/a.example.com'), forbidden)
  }
})

test('a pattern names targets, a star standing for any characters, without regard to case', () => {
  const cases: readonly [string, string, boolean][] = [
    ['TERMSRV/a.example.com', 'termsrv/A.EXAMPLE.COM', true],
    ['TERMSRV/*', 'TERMSRV/anything', true],
    ['*', 'WSMAN/anything', true],
    ['TERMSRV/*.example.com', 'TERMSRV/a.b.example.com', true],
    ['TERMSRV/*.example.com', 'TERMSRV/example.com', false],
    ['TERMSRV/*.example.com', 'TERMSRV/a.example.com.evil', false],
    ['TERMSRV/*.example.com', 'WSMAN/a.example.com', false],
    ['TERMSRV/a*b*c', 'TERMSRV/a-b-b-c', true],
    ['TERMSRV/a*b*c', 'TERMSRV/ac', false],
    ['TERMSRV/ab*bc', 'TERMSRV/abc', false],
    ['TERMSRV/a.example.com', 'TERMSRV/a.example.com.evil', false],
    ['', 'TERMSRV/a', false],
    ['TERMSRV/*', 'TERMSRV/a.example.com:3389', true],
    // What leads to another host than the one whose name stands at the end.
    ['TERMSRV/*.example.com', 'TERMSRV/evil/x.example.com', false],
    ['TERMSRV/*.example.com', 'TERMSRV/evil:.example.com', false],
    ['TERMSRV/*.example.com', 'TERMSRV/[::1].example.com', false],
    ['TERMSRV/*.example.com*', 'TERMSRV/evil/x.example.com', false],
    ['*.example.com', 'TERMSRV/evil/x.example.com', false],
    ['*.example.com', 'TERMSRV/a.example.com', true],
  ]
  for (const [pattern, target, allowed] of cases) {
    const check = (): void => {
      checkTarget({ allowFreshCredentials: [pattern] }, 'fresh', target)
    }
    if (allowed) check()
    else assert.throws(check, forbidden, `${pattern} and ${target}`)
  }
})

test('a pattern of many stars ends quickly', () => {
  const policy = { allowFreshCredentials: [`${'*a'.repeat(5000)}b`] }
  assert.throws(() => {
    checkTarget(policy, 'fresh', 'a'.repeat(5000))
  }, forbidden)
})

test('each origin has a list of its own', () => {
  const policy = { allowSavedCredentials: ['*'] }
  checkTarget(policy, 'saved', 'a/b')
  assert.throws(() => checkTarget(policy, 'fresh', 'a/b'), forbidden)
  assert.throws(() => checkTarget(policy, 'default', 'a/b'), forbidden)
})

test('a server that only NTLM vouches for needs the list for that', () => {
  checkServer({ allowFreshCredentials: ['*'] }, 'fresh', 'a/b', true)
  assert.throws(() => checkServer({ allowFreshCredentials: ['*'] }, 'fresh', 'a/b', false), ntlmOnly)
  checkServer({ allowFreshCredentialsWhenNtlmOnly: ['*'] }, 'fresh', 'a/b', false)
  checkTarget({ allowFreshCredentialsWhenNtlmOnly: ['*'] }, 'fresh', 'a/b')
})

test('where NTLM alone is enough, a server that proves more is fine too', () => {
  checkServer({ allowFreshCredentialsWhenNtlmOnly: ['*'] }, 'fresh', 'a/b', true)
})
